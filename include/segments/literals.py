"""Values as they are written in a condition, as a measure's type has them: text, numbers, `80%`, `today - 14 days`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from include.contracts.measures import Measure
from include.contracts.nearest import nearest
from include.contracts.tables import Column, Type
from include.segments import tree
from include.segments.calendar import UNITS, WEEKDAYS
from include.segments.names import a, called
from include.segments.parts import Parts

LIMIT = 2**53  # whole numbers up to here are exact in every engine, whatever the column's type
TODAY = ("today", "now", "current_date")
PERCENT = "as_percent"
DAYS = {"days": 1, "weeks": 7, "months": 30, "years": 365}
TOO_LARGE = "the number is too large"
TRUTH = {"yes": True, "true": True, "no": False, "false": False}
NUMBER = re.compile(r"-?(0|[1-9]\d{0,15})(\.\d{1,15})?")
QUOTES = "text stands in single quotes: '{}'"


@dataclass(frozen=True, slots=True)
class Percent:
    """A number of hundredths."""

    number: float


Written = str | int | float | bool | Percent | tree.Today


@dataclass(frozen=True)
class Literals:
    """Reads values of sqlglot's tree; what is wrong with one is raised as ValueError."""

    parts: Parts

    def literal(self, measure: Measure, node: exp.Expr) -> tree.Literal | tree.Today:
        """Return the value as one of the measure's type; raises ValueError."""
        column, node = measure.column, self.parts.inside(node)
        if isinstance(node, exp.Interval) and measure.unit == "days":
            amount, unit = self.span(node)
            raise ValueError(f"{column.name} is a number of days; write {amount * DAYS[unit]}")
        value = self._written(column, node)
        if isinstance(value, tree.Today):
            if column.type is not Type.DATE:
                raise ValueError(f"{column.name} is {a(column.type)}, and no date")
            return value
        if isinstance(value, str) and measure.spelled is not None:
            value = measure.spelled(value)
        return tree.Literal(_share(measure, value) if isinstance(value, Percent) else _fit(column, value), column.type)

    def _written(self, column: Column, node: exp.Expr) -> Written:
        if isinstance(node, exp.Column | exp.CurrentDate):
            return self._word(column, node)
        if isinstance(node, exp.Sub | exp.Add):
            return self._moved(node)
        if isinstance(node, exp.Anonymous) and str(node.this).lower() == PERCENT:
            self.parts.take(node, "this")
            (amount,) = self.parts.take(node, "expressions")
            return Percent(float(self.plain(amount)))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Anonymous):
            written = self._written(column, self.parts.take(node, "this"))
            return Percent(-written.number) if isinstance(written, Percent) else written
        return self._value(node)

    def _value(self, node: exp.Expr) -> str | int | float | bool:
        if isinstance(node, exp.Cast) and self._is_date(node):
            node = self.parts.take(node, "this")
        if isinstance(node, exp.Boolean):
            return bool(self.parts.take(node, "this"))
        if isinstance(node, exp.Neg):
            number = self._value(self.parts.take(node, "this"))
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number
        if isinstance(node, exp.Literal):
            return self.plain(node) if node.is_string else _number(self.plain(node))
        if isinstance(node, exp.Interval):
            amount, unit = self.span(node)
            told = f"{amount} {unit}"
            raise ValueError(f"{told} is a span, and no value; write within_last(…, {told}) or before_last(…, {told})")
        if isinstance(node, exp.Null):
            raise ValueError("nothing equals null; use 'is null'")
        raise ValueError(f"a value should stand here, not {called(node)}")

    def _word(self, column: Column, node: exp.Expr) -> str | tree.Today:
        """A word that is no measure: today, or text that lacks its quotes."""
        if isinstance(node, exp.CurrentDate):
            return tree.Today(0, "days", ahead=True)
        name = self.parts.take(node, "this")
        word, is_quoted = str(self.parts.take(name, "this")), bool(self.parts.take(name, "quoted"))
        if column.type is Type.DATE and word.lower() in (*TODAY, "tomorrow", "yesterday"):
            return tree.Today(int(word.lower() not in TODAY), "days", ahead=word.lower() != "yesterday")
        if column.type is Type.TEXT and (is_quoted or word.lower() in map(str.lower, column.allowed)):
            return word
        if column.type is Type.TEXT:
            raise ValueError(f"there is no measure {word!r}; {QUOTES.format(word)}")
        raise ValueError(f"a value should stand here, not {word!r}")

    def _moved(self, node: exp.Expr) -> tree.Today:
        """`today - 14 days`, `today + 14`."""
        base = self.parts.inside(self.parts.take(node, "this"))
        span = self.parts.inside(self.parts.take(node, "expression"))
        is_today = isinstance(base, exp.CurrentDate)
        if isinstance(base, exp.Column):
            name = self.parts.take(base, "this")
            is_today = str(self.parts.take(name, "this")).lower() in TODAY
        if not is_today:
            raise ValueError("a sum is no value here; of dates there is today - 14 days")
        if isinstance(span, exp.Interval):
            amount, unit = self.span(span)
        elif isinstance(span, exp.Literal) and not span.is_string and self.plain(span).isdecimal():
            amount, unit = int(self.plain(span)), "days"
        else:
            raise ValueError("today is moved by a span, as in today - 14 days")
        if amount == 0:
            return tree.Today(0, "days", ahead=True)
        return tree.Today(amount, unit, ahead=isinstance(node, exp.Add))

    def span(self, node: exp.Interval) -> tuple[int, str]:
        """Return the amount and the unit of a span; raises ValueError."""
        written, unit = self.parts.take(node, "this"), self.parts.take(node, "unit")
        amount = self.plain(written) if isinstance(written, exp.Literal) else ""
        unit = f"{str(self.parts.take(unit, 'this')).lower().rstrip('s')}s" if isinstance(unit, exp.Var) else ""
        if not amount.isdecimal() or unit not in UNITS:
            raise ValueError(f"a span is a whole number of {', '.join(UNITS)}")
        if int(amount) > UNITS[unit]:
            raise ValueError(f"a span is at most {UNITS[unit]} {unit}")
        return int(amount), unit

    def places(self, node: exp.Expr) -> tuple[int, bool]:
        """Return a number of members, or of hundredths of a percent, and whether it is a share; raises ValueError."""
        written = self._written(Column("share", Type.NUMBER, ""), self.parts.inside(node))
        if isinstance(written, Percent) and 0 < written.number <= 100:
            return round(written.number * 100), True
        if isinstance(written, int) and not isinstance(written, bool) and written > 0:
            return written, False
        raise ValueError("how many is a whole number or a percentage")

    def text(self, node: exp.Expr) -> str | None:
        """Return a text in quotes, as written."""
        if isinstance(node, exp.Column) and node.this.args.get("quoted"):
            return self.identifier(self.parts.take(node, "this"))
        return self.plain(node) if isinstance(node, exp.Literal) and node.is_string else None

    def plain(self, node: exp.Expr) -> str:
        """Return the characters of a literal."""
        self.parts.take(node, "is_string")
        return str(self.parts.take(node, "this"))

    def identifier(self, node: exp.Expr) -> str:
        """Return a name; it is exact here, in double quotes or not."""
        self.parts.take(node, "quoted")
        return str(self.parts.take(node, "this"))

    def _is_date(self, node: exp.Cast) -> bool:
        to = self.parts.take(node, "to")
        return self.parts.take(to, "this") is exp.DataType.Type.DATE


def is_share(measure: Measure) -> bool:
    """Tell whether the measure's values are parts of a whole, mostly from 0 to 1."""
    return measure.unit == "share" or (measure.column.minimum, measure.column.maximum) == (0, 1)


def _share(measure: Measure, percent: Percent) -> float:
    if not is_share(measure):
        unit = f"is in {measure.unit}" if measure.unit else f"is {a(measure.column.type)}"
        raise ValueError(f"{measure.name} {unit} and no share, so that it has no percent; write the number alone")
    if not abs(percent.number) <= LIMIT:
        raise ValueError(TOO_LARGE)
    return percent.number / 100


def _number(text: str) -> int | float:
    if text.isdecimal():
        if len(text) > 1 and text.startswith("0"):
            raise ValueError("a number has no zeros before it; write ten thousand as 10000")
        number: int | float = int(text)
    else:
        number = float(text)
    if not abs(number) <= LIMIT:
        raise ValueError(TOO_LARGE)
    return number


def _fit(column: Column, value: str | int | float | bool) -> str | int | float | bool | date:
    """Return the value as the column's type has it; raises ValueError."""
    match column.type, value:
        case Type.DATE, str():
            return _date(column, value)
        case Type.TEXT, str():
            return _allowed(column, value) if column.allowed else value
        case Type.BOOLEAN, bool():
            return value
        case Type.BOOLEAN, str() if value.lower() in TRUTH:
            return TRUTH[value.lower()]
        case Type.BOOLEAN, _:
            raise ValueError(f"{column.name} is true or false; write {column.name}, or not {column.name}")
        case ((Type.INTEGER | Type.NUMBER), str()) if NUMBER.fullmatch(value):
            return _number(value) if value[0] != "-" else -_number(value[1:])
        case ((Type.INTEGER | Type.NUMBER), (int() | float())) if not isinstance(value, bool):
            return value
    raise ValueError(f"{column.name} is {a(column.type)} and cannot be compared with {value!r}")


def _allowed(column: Column, value: str) -> str:
    """The value that is allowed, whichever letters are large; a weekday's first three say which."""
    known = {allowed.lower(): allowed for allowed in column.allowed}
    if column.allowed == WEEKDAYS:
        known |= {day[:3]: allowed for day, allowed in known.items()}
    if value in column.allowed:
        return value
    if value.lower() not in known:
        raise ValueError(f"{value!r} is no value of {column.name}{nearest(value, column.allowed)}")
    return known[value.lower()]


def _date(column: Column, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{column.name} is a date; {value!r} is none, write it as 2026-12-31") from None
