"""Guards: whether a segment's new membership is plausible enough to be shown without somebody's approval."""

from __future__ import annotations

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
    """Publish, or hold with a reason; ``approval`` is what somebody has to approve to publish all the same."""

    reason: str | None = None
    held_since: date | None = None
    approval: str | None = None

    @property
    def is_held(self) -> bool:
        """The published membership stays as it is."""
        return self.reason is not None


def judge(
    segment: Segment, movement: Movement, as_of: date, held_since: date | None, approved: frozenset[tuple[str, str]]
) -> Verdict:
    """Return the verdict on one segment; ``held_since`` is that of the run before, where it was held then.

    An approval (segment key, approval code) holds for one definition and one stretch of being held back.
    """
    reason = implausible(segment, movement)
    if reason is None:
        return Verdict()
    since = held_since or as_of
    code = approval(segment, since)
    return Verdict() if (segment.key, code) in approved else Verdict(reason, since, code)


def approval(segment: Segment, held_since: date) -> str:
    """Return the code to approve."""
    return fingerprint(segment.key, segment.version, held_since.isoformat())


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
