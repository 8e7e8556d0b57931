"""Pages of reports: the list, and one report with its picture, its numbers, what it judged and what it cannot say."""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Response

from include.contracts.access import Scope
from include.contracts.tables import Table, Type
from include.reports.drawing import svg as draw
from include.reports.reading import dimensions, find_part, find_report, outcomes, read, read_picture, short_names
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.charts import svg
from include.web.render import page

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Path(min_length=1, max_length=100)]
Part = Annotated[str | None, Query(max_length=100)]
By = Annotated[str | None, Query(max_length=100)]
MOST_ROWS = 200
_NAMES = f"SELECT account_id, name FROM {READERS}.account WHERE account_id = ANY(:ids)"


@router.get("/reports")
def reports(call: Call = READ_SEGMENTS) -> Response:
    """Show all reports, and how each came out."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        rows = outcomes(connection)
    return page(call, "reports.html", version=version, reports=rows)


@router.get("/reports/{key}")
def report(key: Key, part: Part = None, by: By = None, call: Call = READ_SEGMENTS) -> Response:
    """Show one part of a report; the first rows of a long one."""
    declared = find_report(key)
    chosen = find_part(declared, part or None)
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        found = read(connection, declared, chosen, by=by or None)
        known = dimensions(connection, chosen)
        rows = _rows(connection, call, chosen.table, found.rows.slice(0, MOST_ROWS).to_pylist())
    constant = {"dimension"} if chosen.has_dimensions else set()
    columns = [name for name in chosen.table.names if name not in constant]
    if columns[0].endswith("_id") and columns[0] != "account_id":
        columns.append(columns.pop(0))  # an id of a row's own is for who answers it
    if rows and "account" in rows[0]:
        columns[columns.index("account_id")] = "account"
    shown = {
        "report": declared,
        "part": chosen,
        "parts": list(zip(declared.parts, ["", *short_names(declared)], strict=True)),
        "named": part or "",
        "by": by or "",
        "dimensions": known,
        "columns": columns,
        "rows": rows,
        "total": found.rows.num_rows,
    }
    return page(call, "report.html", version=version, found=found, **shown)


def _rows(connection: sa.Connection, call: Call, table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they are shown: lists as lists, and the names of accounts where the caller may see them."""
    lists = [column.name for column in table.columns if column.type is Type.JSON]
    told = [row | {name: json.loads(row[name]) for name in lists if row[name]} for row in rows]
    if "account_id" not in table.names or not call.caller.may(Scope.PROFILES_READ):
        return told
    ids = [row["account_id"] for row in told if row["account_id"]]
    names = {row["account_id"]: row["name"] for row in reading.rows_of(connection, _NAMES, ids=ids)}
    return [row | {"account": names.get(row["account_id"])} for row in told]


@router.get("/reports/{key}/chart.svg")
def chart(key: Key, call: Call = READ_SEGMENTS) -> Response:
    """Draw a report."""
    declared = find_report(key)
    with reading.snapshot(call.project) as connection:
        found = read_picture(connection, declared)
    return svg(draw(declared, found.rows, found.as_of))
