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
from include.contracts.reports.sales_alerts import ALERT, ALERTS_PART, MEANINGS
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import (
    DEPARTURE,
    LEAD_STEP,
    OPPORTUNITY_STAGE,
    PERSON_RECORD,
    PROSPECT_SCORE,
    SURVEY_REQUEST,
)
from include.contracts.tables import Table, Type
from include.contracts.traits import TRAIT, TRAIT_VALUE
from include.measures.settings import read_settings as read_thresholds
from include.measures.step import READS, inputs_of
from include.reports import (
    account_stages,
    campaign_influence,
    churn,
    duplicates,
    engagement,
    funnel,
    lifetime_value,
    nps,
    prospect_outcome,
    sales_alerts,
)
from include.reports.data import Computed, Data
from include.reports.settings import read_settings, words
from include.storage import days, history
from include.storage.code import code_of
from include.storage.control import approvals
from include.storage.engine import Engine
from include.storage.project import Project
from include.storage.versions import present

_MODULES = (
    funnel, prospect_outcome, campaign_influence, churn, lifetime_value, nps, engagement, account_stages, sales_alerts,
    duplicates,
)  # fmt: skip
MODULES: Mapping[str, ModuleType] = MappingProxyType({module.__name__.split(".")[-1]: module for module in _MODULES})
MEASURED = (CUSTOMER_360, ACCOUNT_360, EMAIL_CURVE, SEGMENT, SEGMENT_MEMBERSHIP, TRAIT, TRAIT_VALUE)
STAGED = (
    PERSON_RECORD, LEAD_STEP, PROSPECT_SCORE, OPPORTUNITY_STAGE, DEPARTURE, SURVEY_REQUEST,
)  # fmt: skip
WRITES = tuple(table for table in REPORTED if table is not REPORT_HISTORY)
ANSWERED = pa.schema([(name, pa.string()) for name in ("alert_id", "answer", "answered_by")])
DIGITS = 6  # of numbers; sums of fractions differ beyond, by the order in which they are added


def report(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> StageReport:
    """Write the tables of all reports, `report`, `report_coverage` and `report_history`.

    Raises EarlierDayError where readers have a later day and the run does not rewind.
    """
    reads = {
        table.name: refs[table.name].version for table in (*READS.values(), *STAGED, *MEASURED) if table.name in refs
    }
    with project.engine() as engine:
        data = open_data(project, engine, run, refs)
        determined = {
            **reads,
            "as_of": run.as_of.isoformat(),
            "timezone": project.settings.timezone,
            "settings": fingerprint(
                data.settings.model_dump(mode="json"), data.inputs.thresholds.model_dump(mode="json")
            ),
            "past": fingerprint(data.past_version, data.answers.to_pyarrow().to_pylist()),
            "code": code_of(__name__),
        }
        version = fingerprint(determined)
        written = present(engine.lake, WRITES, version) or _Writer(engine, version, determined).write(data)
        rows = ibis.union(*(_kept(part, engine.read(part.table, written[part.name])) for part in PARTS if part.history))
        kept = history.keep(engine, REPORT_HISTORY, rows, run, determined)
        counts = _counted(engine, written)
    return StageReport("report", reads, (*written.values(), kept), counts, engine=Engine.name)


def open_data(project: Project, engine: Engine, run: Run, refs: Mapping[str, DatasetRef]) -> Data:
    """Return what reports compute from: the run's tables, what reports said before its day, and answers to alerts."""
    config = project.settings.config
    inputs = inputs_of(project, engine, run, refs, read_thresholds(config))
    tables = {table.name: engine.read(table, refs.get(table.name)) for table in (*READS.values(), *STAGED, *MEASURED)}
    before = days.follows(engine.lake, REPORT_HISTORY.name, run)
    before = history.until_yesterday(engine, REPORT_HISTORY, before, run.as_of)
    past = engine.read(REPORT_HISTORY, before)
    alerted = engine.ibis.to_pyarrow(past.filter(past.part == ALERTS_PART.name).count()).as_py() > 0
    known = fingerprint(before.files if before else ())
    answers = _answers(project, is_needed=alerted)
    return Data(engine, inputs, read_settings(config), tables, past, known, answers, words(config))


def _answers(project: Project, *, is_needed: bool) -> ir.Table:
    """What somebody has said of alerts: alert_id, answer, answered_by."""
    found = approvals.verdicts(project, ALERT) if is_needed else {}
    rows = [
        {"alert_id": subject.removeprefix(ALERT), "answer": MEANINGS[verdict], "answered_by": author}
        for subject, (verdict, author) in sorted(found.items())
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=ANSWERED))


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
        total = float(known[cover.subject]["total"])
        judged = min(float(known[cover.subject]["judged"]), total)
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
    values = {c.name: rows[c.name].cast("json") if c.type is Type.JSON else rows[c.name] for c in part.table.columns}
    key = ibis.struct({name: rows[name] for name in part.key}).cast("json").cast("string")
    whole = ibis.struct(values).cast("json").cast("string")
    return rows.select(row_id=ibis.literal(f"{part.name}:") + key, part=ibis.literal(part.name), figures=whole)


def _table(table: Table, rows: list[dict[str, object]]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=table.schema))


def _counted(engine: Engine, written: Mapping[str, DatasetRef]) -> dict[str, int]:
    states = [row["state"] for row in engine.read(REPORT, written[REPORT.name]).to_pyarrow().to_pylist()]
    return {"reports": len(states), "missing": states.count("missing"), "refused": states.count("refused")}
