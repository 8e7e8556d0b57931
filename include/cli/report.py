"""The commands `report` (what there is, and one report as a table, a file or a picture) and `alert`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import sqlalchemy as sa
import typer

from include.cli.console import err, out, show
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.reports.sales_alerts import ALERT
from include.contracts.settings import Settings
from include.reports.drawing import svg
from include.reports.reading import (
    Reading,
    find_part,
    find_report,
    outcomes,
    read,
    read_picture,
    require_alert,
    short_names,
)
from include.reports.trial import try_criteria
from include.segments.formats import FORMATS, Rows
from include.storage.control import approvals
from include.storage.project import Project
from include.storage.whole import whole_file

FORMS = ("table", "csv", "ndjson", "parquet", "xlsx", "svg")


def report(
    key: Annotated[str | None, typer.Argument(help="Key of the report; without one, all are listed.")] = None,
    *,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="An earlier logical date; default: the published one.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Dimension to break it down by, such as industry.")] = None,
    part: Annotated[str | None, typer.Option("--part", help="Part of the report; default: the main one.")] = None,
    criteria: Annotated[
        Path | None, typer.Option("--criteria", help="funnel: a file with fit and interest, to try on the last year.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMS)}.")] = "table",
    out_file: Annotated[
        Path | None, typer.Option("--out", help="File to write; default: standard output, where that can take it.")
    ] = None,
) -> None:
    """Show one report, with what it could judge and what it cannot say; or list all."""
    if format not in FORMS:
        raise ConfigurationError(f"There is no format {format!r}{nearest(format, FORMS)}.")
    project = Project(Settings.from_environment())
    if criteria is not None:
        _try(project, key, criteria, format)
        return
    with project.serving(), project.warehouse().begin() as connection:
        if key is None:
            _list(outcomes(connection))
            return
        found = _found(connection, key, part, by, as_of, is_picture=format == "svg")
    if format == "table":
        _show(found)
        return
    _write(found, format, out_file)
    _tell(found)


def _try(project: Project, key: str | None, criteria: Path, format: str) -> None:
    """Show whom criteria would have found in each of the last twelve months, beside the CRM's MQLs."""
    if key != "funnel" or format != "table":
        raise ConfigurationError("Criteria are tried as `python -m include report funnel --criteria FILE`, as a table.")
    with project.serving():
        rows = try_criteria(project, criteria)
    show(rows, title=f"Whom {criteria.name} would have found", empty="There is no month to try it on.", as_json=False)
    _say("Measures are computed anew as of each month's end; what the sources do not date is as it is now.")


def alert(
    alert_id: Annotated[str, typer.Argument(help="The alert, as the report sales_alerts has it.")],
    *,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="It led to nothing; without this: it was acted on.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="What was done, or why nothing.")] = "",
    author: Annotated[str, typer.Option("--author", help="Who says so.")] = "",
) -> None:
    """Say what came of a sales alert; the next run shows it in the report."""
    project = Project(Settings.from_environment())
    with project.serving():
        with project.warehouse().begin() as connection:
            require_alert(connection, alert_id)
        approvals.answer(project, ALERT + alert_id, approved=not dismissed, author=author, reason=reason)
    err.print("Dismissed." if dismissed else "Acted on.", highlight=False)


def _found(
    connection: sa.Connection, key: str, part: str | None, by: str | None, day: datetime | None, *, is_picture: bool
) -> Reading:
    declared, as_of = find_report(key), day.date() if day else None
    if not is_picture:
        return read(connection, declared, find_part(declared, part), as_of=as_of, by=by)
    if part is not None or by is not None:
        raise ConfigurationError(f"{key} has one picture, {declared.chart.title}; leave --part and --by out.")
    return read_picture(connection, declared, as_of)


def _list(rows: list[dict[str, Any]]) -> None:
    shown = [
        {"report": r["report_key"], "question": r["question"], "rows": r["rows"], "state": r["state"]} for r in rows
    ]
    show(shown, title="Reports", empty="There are no reports.", as_json=False)


def _show(found: Reading) -> None:
    rows = found.rows.to_pylist()
    show(rows, title=f"{found.report.name}: {found.part.title}", empty="It has no rows.", as_json=False)
    others = short_names(found.report)
    if others:
        out.print(f"Further parts (--part): {', '.join(others)}.", highlight=False, soft_wrap=True)
    _tell(found)


def _tell(found: Reading) -> None:
    """Say beside a report how it came out, what it could judge, and what it cannot say."""
    if found.outcome["reason"]:
        _say(found.outcome["reason"])
    for line in found.coverage:
        _say(_judged(line))
    told = found.outcome["cannot_say"]
    for sentence in json.loads(told) if isinstance(told, str) else told:
        _say(sentence)
    _say(f"As of {found.as_of}. What each column means: docs/report-columns.md.")


def _judged(line: Mapping[str, Any]) -> str:
    """How much of one thing the report could judge; what became of the rest, where there is one."""
    judged, total, subject = line["judged"], line["total"], line["subject"]
    if not total:
        return f"Of {subject} there are none."
    if judged == total:
        return f"Judged all {total:,.0f} {subject}."
    return f"Judged {judged:,.0f} of {total:,.0f} {subject}. {line['says']}"


def _say(sentence: str) -> None:
    err.print(sentence, highlight=False, soft_wrap=True, markup=False)


def _write(found: Reading, format: str, place: Path | None) -> None:
    if place is None and format in ("parquet", "xlsx") and sys.stdout.isatty():
        place = Path(f"{found.part.name}.{format}")  # a terminal can show text only
    if place is None:
        _pour(found, format, sys.stdout.buffer)
        return
    with whole_file(place) as sink:
        _pour(found, format, sink)


def _pour(found: Reading, format: str, sink: BinaryIO) -> None:
    if format == "svg":
        sink.write(svg(found.report, found.rows, found.as_of).encode())
    else:
        FORMATS[format](Rows.of(found.rows), sink)
