"""Pages of reports: the list, and one report with its picture, its numbers, what it judged and what it cannot say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from include.reports.drawing import svg as draw
from include.reports.reading import dimensions, find_part, find_report, outcomes, read, read_picture, short_names
from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.charts import svg
from include.web.render import page

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Path(min_length=1, max_length=100)]
Part = Annotated[str | None, Query(max_length=100)]
By = Annotated[str | None, Query(max_length=100)]
MOST_ROWS = 200


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
    constant = {"dimension"} if chosen.has_dimensions else set()
    shown = {
        "report": declared,
        "part": chosen,
        "parts": list(zip(declared.parts, ["", *short_names(declared)], strict=True)),
        "named": part or "",
        "by": by or "",
        "dimensions": known,
        "columns": [name for name in chosen.table.names if name not in constant],
        "rows": found.rows.slice(0, MOST_ROWS).to_pylist(),
        "total": found.rows.num_rows,
    }
    return page(call, "report.html", version=version, found=found, **shown)


@router.get("/reports/{key}/chart.svg")
def chart(key: Key, call: Call = READ_SEGMENTS) -> Response:
    """Draw a report."""
    declared = find_report(key)
    with reading.snapshot(call.project) as connection:
        found = read_picture(connection, declared)
    return svg(draw(declared, found.rows, found.as_of))
