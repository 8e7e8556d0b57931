"""Guards: whether a segment's new membership is plausible enough to be shown without somebody's approval."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from include.contracts.runs import fingerprint
from include.segments.catalog import Segment


@dataclass(frozen=True, slots=True)
class Movement:
    """What a definition finds, against what readers see."""

    size: int
    size_before: int
    entered: int
    exited: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Publish or hold; what is implausible, since when, and what somebody may approve to publish all the same."""

    is_held: bool = False
    reason: str | None = None
    since: date | None = None
    approval: str | None = None


def judge(
    segment: Segment,
    movement: Movement,
    as_of: date,
    since: date | None,
    approved: Collection[str],
    *,
    objections: Sequence[str] = (),
) -> Verdict:
    """Return the verdict on one segment; ``since`` is that of the run before, where it was implausible then.

    ``objections`` are to its definition. An approval lasts until the segment is plausible again or its definition
    changes.
    """
    reason = implausible(segment, movement) or " ".join(objections) or None
    if reason is None:
        return Verdict()
    first = since or as_of
    subject = approval(segment, first)
    return Verdict(subject not in approved, reason, first, subject)


def approval(segment: Segment, since: date) -> str:
    """Return what is to be approved: the subject of an approval."""
    return f"segment/{segment.key}@{fingerprint(segment.version, since.isoformat())}"


def implausible(segment: Segment, movement: Movement) -> str | None:
    """Return what is implausible about a movement, in one sentence, or None."""
    expected, limits = segment.definition.expected, segment.definition.movement
    if movement.size < expected.min:
        return f"It would have {movement.size:,} members, fewer than the expected {expected.min:,}."
    if expected.max is not None and movement.size > expected.max:
        return f"It would have {movement.size:,} members, more than the expected {expected.max:,}."
    moved = movement.entered + movement.exited
    if movement.size_before and moved > max(limits.floor, limits.limit * movement.size_before):
        return (
            f"{movement.entered:,} would enter and {movement.exited:,} leave its {movement.size_before:,} members, "
            f"more than the limit of {limits.limit:.0%}."
        )
    return None
