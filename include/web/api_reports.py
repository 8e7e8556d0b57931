"""The API under `/api/v1/reports`: what there is, and one part of a report as JSON, a file or a picture."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from include.reports.drawing import svg
from include.reports.reading import Reading, find_part, find_report, outcomes, read, read_picture
from include.segments.formats import FORMATS, Rows
from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.document import MEDIA_TYPES, REPORT, REPORTS
from include.web.problems import DOCUMENTED

router = APIRouter(prefix="/api/v1", responses=DOCUMENTED)


class Which(BaseModel):
    """Which rows of a report, and how they are written."""

    model_config = ConfigDict(extra="forbid")

    part: str | None = Field(default=None, max_length=100, description="Part of the report; default: the main one")
    by: str | None = Field(default=None, max_length=100, description="Dimension; default: everything together")
    as_of: date | None = Field(default=None, description="An earlier logical date; default: the published one")
    format: Literal["json", "csv", "ndjson", "parquet", "xlsx", "svg"] = Field(
        default="json", description="How to write; svg is the report's one picture, whatever the part"
    )


@router.get("/reports", summary="All reports, and how each came out", responses=REPORTS)
def list_reports(call: Call = READ_SEGMENTS) -> Response:
    """Return every published report with its question, its state, and what it cannot say."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        rows = outcomes(connection)
    return call.answer({"as_of": version.as_of, "version": version.name, "reports": rows})


@router.get("/reports/{key}", summary="One report", responses=REPORT)
def read_report(
    key: Annotated[str, Path(min_length=1, max_length=100, examples=["churn"])],
    which: Annotated[Which, Query()],
    call: Call = READ_SEGMENTS,
) -> Response:
    """Return the rows of one part with their columns, what was judged, and what cannot be said; or a file of them."""
    declared = find_report(key)
    with reading.snapshot(call.project) as connection:
        found = (
            read_picture(connection, declared, which.as_of)
            if which.format == "svg"
            else read(connection, declared, find_part(declared, which.part), as_of=which.as_of, by=which.by)
        )
    return call.answer(_told(found)) if which.format == "json" else _file(found, which.format)


def _told(found: Reading) -> dict[str, Any]:
    told = found.outcome["cannot_say"]
    return {
        "report": found.report.key,
        "part": found.part.name,
        "as_of": found.as_of,
        "state": found.outcome["state"],
        "reason": found.outcome["reason"],
        "cannot_say": json.loads(told) if isinstance(told, str) else told,
        "coverage": found.coverage,
        "columns": [
            {"name": f.column.name, "type": f.column.type.value, "unit": f.unit, "description": f.column.description}
            for f in found.part.figures
        ],
        "rows": found.rows.to_pylist(),
    }


def _file(found: Reading, format: str) -> Response:
    if format == "svg":
        return Response(svg(found.report, found.rows, found.as_of), media_type="image/svg+xml")
    sink = io.BytesIO()
    FORMATS[format](Rows.of(found.rows), sink)
    headers = {"Content-Disposition": f'attachment; filename="{found.part.name}.{format}"'}
    return Response(sink.getvalue(), media_type=MEDIA_TYPES[format], headers=headers)
