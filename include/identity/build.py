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
from include.identity.crosswalk.assign import assign
from include.identity.crosswalk.departures import count_departures, find_departed
from include.identity.crosswalk.events import log_events
from include.identity.crosswalk.gate import breaches, evidence, label_breaches, movement
from include.identity.crosswalk.guard import guard
from include.identity.crosswalk.questions import ask
from include.identity.crosswalk.relations import (
    Before,
    Guarded,
    Known,
    Proposed,
    Relation,
    Result,
    given,
    hold,
    rows_of,
)
from include.identity.matched import Matched, matched
from include.identity.plan import Plan
from include.identity.records import merged, read_records
from include.identity.store import load_model, load_report, save_model, save_report
from include.matching.weights.model import Model
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

LOGS = (HISTORY, REGISTER, IDENTITY_EVENT)
STATES = (EDGE, REVIEW, ALIAS, APPLIED, MEMBER)
# The crosswalk comes last: it is what the next run starts from.
DATASETS = (*LOGS, *STATES, CROSSWALK)

BLOCKING = ("rule", "blocks", "pairs", "largest_kept", "dropped")  # the worst blocks' values are personal

# Records that say something else than in the run before; asked only of homes that fall apart, which alone need it.
_CHANGED = """
WITH divided AS (
    SELECT home_id FROM {guarded.clusters} JOIN {before.crosswalk} USING (record_id)
    GROUP BY home_id HAVING min(cluster) <> max(cluster)
), asked AS (SELECT record_id FROM {before.crosswalk} SEMI JOIN divided USING (home_id))
SELECT now.record_id
FROM (SELECT record_id, hash({columns}) AS said FROM {now} SEMI JOIN asked USING (record_id)) now
JOIN (SELECT record_id, hash({columns}) AS said FROM {earlier} SEMI JOIN asked USING (record_id)) before
USING (record_id)
WHERE now.said <> before.said
"""

_COUNTS = """
SELECT (SELECT count(*) FROM {known.founding}), (SELECT count(*) FROM {assigned.crosswalk}),
       (SELECT count(*) FROM {assigned.ids}),
       (SELECT count(*) FROM {guarded.held}), (SELECT count(*) FROM {guarded.kept}), (SELECT count(*) FROM {review}),
       (SELECT count(*) FROM {proposed.applied} WHERE state = 'stale'),
       (SELECT count(*) FROM {proposed.applied} WHERE state = 'changed')
"""
_KINDS = "SELECT kind, count(*) FROM {logged.events} GROUP BY kind"


def build(project: Project, plan: Plan) -> None:
    """Resolve and write every dataset of the version; the crosswalk's manifest is written last."""
    with project.engine() as engine:
        found, result = prepare(project, engine, plan)
        report = _report(engine.connection, plan, found, result, project.lake)
        save_report(project.lake, plan.version, report, plan.inputs)
        _write(engine, plan, result)


def prepare(project: Project, engine: Engine, plan: Plan) -> tuple[Matched, Result]:
    """Compute every result of the run, as tables of the engine's connection; writes only a new model."""
    connection, records = engine.connection, read_records(engine, plan.records)
    before = _before(engine, plan)
    with matched(project, engine, records, plan) as found:
        _keep_model(engine.lake, found.model, plan)
        proposed = _proposed(connection, records, found, plan)
        guarded = guard(connection, before, proposed, plan.stewardship, found.judge)
    known = _known(engine, records, before, guarded, plan)
    model = found.model.version
    assigned = assign(
        connection, before, guarded, known, on_date=plan.on_date, version=plan.version, model_version=model
    )
    logged = log_events(connection, before, proposed, known, assigned)
    review = ask(connection, proposed, guarded, assigned)
    return found, Result(before, proposed, guarded, known, assigned, logged, review)


def _keep_model(lake: Lake, model: Model, plan: Plan) -> None:
    """Save the model, where it was estimated by this run."""
    if load_model(lake, plan.inputs["model"]) is None:
        inputs = {"matching": plan.inputs["matching"], PERSON_RECORD.name: plan.records.version}
        save_model(lake, model, plan.inputs["model"], inputs)


def _before(engine: Engine, plan: Plan) -> Before:
    def view(name: str, table: Table) -> Relation:
        return _view(engine, name, engine.read(table, _sibling(engine.lake, plan.previous, table)))

    return Before(
        crosswalk=view("crosswalk_before", CROSSWALK),
        history=view("history_before", HISTORY),
        register=view("register_before", REGISTER),
        alias=view("alias_before", ALIAS),
        applied=view("applied_before", APPLIED),
    )


def _proposed(connection: duckdb.DuckDBPyConnection, records: ir.Table, found: Matched, plan: Plan) -> Proposed:
    return Proposed(
        found=found.found,
        edge=found.edge,
        applied=given(connection, "applied_now", plan.decisions.states),
        merged=given(connection, "merged_now", merged(records)),
    )


def _known(engine: Engine, records: ir.Table, before: Before, guarded: Guarded, plan: Plan) -> Known:
    now = _view(engine, "records_now", records)
    earlier = _view(engine, "records_before", read_records(engine, _records_of(engine.lake, plan.previous)))
    columns = ", ".join(f'"{column}"' for column in plan.spec.columns)
    compared = {"before": before, "guarded": guarded, "now": now, "earlier": earlier, "columns": columns}
    return Known(
        founding=_view(engine, "founding", records.select("record_id", "created_at")),
        changed=hold(engine.connection, "changed", _CHANGED, **compared),
        yielding=given(engine.connection, "yielding", plan.decisions.yielding),
        departed=find_departed(engine.connection, now, earlier),
    )


def _view(engine: Engine, name: str, rows: ir.Table) -> Relation:
    engine.ibis.create_view(name, rows)
    return Relation(name)


def _records_of(lake: Lake, crosswalk: Manifest | None) -> Manifest | None:
    """The records that a crosswalk was made of."""
    return lake.input(crosswalk, PERSON_RECORD.name) if crosswalk else None


def _sibling(lake: Lake, crosswalk: Manifest | None, table: Table) -> Manifest | None:
    """The dataset that was written together with a crosswalk."""
    return lake.version(table.name, crosswalk.version) if crosswalk else None


def _report(
    connection: duckdb.DuckDBPyConnection, plan: Plan, of: Matched, result: Result, lake: Lake
) -> dict[str, Any]:
    moved = movement(connection, result.before, result.assigned, result.logged)
    broken = breaches(moved, plan.stewardship.limits)
    broken += label_breaches(connection, result.assigned, plan.labels, plan.stewardship.labels)
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
    parts = {name: getattr(result, name) for name in ("known", "assigned", "guarded", "review", "proposed")}
    (counted,) = rows_of(connection, _COUNTS, **parts)
    counts = dict(zip(names, counted, strict=True))
    counts |= count_departures(connection, result.before, result.known, result.logged)
    events = dict(rows_of(connection, _KINDS, logged=result.logged))
    found = of.report
    return {
        "counts": counts | {kind: events[kind] for kind in sorted(events)},
        "held": evidence(moved, broken, of.model.version, before) if broken else None,
        "model": {
            "version": of.model.version,
            **{name: found[name] for name in ("threshold", "expected_f1", "drift") if name in found},
        },
        "pairs_scored": found.get("pairs_scored"),
        "blocking": [{name: rule[name] for name in BLOCKING if name in rule} for rule in found.get("blocking", ())],
        "follows": plan.previous.version if plan.previous else None,
        "on_date": plan.on_date.isoformat(),
    }


def _write(engine: Engine, plan: Plan, result: Result) -> None:
    assigned = result.assigned
    built = {
        HISTORY: assigned.history,
        REGISTER: assigned.register,
        IDENTITY_EVENT: result.logged.events,
        EDGE: result.proposed.edge,
        REVIEW: result.review,
        ALIAS: assigned.alias,
        APPLIED: result.proposed.applied,
        MEMBER: assigned.crosswalk,
        CROSSWALK: assigned.crosswalk,
    }
    for table in DATASETS:
        before = _sibling(engine.lake, plan.previous, table) if table in LOGS else None
        engine.write(
            table,
            engine.ibis.table(built[table].name),
            version=plan.version,
            inputs=plan.inputs,
            point=False,
            extends=before,
        )
