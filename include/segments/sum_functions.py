"""Arithmetic between measures, as sqlglot has read it: `email_clicks / email_sent`, `renewal_date - today`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

from sqlglot import exp

from include.contracts.measures import Measure
from include.contracts.tables import Column, Type
from include.segments import tree
from include.segments.calendar import WEEKDAYS
from include.segments.literals import TODAY
from include.segments.names import a
from include.segments.sums import MOST_TERMS, SMALLEST

if TYPE_CHECKING:
    from include.segments.functions import Reader

SIGNS: Mapping[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
WEEKDAY = "day_of_week"
NUMERIC = (Type.INTEGER, Type.NUMBER)
NUMBER = Measure(Column("a sum", Type.NUMBER, ""), "sum", "", "share")
DAY = Measure(Column("a day", Type.DATE, ""), "sum", "")

Term = tree.Operand | tree.Literal | tree.Today


def is_weekday(node: exp.Expr) -> TypeGuard[exp.Func]:
    """Tell whether a piece asks for the weekday of a day."""
    named = isinstance(node, exp.Anonymous) and str(node.this).lower() == WEEKDAY
    return named or isinstance(node, exp.DayOfWeek)


def weekday(reader: Reader, node: exp.Func) -> tree.Weekday:
    """Read ``day_of_week(first_seen_on)``."""
    if isinstance(node, exp.Anonymous):
        reader.parts.take(node, "this")
        arguments = reader.parts.take(node, "expressions")
    else:
        arguments = [reader.parts.take(node, "this")]
    if len(arguments) != 1:
        raise reader.refuse(node, f"{WEEKDAY} needs a date, as in {WEEKDAY}(first_seen_on) = 'Monday'")
    of = reader.measure(arguments[0])
    if of.type is not Type.DATE:
        raise reader.refuse(node, f"{WEEKDAY} needs a date, and {of} is {a(of.type)}")
    return tree.Weekday(of)


def is_sum(node: exp.Expr) -> bool:
    """Tell whether a piece reckons with something that has a name other than today's."""
    named = (column for column in node.find_all(exp.Column, exp.Anonymous) if str(column.name).lower() not in TODAY)
    return isinstance(node, tuple(SIGNS)) and any(named)


def total(reader: Reader, node: exp.Expr) -> tree.Sum:
    """Read a sum of measures and numbers, or the days between two dates."""
    op = SIGNS[type(node)]
    parts = [reader.parts.inside(reader.parts.take(node, side)) for side in ("this", "expression")]
    if isinstance(node, exp.Div):
        for how in ("typed", "safe"):  # what sqlglot notes of PostgreSQL's own division; ours is of numbers
            reader.parts.take(node, how)
    measures = [reader.measure(part) if reader.names_measure(part) or _is_name(part) else None for part in parts]
    if op == "/" and isinstance(parts[1], exp.Literal) and not float(parts[1].name or 0):
        raise reader.refuse(node, "nothing is divided by 0")
    is_of_days = any(measure is not None and measure.type is Type.DATE for measure in measures)
    left, right = (
        _term(reader, part, DAY if is_of_days else NUMBER) if measure is None else measure
        for part, measure in zip(parts, measures, strict=True)
    )
    for part, term in zip(parts, (left, right), strict=True):
        _require_fit(reader, part, term, op, is_of_days=is_of_days)
    found = tree.Sum(op, left, right)
    if len(list(tree.terms(found))) > MOST_TERMS:
        raise reader.refuse(node, f"a sum has at most {MOST_TERMS} terms")
    return found


def _term(reader: Reader, node: exp.Expr, declared: Measure) -> tree.Literal | tree.Today:
    """A number or a day that stands in a sum."""
    if declared is DAY and isinstance(node, exp.Interval):
        raise reader.refuse(node, "a date is moved by no span here; move the other side, as in today - 14 days")
    try:
        found = reader.literals.literal(declared, node)
    except ValueError as error:
        raise reader.refuse(node, str(error)) from None
    if isinstance(found, tree.Literal) and isinstance(found.value, float) and 0 < abs(found.value) < SMALLEST:
        raise reader.refuse(node, f"a number in a sum is 0, or {SMALLEST:g} and more")
    return found


def _is_name(node: exp.Expr) -> bool:
    """Whether a measure is meant: where there is none of that name, reading it says so, and which is nearest."""
    return isinstance(node, exp.Column) and str(node.name).lower() not in TODAY


def _require_fit(reader: Reader, node: exp.Expr, term: Term, op: str, *, is_of_days: bool) -> None:
    kind = Type.DATE if isinstance(term, tree.Today) else term.type
    if is_of_days and (kind is not Type.DATE or op != "-"):
        raise reader.refuse(node, "of dates there is the number of days between two, as in renewal_date - today")
    if not is_of_days and kind not in NUMERIC:
        raise reader.refuse(node, f"{term} is {a(kind)}, and no number to reckon with")


def declared(value: tree.Operand, known: Mapping[str, Measure]) -> Measure:
    """Return how a measure, or what is made or counted of others, is declared; ``known`` are those that have a name."""
    if isinstance(value, tree.Measured | tree.Traited):
        return known[value.name]
    if isinstance(value, tree.Weekday):
        return Measure(Column(str(value), value.type, "", allowed=WEEKDAYS), "sum", "")
    if isinstance(value, tree.Sum):
        return Measure(Column(str(value), value.type, ""), "sum", "", "share" if value.op == "/" else "")
    return Measure(Column(str(value), value.type, value.event), "event", value.event)
