"""Spans of days among the arguments of functions that ask about events, as sqlglot has read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sqlglot import exp

from include.contracts.errors import DefinitionError
from include.contracts.events import Vocabulary
from include.contracts.measures import Measure
from include.contracts.tables import Column, Type
from include.segments import tree
from include.segments.calendar import period
from include.segments.deeds import DAY
from include.segments.literals import Literals
from include.segments.parts import Parts

DAY_COLUMN = Column(DAY, Type.DATE, "Day of the event")
LENGTH = {"days": 1, "weeks": 7, "months": 30, "years": 365}

Span = Callable[[tree.Operand], tree.Node]
"""A condition on a day: that of an event, or the first or last one."""


class Reader(Protocol):
    """What reads the conditions in which spans stand."""

    @property
    def parts(self) -> Parts:
        """The parts read so far."""

    @property
    def literals(self) -> Literals:
        """Reads values."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The kinds of event that there are."""

    def refuse(self, node: exp.Expr, problem: str) -> DefinitionError:
        """Return the error for a piece of the condition."""


ReadSpan = Callable[[Reader, exp.Expr], Span]


def kept_span(reader: Reader, argument: exp.Expr, call: str) -> Span:
    """Return the span that a call of SPANS says; one that is longer than events are kept is refused."""
    span, kept = SPANS[call](reader, argument), reader.vocabulary.keep_days
    node = span(tree.Measured(DAY, Type.DATE))
    if isinstance(node, tree.Within | tree.Beyond) and node.amount * LENGTH[node.unit] > kept:
        raise reader.refuse(argument, f"events are kept for {kept} days (keep_days in events.yaml), no longer span")
    return span


def inside(reader: Reader, argument: exp.Expr) -> list[exp.Expr]:
    """Return the arguments of a call that the words of a condition were put into."""
    reader.parts.take(argument, "this")
    return list(reader.parts.take(argument, "expressions"))


def _spanned(kind: Callable[..., tree.Node]) -> ReadSpan:
    def _read_span(reader: Reader, argument: exp.Expr) -> Span:
        (span,) = inside(reader, argument)
        if not isinstance(span, exp.Interval):
            raise reader.refuse(argument, "a span is a number of days or more, as in within_last 14 days")
        try:
            amount, unit = reader.literals.span(span)
        except ValueError as error:
            raise reader.refuse(argument, str(error)) from None
        return lambda day: kind(day, amount, unit, False)

    return _read_span


def _during(reader: Reader, argument: exp.Expr) -> Span:
    (written,) = inside(reader, argument)
    named = period(reader.literals.text(written) or "")
    if named is None:
        raise reader.refuse(argument, "a period is one of the calendar, as in during 'last month'")
    return lambda day: tree.During(day, *named, reader.vocabulary.fiscal_year_begins)


def _beside(op: str) -> ReadSpan:
    def _read_day(reader: Reader, argument: exp.Expr) -> Span:
        (day,) = inside(reader, argument)
        other = _day(reader, argument, day)
        return lambda each: tree.Compare(op, each, other)

    return _read_day


def _between(reader: Reader, argument: exp.Expr) -> Span:
    ends = inside(reader, argument)
    if len(ends) != 2:
        raise reader.refuse(argument, "a range of days has two ends, as in between '2026-01-01' and '2026-03-31'")
    low, high = (_day(reader, argument, end) for end in ends)
    return lambda day: tree.Between(day, low, high)


def _day(reader: Reader, argument: exp.Expr, node: exp.Expr) -> tree.Literal | tree.Today:
    try:
        return reader.literals.literal(Measure(DAY_COLUMN, "event", "event"), node)
    except ValueError as error:
        raise reader.refuse(argument, str(error)) from None


SPANS: Mapping[str, ReadSpan] = {
    "told_within_last": _spanned(tree.Within),
    "told_before_last": _spanned(tree.Beyond),
    "told_during": _during,
    "told_before": _beside("<"),
    "told_after": _beside(">"),
    "told_between": _between,
}
