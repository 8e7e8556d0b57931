"""From when on a system is asked: the watermark of what is held, less an overlap; or the window that somebody names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.contracts.runs import Window
from include.sources.loads import Load


@dataclass(frozen=True, slots=True)
class Asked:
    """The half-open time span [since, until) in which rows were changed; None for no bound."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def name(self) -> str:
        """A name for it, fit for the place that a row comes from."""
        edges = [f"{edge:%Y-%m-%dT%H:%M:%SZ}" if edge else "" for edge in (self.since, self.until)]
        return f"{edges[0] or 'start'}..{edges[1]}"


def watermark(loads: Iterable[Load]) -> datetime | None:
    """Return the newest change that committed loads hold, none of them later than its window's end.

    No clock but the system's own carries it forward, and a row that claims to be of the next century does not. It is
    read from the version that readers see and kept nowhere else, so a load that did not commit moves nothing.
    """
    return max((load.extracted_at for load in loads if load.newest is not None), default=None)


def to_ask(window: Window, mark: datetime | None, overlap: timedelta) -> Asked:
    """Return what to ask for so that the window is covered and nothing between the watermark and now is missed.

    A window that ends before the watermark is asked for as it stands, as a backfill wants it. Any other is asked for
    from the watermark on, or from its start where that lies further back, and without an end: a system knows only how
    its rows are now, so a row that was changed after the window would be missed, not seen as it was.
    """
    if mark is None:
        return Asked(window.start)
    if window.start is not None and window.end <= mark - overlap:
        return Asked(window.start, window.end)
    since = mark - overlap
    return Asked(since if window.start is None else min(since, window.start))
