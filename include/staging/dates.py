"""Dates written as a country writes them, such as 31.12.2026 or 12/31/2026, brought into ISO's order.

The order is the column's, not a value's: one that some value proves (its day is more than 12), that its dots prove, or
that the company has declared. Where nothing does, the column is refused: a guess would turn half its dates.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.storage.engine import Engine

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
_DATE = r"^\s*(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?:[ T,]+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp]\.?[Mm]\.?)?)?\s*$"


def written_as_iso(engine: Engine, rows: ir.Table, declared: ExportFile, order: str) -> ir.Table:
    """Return the rows with the declared columns of dates in ISO's order, where they are written otherwise.

    ``order`` is the declared one, or empty. Raises SourceError for a column whose order nothing tells.
    """
    columns = [name for name in declared.dates if name in rows.columns]
    found = _orders(engine, rows, columns) if columns else {}
    changed = {
        name: _as_iso(rows[name], _order(declared, name, found[name], order))
        for name in columns
        if found[name]["localised"]
    }
    return rows.mutate(**changed) if changed else rows


def _orders(engine: Engine, rows: ir.Table, columns: list[str]) -> dict[str, dict[str, int]]:
    """Count of each column the localised dates, and those that prove one order or the other."""
    counts: dict[str, ir.Value] = {}
    for n, name in enumerate(columns):
        is_date = rows[name].re_search(_DATE)
        first, second = (rows[name].re_extract(_DATE, group).try_cast("int64") for group in (1, 3))
        counts[f"localised_{n}"] = is_date.sum()
        counts[f"day_first_{n}"] = (is_date & (first > 12)).sum()
        counts[f"month_first_{n}"] = (is_date & (second > 12)).sum()
        counts[f"dots_{n}"] = (is_date & (rows[name].re_extract(_DATE, 2) == ".")).sum()
    (row,) = engine.ibis.to_pyarrow(rows.aggregate(**counts)).to_pylist()
    kinds = ("localised", DAY_FIRST, MONTH_FIRST, "dots")
    return {name: {kind: int(row[f"{kind}_{n}"] or 0) for kind in kinds} for n, name in enumerate(columns)}


def _order(declared: ExportFile, column: str, found: dict[str, int], said: str) -> str:
    proven = [order for order in (DAY_FIRST, MONTH_FIRST) if found[order]]
    if len(proven) == 1:
        return proven[0]
    if said:
        return said
    if not proven and found["dots"] == found["localised"]:
        return DAY_FIRST
    problem = "some of its dates are written day first and others month first"
    if not proven:
        problem = "its dates are written as 03/04/2026 is, and none proves whether the day or the month is first"
    remedy = "Export it with dates as 2026-04-03, or say dates: day_first or dates: month_first in sources.yaml."
    raise SourceError(problem, file=_place(declared), column=column, remedy=remedy)


def _place(declared: ExportFile) -> str:
    return ", ".join(declared.places) or declared.path


def _as_iso(value: ir.StringValue, order: str) -> ir.StringValue:
    """The same date in ISO's order, with its time; any other text as it is."""
    first, second, year = (value.re_extract(_DATE, group) for group in (1, 3, 4))
    day, month = (first, second) if order == DAY_FIRST else (second, first)
    hour, minute, second_of = (value.re_extract(_DATE, group) for group in (5, 6, 7))
    half = value.re_extract(_DATE, 8).lower().left(1)
    number = hour.try_cast("int64")
    hours = ibis.cases(
        ((half == "p") & (number < 12), number + 12), ((half == "a") & (number == 12), 0), else_=number
    )  # fmt: skip
    time = ibis.ifelse(
        hour.nullif("").notnull(),
        ibis.literal(" ") + hours.cast("string").lpad(2, "0") + ":" + minute + ":"
        + ibis.coalesce(second_of.nullif(""), ibis.literal("00")),
        ibis.literal(""),
    )  # fmt: skip
    iso = year + "-" + month.lpad(2, "0") + "-" + day.lpad(2, "0") + time
    return ibis.ifelse(value.re_search(_DATE), iso, value)
