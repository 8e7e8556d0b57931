"""What is measured of the operation: each metric declared once, and read from what the stages have left behind.

Names and units follow OpenTelemetry's conventions (https://opentelemetry.io/docs/specs/semconv/general/metrics/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from include.answers.soundness import matching
from include.quality.drift.memory import kept_of
from include.storage import room
from include.storage.control.tables import (
    ACTIVATION_CHANGE,
    ACTIVATION_PLAN,
    AUDIT_RESULT,
    PUBLICATION,
    QUARANTINE,
    RUN,
    STAGE_RUN,
)
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured, and by what its values are told apart."""

    name: str
    unit: str
    description: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a metric."""

    metric: Metric
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


PUBLISHED_AGE = Metric("kindred.publication.age", "s", "Since readers got what they have")
RUN_AGE = Metric("kindred.run.age", "s", "Since the last run ended well", ("dag",))
RUN_FAILED = Metric("kindred.run.failed", "1", "1 where the last run failed or was interrupted", ("dag",))
STAGE_SECONDS = Metric("kindred.stage.duration", "s", "How long a stage took the last time", ("stage",))
STAGE_MEMORY = Metric("kindred.stage.memory", "By", "Peak memory of a stage the last time", ("stage",))
ROWS = Metric("kindred.dataset.rows", "{row}", "Rows of a dataset as last written", ("dataset",))
QUARANTINED = Metric("kindred.quarantine.rows", "{row}", "Rows that stand in quarantine", ("source", "object", "rule"))
QUARANTINE_SHARE = Metric("kindred.quarantine.share", "1", "Share of an object's rows that was set aside", ("object",))
AUDIT_FAILURES = Metric(
    "kindred.audit.failures", "{expectation}", "Expectations that what readers have breaks", ("level",)
)
SOURCE_STALE = Metric(
    "kindred.source.stale", "1", "1 where a source has been silent for longer than it uses to", ("source",)
)
SOURCE_AGE = Metric("kindred.source.age", "d", "Days since the last complete day of a source", ("source",))
MATCHING = Metric("kindred.matching", "1", "What the engine counted, expects and has drifted by", ("what",))
DRIFT = Metric(
    "kindred.drift", "1", "How far a figure is from its like days, of how far it may be", ("figure", "of", "column")
)
SEGMENT_MEMBERS = Metric("kindred.segment.members", "{member}", "Members of a segment", ("segment",))
WAITING = Metric("kindred.waiting", "{decision}", "What waits for a person's decision", ("kind",))
DELIVERED = Metric("kindred.activation.rows", "{row}", "Rows of a sync's last plan", ("sync", "state"))
SIZE = Metric("kindred.store.size", "By", "What is kept", ("store",))
FREE = Metric("kindred.disk.free", "By", "Bytes that are free where the home is")

METRICS = (
    PUBLISHED_AGE, RUN_AGE, RUN_FAILED, STAGE_SECONDS, STAGE_MEMORY, ROWS, QUARANTINED, QUARANTINE_SHARE,
    AUDIT_FAILURES, SOURCE_AGE, SOURCE_STALE, MATCHING, DRIFT, SEGMENT_MEMBERS, WAITING, DELIVERED, SIZE, FREE,
)  # fmt: skip

_LAST_STAGES = f"""
SELECT DISTINCT ON (stage) stage, seconds, peak_mb, writes, counts FROM {STAGE_RUN.fullname}
ORDER BY stage, ended_at DESC
"""
_RUNS = f"""
SELECT dag, extract(epoch FROM :now - max(ended_at) FILTER (WHERE state = 'success'))::float8 AS age,
       (array_agg(state ORDER BY started_at DESC))[1] IN ('failed', 'interrupted') AS failed
FROM (SELECT CASE WHEN run_id LIKE '%/%' THEN split_part(run_id, '/', 1) ELSE 'the command line' END AS dag, run.*
      FROM {RUN.fullname} AS run) AS runs
GROUP BY dag ORDER BY dag
"""
_PUBLISHED = f"""
SELECT extract(epoch FROM :now - published_at)::float8 AS age, version FROM {PUBLICATION.fullname}
WHERE is_current
"""
_QUARANTINE = f"SELECT source, object, rule, count(*) AS n FROM {QUARANTINE.fullname} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
_AUDIT = f"""
SELECT level, count(*) FILTER (WHERE NOT success) AS n FROM {AUDIT_RESULT.fullname} WHERE version = :version
GROUP BY level ORDER BY level
"""
_SOURCES = f"""
SELECT source, max(age_days) AS age, coalesce(bool_or(is_stale), false) AS stale FROM {READERS}.source_day
GROUP BY source ORDER BY source
"""
_SEGMENTS = f"SELECT segment_key, size FROM {READERS}.segment ORDER BY segment_key"
_DELIVERED = f"""
SELECT p.sync, c.state, count(*) AS n FROM {ACTIVATION_CHANGE.fullname} AS c JOIN (
    SELECT DISTINCT ON (sync) sync, plan_id FROM {ACTIVATION_PLAN.fullname} WHERE state <> 'held'
    ORDER BY sync, planned_at DESC
) AS p USING (plan_id) GROUP BY 1, 2 ORDER BY 1, 2
"""


def figures(project: Project, now: datetime) -> list[Value]:
    """Return all that can be measured now; what has not come to be yet, such as a publication, gives no value."""
    return [*states(project, now), *_sizes(project)]


def states(project: Project, now: datetime) -> list[Value]:
    """Return the figures by which a state is judged: all but sizes, for which the whole lake is walked."""
    with project.warehouse().begin() as connection:
        return [
            *_of_runs(connection, now),
            *_of_what_readers_get(connection, now),
            *(Value(DELIVERED, row["n"], {"sync": row["sync"], "state": row["state"]})
              for row in _rows(connection, _DELIVERED)),
            *_of_matching(project),
            Value(FREE, room.free(project.settings)),
        ]  # fmt: skip


def _of_runs(connection: sa.Connection, now: datetime) -> Iterator[Value]:
    for row in _rows(connection, _RUNS, now=now):
        labels = {"dag": row["dag"]}
        yield Value(RUN_FAILED, float(row["failed"]), labels)
        if row["age"] is not None:
            yield Value(RUN_AGE, row["age"], labels)
    for row in _rows(connection, _LAST_STAGES):
        yield Value(STAGE_SECONDS, row["seconds"], {"stage": row["stage"]})
        if row["peak_mb"] is not None:
            yield Value(STAGE_MEMORY, row["peak_mb"] * 2**20, {"stage": row["stage"]})
        for dataset, written in row["writes"].items():
            yield Value(ROWS, written["rows"], {"dataset": dataset})
        yield from quarantine_shares(row["counts"])
    for row in _rows(connection, _QUARANTINE):
        yield Value(QUARANTINED, row["n"], {name: row[name] for name in QUARANTINED.labels})


def quarantine_shares(counts: Mapping[str, int]) -> Iterator[Value]:
    """Yield the share of each object's rows that a stage set aside, from counts such as ``crm.contact.raw``."""
    for name, raw in counts.items():
        scope, _, whole = name.rpartition(".")
        if whole == "raw" and scope and raw:
            yield Value(QUARANTINE_SHARE, counts.get(f"{scope}.quarantined", 0) / raw, {"object": scope})


def _of_what_readers_get(connection: sa.Connection, now: datetime) -> Iterator[Value]:
    for published in _rows(connection, _PUBLISHED, now=now):
        yield Value(PUBLISHED_AGE, published["age"])
        for row in _rows(connection, _AUDIT, version=published["version"]):
            yield Value(AUDIT_FAILURES, row["n"], {"level": row["level"]})
        yield from _of_drift(connection, published["version"])
        for row in _rows(connection, _SOURCES):
            yield Value(SOURCE_STALE, float(row["stale"]), {"source": row["source"]})
            if row["age"] is not None:
                yield Value(SOURCE_AGE, row["age"], {"source": row["source"]})
        for row in _rows(connection, _SEGMENTS):
            yield Value(SEGMENT_MEMBERS, row["size"], {"segment": row["segment_key"]})


def _of_drift(connection: sa.Connection, version: str) -> Iterator[Value]:
    for kept in kept_of(connection, version):
        if kept.observed.get("allowed"):
            labels = {"figure": kept.kind.name, "of": kept.of, "column": kept.column}
            yield Value(DRIFT, kept.observed["distance"] / kept.observed["allowed"], labels)


def _of_matching(project: Project) -> Iterator[Value]:
    found = matching(project)
    told = {**found.counts, **{name: found.model.get(name) for name in ("threshold", "expected_f1", "drift")}}
    for what, value in told.items():
        if isinstance(value, int | float):
            yield Value(MATCHING, value, {"what": what})
    yield Value(WAITING, found.counts.get("review", 0), {"kind": "review"})


def _sizes(project: Project) -> Iterator[Value]:
    folder = project.lake.folder
    files = (place.stat().st_size for place in folder.rglob("*") if place.is_file()) if folder else ()
    yield Value(SIZE, sum(files), {"store": "lake"})
    with project.warehouse().begin() as connection:
        size = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    yield Value(SIZE, size, {"store": "warehouse"})


def _rows(connection: sa.Connection, query: str, **given: object) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(sa.text(query), given).mappings()]
