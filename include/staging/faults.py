"""Rules that a raw row must keep to be staged, and the quarantine rows of those that break one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.staged import QUARANTINE
from include.staging.values import received
from include.storage.engine import Engine


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def to_json(row) -> dt.JSON:  # type: ignore[no-untyped-def]
    """A row as JSON."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:  # type: ignore[empty-body]
    """Digest of a text."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault that sets a row aside: the condition of a broken row, the column at fault, a sentence about it."""

    name: str
    column: str
    broken: ir.BooleanValue
    reason: str


def find_faults(engine: Engine, rows: ir.Table, rules: tuple[Rule, ...]) -> pa.Table:
    """Return _load_id, _line and _fault (the first rule broken) of the rows that break a rule."""
    broken = [(rule.broken.fill_null(False), ibis.literal(number)) for number, rule in enumerate(rules)]
    judged = rows.select("_load_id", "_line", _fault=ibis.cases(*broken, else_=ibis.null("int8")))
    return engine.ibis.to_pyarrow(judged.filter(judged._fault.notnull()))


def quarantined(faulty: ir.Table, rules: tuple[Rule, ...], source: str, name: str, key: str) -> ir.Table:
    """Return the staged/quarantine rows of faulty rows, which carry their ``_fault``."""
    columns = [column for column in faulty.columns if not column.startswith("_")]
    chosen = [(faulty._fault == number, rule) for number, rule in enumerate(rules)]

    def told(what: Callable[[Rule], str | ir.Value]) -> ir.StringValue:
        return ibis.cases(*((is_it, what(rule)) for is_it, rule in chosen), else_=ibis.null("string"))

    rule, line = told(lambda rule: rule.name), faulty._line.cast("string")
    values: dict[str, ir.Value] = {
        "quarantine_id": md5(ibis.literal(f"{source}|{name}|") + faulty._load_id + "|" + line + "|" + rule),
        "source": ibis.literal(source),
        "object": ibis.literal(name),
        "source_key": received(faulty[key]),
        "file": faulty._file,
        "line": faulty._line,
        "stage": ibis.literal("stage"),
        "rule": rule,
        "column": told(lambda rule: rule.column),
        "value_class": value_class(told(lambda rule: faulty[rule.column])),
        "reason": told(lambda rule: rule.reason),
        "row_received": to_json(ibis.struct({column: faulty[column] for column in columns})).cast("string"),
        "load_id": faulty._load_id,
        "extracted_at": faulty._extracted_at,
    }
    return faulty.select(**{column: values[column] for column in QUARANTINE.names})


def value_class(value: ir.StringValue) -> ir.StringValue:
    """What kind of value it is, without telling the value."""
    trimmed = value.strip()
    return ibis.cases(
        (trimmed.isnull() | (trimmed == ""), "empty"),
        (trimmed.re_search(r"^-\d+(\.\d+)?$"), "negative"),
        (trimmed.re_search(r"^\d+\.\d*[1-9]\d*$"), "fractional"),
        (trimmed.re_search(r"^\d+(\.0*)?$"), "number"),
        (trimmed.re_search(r"^\d{4}-\d\d-\d\d"), "date-like"),
        else_="text",
    )
