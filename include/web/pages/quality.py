"""The page of data quality: what was set aside and why, and what the audit of the published version found."""

from __future__ import annotations

from fastapi import APIRouter, Response

from include.web import reading
from include.web.callers import READ_SEGMENTS, Call
from include.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/quality")
def quality(call: Call = READ_SEGMENTS) -> Response:
    """Show quarantine and audit, counts only."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
    ledger = call.project.ledger()
    return page(
        call, "quality.html", version=version, quarantine=ledger.quarantine_summary(),
        audit=ledger.audit(version.name, failed_only=True), publications=ledger.publications(10),
    )  # fmt: skip
