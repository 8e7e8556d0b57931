"""The run ledger: what each run and each of its stages read, wrote, counted and cost.

The clock is the warehouse's; every call may be repeated, as a task that is retried does. A run at work holds a lock
that its process cannot outlive; one that is `running` without its lock was interrupted, and is called so. A run of the
command line is one process, so it is at work between its stages, too; one of a DAG that was stopped between two stages
waits until a later run of the DAG has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from include.contracts.errors import ContractError
from include.contracts.runs import CLI, Run, StageReport
from include.storage.control.tables import AUDIT_RESULT, PUBLICATION, QUARANTINE, RUN, STAGE_ORDER, STAGE_RUN
from include.storage.postgres.warehouse import Warehouse

Rows = list[dict[str, Any]]

EQUATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"raw": ("staged", "superseded", "quarantined"), "planned": ("sent", "suppressed", "rejected", "pending")}
)

AT_WORK = 4_957_342  # the first half of the advisory locks of runs at work: any number, the same in every process

ERASING = (4_957_344, "erasing")  # the lock that runs at work share, and that an erasure holds alone

INTERRUPTED = "Its process ended before it could say why; run it again."
OVERTAKEN = "It was stopped between two stages, and a later run has ended."

_SETTLE = f"""
UPDATE {RUN.fullname} run SET state = 'interrupted', message = CASE
    WHEN state = 'running' OR starts_with(run_id, '{CLI}') THEN '{INTERRUPTED}' ELSE '{OVERTAKEN}' END
WHERE (state = 'running' OR state = 'waiting' AND (starts_with(run_id, '{CLI}') OR EXISTS (
    SELECT FROM {RUN.fullname} later
    WHERE split_part(later.run_id, '/', 1) = split_part(run.run_id, '/', 1) AND later.started_at > run.started_at
      AND later.state IN ('success', 'failed', 'held')
))) AND NOT EXISTS (
    SELECT FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
    WHERE locktype = 'advisory' AND classid = :kind AND objsubid = 2
      AND objid::bigint = hashtext(run_id)::bigint & 4294967295
)
"""


class Ledger:
    """Writes and reads the ledger's tables."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    @contextmanager
    def working(self, run: Run) -> Iterator[None]:
        """Keep the run open while a stage of it works; unless it was ended then, it waits for its next stage.

        A run that ended is opened again, keeping the time it first started.
        """
        with self._warehouse.holding(*ERASING), self._warehouse.holding(AT_WORK, run.run_id):
            self.settle()
            opened = insert(RUN).values(run_id=run.run_id, as_of=run.as_of, state="running", started_at=sa.func.now())
            again = {"state": "running", "ended_at": None, "message": None}
            self._execute(opened.on_conflict_do_update(index_elements=["run_id"], set_=again))
            yield
            at_work = sa.and_(RUN.c.run_id == run.run_id, RUN.c.state == "running")
            self._execute(sa.update(RUN).where(at_work).values(state="waiting"))

    @contextmanager
    def at_work(self, run: Run) -> Iterator[None]:
        """Let others see, from its first stage to its last, that a run of one process is at work."""
        with self._warehouse.holding(*ERASING), self._warehouse.holding(AT_WORK, run.run_id):
            yield

    @contextmanager
    def nobody_at_work(self) -> Iterator[bool]:
        """Yield whether no run is at work, and let none begin a stage until the block has ended."""
        with self._warehouse.holding_alone(*ERASING) as held:
            yield held

    def settle(self) -> None:
        """Call runs interrupted whose process is gone, killed or its machine with it, and those given up."""
        self._execute(sa.text(_SETTLE).bindparams(kind=AT_WORK))

    def abandon(self) -> None:
        """Call runs interrupted that wait for a next stage, where it is known that nobody will start one."""
        waiting = RUN.c.state == "waiting"
        self._execute(sa.update(RUN).where(waiting).values(state="interrupted", message=INTERRUPTED))

    def record_stage(self, run: Run, report: StageReport, seconds: float, peak_mb: int | None = None) -> None:
        """Keep one stage's report, the latest where it ran twice; ContractError when its counts do not add up."""
        check_counts(report)
        facts = {
            "reads": dict(report.reads),
            "writes": {ref.dataset: {"version": ref.version, "rows": ref.rows} for ref in report.writes},
            "counts": dict(report.counts),
            "engine": report.engine,
            "model_version": report.model_version,
            "seconds": seconds,
            "peak_mb": peak_mb,
            "ended_at": sa.func.now(),
            "place": sa.text(f"nextval('{STAGE_ORDER}')"),  # a clock may be set back
        }
        recorded = insert(STAGE_RUN).values(run_id=run.run_id, stage=report.stage, **facts)
        self._execute(recorded.on_conflict_do_update(index_elements=["run_id", "stage"], set_=facts))

    def counted_today(self, stage: str, count: str) -> int:
        """Return the sum of one of a stage's counts over the runs of today (UTC)."""
        midnight = sa.func.date_trunc("day", sa.func.timezone("UTC", sa.func.now()))
        counted = sa.func.sum(sa.cast(STAGE_RUN.c.counts[count].astext, sa.BigInteger))
        today = sa.func.timezone("UTC", STAGE_RUN.c.ended_at) >= midnight
        query = sa.select(counted.label("counted")).where(STAGE_RUN.c.stage == stage, today)
        return int(self._rows(query)[0]["counted"] or 0)

    def end_run(self, run: Run, state: str, message: str | None = None) -> None:
        """Close the run as success, failed or held; a message says why."""
        facts = {"state": state, "message": message, "ended_at": sa.func.now()}
        self._execute(sa.update(RUN).where(RUN.c.run_id == run.run_id).values(**facts))

    def runs(self, limit: int = 20) -> Rows:
        """Return the latest runs, newest first, with their seconds and number of stages."""
        self.settle()
        stages = sa.select(sa.func.count()).where(STAGE_RUN.c.run_id == RUN.c.run_id).scalar_subquery()
        query = sa.select(
            RUN.c.run_id, RUN.c.as_of, RUN.c.state, RUN.c.started_at,
            sa.cast(sa.extract("epoch", RUN.c.ended_at - RUN.c.started_at), sa.Float).label("seconds"),
            stages.label("stages"), RUN.c.message,
        )  # fmt: skip
        return self._rows(query.order_by(RUN.c.started_at.desc(), RUN.c.run_id).limit(limit))

    def stages(self, run_id: str) -> Rows:
        """Return the stages of one run, in the order in which they ended."""
        return self._rows(sa.select(STAGE_RUN).where(STAGE_RUN.c.run_id == run_id).order_by(STAGE_RUN.c.place))

    def quarantine(
        self, *, source: str | None = None, stage: str | None = None, rule: str | None = None, limit: int = 100
    ) -> Rows:
        """Return rows that were set aside, without their values."""
        query = sa.select(*(c for c in QUARANTINE.c if c.name != "quarantine_id"))
        for name, value in {"source": source, "stage": stage, "rule": rule}.items():
            if value is not None:
                query = query.where(QUARANTINE.c[name] == value)
        c = QUARANTINE.c
        return self._rows(query.order_by(c.source, c.object, c.file, c.line, c.source_key, c.rule).limit(limit))

    def quarantine_summary(self) -> Rows:
        """Return how many rows each rule has set aside, by source and object."""
        c = QUARANTINE.c
        groups = (c.source, c.object, c.stage, c.rule, c.value_class)
        query = sa.select(*groups, sa.func.count().label("rows")).group_by(*groups)
        return self._rows(query.order_by(sa.desc("rows"), *groups))

    def audit(self, version: str, *, failed_only: bool = False) -> Rows:
        """Return what the audit of a version found."""
        c = AUDIT_RESULT.c
        query = sa.select(AUDIT_RESULT).where(c.version == version)
        if failed_only:
            query = query.where(~c.success)
        return self._rows(query.order_by(c.success, c.level, c.table_name, c.expectation, c.column_name))

    def publications(self, limit: int = 20) -> Rows:
        """Return the versions that readers have seen, the one that they see first, then the newest."""
        newest = (PUBLICATION.c.is_current.desc(), PUBLICATION.c.published_at.desc())
        return self._rows(sa.select(PUBLICATION).order_by(*newest).limit(limit))

    def _execute(self, statement: sa.Executable) -> None:
        with self._warehouse.begin() as connection:
            connection.execute(statement)

    def _rows(self, query: sa.Select[Any]) -> Rows:
        with self._warehouse.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def check_counts(report: StageReport) -> None:
    """Check ``raw = staged + superseded + quarantined``, also by object (``crm.contact.raw = ...``).

    Raises ContractError.
    """
    for name, total in report.counts.items():
        scope, _, whole = name.rpartition(".")
        parts = EQUATIONS.get(whole, ())
        found = {part: report.counts.get(f"{scope}.{part}" if scope else part, 0) for part in parts}
        if parts and sum(found.values()) != total:
            equation = " + ".join(f"{part} {count}" for part, count in found.items())
            raise ContractError(
                f"The counts of stage {report.stage} do not add up{f' for {scope}' if scope else ''}: "
                f"{whole} {total}, but {equation}. Rows were lost or counted twice; nothing was handed on."
            )
