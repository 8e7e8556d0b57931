"""The published profiles and accounts, as what conditions are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError
from include.contracts.events import EVENT, EVENT_KIND
from include.contracts.identity import ALIAS, CROSSWALK
from include.contracts.measures import ACCOUNT_360, ACCOUNT_HISTORY, CUSTOMER_360, CUSTOMER_HISTORY
from include.contracts.metrics import ACCOUNT_ABOVE
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.traits import TRAIT, TRAIT_HISTORY, TRAIT_VALUE
from include.segments import tree
from include.segments.asked import Asked
from include.segments.happenings import events_of
from include.segments.population import Population
from include.segments.trait_tables import published
from include.storage.readers import Reader

HISTORIES = {"person": CUSTOMER_HISTORY, "account": ACCOUNT_HISTORY, "trait": TRAIT_HISTORY}


def population(reader: Reader, conditions: Iterable[tuple[str, tree.Node]] = ()) -> Population:
    """Return what is published, with what these conditions count of events: each is a level and a condition."""
    segment, membership = reader.table(SEGMENT), reader.table(SEGMENT_MEMBERSHIP)
    rows = segment.select("segment_key", "level", "state").to_pyarrow().to_pylist()
    levels = {row["segment_key"]: row["level"] for row in rows}

    def members(key: str) -> tuple[str, ir.Table]:
        if key not in levels:
            raise ConfigurationError(f"Segment {key!r} is not published yet; run the pipeline first.")
        return levels[key], membership.filter(membership.segment_key == key).select("member_id")

    unjudged = frozenset(row["segment_key"] for row in rows if row["state"] == "unjudged")
    people = Population(as_of(reader), reader.table(CUSTOMER_360), reader.table(ACCOUNT_360), members, unjudged)
    conditions = list(conditions)
    if any(tree.asks_relatives(condition) for _, condition in conditions):
        people = replace(people, above=reader.table(ACCOUNT_ABOVE))
    return with_events(people, reader, conditions)


def with_events(people: Population, reader: Reader, conditions: Iterable[tuple[str, tree.Node]]) -> Population:
    """Return a population with what these conditions ask of events, of the kept history and of lists."""
    asked = Asked.by(conditions)
    if asked.is_nothing:
        return people
    return asked.of(
        replace(
            people,
            events=events_of(reader.table(EVENT), reader.table(EVENT_KIND)),
            histories={whose: reader.table(HISTORIES[whose]) for whose in asked.of_history},
            alias=reader.table(ALIAS) if asked.of_history else None,
            contacts=contacts(reader) if asked.of_lists else None,
            traits=_published_traits(reader) if asked.of_traits else None,
        ),
        reader.hold,
    )


def _published_traits(reader: Reader) -> Callable[[tree.Traited], ir.Table | None]:
    """What the published values of traits are, those of whose declaration they are."""
    rows = reader.table(TRAIT).select("trait", "definition_version").to_pyarrow().to_pylist()
    versions = {row["trait"]: row["definition_version"] for row in rows}
    return lambda trait: published(trait, versions, reader.table(TRAIT_VALUE))


def contacts(reader: Reader) -> tuple[ir.Table, ir.Table]:
    """Return what says whom an address, a number or a source's id stands for."""
    return reader.table(PROFILE_IDENTIFIER), reader.table(CROSSWALK)


def as_of(reader: Reader) -> date:
    """Return the logical date of what is published; the small table is asked first."""
    for table in (SEGMENT, CUSTOMER_360):
        day: date | None = reader.table(table).as_of.max().to_pyarrow().as_py()
        if day is not None:
            return day
    raise ConfigurationError("There are no profiles yet; see that the exports have people in them.")
