"""Sequences of events: who did one thing and then another, in which time, and without what between.

What comes before the step before was first reached cannot matter, and is left out before anything is put in order. A
step that may come at any time after is reached by what is left. For others, of all that may come before a step the
latest is the best: the time since is the shortest, and the least lies between; so such a step is one pass over the
events in the order of time. What cannot be judged is followed twice, with and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product

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
BEGAN, BEGAN_FOR_SURE = "_began", "_began_for_sure"
COLUMNS = (MEMBER_ID, AT, DAY, SURE, MAYBE)


def went_through(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> ir.Table:
    """Return for each member who may have gone through a sequence a row: whether for sure, and that perhaps.

    ``hold`` keeps what is read again.
    """
    reached = _reached(sequence, level, population, hold)[-1]
    return reached.group_by(MEMBER_ID).aggregate(
        **{sequence.name: reached[SURE].any(), sequence.name + MOST: reached[MAYBE].any()}
    )


def funnel(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> tuple[tuple[str, int], ...]:
    """Return each step of a sequence and how many members reached it, for sure."""
    reached = _reached(sequence, level, population, hold)
    sizes = (rows[MEMBER_ID].nunique(where=rows[SURE]).to_pyarrow().as_py() for rows in reached)
    return tuple((str(step), size) for step, size in zip(sequence.steps, sizes, strict=True))


def _reached(sequence: tree.Sequence, level: str, population: Population, hold: Holding) -> list[ir.Table]:
    """The events with which each step was reached, with COLUMNS."""
    first, *others = sequence.steps
    asked = [each for step in sequence.steps for each in (step.counted, step.without) if each is not None]
    ways = (MAYBE,) if all(_is_decided(each, population) for each in asked) else (SURE, MAYBE)
    found = [hold(_events(first.counted, level, population))]
    for step in others:
        found.append(hold(_next(found[-1], step, level, population, hold, ways=ways)))
    return found


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
    before: ir.Table, step: tree.Step, level: str, population: Population, hold: Holding, *, ways: Sequence[str]
) -> ir.Table:
    """Those events of a step that come after one with which the step before was reached."""
    began = hold(
        before.group_by(MEMBER_ID).aggregate(
            **{BEGAN: before[AT].min(), BEGAN_FOR_SURE: before[AT].min(where=before[SURE])}
        )
    )
    here = _since(began, step.counted, level, population)
    if step.within is None and step.without is None:
        later = (here[AT] > here[BEGAN_FOR_SURE]).fill_null(False)
        return here.mutate(**{SURE: here[SURE] & later}).select(*COLUMNS)
    here = hold(here)
    parts = {HERE: here, BEFORE: before.semi_join(here, MEMBER_ID)}
    if step.without is not None:
        parts[BETWEEN] = _since(began.semi_join(here, MEMBER_ID), step.without, level, population)
    return _in_time(parts, step, ways)


def _since(began: ir.Table, happened: tree.Happened, level: str, population: Population) -> ir.Table:
    """The events of those who may have reached the step before, after they first may have."""
    rows = _events(happened, level, population).inner_join(began, MEMBER_ID)
    return rows.filter(rows[AT] > rows[BEGAN])


def _in_time(parts: dict[str, ir.Table], step: tree.Step, ways: Sequence[str]) -> ir.Table:
    """Those events of the part HERE that follow one of the part BEFORE in time, and without one BETWEEN."""
    rows = ibis.union(*(rows.select(*COLUMNS, _part=ibis.literal(PARTS[part])) for part, rows in parts.items()))
    earlier = ibis.window(group_by=MEMBER_ID, order_by=[AT, "_part"], rows=(None, -1))
    wanted = [(BEFORE, AT), *([(BEFORE, DAY)] if step.within else []), *([(BETWEEN, AT)] if step.without else [])]
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
    return rows.filter(rows[MAYBE])


def _last(part: str, how: str, what: str) -> str:
    """Name of the column of the last such thing before an event."""
    return f"_{part}_{how}_{what}"


def _follows(seen: ir.Table, step: tree.Step, how: str, ways: Sequence[str]) -> ir.BooleanValue:
    """Whether the step is reached by an event: for sure if nothing may lie between, perhaps if nothing does."""
    started = seen[_last(BEFORE, how, AT)]
    asked = [seen[how], started.notnull()]
    if step.without is not None:
        other = SURE if how == MAYBE and SURE in ways else MAYBE
        barred = seen[_last(BETWEEN, other, AT)]
        asked.append((barred <= started).fill_null(True))
    if step.within is not None:
        amount, unit = step.within
        latest = (seen[_last(BEFORE, how, DAY)] + ibis.interval(**{unit: amount})).cast("date")
        asked.append((seen[DAY] <= latest).fill_null(False))
    return reduce(lambda a, b: a & b, asked)
