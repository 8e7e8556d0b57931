"""Sequences of events: who did one thing and then another, in which time, and without what between.

Of all that may come before a step the latest is the best: the time since is the shortest, and the least lies between.
So each step is one pass over the events in the order of time, and who reached it goes on to the next. What cannot be
judged is followed twice, with and without.
"""

from __future__ import annotations

from functools import reduce
from itertools import product

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.deeds import DAY
from include.segments.expression import MOST, Population
from include.segments.happenings import prepared, state_of
from include.segments.picked import AT, IS_CERTAIN, MEMBER_ID

BEFORE, HERE, BETWEEN = "before", "here", "between"
SURE, MAYBE = "sure", "maybe"


def went_through(sequence: tree.Sequence, level: str, population: Population) -> ir.Table:
    """Return for each member who may have gone through a sequence a row: whether for sure, and that perhaps."""
    reached = _reached(sequence, level, population)[-1]
    return reached.group_by(MEMBER_ID).aggregate(
        **{sequence.name: reached[SURE].any(), sequence.name + MOST: reached[MAYBE].any()}
    )


def funnel(sequence: tree.Sequence, level: str, population: Population) -> tuple[tuple[str, int], ...]:
    """Return each step of a sequence and how many members reached it, for sure."""
    reached = _reached(sequence, level, population)
    sizes = (rows[MEMBER_ID].nunique(where=rows[SURE]).to_pyarrow().as_py() for rows in reached)
    return tuple((str(step), size) for step, size in zip(sequence.steps, sizes, strict=True))


def _reached(sequence: tree.Sequence, level: str, population: Population) -> list[ir.Table]:
    """The events with which each step was reached: _member_id, _at, day, sure, maybe."""
    first, *others = sequence.steps
    found = [_events(first.counted, level, population)]
    for step in others:
        found.append(_next(found[-1], step, level, population))
    return found


def _events(happened: tree.Happened, level: str, population: Population) -> ir.Table:
    """The events that may be a step, and whether each is one for sure."""
    rows = prepared(happened.event, [happened], level, population)
    state = state_of(happened, rows, population)
    sure = {SURE: (state & rows[IS_CERTAIN]).fill_null(False), MAYBE: ibis.literal(True)}
    return rows.filter(state.fill_null(True)).select(MEMBER_ID, AT, DAY, **sure)


def _next(before: ir.Table, step: tree.Step, level: str, population: Population) -> ir.Table:
    """Those events of a step that come after one with which the step before was reached."""
    parts = {BEFORE: before, HERE: _events(step.counted, level, population)}
    if step.without is not None:
        parts[BETWEEN] = _events(step.without, level, population)
    moments = _moments([rows.mutate(_part=ibis.literal(name)) for name, rows in parts.items()])
    earlier = ibis.window(group_by=MEMBER_ID, order_by=AT, rows=(None, -1))
    last = {}
    for part, how in product((BEFORE, BETWEEN), (SURE, MAYBE)):
        for what, column in ((AT, AT), (DAY, f"{part}_day")):
            value = ibis.ifelse(moments[f"{part}_{how}"], moments[column], None)
            last[f"{part}_{how}_{what}"] = value.max().over(earlier)
    seen = moments.mutate(**last)
    reached = {how: _follows(seen, step, how) for how in (SURE, MAYBE)}
    rows = seen.select(MEMBER_ID, AT, **{DAY: seen[f"{HERE}_day"]}, **reached)
    return rows.filter(rows[MAYBE])


def _moments(parts: list[ir.Table]) -> ir.Table:
    """One row a member and instant: which parts have an event then. At one instant none is after another."""
    rows = ibis.union(*parts)
    flags = {
        f"{part}_{how}": (rows[how] & (rows["_part"] == part)).any()
        for part in (BEFORE, HERE, BETWEEN)
        for how in (SURE, MAYBE)
    }
    days = {f"{part}_day": rows[DAY].max(where=rows["_part"] == part) for part in (BEFORE, HERE, BETWEEN)}
    return rows.group_by(MEMBER_ID, AT).aggregate(**flags, **days)


def _follows(seen: ir.Table, step: tree.Step, how: str) -> ir.BooleanValue:
    """Whether the step is reached at an instant: for sure if nothing may lie between, perhaps if nothing does."""
    started, barred = seen[f"{BEFORE}_{how}_{AT}"], seen[f"{BETWEEN}_{MAYBE if how == SURE else SURE}_{AT}"]
    asked = [seen[f"{HERE}_{how}"], started.notnull(), (barred <= started).fill_null(True)]
    if step.within is not None:
        amount, unit = step.within
        latest = (seen[f"{BEFORE}_{how}_{DAY}"] + ibis.interval(**{unit: amount})).cast("date")
        asked.append((seen[f"{HERE}_day"] <= latest).fill_null(False))
    return reduce(lambda a, b: a & b, asked)
