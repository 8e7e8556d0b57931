"""HubSpot's marketing email events: an API of its own, still without a date in its version, which tells no fields.

Events come with the newest first, and an offset tells where the next page begins, for a short while. What happens
meanwhile stands before the first page and is found the next time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from include.contracts.exports import ExportFile
from include.remote.answers import Unreadable
from include.remote.http import Session
from include.sources.live.asking import Asked
from include.sources.live.ndjson_pages import lines

OBJECT = "email_event"
PLACE, MOST = "/email/public/v1/events", 1000  # events a page
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def check(session: Session) -> None:
    """Ask for one event."""
    session.ask("GET", PLACE, as_events, params={"limit": "1"})


def pages(session: Session, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
    """Yield the events of the time asked for, the newest first."""
    given = {"limit": str(MOST), **_bounds(asked)}
    while True:
        events, offset = session.ask("GET", PLACE, as_events, params=given)
        yield lines(_record(declared, event) for event in events)
        if offset is None:
            return
        given["offset"] = offset


def as_events(response: httpx.Response) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """Return the events of an answer and the offset of the next; raises Unreadable where it has none."""
    try:
        found = response.json()
        events: Sequence[Mapping[str, Any]] = found["events"]
        if all(isinstance(event["created"], int) for event in events):
            return events, str(found["offset"]) if found["hasMore"] else None
    except (ValueError, LookupError, TypeError):
        pass
    raise Unreadable("the answer has no events")


def _bounds(asked: Asked) -> dict[str, str]:
    """The time asked for, in milliseconds; HubSpot takes both ends as part of it."""
    since = {} if asked.since is None else {"startTimestamp": str(_milliseconds(asked.since))}
    return since if asked.until is None else {**since, "endTimestamp": str(_milliseconds(asked.until) - 1)}


def _record(declared: ExportFile, event: Mapping[str, Any]) -> dict[str, Any]:
    """An event under the declared names, with its time as others write it."""
    changed = (EPOCH + event["created"] * MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {name: event.get(name) for name in declared.names} | {"changed": changed}


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND
