"""Sequences of events: who did one thing and then another, in which time, and without what between.

What comes before the step before was first reached cannot matter, and is left out before anything is put in order. A
step that may come at any time after is reached by what is left, and of the step before only its first moment is kept.
Of a step in time, each event is held against those of the step before of whoever has few of them. For all others the
latest of all that may come before a step is the best: the time since is the shortest, and the least lies between; so
such a step is one pass over the events in the order of time. What cannot be judged is followed twice, with and without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.events.declaration import JUDGED
from include.segments import tree
from include.segments.deeds import DAY
from include.segments.happenings import prepared, state_of
from include.segments.picked import AT, IS_CERTAIN, MEMBER_ID
from include.segments.population import MOST, Population
from include.storage.holding import Holding

HERE, BETWEEN, BEFORE = "here", "between", "before"
PARTS = {HERE: 0, BETWEEN: 1, BEFORE: 2}  # of one instant, what is asked about first: none of the others is before it
SURE, MAYBE = "sure", "maybe"
BEGAN, BEGAN_FOR_SURE, HOW_MANY = "_began", "_began_for_sure", "_how_many"
FEW = 16  # events of a member against which each later one may be held; of more, all are put in order
NOTHING: Mapping[str, ir.Table] = MappingProxyType({})
COLUMNS = (MEMBER_ID, AT, DAY, SURE, MAYBE)


@dataclass(frozen=True)
class _Reached:
    """Who may have reached a step: MEMBER_ID, BEGAN, BEGAN_FOR_SURE and HOW_MANY; ``rows`` are by which events."""

    members: ir.Table
    rows: ir.Table


def went_through(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> ir.Table:
    """Return for each member who may have gone through a sequence a row: whether for sure, and that perhaps.

    ``hold`` keeps what is read again.
    """
    members = _reached(sequence, level, population, hold)[-1].members
    found = {sequence.name: members[BEGAN_FOR_SURE].notnull(), sequence.name + MOST: members[BEGAN].notnull()}
    return members.select(MEMBER_ID, **found)


def funnel(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> tuple[tuple[str, int], ...]:
    """Return each step of a sequence and how many members reached it, for sure."""
    reached = _reached(sequence, level, population, hold)
    sizes = (each.members[BEGAN_FOR_SURE].count().to_pyarrow().as_py() for each in reached)
    return tuple((str(step), size) for step, size in zip(sequence.steps, sizes, strict=True))


def _reached(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> list[_Reached]:
    """Who reached each step, and by which events, with COLUMNS."""
    first, *others = sequence.steps
    asked = [each for step in sequence.steps for each in (step.counted, step.without) if each is not None]
    ways = (MAYBE,) if all(_is_decided(each, population) for each in asked) else (SURE, MAYBE)
    rows, found = _events(first.counted, level, population), list[_Reached]()
    for step in others:
        if _has_time(step):
            rows = hold(rows)  # for those who reached the step, and for the next one
        found.append(_Reached(hold(_first_moments(rows)), rows))
        rows = _next(found[-1], step, level, population, hold, ways=ways)
    return [*found, _Reached(hold(_first_moments(rows)), rows)]


def _has_time(step: tree.Step) -> bool:
    """Whether it is asked when the step before was, or what lies between."""
    return step.within is not None or step.without is not None


def _first_moments(rows: ir.Table) -> ir.Table:
    """When each member first may have reached a step, and first has for sure, and how often it may have."""
    began = {BEGAN: rows[AT].min(), BEGAN_FOR_SURE: rows[AT].min(where=rows[SURE]), HOW_MANY: rows.count()}
    return rows.group_by(MEMBER_ID).aggregate(**began)


def _is_decided(happened: tree.Happened, population: Population) -> bool:
    """Whether it is known of each event whether it counts: what may be is so for sure, and is followed once."""
    tables = population.events.tables if population.events else {}
    return happened.where is None and tables.get(happened.event, JUDGED) != JUDGED


def _events(happened: tree.Happened, level: str, population: Population) -> ir.Table:
    """The events that may be a step, and whether each is one for sure."""
    rows = prepared(happened.event, [happened], level, population)
    state = state_of(happened, rows, population)
    sure = {SURE: (state & rows[IS_CERTAIN]).fill_null(False), MAYBE: ibis.literal(True)}
    return rows.filter(state.fill_null(True)).select(MEMBER_ID, AT, DAY, **sure)


def _next(
    before: _Reached, step: tree.Step, level: str, population: Population, hold: Holding, *, ways: Sequence[str]
) -> ir.Table:
    """Those events of a step that come after one with which the step before was reached."""

    def after(members: ir.Table) -> ir.Table:
        return _since(members, step.counted, level, population)

    if not _has_time(step):
        here = after(before.members)
        later = (here[AT] > here[BEGAN_FOR_SURE]).fill_null(False)
        return here.mutate(**{SURE: here[SURE] & later}).select(*COLUMNS)
    if step.without is not None:
        here = hold(after(before.members).select(*COLUMNS))
        between = _since(before.members.semi_join(here, MEMBER_ID), step.without, level, population)
        return _in_order(here, before.rows, step, ways, {BETWEEN: between})
    has_few = before.members[HOW_MANY] <= FEW
    few, many = after(before.members.filter(has_few)), after(before.members.filter(~has_few))
    in_order = _in_order(hold(many.select(*COLUMNS)), before.rows, step, ways)
    return ibis.union(_beside(few, before.rows, step), in_order)


def _beside(here: ir.Table, before: ir.Table, step: tree.Step) -> ir.Table:
    """Those events of a step that follow one of the step before in time, each held against all of a member's."""
    assert step.within is not None
    amount, unit = step.within
    latest = (before[DAY] + ibis.interval(**{unit: amount})).cast("date")
    others = before.select(_other=before[MEMBER_ID], _since=before[AT], _until=latest, _sure=before[SURE])
    in_time = [here[MEMBER_ID] == others["_other"], here[AT] > others["_since"], here[DAY] <= others["_until"]]
    pairs = here.inner_join(others, in_time)
    reached = {SURE: (pairs[SURE] & pairs["_sure"]).any(), MAYBE: ibis.literal(True)}
    return pairs.group_by(MEMBER_ID, AT, DAY).aggregate(**reached).select(*COLUMNS)


def _since(began: ir.Table, happened: tree.Happened, level: str, population: Population) -> ir.Table:
    """The events of those who may have reached the step before, after they first may have."""
    rows = _events(happened, level, population).inner_join(began, MEMBER_ID)
    return rows.filter(rows[AT] > rows[BEGAN])


def _in_order(
    here: ir.Table, before: ir.Table, step: tree.Step, ways: Sequence[str], between: Mapping[str, ir.Table] = NOTHING
) -> ir.Table:
    """Those events of a step that follow one of the step before in time, and without one ``between``: in one pass."""
    parts = {HERE: here, BEFORE: before.semi_join(here, MEMBER_ID), **between}
    rows = ibis.union(*(rows.select(*COLUMNS, _part=ibis.literal(PARTS[part])) for part, rows in parts.items()))
    earlier = ibis.window(group_by=MEMBER_ID, order_by=[AT, "_part"], rows=(None, -1))
    barred = [(BEFORE, AT), (BETWEEN, AT)] if step.without else []
    wanted = [*([(BEFORE, DAY)] if step.within else []), *barred]
    last = {
        _last(part, how, what): ibis.ifelse(rows[how] & (rows["_part"] == PARTS[part]), rows[what], None)
        .max()
        .over(earlier)
        for (part, what), how in product(wanted, ways)
    }
    seen = rows.mutate(**last)
    seen = seen.filter(seen["_part"] == PARTS[HERE])
    reached = {how: _follows(seen, step, how, ways) for how in ways}
    reached.setdefault(SURE, reached[MAYBE])
    rows = seen.select(MEMBER_ID, AT, DAY, **reached)
    return rows.filter(rows[MAYBE]).select(*COLUMNS)


def _last(part: str, how: str, what: str) -> str:
    """Name of the column of the last such thing before an event."""
    return f"_{part}_{how}_{what}"


def _follows(seen: ir.Table, step: tree.Step, how: str, ways: Sequence[str]) -> ir.BooleanValue:
    """Whether the step is reached by an event: for sure if nothing may lie between, perhaps if nothing does."""
    asked = [seen[how]]
    if step.without is not None:
        started = seen[_last(BEFORE, how, AT)]
        other = SURE if how == MAYBE and SURE in ways else MAYBE
        barred = seen[_last(BETWEEN, other, AT)]
        asked += [started.notnull(), (barred <= started).fill_null(True)]
    if step.within is not None:
        amount, unit = step.within
        latest = (seen[_last(BEFORE, how, DAY)] + ibis.interval(**{unit: amount})).cast("date")
        asked.append((seen[DAY] <= latest).fill_null(False))
    return reduce(lambda a, b: a & b, asked)
