"""The step `report`: all reports as of the logical date, their coverage, and the history of their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import EMAIL_CURVE
from include.contracts.reports import PARTS, REPORT, REPORT_COVERAGE, REPORT_HISTORY, REPORTED, REPORTS, Part, Report
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import LEAD_STEP, PERSON_RECORD, PROSPECT_SCORE
from include.contracts.tables import Table, Type
from include.measures import history
from include.measures.settings import read_settings as read_thresholds
from include.measures.step import READS, inputs_of
from include.reports import campaign_influence, churn, duplicates, engagement, nps
from include.reports.data import Computed, Data
from include.reports.settings import read_settings
from include.storage.code import code_of
from include.storage.engine import Engine
from include.storage.project import Project
from include.storage.versions import present

MODULES: Mapping[str, ModuleType] = MappingProxyType(
    {
        "nps": nps,
        "churn": churn,
        "engagement": engagement,
        "duplicates": duplicates,
        "campaign_influence": campaign_influence,
    }
)
MEASURED = (CUSTOMER_360, ACCOUNT_360, EMAIL_CURVE, SEGMENT, SEGMENT_MEMBERSHIP)
STAGED = (PERSON_RECORD, LEAD_STEP, PROSPECT_SCORE)
WRITES = tuple(table for table in REPORTED if table is not REPORT_HISTORY)
DIGITS = 6  # of numbers; sums of fractions differ beyond, by the order in which they are added


def report(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> StageReport:
    """Write the tables of all reports, `report`, `report_coverage` and `report_history`."""
    settings, thresholds = read_settings(project.settings.config), read_thresholds(project.settings.config)
    tables = (*READS.values(), *STAGED, *MEASURED)
    reads = {table.name: refs[table.name].version for table in tables if table.name in refs}
    determined = {
        **reads,
        "as_of": run.as_of.isoformat(),
        "timezone": project.settings.timezone,
        "settings": fingerprint(settings.model_dump(mode="json"), thresholds.model_dump(mode="json")),
        "code": code_of(__name__),
    }
    with project.engine() as engine:
        version = fingerprint(determined)
        written = present(engine.lake, WRITES, version)
        if written is None:
            inputs = inputs_of(project, engine, run, refs, thresholds)
            measured = {table.name: engine.read(table, refs.get(table.name)) for table in MEASURED}
            data = Data(engine, inputs, settings, {**measured, **staged(engine, refs)})
            written = _Writer(engine, version, determined).write(data)
        rows = ibis.union(*(_kept(part, engine.read(part.table, written[part.name])) for part in PARTS if part.history))
        kept = history.keep(engine, REPORT_HISTORY, rows, run, determined)
        counts = _counted(engine, written)
    return StageReport("report", reads, (*written.values(), kept), counts, engine=Engine.name)


def staged(engine: Engine, refs: Mapping[str, DatasetRef]) -> dict[str, ir.Table]:
    """Return the tables that measures read, and those that only reports do, by their names in the lake."""
    return {table.name: engine.read(table, refs.get(table.name)) for table in (*READS.values(), *STAGED)}


def compute(data: Data, report: Report) -> Computed:
    """Return what a report comes to; one that lacks a source is empty, and says which."""
    for need in report.needs:
        if not data.count(data.tables[need.table].limit(1)):
            return Computed({}, refused=need.says)
    found: Computed = MODULES[report.key].compute(data)
    return found


class _Writer:
    """Writes one version of all reports."""

    def __init__(self, engine: Engine, version: str, determined: Mapping[str, str]) -> None:
        self._engine, self._version, self._inputs = engine, version, determined
        self._written: dict[str, DatasetRef] = {}

    def write(self, data: Data) -> dict[str, DatasetRef]:
        """Compute and write; returns the references by name."""
        told, coverage = [], []
        for declared in REPORTS:
            found = compute(data, declared)
            rows = 0
            for part in declared.parts:
                content = found.parts[part.name] if part.name in found.parts else _nothing(part.table)
                rows += self._write(part.table, _rounded(part.table, content)).rows
            told.append(_outcome(data, declared, found, rows))
            coverage += _coverage(data, declared, found)
        self._write(REPORT, _table(REPORT, told))
        self._write(REPORT_COVERAGE, _table(REPORT_COVERAGE, coverage))
        return self._written

    def _write(self, table: Table, rows: ir.Table) -> DatasetRef:
        ref = self._engine.write(table, rows, version=self._version, inputs=self._inputs, point=False)
        self._written[table.name] = ref
        return ref


def _outcome(data: Data, declared: Report, found: Computed, rows: int) -> dict[str, object]:
    lacks = found.refused in {need.says for need in declared.needs}
    return {
        "report_key": declared.key, "name": declared.name, "question": declared.question, "as_of": data.as_of,
        "state": "missing" if lacks else "refused" if found.refused else "published", "reason": found.refused or None,
        "cannot_say": json.dumps(declared.cannot_say, ensure_ascii=False), "rows": rows,
    }  # fmt: skip


def _coverage(data: Data, declared: Report, found: Computed) -> list[dict[str, object]]:
    if found.coverage is None:
        return []
    known = {row["subject"]: row for row in data.engine.ibis.to_pyarrow(found.coverage).to_pylist()}
    lines = []
    for cover in declared.covers:
        judged, total = (float(known[cover.subject][name]) for name in ("judged", "total"))
        lines.append({
            "report_key": declared.key, "subject": cover.subject, "unit": cover.unit, "judged": judged, "total": total,
            "share": round(judged / total, DIGITS) if total else None, "says": cover.says,
        })  # fmt: skip
    return lines


def _rounded(table: Table, rows: ir.Table) -> ir.Table:
    numbers = {c.name: rows[c.name].round(DIGITS) for c in table.columns if c.type is Type.NUMBER}
    return rows.mutate(**numbers) if numbers else rows


def _nothing(table: Table) -> ir.Table:
    return ibis.memtable(table.schema.empty_table())


def _kept(part: Part, rows: ir.Table) -> ir.Table:
    """The rows of a part as the history keeps them."""
    names = part.table.names
    key = ibis.struct({name: rows[name] for name in part.key}).cast("json").cast("string")
    whole = ibis.struct({name: rows[name] for name in names}).cast("json").cast("string")
    return rows.select(row_id=ibis.literal(f"{part.name}:") + key, part=ibis.literal(part.name), figures=whole)


def _table(table: Table, rows: list[dict[str, object]]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=table.schema))


def _counted(engine: Engine, written: Mapping[str, DatasetRef]) -> dict[str, int]:
    states = [row["state"] for row in engine.read(REPORT, written[REPORT.name]).to_pyarrow().to_pylist()]
    return {"reports": len(states), "missing": states.count("missing"), "refused": states.count("refused")}
