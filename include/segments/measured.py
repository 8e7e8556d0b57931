"""Those whom a run's conditions are asked about: measured, with traits, and with what conditions ask of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import ibis.expr.types as ir

from include.contracts.events import EVENT, EVENT_KIND
from include.contracts.identity import ALIAS, CROSSWALK
from include.contracts.measures import ACCOUNT_360, ACCOUNT_HISTORY, CUSTOMER_360, CUSTOMER_HISTORY, measures_of
from include.contracts.metrics import ACCOUNT_ABOVE
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.runs import DatasetRef
from include.segments import tree
from include.segments.asked import Asked
from include.segments.happenings import events_of
from include.segments.population import MEMBER, Population
from include.segments.trait_tables import with_traits
from include.storage.engine import Engine
from include.storage.holding import Holding

OF_LISTS = (PROFILE_IDENTIFIER, CROSSWALK)
TABLES = {"person": CUSTOMER_360, "account": ACCOUNT_360}
HISTORIES = {"person": CUSTOMER_HISTORY, "account": ACCOUNT_HISTORY}
ALWAYS = {"person": ("profile_id", "account_id", "identity_confidence"), "account": ("account_id",)}
Conditions = Iterable[tuple[str, tree.Node]]


def measured_people(
    engine: Engine, as_of: date, refs: Mapping[str, DatasetRef], conditions: Conditions, traits: Sequence[tree.Traited]
) -> Population:
    """Return everybody with the measures that conditions and traits read, and with the traits."""
    of_traits = [(trait.level, part) for trait in traits for part in tree.parts_of(trait)]
    read = columns_read((*conditions, *of_traits))
    measured = {
        level: engine.read(table, refs.get(table.name)).select(*sorted(read[level])) for level, table in TABLES.items()
    }
    people = Population(
        as_of,
        measured["person"],
        measured["account"],
        _nobody,
        events=events_of(*(engine.read(table, refs.get(table.name)) for table in (EVENT, EVENT_KIND))),
        histories={level: engine.read(table, refs.get(table.name)) for level, table in HISTORIES.items()},
        above=engine.read(ACCOUNT_ABOVE, refs.get(ACCOUNT_ABOVE.name)),
        alias=engine.read(ALIAS, refs.get(ALIAS.name)),
        contacts=(
            engine.read(OF_LISTS[0], refs.get(OF_LISTS[0].name)),
            engine.read(OF_LISTS[1], refs.get(OF_LISTS[1].name)),
        ),
    )
    return with_traits(people, traits, Holding(engine))


def asked_people(people: Population, conditions: Conditions, hold: Holding) -> dict[str, ir.Table]:
    """Return the rows of each level with what conditions ask of events and of the history, once for all of them."""
    people = Asked.by(conditions).of(people, hold)
    return {level: people.of(level) for level in MEMBER}


def narrowed(people: Population, conditions: Conditions, hold: Holding) -> Population:
    """Return the same people with no more measures than conditions read, computed once for all that is asked."""
    for level, read in columns_read(conditions).items():
        rows = people.of(level)
        others = set(TABLES[level].names) - read
        people = people.having(level, hold(rows.select(*(name for name in rows.columns if name not in others))))
    return people


def columns_read(conditions: Conditions) -> dict[str, set[str]]:
    """Return the columns that conditions read of each level."""
    read = {level: set(names) for level, names in ALWAYS.items()}
    for level, condition in conditions:
        read[level].update(tree.measures(condition))
        read["person"].update(tree.measures(condition, of_people=True))
        read["account"].update(tree.measures(condition, of_account=True))
    for level, names in read.items():
        known = measures_of(level)
        names.update({known[name].until for name in names if name in known and known[name].until})
    return read


def _nobody(key: str) -> tuple[str, ir.Table]:
    """Who is in a segment, where no condition may ask."""
    raise AssertionError(key)
