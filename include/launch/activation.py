"""The end of `make run` on the sample: two syncs, one to files and one to a webhook on this machine.

They are declared in the home's ``sample/config`` as anybody would declare their own. Whoever receives the webhook is a
server of this process, which checks the signature; it begins empty each time, and so does the sync to it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from include.activation.step import Report, activate
from include.contracts.connections import Connection
from include.contracts.errors import HeldError
from include.contracts.settings import ROOT, Settings
from include.samples.servers.webhook import WebhookReceiver
from include.storage.control.tables import ACTIVATION_ROW, ACTIVATION_WITHHELD
from include.storage.project import Project

FILES, WEBHOOK = "detractors_to_files", "champions_to_webhook"
SECRET_BYTES = 32
_FILES = """\
# A list as files: one folder a plan, closed by a manifest. Written by `make run` for the sample; docs/activation.md.
kind: files
settings: {{url: "{url}", format: csv}}
syncs:
  detractors_to_files:
    segment: detractors_renewing
    owner: customer-success
    purpose: email_marketing
    key: {{Email: email}}
    fields: {{First Name: first_name, Last Name: last_name, Company: company, Renews: renewal_date}}
"""
_WEBHOOK = """\
# A list to a webhook on this machine. Written by `make run` for the sample; docs/activation.md.
kind: webhook
connection: sample_webhook
syncs:
  champions_to_webhook:
    segment: champions
    owner: marketing
    purpose: email_marketing
    key: {email: email}
    fields: {first_name: first_name, nps: nps_score}
"""


def activate_sample(settings: Settings, say: Callable[[str], None]) -> Iterator[str]:
    """Run both syncs, and yield a sentence of each."""
    place = settings.home / "sample"
    config, folder = place / "config", place / "activation"
    _declare(config, {"sample_files": _FILES.format(url=folder.resolve().as_uri()), "sample_webhook": _WEBHOOK})
    secret = secrets.token_bytes(SECRET_BYTES)
    with WebhookReceiver(secret) as receiver:
        connection = Connection(
            "sample_webhook", host=receiver.url, password=f"whsec_{base64.b64encode(secret).decode()}"
        )
        project = Project(settings.model_copy(update={"config": config}), lambda _: connection)
        with closing(project):
            _begin_anew(project)
            for sync, where in ((FILES, _place(folder)), (WEBHOOK, f"{receiver.url} (a receiver of this run)")):
                say(f"Activating {sync}")
                yield _told(project, sync, where)


def _place(folder: Path) -> str:
    """Where a folder is, from the repository where it lies in it: whoever runs `make` is there."""
    whole = folder.resolve()
    return str(whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else whole)


def _declare(config: Path, files: Mapping[str, str]) -> None:
    (config / "destinations").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (config / "destinations" / f"{name}.yaml").write_text(content, "utf-8")


def _begin_anew(project: Project) -> None:
    """Let the ledger know that the receiver is empty."""
    with project.warehouse().begin() as connection:
        for table in (ACTIVATION_ROW, ACTIVATION_WITHHELD):
            connection.execute(sa.delete(table).where(table.c.sync == WEBHOOK))


def _told(project: Project, sync: str, where: str) -> str:
    try:
        return sentence(activate(project, sync), where)
    except HeldError as held:
        return f"{sync}: {held}"


def sentence(report: Report, where: str) -> str:
    """Say what became of a sync: how many rows were sent, how many people are withheld and why."""
    found = report.difference
    withheld = ", ".join(f"{number:,} {reason}" for reason, number in found.withheld.items())
    return (
        f"{report.sync}: {report.counts['sent']:,} rows sent, {found.wanted:,} of {found.members:,} members are there"
        f"{f' (withheld: {withheld})' if withheld else ''}. {where}"
    )
