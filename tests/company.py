"""A company of three people whose records change by the week, on a real lake and warehouse; for several tests."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

from include.contracts import staged
from include.contracts.identity import CROSSWALK
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.contracts.tables import Table
from include.identity.decisions.book import DecisionBook
from include.identity.decisions.decision import COLUMNS, StewardDecision
from include.identity.decisions.standing import Records
from include.identity.step import resolve
from include.matching.spec import load_spec
from include.profiles.step import unify
from include.storage.project import Project
from tests.people import consents, on, people, person, rows

MONDAY = date(2026, 1, 5)
ANN = {"first_name": "Annabel", "last_name": "Quillfeather", "email": "annabel@quill.example", "phone": "+14155550101"}
BEN = {"first_name": "Benedict", "last_name": "Ostrander", "email": "ben@ostra.example", "phone": "+14155550102"}
CLEO = {"first_name": "Cleopatra", "last_name": "Zwingli", "email": "cleo@zwing.example", "phone": "+14155550103"}
FIRST_WEEK = (
    person("crm.contact:1", **ANN, created_at=on(2019)),
    person("usage.user:1", **ANN),
    person("crm.contact:2", **BEN, created_at=on(2018)),
    person("usage.user:2", **BEN),
    person("crm.contact:3", **CLEO, created_at=on(2017)),
)


class Company:
    """A company whose records change by the week."""

    def __init__(self, home: Path, config: Path, url: str) -> None:
        self.project = Project(Settings(home=home, config=config, warehouse_url=url))
        self.day, self.refs = MONDAY, dict[str, DatasetRef]()

    def stage(self, *records, said=()) -> None:
        version = hashlib.sha256(repr((records, said)).encode()).hexdigest()[:12]
        with self.project.engine() as engine:
            for table, given in ((staged.PERSON_RECORD, people(*records)), (staged.CONSENT, consents(*said))):
                self.refs[table.name] = engine.write(table, given, version=version)
            for table in (staged.ACCOUNT, staged.EMAIL_ACTIVITY):
                self.refs[table.name] = engine.write(table, rows(table, []), version="empty")

    def week(self, *records, said=()):
        """Stage these records and resolve them; returns the profile of each."""
        self.stage(*records, said=said)
        self.resolve(Run(f"run-{self.day}", self.day))
        self.day += timedelta(days=7)
        return {row["record_id"]: row["profile_id"] for row in self.rows(CROSSWALK)}

    def resolve(self, run: Run):
        report = resolve(self.project, run, self.refs)
        self.refs |= {ref.dataset: ref for ref in report.writes}
        return report

    def unify(self):
        report = unify(self.project, Run("run", self.day), self.refs)
        self.refs |= {ref.dataset: ref for ref in report.writes}
        return report

    def rows(self, table: Table):
        with self.project.engine() as engine:
            return engine.read(table, self.refs[table.name]).to_pyarrow().to_pylist()

    def book(self, engine) -> DecisionBook:
        crosswalk = self.refs[CROSSWALK.name]
        columns = tuple(load_spec(self.project.settings.config / "matching.yaml").columns)
        known = Records(engine, self.refs[staged.PERSON_RECORD.name], crosswalk, columns)
        return DecisionBook(self.project.warehouse(), known.look)

    def decide(self, kind, a, b):
        with self.project.engine() as engine:
            (taken,) = self.book(engine).take([StewardDecision(kind, "Nina", "asked them", a=a, b=b)])
        return taken.decision_id

    def take_back(self, decision_id):
        with self.project.engine() as engine:
            self.book(engine).take_back(decision_id, author="Nina", reason="was wrong")

    def decisions_file(self, *lines, header=",".join(COLUMNS)):  # noqa: B008
        (self.project.settings.config / "decisions.csv").write_text("\n".join([header, *lines]) + "\n")
