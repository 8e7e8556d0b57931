"""The step `resolve`: staged person records in, crosswalk, judged pairs, events and review queue out.

All datasets of one run carry the crosswalk's version, so the memory that belongs to a crosswalk is found
by its version alone, and a run that is killed between two pointers leaves nothing half remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, EDGE, HISTORY, IDENTITY_EVENT, REGISTER, REVIEW
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.staged import PERSON_RECORD
from include.contracts.tables import Table
from include.identity import engine as matching
from include.identity.crosswalk import assign, create_tables
from include.identity.crosswalk_events import log_events
from include.identity.model import FORMAT, Model
from include.identity.model_store import load_model, save_model
from include.identity.resolution import Resolution
from include.identity.spec import MatchingSpec, load_spec
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

CODE = 1
LOGS = (HISTORY, REGISTER, IDENTITY_EVENT)
STATES = (EDGE, REVIEW, ALIAS, APPLIED)
# The crosswalk comes last: it is what the next run starts from.
DATASETS = (*LOGS, *STATES, CROSSWALK)


@dataclass(frozen=True)
class _Plan:
    """What this run is determined by, and what it will be called."""

    records: DatasetRef
    spec: MatchingSpec
    previous: Manifest | None
    inputs: Mapping[str, str]
    version: str


def resolve(project: Project, run: Run, refs: Mapping[str, DatasetRef], *, reestimate: bool = False) -> StageReport:
    """Group the person records into profiles and say what changed.

    The model is estimated on the first run, when the matching spec changes or when ``reestimate`` asks for it,
    and reused otherwise. Unchanged input returns the version that exists, whatever the date.
    """
    plan = _plan(project, run, refs[PERSON_RECORD.name], reestimate=reestimate)
    if plan.previous is None or dict(plan.previous.inputs) != dict(plan.inputs):
        if project.lake.manifest(CROSSWALK.name, plan.version) is None:
            _build(project, run, plan)
        version = plan.version
    else:
        version = plan.previous.version
    return _publish(project, plan, version)


def _plan(project: Project, run: Run, records: DatasetRef, *, reestimate: bool) -> _Plan:
    lake = project.lake
    spec = load_spec(project.settings.config / "matching.yaml")
    previous = lake.current(CROSSWALK.name)
    matching_version = fingerprint(spec.model_dump(mode="json"), FORMAT)
    inputs = {
        PERSON_RECORD.name: records.version,
        "matching": matching_version,
        "model": _model_version(lake, records, matching_version, reestimate=reestimate),
        "code": str(CODE),
    }
    version = fingerprint(inputs, previous.version if previous else None, run.as_of)
    return _Plan(records, spec, previous, inputs, version)


def _model_version(lake: Lake, records: DatasetRef, matching_version: str, *, reestimate: bool) -> str:
    """Return the version of the saved model while it fits the spec, else of the one that this run will estimate."""
    saved = lake.current("identity/model")
    if saved and saved.inputs["matching"] == matching_version and not reestimate:
        return saved.version
    return fingerprint("identity/model", records.version, matching_version)


def _build(project: Project, run: Run, plan: _Plan) -> None:
    """Resolve and write every dataset of the version; the crosswalk's manifest is written last."""
    with project.engine() as engine:
        records = engine.read(PERSON_RECORD, plan.records)
        resolution = _match(project.lake, records, plan)
        _expose(engine, records, resolution, plan)
        assign(engine.connection, on_date=run.as_of, version=plan.version, model_version=resolution.model.version)
        log_events(engine.connection)
        create_tables(engine.connection, {"review_now": _REVIEW})
        _write(engine, plan)


def _match(lake: Lake, records: ir.Table, plan: _Plan) -> Resolution:
    """Run the engine with the saved model, or estimate one and save it."""
    table = records.select(plan.spec.id, *_others(plan.spec)).to_pyarrow()
    saved = load_model(lake, plan.inputs["model"])
    resolution = matching.resolve(table, plan.spec, model=saved)
    if saved is None:
        inputs = {"matching": plan.inputs["matching"], PERSON_RECORD.name: plan.records.version}
        save_model(lake, resolution.model, plan.inputs["model"], inputs)
    return resolution


def _others(spec: MatchingSpec) -> list[str]:
    """The columns beside the key that the engine needs."""
    return list(dict.fromkeys([*([spec.source] if spec.source else []), *spec.columns]))


_EDGE = "SELECT * FROM pairs WHERE grade IN ('match', 'review')"

# What a decision is worth: the records of both profiles, which it would put together or keep apart.
_REVIEW = """
WITH size AS (SELECT profile_id, count(*) AS records FROM crosswalk_now GROUP BY profile_id)
SELECT e.record_a, e.record_b, e.probability, e.evidence,
       sa.records + CASE WHEN a.profile_id = b.profile_id THEN 0 ELSE sb.records END AS records_touched
FROM edge e
JOIN crosswalk_now a ON a.record_id = e.record_a JOIN size sa ON sa.profile_id = a.profile_id
JOIN crosswalk_now b ON b.record_id = e.record_b JOIN size sb ON sb.profile_id = b.profile_id
WHERE e.grade = 'review'
"""


def _expose(engine: Engine, records: ir.Table, resolution: Resolution, plan: _Plan) -> None:
    """Give the connection the tables that the crosswalk's statements name."""
    connection = engine.connection
    connection.register("clusters", resolution.clusters.rename_columns(["record_id", "cluster", "confidence"]))
    connection.register("pairs", resolution.pairs)
    create_tables(connection, {"edge": _EDGE})
    engine.ibis.create_view("founding", records.select("record_id", "created_at"))
    connection.register("yielding", pa.table({"profile_id": pa.array([], pa.string())}))
    connection.register("applied_now", APPLIED.schema.empty_table())
    for name, table in (
        ("crosswalk_before", CROSSWALK),
        ("history_before", HISTORY),
        ("register_before", REGISTER),
        ("alias_before", ALIAS),
        ("applied_before", APPLIED),
    ):
        engine.ibis.create_view(name, engine.read(table, _sibling(plan.previous, table)))


def _sibling(crosswalk: Manifest | None, table: Table) -> DatasetRef | None:
    """The dataset that was written together with a crosswalk."""
    return DatasetRef(table.name, crosswalk.version, 0) if crosswalk else None


def _write(engine: Engine, plan: _Plan) -> None:
    names = {
        HISTORY: "history_now",
        REGISTER: "register_now",
        IDENTITY_EVENT: "event_now",
        EDGE: "edge",
        REVIEW: "review_now",
        ALIAS: "alias_now",
        APPLIED: "applied_now",
        CROSSWALK: "crosswalk_now",
    }
    for table in DATASETS:
        before = _sibling(plan.previous, table) if table in LOGS else None
        engine.write(
            table,
            engine.ibis.table(names[table]),
            version=plan.version,
            inputs=plan.inputs,
            point=False,
            extends=engine.lake.open(before) if before else None,
        )


def _publish(project: Project, plan: _Plan, version: str) -> StageReport:
    """Point readers at the version, the crosswalk last, and report it."""
    lake = project.lake
    lake.point(DatasetRef("identity/model", plan.inputs["model"], 1))
    written = [lake.open(DatasetRef(table.name, version, 0)).ref for table in DATASETS]
    for ref in written:
        lake.point(ref)
    return StageReport(
        stage="resolve",
        reads={
            PERSON_RECORD.name: plan.records.version,
            **({CROSSWALK.name: plan.previous.version} if plan.previous else {}),
        },
        writes=tuple(written),
        counts=_counts(project, plan, written[-1]),
        model_version=_named(load_model(lake, plan.inputs["model"])),
    )


def _counts(project: Project, plan: _Plan, crosswalk: DatasetRef) -> dict[str, int]:
    with project.engine() as engine:
        profiles = engine.read(CROSSWALK, crosswalk).profile_id.nunique().to_pyarrow().as_py()
    return {"records": plan.records.rows, "assigned": crosswalk.rows, "profiles": int(profiles or 0)}


def _named(model: Model | None) -> str | None:
    return model.version if model else None
