"""What clauses compare, as Ibis expressions: values, sums, spans of days and of the calendar, texts."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir

from include.contracts.measures import measures_of
from include.segments import clauses, tree
from include.segments.calendar import WEEKDAYS, anniversaries, later
from include.segments.deeds import DAY
from include.segments.population import Population, counted

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
TEXT_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "contains": lambda value, text: value.contains(text),
    "starts with": lambda value, text: value.startswith(text),
    "ends with": lambda value, text: value.endswith(text),
    clauses.IS_ANY: operator.eq,
}


def _folded(text: ir.Value) -> Any:
    """The text without regard to case, as each engine has it: one character at a time."""
    return text.lower()


@dataclass(frozen=True)
class Compared:
    """``rows`` are those of a level, or of one kind of event."""

    rows: ir.Table
    level: str
    population: Population
    event: str = ""

    def value(self, value: tree.Operand | tree.Literal | tree.Today) -> ir.Value:
        """Return a value; null where it is unknown."""
        if isinstance(value, tree.Sum):
            return self._sum(value)
        if isinstance(value, tree.Weekday):
            number = self.value(value.of).day_of_week.index()
            return ibis.cases(*((number == n, name) for n, name in enumerate(WEEKDAYS)))
        if isinstance(value, tree.Happened):
            return counted(self.rows, value)
        if isinstance(value, tree.Measured | tree.Traited):
            return self.rows[value.name]
        return ibis.literal(value.on(self.population.as_of))

    def _sum(self, sum: tree.Sum) -> ir.Value:
        """In floating point throughout, so that every engine has the same; two days have a number of days between."""
        left, right = self.value(sum.left), self.value(sum.right)
        if isinstance(left, ir.DateValue):
            return left.delta(right, unit="day").cast("float64")
        left, right = left.cast("float64"), right.cast("float64")
        return left / right.nullif(0.0) if sum.op == "/" else ARITHMETIC[sum.op](left, right)

    def test(self, clause: clauses.Compare | clauses.Tested) -> ir.BooleanValue:  # noqa: PLR0911 - one a kind of clause
        """Return whether it is so; null where that is unknown."""
        if isinstance(clause, clauses.Compare):
            return OPERATORS[clause.op](self.value(clause.left), self.value(clause.right))
        value, as_of = self.value(clause.measure), self.population.as_of
        match clause:
            case clauses.In(_, values):
                return value.isin([literal.value for literal in values])
            case clauses.Between(_, low, high):
                return value.between(self.value(low), self.value(high))
            case clauses.Like(_, pattern, ignores_case):
                return _folded(value).like(_folded(ibis.literal(pattern))) if ignores_case else value.like(pattern)
            case clauses.TextTest(_, test, texts):
                folded = [_folded(ibis.literal(text)) for text in texts]
                return reduce(operator.or_, (TEXT_TESTS[test](_folded(value), text) for text in folded))
            case clauses.IsNull():
                return value.isnull()
            case clauses.Within():
                return self._within(clause, value)
            case clauses.Beyond():
                return value > ibis.literal(clause.edge(as_of)) if clause.ahead else value <= self._before(clause)
            case clauses.During() | clauses.Anniversary():
                return self._of_calendar(clause, value)

    def _of_calendar(self, clause: clauses.During | clauses.Anniversary, value: ir.DateValue) -> ir.BooleanValue:
        first, last = clause.bounds(self.population.as_of)
        if isinstance(clause, clauses.During):
            return value.between(ibis.literal(first), ibis.literal(last))
        day = value.month() * 100 + value.day()
        years = anniversaries(first, last).items()
        return reduce(operator.or_, ((value.year() < year) & day.isin(days) for year, days in years))

    def _within(self, clause: clauses.Within, value: ir.DateValue) -> ir.BooleanValue:
        first, last = clause.bounds(self.population.as_of)
        if clause.ahead:
            return value.between(ibis.literal(first), ibis.literal(last))
        return (value > self._before(clause)) & (value <= ibis.literal(last))

    def _before(self, clause: clauses.Within | clauses.Beyond) -> ir.DateValue:
        """The last day before a span, counted back from the day up to which the measure's source is complete.

        Without such a day, from the logical date.
        """
        measure = clause.measure
        until = measures_of(self.level)[measure.name].until if isinstance(measure, tree.Measured) and self.level else ""
        if not until:
            return ibis.literal(later(self._end(measure), -clause.amount, clause.unit))
        end = self.rows[until]
        return (end - ibis.interval(**{clause.unit: clause.amount})).cast("date")

    def _end(self, measure: tree.Operand) -> date:
        """The day on which spans of days of events end, else the logical date."""
        event = measure.event if isinstance(measure, tree.Happened) else self.event if measure.name == DAY else ""
        through = self.population.events.through if self.population.events else {}
        return through.get(event, self.population.as_of)
