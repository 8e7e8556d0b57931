"""Where the values of a clause come from: source rows, events, the parts of scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.contracts.measures import measures_of
from include.segments import tree
from include.segments.happenings import counting
from include.segments.population import MEMBER, MOST, Population

EVENTS = 10  # the latest of those that a clause counts


@dataclass(frozen=True, slots=True)
class Source:
    """The row that a value comes from, and how old it is on the logical date."""

    measure: str
    value: Any
    record: str | None = None
    dated: date | None = None
    age_days: int | None = None


def sources_of(
    part: tree.Node, level: str, row: Mapping[str, Any], people: Population, lineage: Mapping[str, str]
) -> Iterator[Source]:
    """Yield what a clause reads of a member, whose ``row`` it is, and where that comes from: measures, traits, events.

    ``lineage`` is the record of each attribute of the profile. What a trait is made of comes after the trait.
    """
    yield from _traits(part, level, row, people)
    behind = [node for whose, node in tree.behind(part) if whose == level]
    for node in dict.fromkeys((part, *behind)):
        yield from _measures(node, level, row, people.as_of, lineage)
    yield from _events(part, level, row, people)


def _measures(
    part: tree.Node, level: str, row: Mapping[str, Any], as_of: date, lineage: Mapping[str, str]
) -> Iterator[Source]:
    known = measures_of(level)
    read = tree.measures(part)
    beside = (other for name in read for other in known[name].beside)
    for name in dict.fromkeys((*read, *beside)):
        measure = known[name]
        record = row.get(measure.record) if measure.record else lineage.get(name)
        dated = row.get(measure.dated) if measure.dated else None
        yield Source(name, measure.column.told(row[name]), record, dated, (as_of - dated).days if dated else None)


def _traits(part: tree.Node, level: str, row: Mapping[str, Any], people: Population) -> Iterator[Source]:
    """The traits, and of scores the points of each part as they are published."""
    for trait in tree.traits(part):
        yield Source(trait.name, row[trait.name])
        published = people.traits(trait) if people.traits else None
        if published is not None:
            mine = published.filter(published.member_id == row[MEMBER[level]]).parts.to_pyarrow().to_pylist()
            points = json.loads(mine[0]) if mine and mine[0] else {}
            yield from (Source(f"{trait.name}: {name}", value) for name, value in sorted(points.items()))


def _events(part: tree.Node, level: str, row: Mapping[str, Any], people: Population) -> Iterator[Source]:
    """What a clause counts of events, and the latest of those very events; one that cannot be judged says so."""
    for happened in tree.counted(part):
        if isinstance(part, tree.Sequence) or happened.name not in row:
            yield from _latest(happened, level, row, people)
            continue
        least, most = row[happened.name], row.get(happened.name + MOST, row[happened.name])
        yield Source(str(happened), least if least == most else f"{least} to {most}")
        yield from _latest(happened, level, row, people)


def _latest(happened: tree.Happened, level: str, row: Mapping[str, Any], people: Population) -> Iterator[Source]:
    if row.get(MEMBER[level]) is not None:
        rows = counting(happened, level, people)
        mine = rows.filter(rows.member_id == row[MEMBER[level]])
        for event in mine.order_by(mine["at"].desc(), mine.event_id).limit(EVENTS).to_pyarrow().to_pylist():
            doubt = "" if event["is_certain"] else ", whose it is or what it was about is not known"
            day = event["on_date"]
            yield Source(f"{happened.event}{doubt}", event["at"], event["event_id"], day, (people.as_of - day).days)
