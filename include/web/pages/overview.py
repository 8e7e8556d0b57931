"""The first page: how fresh everything is, what it amounts to, and what needs a decision."""

from __future__ import annotations

from fastapi import APIRouter, Response

from include.answers.soundness import matching
from include.answers.waiting import held_lists, held_runs
from include.contracts.remarks import remarks
from include.segments.listing import published_segments
from include.storage.control.ledger import Ledger
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, Call
from include.web.render import page

router = APIRouter(include_in_schema=False)

RUNS = 5
MONTHS = 6
_SIZES = f"""
SELECT (SELECT count(*) FROM {READERS}.profile) AS profiles, (SELECT count(*) FROM {READERS}.account) AS accounts,
  (SELECT count(*) FROM {READERS}.segment) AS segments
"""


_FRESHNESS = f"""
SELECT source, min(through) AS through, max(age_days) AS age_days, sum(missing_days)::bigint AS missing_days,
  string_agg(object, ', ' ORDER BY object) FILTER (WHERE is_stale) AS stale
FROM {READERS}.source_day GROUP BY source ORDER BY source
"""


@router.get("/")
def overview(call: Call = READ_BOTH) -> Response:
    """Show the state of what is published and of the last runs."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        segments = published_segments(connection)
        facts = {
            "version": version,
            "freshness": reading.rows_of(connection, _FRESHNESS),
            "sizes": reading.rows_of(connection, _SIZES)[0],
            "coverage": reading.rows_of(
                connection, f"SELECT family, profiles, share FROM {READERS}.coverage ORDER BY family"
            ),
            "nps": reading.rows_of(connection, f"SELECT * FROM {READERS}.nps_month ORDER BY month DESC LIMIT {MONTHS}"),
            "renewals": reading.rows_of(
                connection,
                f"SELECT * FROM {READERS}.renewal_month WHERE month >= date_trunc('month', cast(:day AS date)) "
                f"ORDER BY month LIMIT {MONTHS}",
                day=version.as_of,
            ),
            "undecided": [row for row in segments if row["state"] in ("held", "refused")],
            "unjudged": sum(row["state"] == "unjudged" for row in segments),
        }
    ledger = call.project.ledger()
    faults = ledger.audit(version.name, failed_only=True)
    held = held_runs(call.project) | held_lists(call.project)
    return page(
        call, "overview.html", runs=ledger.runs(RUNS), faults=len(faults), remarks=_remarks(ledger),
        questions=matching(call.project).counts.get("review", 0), held=held, **facts,
    )  # fmt: skip


def _remarks(ledger: Ledger) -> tuple[str, ...]:
    """What makes the published measures say less than they seem to."""
    runs = [publication["run_id"] for publication in ledger.publications(1)]
    counts = (stage["counts"] for run in runs for stage in ledger.stages(run) if stage["stage"] == "measure")
    return remarks(next(counts, {}))
