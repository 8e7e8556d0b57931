"""What a condition costs, known before it is asked: how many events it reads, in how many passes.

What is counted of one kind of event is one pass, whatever is counted; each step of a sequence is one, and so is each
value that is picked. Members are read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from include.contracts.errors import ConfigurationError
from include.contracts.events import EVENT_KIND
from include.segments import tree
from include.segments.catalog import Catalog, Refused, Segment
from include.segments.deeds import PICKED
from include.segments.definitions import Fault
from include.storage.readers import Reader

MOST_READ = 2_000_000_000
"""Events that one definition may read: fifty passes over forty million."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How many events are read, those that two passes read counted twice, and in how many passes."""

    events: int
    passes: int

    def __str__(self) -> str:
        if not self.passes:
            return "reads no events"
        return f"reads {self.events:,} events in {self.passes:,} {'pass' if self.passes == 1 else 'passes'}"

    @property
    def too_dear(self) -> str:
        """Say that it reads more than a definition may; nothing where it does not."""
        if self.events <= MOST_READ:
            return ""
        most = f"one may read {MOST_READ:,}"
        return f"it {self}, and {most}; ask of fewer kinds of event, or split it into segments"


def cost_of(condition: tree.Node, sizes: Mapping[str, int]) -> Cost:
    """Return what a condition costs, what its traits ask included; ``sizes`` is how many events there are of a kind."""
    read = [sizes.get(event, 0) for event in _passes((condition, *(node for _, node in tree.behind(condition))))]
    return Cost(sum(read), len(read))


def _passes(conditions: Iterable[tree.Node]) -> list[str]:
    """The kind of event of each pass."""
    counted: set[tuple[str, str]] = set()
    steps: list[str] = []
    for condition in conditions:
        for whose in ({}, {"of_people": True}, {"of_account": True}):
            happenings = tree.happenings(condition, **whose)
            counted |= {(next(iter(whose), ""), each.event) for each in happenings if each.what not in PICKED}
            steps += [each.event for each in happenings if each.what in PICKED]
            for course in tree.courses(condition, **whose):
                if isinstance(course, tree.Sequence):
                    asked = (each for step in course.steps for each in (step.counted, step.without))
                    steps += [each.event for each in asked if each is not None]
    return [*(event for _, event in sorted(counted)), *steps]


def affordable(catalog: Catalog, sizes: Mapping[str, int]) -> Catalog:
    """Return a catalog that refuses the definitions that would read too much, and those that refer to them."""
    sound, refused = [], list(catalog.refused)
    dear: set[str] = set()
    for segment in catalog.segments:
        told = cost_of(segment.condition, sizes).too_dear
        below = [key for key in tree.segments(segment.condition) if key in dear]
        if not (told or below):
            sound.append(segment)
            continue
        dear.add(segment.key)
        fault = Fault(segment.file, 1, 1, told or f"{below[0]!r} is refused itself")
        refused.append(Refused(segment.key, segment.definition.name, segment.level, (fault,)))
    return replace(catalog, segments=tuple(sound), refused=tuple(refused)) if dear else catalog


def known_cost(reader: Reader, segment: Segment) -> Cost:
    """Return what a definition costs by what is published; raises ConfigurationError where that is too much."""
    asks = bool(tree.counted(segment.condition))
    rows = reader.table(EVENT_KIND).select("event", "events").to_pyarrow().to_pylist() if asks else []
    cost = cost_of(segment.condition, {row["event"]: row["events"] for row in rows})
    if cost.too_dear:
        raise ConfigurationError(f"{segment.file}: {cost.too_dear}.")
    return cost
