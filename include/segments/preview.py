"""Preview: what an unsaved definition would find, before anybody relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import ibis.expr.types as ir

from include.contracts.measures import measures_of
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.segments import tree
from include.segments.catalog import Segment
from include.segments.channels import contactable_among
from include.segments.cost import known_cost
from include.segments.doubts import doubts, measure_sizes
from include.segments.expression import digest, matching
from include.segments.guards import Movement, implausible
from include.segments.measured import narrowed
from include.segments.population import MEMBER, Population, counted
from include.segments.published import population
from include.segments.sequences import funnel
from include.storage.readers import Reader

SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """``clauses``: size of each alone; ``unknown``: of how many it is neither true nor false, nothing being known.

    ``undecided``: left out as the whole condition is neither. ``doubts``: sentences on what can hardly be meant.
    ``overlap``: members shared with each published segment of the level. ``contactable``: of a segment of people, its
    members by channel and state. ``funnels``: of each sequence of events how many reached each of its steps. ``cost``:
    what of events it reads.
    """

    segment: str
    level: str
    as_of: date
    condition: str
    size: int
    share: float
    clauses: Mapping[str, int]
    unknown: Mapping[str, int]
    undecided: int
    doubts: tuple[str, ...]
    overlap: Mapping[str, int]
    size_published: int
    entering: int
    leaving: int
    objection: str | None
    uses_opens: bool
    contactable: Mapping[str, Mapping[str, int]]
    sample: tuple[Mapping[str, Any], ...]
    funnels: Mapping[str, tuple[tuple[str, int], ...]]
    cost: str

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form (dates as text)."""
        return asdict(self)


def preview(reader: Reader, segment: Segment) -> Preview:
    """Evaluate a definition on what is published; nothing is written.

    Raises ConfigurationError for one that would read too much, before it is asked.
    """
    cost = known_cost(reader, segment)
    conditions = [(segment.level, segment.condition)]
    people = narrowed(population(reader, conditions), conditions, reader.hold)
    sizes = measure_sizes(segment, people)
    size, found = sizes.true, reader.hold(_matching(segment, people))
    overlap, published = _overlap(reader, segment, found)
    stayed = overlap.get(segment.key, 0)
    movement = Movement(size, published, size - stayed, published - stayed)
    return Preview(
        segment.key,
        segment.level,
        people.as_of,
        str(segment.condition),
        size,
        size / sizes.everybody if sizes.everybody else 0.0,
        {str(clause): true for clause, (true, _) in sizes.clauses.items()},
        {str(clause): unknown for clause, (_, unknown) in sizes.clauses.items() if unknown},
        sizes.unknown,
        doubts(segment, people, sizes),
        {key: count for key, count in overlap.items() if key != segment.key},
        published,
        movement.entered,
        movement.exited,
        implausible(segment, movement),
        segment.uses_opens,
        contactable_among(reader, found) if segment.level == "person" else {},
        _sample(segment, found),
        {str(each): funnel(each, segment.level, people, reader.hold) for each in tree.sequences(segment.condition)},
        str(cost),
    )


def _overlap(reader: Reader, segment: Segment, found: ir.Table) -> tuple[dict[str, int], int]:
    """Return the members shared with each published segment, and the size of the published one of this key."""
    found = found.select(member_id=MEMBER[segment.level])
    rows = reader.table(SEGMENT_MEMBERSHIP)
    shared = rows.semi_join(found, "member_id").group_by("segment_key").aggregate(size=lambda t: t.count())
    overlap = {row["segment_key"]: row["size"] for row in shared.order_by("segment_key").to_pyarrow().to_pylist()}
    listed = reader.table(SEGMENT)
    sizes = listed.filter(listed.segment_key == segment.key)["size"].to_pyarrow().to_pylist()
    return overlap, sizes[0] if sizes else 0


def _sample(segment: Segment, found: ir.Table) -> tuple[Mapping[str, Any], ...]:
    """The first members by the hash of their ids: the same ones each time, and no particular ones."""
    member = MEMBER[segment.level]
    happened = {each.name: str(each) for each in tree.happenings(segment.condition)}
    rows = found.order_by(digest(found[member])).limit(SAMPLE).to_pyarrow().to_pylist()
    known = measures_of(segment.level)
    told = [{n: known[n].column.told(value) if n in known else value for n, value in row.items()} for row in rows]
    return tuple({happened.get(name, name): value for name, value in row.items()} for row in told)


def _matching(segment: Segment, people: Population) -> ir.Table:
    """Those whom the condition finds, with what it reads."""
    rows = matching(segment.condition, segment.level, people)
    happened = {each.name: counted(rows, each) for each in tree.happenings(segment.condition)}
    return rows.select(*dict.fromkeys((MEMBER[segment.level], *segment.measures)), **happened)
