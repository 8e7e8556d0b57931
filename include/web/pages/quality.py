"""The page of data quality: what was set aside and why, what the audit found, what drifts, and how pairs are found."""

from __future__ import annotations

from datetime import date
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from include.answers.drifting import Watched, watched
from include.answers.soundness import changes, matching
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.charts import sparkline
from include.web.problems import ProblemError
from include.web.render import page

router = APIRouter(include_in_schema=False)
Drawn = tuple[Watched, str]

# Great Expectations writes styles into its pages; quality/docs has taken scripts, pictures and foreign hosts out.
DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
_SOURCES = f"SELECT * FROM {READERS}.source_day ORDER BY source, object"
_BASIS = f"SELECT about, rows FROM {READERS}.basis WHERE rows > 0 ORDER BY basis"


@router.get("/quality")
def quality(call: Call = READ_SEGMENTS) -> Response:
    """Show quarantine, audit, drift and blocking, counts only."""
    ledger = call.project.ledger()
    publications = ledger.publications(10)
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        facts = {
            "sources": reading.rows_of(connection, _SOURCES),
            "basis": reading.rows_of(connection, _BASIS),
            "changes": changes(connection, version.name, publications[1]["version"]) if len(publications) > 1 else [],
        }
        figures = watched(connection, version.name, date.fromisoformat(version.as_of))
    audit = ledger.audit(version.name)
    return page(
        call, "quality.html", version=version, quarantine=ledger.quarantine_summary(),
        audit=[row for row in audit if not row["success"]], checked=len(audit), publications=publications,
        matching=matching(call.project), has_docs=_docs(call).is_dir(), figures=figures,
        drifted=[_drawn(figure) for figure in figures if figure.is_drifted], **facts,
    )  # fmt: skip


@router.get("/quality/drift")
def drift(call: Call = READ_SEGMENTS) -> Response:
    """Show every figure that is watched, by kind: what it is, what would be usual, and what it was before."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        figures = watched(connection, version.name, date.fromisoformat(version.as_of))
    kinds: dict[str, list[Drawn]] = {}
    for figure in figures:
        kinds.setdefault(figure.kind, []).append(_drawn(figure))
    return page(call, "drift.html", version=version, kinds=kinds)


@router.get("/quality/docs/{name}.html")
def docs(name: Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,62}$")], call: Call = READ_SEGMENTS) -> Response:
    """Show a page of Great Expectations' data docs on the last audit."""
    place = _docs(call) / f"{name}.html"
    if not place.is_file():
        raise ProblemError(404, "There are no data docs of this table on this machine; an audit writes them.")
    return HTMLResponse(place.read_text("utf-8"), headers={"Content-Security-Policy": DOCS_POLICY})


def _drawn(figure: Watched) -> Drawn:
    """A figure with the points of a small line of its days; without where there are none to draw."""
    values = [value for _, value in figure.before]
    return figure, sparkline(values) if len(values) > 1 else ""


def _docs(call: Call) -> File:
    return call.project.settings.home / "docs" / "data_docs"
