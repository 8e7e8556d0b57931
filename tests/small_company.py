"""A company of a few people, written straight into a lake: what tests of measures and segments start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from include.contracts import identity, profiles, staged
from include.contracts.measures import SOURCES
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.settings import ROOT, Settings
from include.contracts.tables import Table, Type
from include.storage.engine import Engine
from include.storage.project import Project

AS_OF = date(2026, 11, 20)
LOADED = datetime(2026, 11, 20, tzinfo=UTC)
DEFAULTS: Mapping[Type, Any] = {
    Type.TEXT: "",
    Type.INTEGER: 1,
    Type.NUMBER: 1.0,
    Type.BOOLEAN: False,
    Type.DATE: AS_OF,
    Type.TIMESTAMP: LOADED,
    Type.JSON: "{}",
}


def noon(day: date, hour: int = 12) -> datetime:
    """A moment of the day, in UTC."""
    return datetime.combine(day, time(hour), UTC)


def rows_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Arrow rows of a declared table; what a row leaves out is null, or a plain value where null is forbidden."""
    required = {c.name for c in table.columns if table.requires(c)}
    filled = [
        {c.name: row.get(c.name, (c.allowed[0] if c.allowed else DEFAULTS[c.type]) if c.name in required else None)
         for c in table.columns}
        for row in rows
    ]  # fmt: skip
    for row, wanted in zip(filled, rows, strict=True):
        assert wanted.keys() <= row.keys(), f"{table.name} has no {wanted.keys() - row.keys()}"
    return pa.Table.from_pylist(filled, schema=table.schema)


def feeding(tables: Iterable[str]) -> dict[str, Any]:
    """A row of staged/source_state: one object feeds these staged tables, complete to this day and far beyond."""
    end = datetime.combine(AS_OF + timedelta(days=400), time(), UTC)
    times = {"newest_at": end, "complete_before": end, "missing_days": 0, "usual_silence": 0}
    return {"source": "tests", "object": "all", "feeds": ", ".join(sorted(tables)), **times}


class SmallCompany:
    """Tables by declaration; `people` and `accounts` are shorthands; `save` writes all into the lake."""

    def __init__(self, home: Path, config: Path = ROOT / "include" / "config", **settings: Any) -> None:
        self.project = Project(Settings(home=home, config=config, threads=2, **settings))
        self.rows: dict[Table, list[dict[str, Any]]] = {}
        self.lacking: set[str] = set()  # the staged tables, by name, that no source feeds

    def add(self, table: Table, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def person(self, profile_id: str, *records: str, account_id: str | None = None, **more: Any) -> None:
        """A profile and the records it unites (its own id serves as one)."""
        self.add(profiles.PROFILE, profile_id=profile_id, account_id=account_id, **{"confidence": 0.9, **more})
        for record in records or (profile_id,):
            self.add(identity.CROSSWALK, record_id=record, profile_id=profile_id, confidence=0.9, home_id=profile_id)

    def account(self, account_id: str, **more: Any) -> None:
        self.add(profiles.ACCOUNT, account_id=account_id, **more)
        self.add(profiles.ACCOUNT_LINK, source_account_id=account_id, account_id=account_id, reason="itself")

    def answer(
        self, record_id: str, score: int, day: date, response_id: str | None = None, *, hour: int = 12, **more: Any
    ) -> None:
        name = response_id or f"nps.response:{record_id}-{day}-{hour}"
        self.add(staged.NPS_RESPONSE, response_id=name, record_id=record_id, score=score, at=noon(day, hour), **more)

    def use(self, record_id: str | None, *days: date, times: int = 1, **more: Any) -> None:
        for day in days:
            for n in range(times):
                number = len(self.rows.get(staged.USAGE_EVENT, []))
                event = {"event": "Report Run", "feature": "reports", "is_core": True, **more}
                at = datetime.combine(day, time(12, n % 60), UTC)
                self.add(staged.USAGE_EVENT, event_id=f"usage.track:{number}", record_id=record_id, at=at, **event)

    def mail(self, record_id: str, kind: str, day: date, **more: Any) -> None:
        number = len(self.rows.get(staged.EMAIL_ACTIVITY, []))
        if kind not in ("sent", "bounce"):
            more = {"actor": "machine" if more.get("is_machine") else "human", **more}
        self.add(
            staged.EMAIL_ACTIVITY, activity_id=f"email.visitor_activity:{number}", record_id=record_id, kind=kind,
            at=noon(day), **more,
        )  # fmt: skip

    def contract(self, account_id: str, contract_type: str, start: date, end: date | None, **more: Any) -> None:
        number = len(self.rows.get(staged.CONTRACT, []))
        values = {
            "status": "active",
            "auto_renew": contract_type == "auto_renew",
            "contract_id": f"crm.contract:{number}",
        }
        self.add(
            staged.CONTRACT, account_id=account_id, contract_type=contract_type, start_date=start, end_date=end,
            **{**values, **more},
        )  # fmt: skip

    def save(self) -> dict[str, DatasetRef]:
        """Write every table that has rows; the version is the content's."""
        self._feed()
        refs = {}
        with self.project.engine() as engine:
            for table, rows in self.rows.items():
                refs[table.name] = save(engine, table, rows_of(table, rows))
        return refs

    def _feed(self) -> None:
        """Say of every staged table that no source was said to feed that one does, to this day."""
        states = self.rows.setdefault(staged.SOURCE_STATE, [])
        if missing := {*SOURCES} - self.lacking - {table for row in states for table in row["feeds"].split(", ")}:
            self.add(staged.SOURCE_STATE, **feeding(missing))

    def run(self, as_of: date = AS_OF) -> Run:
        return Run(f"test-{as_of}", as_of)


def save(engine: Engine, table: Table, rows: pa.Table, *, point: bool = False) -> DatasetRef:
    version = fingerprint(rows.to_pylist())
    return engine.write(table, ibis.memtable(rows), version=version, point=point, ordered=False)


def read(project: Project, table: Table, report: StageReport) -> list[dict[str, Any]]:
    """The rows that a step wrote."""
    ref = next(ref for ref in report.writes if ref.dataset == table.name)
    return rows_at(project, table, ref)


def rows_at(project: Project, table: Table, ref: DatasetRef) -> list[dict[str, Any]]:
    with project.engine() as engine:
        rows = engine.read(table, ref).to_pyarrow()
    return rows.sort_by([(name, "ascending") for name in table.key]).to_pylist()


def publish(project: Project, report: StageReport) -> dict[str, DatasetRef]:
    """Point the lake to what a step wrote, as the step `publish` does."""
    for ref in report.writes:
        project.lake.point(ref)
    return {ref.dataset: ref for ref in report.writes}
