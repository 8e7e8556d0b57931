"""Builds one version of the identity datasets: engine, guard, crosswalk, events, gate, in that order."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis.expr.types as ir

from include.contracts.identity import (
    ALIAS,
    APPLIED,
    CROSSWALK,
    EDGE,
    HISTORY,
    IDENTITY_EVENT,
    MEMBER,
    REGISTER,
    REVIEW,
)
from include.contracts.staged import PERSON_RECORD
from include.contracts.tables import Table
from include.identity.crosswalk.assign import assign, create_tables
from include.identity.crosswalk.events import log_events
from include.identity.crosswalk.gate import breaches, evidence, label_breaches, movement
from include.identity.crosswalk.guard import guard
from include.identity.crosswalk.questions import QUESTIONS
from include.identity.plan import Plan
from include.identity.records import ORDER, in_order, merged, read_records
from include.identity.store import load_model, load_report, save_model, save_report
from include.matching import engine as matching
from include.matching.resolution import LEAST_REVIEWED, Resolution
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

LOGS = (HISTORY, REGISTER, IDENTITY_EVENT)
STATES = (EDGE, REVIEW, ALIAS, APPLIED, MEMBER)
# The crosswalk comes last: it is what the next run starts from.
DATASETS = (*LOGS, *STATES, CROSSWALK)
BUILT = {
    HISTORY: "history_now",
    REGISTER: "register_now",
    IDENTITY_EVENT: "event_now",
    EDGE: "edge",
    REVIEW: "review_now",
    ALIAS: "alias_now",
    APPLIED: "applied_now",
    MEMBER: "crosswalk_now",
    CROSSWALK: "crosswalk_now",
}

BLOCKING = ("rule", "blocks", "pairs", "largest_kept", "dropped")  # the worst blocks' values are personal
_EDGE = "SELECT * FROM pairs WHERE grade IN ('match', 'review')"

# Records that say something else than in the run before; asked only of homes that fall apart, which alone need it.
_CHANGED = """
WITH torn AS (
    SELECT home_id FROM clusters JOIN crosswalk_before USING (record_id)
    GROUP BY home_id HAVING min(cluster) <> max(cluster)
), asked AS (SELECT record_id FROM crosswalk_before SEMI JOIN torn USING (home_id))
SELECT now.record_id
FROM (SELECT record_id, hash({columns}) AS said FROM records_now SEMI JOIN asked USING (record_id)) now
JOIN (SELECT record_id, hash({columns}) AS said FROM records_before SEMI JOIN asked USING (record_id)) before
USING (record_id)
WHERE now.said <> before.said
"""

_COUNTS = """
SELECT (SELECT count(*) FROM founding), (SELECT count(*) FROM crosswalk_now), (SELECT count(*) FROM assigned),
       (SELECT count(*) FROM held), (SELECT count(*) FROM kept), (SELECT count(*) FROM review_now),
       (SELECT count(*) FROM applied_now WHERE state = 'stale'),
       (SELECT count(*) FROM applied_now WHERE state = 'changed')
"""


def build(project: Project, plan: Plan) -> None:
    """Resolve and write every dataset of the version; the crosswalk's manifest is written last."""
    with project.engine() as engine:
        resolution = prepare(engine, plan)
        report = _report(engine.connection, plan, resolution, project.lake)
        save_report(project.lake, plan.version, report, plan.inputs)
        _write(engine, plan)


def prepare(engine: Engine, plan: Plan) -> Resolution:
    """Leave every result of the run as a temporary table of the engine's connection; writes only a new model."""
    records = read_records(engine, plan.records)
    resolution = _match(engine.lake, records, plan)
    _expose(engine, records, resolution, plan)
    connection = engine.connection
    guard(connection, plan.stewardship, resolution)
    matched = ", ".join(f'"{column}"' for column in plan.spec.columns)
    create_tables(connection, {"changed": _CHANGED.format(columns=matched)})
    assign(connection, on_date=plan.on_date, version=plan.version, model_version=resolution.model.version)
    log_events(connection)
    create_tables(connection, {"review_now": QUESTIONS})
    return resolution


def _match(lake: Lake, records: ir.Table, plan: Plan) -> Resolution:
    """Run the engine with the saved model, or estimate one and save it."""
    spec = plan.spec.model_copy(update={"order": ORDER})
    columns = dict.fromkeys([spec.id, ORDER, *([spec.source] if spec.source else []), *spec.columns])
    saved = load_model(lake, plan.inputs["model"])
    resolution = matching.resolve(
        in_order(records).select(*columns).to_pyarrow(),
        spec,
        decisions=plan.decisions.binding,
        known=merged(records),
        model=saved,
    )
    if saved is None:
        inputs = {"matching": plan.inputs["matching"], PERSON_RECORD.name: plan.records.version}
        save_model(lake, resolution.model, plan.inputs["model"], inputs)
    return resolution


def _expose(engine: Engine, records: ir.Table, resolution: Resolution, plan: Plan) -> None:
    """Give the connection the tables that the statements name."""
    connection = engine.connection
    connection.register("found", resolution.clusters.rename_columns(["record_id", "cluster", "confidence"]))
    connection.register("pairs", resolution.pairs_above(LEAST_REVIEWED))
    create_tables(connection, {"edge": _EDGE})
    connection.unregister("pairs")
    engine.ibis.create_view("founding", records.select("record_id", "created_at"))
    engine.ibis.create_view("records_now", records)
    engine.ibis.create_view("records_before", read_records(engine, _records_of(engine.lake, plan.previous)))
    connection.register("yielding", plan.decisions.yielding)
    connection.register("applied_now", plan.decisions.states)
    connection.register("merged_now", merged(records))
    for name, table in (
        ("crosswalk_before", CROSSWALK),
        ("history_before", HISTORY),
        ("register_before", REGISTER),
        ("alias_before", ALIAS),
        ("applied_before", APPLIED),
    ):
        engine.ibis.create_view(name, engine.read(table, _sibling(engine.lake, plan.previous, table)))


def _records_of(lake: Lake, crosswalk: Manifest | None) -> Manifest | None:
    """The records that a crosswalk was made of."""
    return lake.input(crosswalk, PERSON_RECORD.name) if crosswalk else None


def _sibling(lake: Lake, crosswalk: Manifest | None, table: Table) -> Manifest | None:
    """The dataset that was written together with a crosswalk."""
    return lake.version(table.name, crosswalk.version) if crosswalk else None


def _report(connection: duckdb.DuckDBPyConnection, plan: Plan, resolution: Resolution, lake: Lake) -> dict[str, Any]:
    moved = movement(connection)
    broken = breaches(moved, plan.stewardship.limits)
    broken += label_breaches(connection, plan.labels, plan.stewardship.labels)
    before = load_report(lake, plan.previous.version)["model"].get("version") if plan.previous else None
    names = (
        "records",
        "assigned",
        "profiles",
        "held_clusters",
        "kept_parts",
        "review",
        "stale_decisions",
        "changed_decisions",
    )
    counts = dict(zip(names, connection.execute(_COUNTS).fetchall()[0], strict=True))
    events = dict(connection.execute("SELECT kind, count(*) FROM event_now GROUP BY kind").fetchall())
    found = resolution.report
    return {
        "counts": counts | {kind: events[kind] for kind in sorted(events)},
        "held": evidence(moved, broken, resolution.model.version, before) if broken else None,
        "model": {
            "version": resolution.model.version,
            **{name: found[name] for name in ("threshold", "expected_f1", "drift") if name in found},
        },
        "pairs_scored": found.get("pairs_scored"),
        "blocking": [{name: rule[name] for name in BLOCKING if name in rule} for rule in found.get("blocking", ())],
        "follows": plan.previous.version if plan.previous else None,
        "on_date": plan.on_date.isoformat(),
    }


def _write(engine: Engine, plan: Plan) -> None:
    for table in DATASETS:
        before = _sibling(engine.lake, plan.previous, table) if table in LOGS else None
        engine.write(
            table,
            engine.ibis.table(BUILT[table]),
            version=plan.version,
            inputs=plan.inputs,
            point=False,
            extends=before,
        )
