"""The commands `erase`, `erasures` and `access`: what a person may ask for by law."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from include.cli.console import emit, err, out, show
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.erasure import step
from include.erasure.access import person_file
from include.erasure.ledger import Erasure, ErasureLedger
from include.erasure.settings import read_settings
from include.storage.project import Project
from include.storage.whole import whole_file

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Author = Annotated[str, typer.Option("--by", envvar="USER", help="Who asks, or agrees.")]
Profile = Annotated[str | None, typer.Argument(help="A profile id, living or retired.")]


def erase(
    profile: Profile = None,
    email: Annotated[str | None, typer.Option(help="An address instead.")] = None,
    reason: Annotated[str, typer.Option(help="Why, such as the request's number.")] = "",
    agree: Annotated[str | None, typer.Option(metavar="ERASURE", help="Agree to what somebody else asked.")] = None,
    author: Author = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person everywhere, keep imports from bringing them back, and look whether anything is left."""
    if [profile, email, agree].count(None) != 2:
        raise ConfigurationError("Give a profile id, or an address with --email.")
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        if agree is not None:
            done = step.carry_out(project, ErasureLedger(project.warehouse()).agree(agree, author), now)
        else:
            open_one = step.open_request(project, {profile, email})
            if open_one is None or dry_run:
                _show(step.plan(project, now, profile=profile, email=email), as_json=as_json and dry_run)
            if dry_run:
                err.print("Nothing was erased.")
                return
            _confirm(yes=yes)
            asked = open_one or step.request(project, now, profile=profile, email=email, reason=reason, author=author)
            if read_settings(project.settings.config).second_person and not asked.second:
                _tell(asked, [], as_json=as_json)
                err.print(f"Somebody else has to agree: python -m include erase --agree {asked.erasure_id}")
                return
            done = step.carry_out(project, asked, now)
        _tell(done, step.waits_for(project, done), as_json=as_json)


def erasures(
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Carry out what is left of open ones.")] = False,
    as_json: Json = False,
) -> None:
    """List the requests to be erased: how far each is, and until when it has to be carried out."""
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        if resume:
            step.finish(project, now)
        rows = [_row(one, now) for one in ErasureLedger(project.warehouse()).all()]
    show(rows, title="Erasures", empty="Nobody has asked to be erased.", as_json=as_json)


def access(
    profile: Annotated[str, typer.Argument(help="A profile id, living or retired.")],
    to: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
    *,
    as_json: Json = False,
) -> None:
    """Write all that is kept of a person, as JSON and as a page that they can read."""
    project, now = Project(Settings.from_environment()), datetime.now(UTC)
    with project.serving():
        found = person_file(project, now, profile)
    if as_json:
        sys.stdout.write(found.to_json() + "\n")
        return
    for ending, content in (("json", found.to_json()), ("html", found.to_html())):
        place = to / f"person-{found.profile_id}.{ending}"
        with whole_file(place) as sink:
            sink.write(content.encode())
        out.print(f"{place}", soft_wrap=True, highlight=False)


def _show(plan: step.Plan, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(plan))
        return
    rows = [{"place": what.place, "rows": what.rows, "rows of others": what.cells} for what in plan.found]
    show(rows, title="What is kept of the person", empty="Nothing.", as_json=False)
    if plan.shared:
        err.print(f"{plan.shared} of their addresses and numbers are somebody else's, too, and stay with them.")


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("Erasing cannot be undone; say --yes where nobody can be asked.")
    typer.confirm("Erase all of it? It cannot be undone.", abort=True)


def _tell(done: Erasure, waiting: list[str], *, as_json: bool) -> None:
    if as_json:
        emit({**_row(done, datetime.now(UTC)), "waits_for": waiting})
        return
    out.print(f"Erasure {done.erasure_id}: {done.state}; due on {done.due_on}.", highlight=False)
    if waiting:
        out.print(f"Still to be told: {', '.join(waiting)} (python -m include activate SYNC, then erasures --resume).")


def _row(one: Erasure, now: datetime) -> dict[str, object]:
    late = one.is_open and one.due_on < now.date()
    return {
        "erasure": one.erasure_id, "state": f"{one.state}, overdue" if late else one.state, "due_on": one.due_on,
        "received_at": one.received_at, "verified_at": one.verified_at, "by": one.author, "second": one.second,
        "reason": one.reason,
    }  # fmt: skip
