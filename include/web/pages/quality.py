"""The page of data quality: what was set aside and why, what the audit found, what drifts, and how pairs are found."""

from __future__ import annotations

from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from include.answers.soundness import changes, matching
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.problems import ProblemError
from include.web.render import page

router = APIRouter(include_in_schema=False)

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
            "drift": changes(connection, version.name, publications[1]["version"]) if len(publications) > 1 else [],
        }
    audit = ledger.audit(version.name)
    return page(
        call, "quality.html", version=version, quarantine=ledger.quarantine_summary(),
        audit=[row for row in audit if not row["success"]], checked=len(audit), publications=publications,
        matching=matching(call.project), has_docs=_docs(call).is_dir(), **facts,
    )  # fmt: skip


@router.get("/quality/docs/{name}.html")
def docs(name: Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,62}$")], call: Call = READ_SEGMENTS) -> Response:
    """Show a page of Great Expectations' data docs on the last audit."""
    place = _docs(call) / f"{name}.html"
    if not place.is_file():
        raise ProblemError(404, "There are no data docs of this table on this machine; an audit writes them.")
    return HTMLResponse(place.read_text("utf-8"), headers={"Content-Security-Policy": DOCS_POLICY})


def _docs(call: Call) -> File:
    return call.project.settings.home / "docs" / "data_docs"
