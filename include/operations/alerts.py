"""What somebody has to be told: each state that is late, failed, held, drifted or full, at its beginning and its end.

A state has a key. The warehouse keeps which ones stand and what was told of them, so that two looks, or a look that was
killed, tell nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from include.answers import waiting
from include.erasure.step import unfinished
from include.operations import figures as of
from include.operations.figures import Value, states
from include.operations.settings import Alerts, read_settings
from include.quality.drift.gate import told
from include.quality.drift.memory import kept_of
from include.storage.control.activation import held_plans
from include.storage.control.tables import ALERT
from include.storage.postgres import publication
from include.storage.project import Project

KEEPING = 4_957_344  # an advisory lock: any number, the same in every process
GB = 10**9


@dataclass(frozen=True, slots=True)
class Alert:
    """One state that stands. ``key`` stays the same for as long as it does; ``remedy`` says what to do."""

    key: str
    kind: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that has begun, or is over."""

    alert: Alert
    is_over: bool

    @property
    def sentence(self) -> str:
        """The change in one sentence."""
        return f"Over: {self.alert.sentence}" if self.is_over else f"{self.alert.sentence} {self.alert.remedy}"


def standing(project: Project, now: datetime) -> list[Alert]:
    """Return all states that somebody has to know of now. Raises ConfigurationError for faulty settings."""
    settings = read_settings(project.settings.config)
    values = states(project, now)
    found = [alert for value in values for alert in _judged(value, settings)]
    found += [*_drifted(project), *_late_runs(project, settings, now), *_late_erasures(project, now), *_held(project)]
    return sorted(found, key=lambda alert: alert.key)


def tell(project: Project, now: datetime, teller: Callable[[Change], None]) -> list[Change]:
    """Tell what has begun and what is over since the last time, and keep that it was told; return it.

    What the teller fails to tell is told the next time, as is what a killed process may not have told.
    """
    _keep(project, standing(project, now), now)
    told = []
    for change in _untold(project):
        teller(change)
        _told(project, change, now)
        told.append(change)
    return told


def _judged(value: Value, settings: Alerts) -> Iterator[Alert]:
    """What a figure says that somebody has to know."""
    name = next(iter(value.labels.values()), "")
    if value.metric is of.PUBLISHED_AGE and value.value > settings.publication_hours * 3600:
        yield Alert(
            "late/publication", "late", f"What readers get is {value.value / 3600:,.0f} hours old.",
            "Look at the last runs: python -m include runs.",
        )  # fmt: skip
    elif value.metric is of.RUN_FAILED and value.value:
        yield Alert(
            f"failed/{name}", "failed", f"The last run of {name} failed.",
            "python -m include runs says why; run it again once that is mended.",
        )  # fmt: skip
    elif value.metric is of.SOURCE_STALE and value.value:
        yield Alert(
            f"late/source/{name}", "late", f"The source {name} has been silent for longer than it uses to.",
            "See that its exports still come; what depends on it says so until then.",
        )  # fmt: skip
    elif value.metric is of.QUARANTINE_SHARE and value.value > settings.quarantine:
        yield Alert(
            f"drifted/quarantine/{name}", "drifted", f"{value.value:.1%} of the rows of {name} were set aside.",
            "python -m include quarantine says why.",
        )  # fmt: skip
    elif value.metric is of.MATCHING and name == "drift" and value.value > settings.drift:
        yield Alert(
            "drifted/matching", "drifted", f"Matching has drifted by {value.value:.2f} from what its model knows.",
            "Estimate the model anew; docs/matching.md says how.",
        )  # fmt: skip
    elif value.metric is of.FREE and value.value < settings.free_gb * GB:
        yield Alert(
            "full/disk", "full", f"Only {value.value / GB:.1f} GB are free where the home is.",
            "Make room, or let go of what may go: python -m include retain.",
        )  # fmt: skip


def _drifted(project: Project) -> Iterator[Alert]:
    """Figures of what readers have that are out of the range of the weeks before."""
    with project.warehouse().begin() as connection:
        version = publication.current(connection)
        kept = kept_of(connection, version) if version else ()
    for one in kept:
        if one.is_drifted:
            yield Alert(
                f"drifted/{one.kind.name}/{one.name}", "drifted", told(one),
                "python -m include drift shows it beside the other figures; drift.yaml says what is in range.",
            )  # fmt: skip


def _late_runs(project: Project, settings: Alerts, now: datetime) -> Iterator[Alert]:
    ledger = project.ledger()
    for run in ledger.runs():
        hours = (now - run["started_at"]).total_seconds() / 3600
        if run["state"] in ("running", "waiting") and hours > settings.run_hours:
            yield Alert(
                f"late/{run['run_id']}", "late", f"The run {run['run_id']} has not ended after {hours:,.0f} hours.",
                "See in Airflow what it waits for.",
            )  # fmt: skip


def _late_erasures(project: Project, now: datetime) -> Iterator[Alert]:
    for erasure in unfinished(project):
        if erasure.due_on < now.date():
            yield Alert(
                f"late/erasure/{erasure.erasure_id}", "late",
                f"The erasure {erasure.erasure_id} was due on {erasure.due_on}.",
                "python -m include erasures says what it waits for.",
            )  # fmt: skip


def _held(project: Project) -> Iterator[Alert]:
    subjects = [*waiting.held_runs(project), *waiting.held_segments(project), *held_plans(project)]
    for subject in subjects:
        yield Alert(
            f"held/{subject}", "held", f"{subject} is held until a person answers.",
            f"python -m include approve {subject} --reason WHY, or --reject.",
        )  # fmt: skip


def _keep(project: Project, now_standing: list[Alert], now: datetime) -> None:
    """Let the warehouse know what stands, and what does so no more."""
    c = ALERT.c
    with project.warehouse().begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(KEEPING)))
        for alert in now_standing:
            facts = {"kind": alert.kind, "sentence": alert.sentence, "remedy": alert.remedy}
            row = insert(ALERT).values(key=alert.key, began_at=now, is_told=False, **facts)
            again = {**facts, "ended_at": None, "began_at": now, "is_told": False}
            stood = row.on_conflict_do_update(index_elements=["key"], set_=again, where=c.ended_at.is_not(None))
            connection.execute(stood)
        ended = sa.update(ALERT).where(c.ended_at.is_(None), c.key.not_in([alert.key for alert in now_standing]))
        connection.execute(ended.values(ended_at=now, is_told=sa.case((c.is_told, False), else_=True)))


def _untold(project: Project) -> list[Change]:
    with project.warehouse().begin() as connection:
        rows = connection.execute(sa.select(ALERT).where(~ALERT.c.is_told).order_by(ALERT.c.key)).mappings()
        return [
            Change(Alert(row["key"], row["kind"], row["sentence"], row["remedy"]), row["ended_at"] is not None)
            for row in rows
        ]


def _told(project: Project, change: Change, now: datetime) -> None:
    told = sa.update(ALERT).where(ALERT.c.key == change.alert.key).values(is_told=True, told_at=now)
    with project.warehouse().begin() as connection:
        connection.execute(told)
