"""What a trait's value is, over the rows of those whose measures, events and history it asks about."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

from include.segments.expression import expression, value_of
from include.segments.meaning import RANK, Part, Ranked, Score, Traited
from include.segments.population import Population
from include.storage.engine import IBIS_TYPES

PARTS = "_parts"
"""What stands behind the name of a score: the points of its parts."""
DECIMALS = 1  # of a score, so that it does not change with every day's decay


def value(trait: Traited, people: Population) -> ir.Value:
    """Return the value over ``people.of(trait.level)``, of the trait's type; null where too little is known."""
    if isinstance(trait.meaning, Score):
        found: ir.Value = _total([points(part, trait.level, people) for part in trait.meaning.parts])
    elif isinstance(trait.meaning, Ranked):
        found = _place(trait.meaning, value_of(trait.meaning.of, trait.level, people))
    else:
        found = value_of(trait.meaning, trait.level, people)
    return found.cast(IBIS_TYPES[trait.type])


def parts(trait: Traited, people: Population) -> ir.StringValue:
    """Return of a score the points of each part as a JSON object (by DuckDB alone)."""
    assert isinstance(trait.meaning, Score)
    named = {part.name: points(part, trait.level, people) for part in trait.meaning.parts}
    return ibis.struct(named).cast("json").cast("string")


def points(part: Part, level: str, people: Population) -> ir.FloatingValue:
    """Return the points of one part as they are left on the logical date; null where too little is known."""
    if part.when is not None:
        state = expression(part.when, level, people)
        found = ibis.cases((state, part.points), (~state, 0.0), else_=ibis.null("float64"))
    else:
        assert part.each is not None
        found = _at_most(value_of(part.each, level, people).cast("float64") * part.points, part.most)
    if part.since is not None:
        found = found * _left(value_of(part.since, level, people), part, people)
    return found


def _left(since: ir.DateValue, part: Part, people: Population) -> ir.FloatingValue:
    """The share that is left after the days since a date; of one to come all."""
    days = ibis.literal(people.as_of).delta(since, unit="day")
    return ibis.literal(0.5) ** (ibis.ifelse(days < 0, 0, days).cast("float64") / float(part.halves_every_days))


def _at_most(value: ir.FloatingValue, most: float | None) -> ir.FloatingValue:
    if most is None:
        return value
    return ibis.cases((value > most, most), (value < -most, -most), else_=value)


def _total(found: list[ir.FloatingValue]) -> ir.FloatingValue:
    known = reduce(lambda a, b: a | b, (each.notnull() for each in found))
    total = reduce(lambda a, b: a + b, (each.fill_null(0.0) for each in found))
    return ibis.ifelse(known, total.round(DECIMALS), None)


def _place(ranked: Ranked, value: ir.Value) -> ir.Value:
    """Among those with a value: from the highest on, or the share that has no more."""
    among = ibis.window(group_by=value.isnull(), order_by=value.desc() if ranked.how == RANK else value)
    place = (ibis.rank() + 1 if ranked.how == RANK else ibis.cume_dist()).over(among)
    return ibis.ifelse(value.isnull(), None, place)
