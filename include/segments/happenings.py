"""What conditions count of events, joined to those who did them: one aggregation a kind of event serves them all.

An event that cannot be judged, for nobody knows whose it is or whether its properties fit, may count or not: counts
have a least and a most, and what would depend on it is unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from include.contracts.tables import Type
from include.segments import tree
from include.segments.deeds import AVERAGE, COUNTS, DAY, DISTINCT, FIRST, LAST, PICKED, SUM, TIMES
from include.segments.expression import of_event
from include.segments.picked import AT, EVENT_ID, IS_CERTAIN, MEMBER_ID, picked
from include.segments.population import MEMBER, MOST, Events, Population
from include.storage.engine import IBIS_TYPES
from include.storage.holding import Holding


def _path(document: ir.Value, key: ir.StringValue) -> ir.StringValue:
    """The text of a key of a JSON document (a function of DuckDB and PostgreSQL)."""


json_text = ibis.udf.scalar.builtin(_path, name="json_extract_path_text", signature=(("json", "string"), "string"))


def joined(
    rows: ir.Table,
    level: str,
    wanted: Iterable[tree.Happened],
    population: Population,
    hold: Holding,
) -> ir.Table:
    """Add a column for each thing that is counted to the rows of a level.

    Who has no such events has 0, or null; where no source tells of them nothing is known of anybody.

    ``hold`` keeps what is counted of one kind, which is read again.
    """
    by_event: dict[str, list[tree.Happened]] = {}
    for happened in sorted(dict.fromkeys(wanted), key=str):
        by_event.setdefault(happened.event, []).append(happened)
    rows = _with_picked(rows, level, [each for all_of in by_event.values() for each in all_of], population, hold)
    for event, every in by_event.items():
        counted = [each for each in every if each.what not in PICKED]
        if not counted:
            continue
        least = {each.name for each in counted if each.what in COUNTS}
        found = hold(_counted(event, counted, level, population))
        rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID])
        zero = [name for each in counted if each.what in (*COUNTS, SUM) for name in _columns(each)]
        is_known = population.events is not None and event in population.events.through
        none = {name: 0 if is_known or name in least else None for name in zero}
        rows = rows.mutate(**{name: ibis.ifelse(rows[MEMBER_ID].isnull(), n, rows[name]) for name, n in none.items()})
        rows = rows.drop(MEMBER_ID)
    return rows


def _with_picked(
    rows: ir.Table,
    level: str,
    wanted: Iterable[tree.Happened],
    population: Population,
    hold: Holding,
) -> ir.Table:
    """Add the values that are picked among those of a property."""
    for each in wanted:
        if each.what in PICKED:
            events = prepared(each.event, [each], level, population)
            state = state_of(each, events, population)
            sure = (state & events[IS_CERTAIN]).fill_null(False)
            found = hold(picked(each, events.mutate(_is_sure=sure).filter(state.fill_null(True))))
            rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID]).drop(MEMBER_ID)
    return rows


def _columns(happened: tree.Happened) -> tuple[str, ...]:
    return (happened.name, happened.name + MOST) if happened.what in COUNTS else (happened.name,)


def counting(happened: tree.Happened, level: str, population: Population) -> ir.Table:
    """Return the events that count, or may count: member_id, event_id, at, on_date, and is_certain where they do."""
    rows = prepared(happened.event, [happened], level, population)
    state = state_of(happened, rows, population)
    return rows.filter(state.fill_null(True)).select(
        member_id=rows[MEMBER_ID], event_id=rows[EVENT_ID], at=rows[AT], on_date=rows[DAY],
        is_certain=(state & rows[IS_CERTAIN]).fill_null(False),
    )  # fmt: skip


def _counted(event: str, wanted: Sequence[tree.Happened], level: str, population: Population) -> ir.Table:
    """Return one row for each member who has such events, with the columns that are wanted."""
    rows = prepared(event, wanted, level, population)
    spans = [of_event(each.span, rows, event, population) for each in wanted if each.span is not None]
    if len(spans) == len(wanted):
        rows = rows.filter(reduce(operator.or_, spans))
    found: dict[str, ir.Value] = {}
    for each in wanted:
        state = state_of(each, rows, population)
        sure, maybe = (state & rows[IS_CERTAIN]).fill_null(False), state.fill_null(True)
        found |= zip(_columns(each), _AGGREGATES[each.what](rows, each, sure, maybe), strict=True)
    return rows.group_by(MEMBER_ID).aggregate(**found)


def prepared(event: str, wanted: Sequence[tree.Happened], level: str, population: Population) -> ir.Table:
    """Return the events of a kind, with the day and those of their properties that are asked about as columns."""
    types = {part.name: part.type for each in wanted for part in _asked(each)}
    rows = kind_rows(event, types, population)
    member = f"_{MEMBER[level]}"
    return rows.filter(rows[member].notnull()).rename({MEMBER_ID: member})


def kind_rows(event: str, types: Mapping[str, Type], population: Population) -> ir.Table:
    """Return the events of a kind, with these of their properties as columns of their own."""
    assert population.events is not None
    rows = population.events.rows.filter(population.events.rows.event == event)
    document = rows.properties.cast("json")
    asked = {name: json_text(document, name).cast(IBIS_TYPES[kind]) for name, kind in sorted(types.items())}
    known = {EVENT_ID: rows.event_id, AT: rows["at"], IS_CERTAIN: rows.is_certain, DAY: rows.on_date}
    members = {f"_{member}": rows[member] for member in MEMBER.values()}
    return rows.select(**members, **known, **asked)


def _asked(happened: tree.Happened) -> list[tree.Measured]:
    """The properties that one asks about."""
    kinds = {DISTINCT: Type.TEXT, **dict.fromkeys(PICKED, happened.type)}
    of = [tree.Measured(happened.of, kinds.get(happened.what, Type.NUMBER))] if happened.of else []
    where = [] if happened.where is None else [p for c in tree.clauses(happened.where) for p in tree.operands(c)]
    return [*of, *(part for part in where if isinstance(part, tree.Measured))]


def state_of(happened: tree.Happened, rows: ir.Table, population: Population) -> ir.BooleanValue:
    """Return whether an event counts; null where that is unknown."""
    asked = [node for node in (happened.span, happened.where) if node is not None]
    return of_event(tree.And(tuple(asked)), rows, happened.event, population) if asked else ibis.literal(True)


Aggregate = Callable[[ir.Table, tree.Happened, ir.BooleanValue, ir.BooleanValue], Sequence[ir.Value]]


def _times(rows: ir.Table, _: tree.Happened, sure: ir.BooleanValue, maybe: ir.BooleanValue) -> Sequence[ir.Value]:
    return rows.count(where=sure), rows.count(where=maybe)


def _distinct(
    rows: ir.Table, happened: tree.Happened, sure: ir.BooleanValue, maybe: ir.BooleanValue
) -> Sequence[ir.Value]:
    """Each event without a value may have one more."""
    value = rows[happened.of]
    most = value.nunique(where=maybe) + rows.count(where=maybe & value.isnull())
    return value.nunique(where=sure), most


def _total(
    rows: ir.Table, happened: tree.Happened, sure: ir.BooleanValue, maybe: ir.BooleanValue
) -> Sequence[ir.Value]:
    """Unknown where one of the events has no value, or may count or not."""
    value = rows[happened.of]
    found = value.sum(where=sure).fill_null(0) if happened.what == SUM else value.mean(where=sure)
    return (ibis.ifelse((maybe & ~(sure & value.notnull())).any(), None, found),)


def _day(rows: ir.Table, happened: tree.Happened, sure: ir.BooleanValue, maybe: ir.BooleanValue) -> Sequence[ir.Value]:
    """Unknown where an event beyond it may count or not."""
    day = rows[DAY]
    known, possible = (day.min(where=w) if happened.what == FIRST else day.max(where=w) for w in (sure, maybe))
    return (ibis.ifelse(known == possible, known, None),)


_AGGREGATES: Mapping[str, Aggregate] = {
    TIMES: _times, DISTINCT: _distinct, SUM: _total, AVERAGE: _total, FIRST: _day, LAST: _day,
}  # fmt: skip


def events_of(rows: ir.Table, kinds: ir.Table) -> Events:
    """Return the events of the tables ``event`` and ``event_kind``."""
    known = (
        kinds.filter(kinds.is_declared).select("event", "events", "staged_table", "through").to_pyarrow().to_pylist()
    )
    return Events(
        rows,
        {row["event"]: row["events"] for row in known},
        {row["event"]: row["staged_table"] for row in known},
        {row["event"]: row["through"] for row in known if row["through"] is not None},
    )
