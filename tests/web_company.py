"""A small published company behind a real server: what tests of the pages and the API start from."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from include.contracts import identity, profiles, staged
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import ROOT, SHIPPED
from include.measures.step import measure
from include.reports.step import report
from include.segments.step import segment
from include.storage.control.tables import ACTIVATION_CHANGE, ACTIVATION_PLAN, ACTIVATION_ROW, ACTIVATION_WITHHELD
from include.storage.postgres import build, publication
from include.storage.project import Project
from tests.company import FIRST_WEEK, Company
from tests.people import PROVENANCE, on, person, rows
from tests.small_company import AS_OF, SmallCompany, publish

NewDatabase = Callable[..., AbstractContextManager[str]]
FALLEN = person("usage.user:1", first_name="Tancredi", last_name="Obermayr", email="t@obermayr.example")


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def people_of(home: Path, url: str, config: Path = SHIPPED) -> SmallCompany:
    """p1 is a detractor who renews in 20 days, p2 opted out, p3 has a dead address, p4 to p30 are many."""
    company = SmallCompany(home, config, warehouse_url=url)
    company.account("a1", name="=cmd|' /C calc'!A0", domain="acme.test")
    company.account("a2", name="Evergreen Ltd")
    company.person("p1", "crm.contact:1", "nps.respondent:1", account_id="a1", first_name="Nina", last_name="Brandt",
                   full_name="Nina Brandt", email="p1@acme.test", phone="+4930123456", company="-Acme",
                   confidence=0.8)  # fmt: skip
    company.person("p2", "usage.user:2", account_id="a2", full_name="王伟", email="p2@ever.test",
                   email_consent="opted_out")  # fmt: skip
    company.person("p3", full_name="Ola", email="p3@gone.test")
    for n in range(4, 31):
        company.person(f"p{n}", account_id="a1", full_name=f"Person {n}", email=f"p{n}@acme.test")
        company.answer(f"p{n}", 2, days_ago(30))
    company.answer("nps.respondent:1", 3, days_ago(40), "nps.response:77")
    company.answer("usage.user:2", 10, days_ago(5))
    company.use("usage.user:2", *(days_ago(n) for n in range(14)), feature="a")
    company.use("usage.user:2", days_ago(1), feature="b")
    company.use("usage.user:2", days_ago(1), feature="c")
    company.contract("a1", "term", days_ago(345), AS_OF + timedelta(days=20))
    company.contract("a2", "evergreen", days_ago(345), None)
    company.add(identity.ALIAS, alias_id="p0", profile_id="p1", since=AS_OF)
    _points(company)
    return company


def _points(company: SmallCompany) -> None:
    for profile, type_, value, more in (
        ("p1", "email", "p1@acme.test", {"is_deliverable": True}),
        ("p1", "phone", "+4930123456", {}),
        ("p1", "crm_id", "0031", {}),
        ("p2", "email", "p2@ever.test", {"consent": "opted_out"}),
        ("p2", "email", "p2@home.test", {"is_primary": False}),
        ("p3", "email", "p3@gone.test", {"is_deliverable": False}),
    ):
        company.add(profiles.PROFILE_IDENTIFIER, profile_id=profile, type=type_, value=value, source="crm",
                    **{"is_primary": True, **more})  # fmt: skip


def published(company: SmallCompany, as_of: date = AS_OF) -> dict[str, DatasetRef]:
    """Measure, segment and publish, as the stages do."""
    return _on(company.project, company.run(as_of), company.save())


def _on(project: Project, run: Run, refs: dict[str, DatasetRef]) -> dict[str, DatasetRef]:
    for ref in refs.values():
        project.lake.point(ref)
    ledger = project.ledger()
    with ledger.working(run):
        for step in (measure, segment, report):
            done = step(project, run, refs)
            ledger.record_stage(run, done, 1.0)
            refs |= publish(project, done)
        ledger.end_run(run, "success")
    made = build.Build.of(refs, "test")
    with project.warehouse().begin() as connection:
        build.load(connection, project.lake, made)
        build.seal(connection, made)
    publication.publish(project.warehouse(), made, run)
    return refs


@contextmanager
def resolved_company(home: Path, new_database: NewDatabase) -> Iterator[Company]:
    """Three people whom the engine found, published; the records of one no longer agree, so that a person is asked."""
    shutil.copytree(ROOT / "include" / "config", home / "config")
    (home / "config" / "stewardship.yaml").write_text("split_confidence: 0\n")
    with new_database() as url:
        company = Company(home / "home", home / "config", url)
        company.week(*FIRST_WEEK)
        company.week(*(FALLEN if record["record_id"] == "usage.user:1" else record for record in FIRST_WEEK))
        answers = [{"response_id": "nps.response:9", "record_id": "crm.contact:2", "at": on(2026, 1, 3), "score": 4}]
        with company.project.engine() as engine:
            given = rows(staged.NPS_RESPONSE, [row | PROVENANCE for row in answers])
            company.refs[staged.NPS_RESPONSE.name] = engine.write(staged.NPS_RESPONSE, given, version="answers")
        company.unify()
        company.refs = _on(company.project, Run("run", company.day), company.refs)
        yield company
        company.project.close()


def delivered(project: Project) -> None:
    """Let the ledger say that a list of a segment was sent: p1 is there, p4 is withheld, and p5 was refused."""
    now = datetime(2026, 11, 20, 7, tzinfo=UTC)
    plan = {"plan_id": "plan", "sync": "to_files", "destination": "files", "segment_key": "detractors_renewing",
            "definition_version": "v", "mode": "mirror", "purpose": "email_marketing", "as_of": AS_OF, "state": "done",
            "counts": {}, "planned_at": now, "ended_at": now}  # fmt: skip
    changes = (("p1", "add", "sent", None), ("p4", "withhold", "suppressed", "role mailbox"),
               ("p5", "add", "rejected", "It has no such field"))  # fmt: skip
    with project.warehouse().begin() as connection:
        connection.execute(sa.insert(ACTIVATION_PLAN).values(**plan))
        for position, (member, action, state, reason) in enumerate(changes, 1):
            connection.execute(sa.insert(ACTIVATION_CHANGE).values(
                plan_id="plan", position=position, member_id=member, action=action, state=state, reason=reason,
                attempts=1, settled_at=now,
            ))  # fmt: skip
        connection.execute(sa.insert(ACTIVATION_ROW).values(
            sync="to_files", key="p1@acme.test", member_id="p1", digest="d", definition_version="v",
            consent="opted_in", added_at=now, sent_at=now, plan_id="plan",
        ))  # fmt: skip
        connection.execute(sa.insert(ACTIVATION_WITHHELD).values(
            sync="to_files", member_id="p4", reason="role mailbox", withheld_at=now, was_there=False,
        ))  # fmt: skip


@contextmanager
def published_company(home: Path, new_database: NewDatabase, config: Path = SHIPPED) -> Iterator[SmallCompany]:
    """The company, published to a database of its own: both are copies of what this process has published once."""
    kept, database = _published_once(home.with_name("published_once"), new_database)
    shutil.copytree(kept, home, dirs_exist_ok=True)
    with new_database(f"TEMPLATE {database}") as url:
        company = people_of(home, url, config)
        yield company
        company.project.close()


_ONCE: dict[NewDatabase, tuple[Path, str]] = {}
_FOR_GOOD = ExitStack()  # the database goes with its server


def _published_once(home: Path, new_database: NewDatabase) -> tuple[Path, str]:
    if new_database not in _ONCE:
        url = _FOR_GOOD.enter_context(new_database())
        company = people_of(home, url)
        published(company)
        delivered(company.project)
        company.project.close()
        _ONCE[new_database] = home, url.rpartition("/")[2]
    return _ONCE[new_database]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
