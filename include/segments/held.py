"""Segments that a guard holds back: what the last publication found implausible."""

from __future__ import annotations

from include.contracts.segments import SEGMENT
from include.storage.engine import Engine


def implausible(engine: Engine) -> list[dict[str, str]]:
    """Return the implausible segments of the published version: segment_key, state, reason, approval (the subject).

    Approved ones are among them until they are plausible again.
    """
    current = engine.lake.current(SEGMENT.name)
    rows = engine.read(SEGMENT, current.ref if current else None)
    waiting = rows.filter(rows.approval.notnull()).select("segment_key", "state", "reason", "approval")
    found: list[dict[str, str]] = waiting.order_by("segment_key").to_pyarrow().to_pylist()
    return found
