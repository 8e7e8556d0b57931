"""Pages of deliveries: which lists are kept where, and of one what was sent, withheld and refused, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from include.segments.listing import published_segments
from include.storage.control.delivered import plans_of, rejected_of, syncs, withheld_of
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.problems import ProblemError
from include.web.render import page

router = APIRouter(include_in_schema=False)

Sync = Annotated[str, Path(min_length=1, max_length=200)]
PLANS = 30
REJECTED = 50


@router.get("/deliveries")
def deliveries(call: Call = READ_SEGMENTS) -> Response:
    """Show each list that is kept somewhere, how its last plan went, and how many are there and withheld."""
    with reading.snapshot(call.project) as connection:
        rows = syncs(connection)
        names = {row["segment_key"]: row["name"] for row in published_segments(connection)}
    return page(call, "deliveries.html", syncs=rows, names=names)


@router.get("/deliveries/{sync}")
def delivery(sync: Sync, call: Call = READ_BOTH) -> Response:
    """Show one list: its plans, why members are withheld, and what the destination refused."""
    with reading.snapshot(call.project) as connection:
        found = next((row for row in syncs(connection) if row["sync"] == sync), None)
        if found is None:
            raise ProblemError(404, "No list of this name was sent; the page Deliveries has those that were.")
        segment = next((s for s in published_segments(connection) if s["segment_key"] == found["segment_key"]), None)
        facts = {
            "plans": plans_of(connection, sync, PLANS),
            "withheld": withheld_of(connection, sync),
            "rejected": rejected_of(connection, sync, REJECTED),
        }
    return page(call, "delivery.html", sync=found, segment=segment, **facts)
