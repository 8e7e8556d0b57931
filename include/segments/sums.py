"""What is made of values: sums, a tree of + - * / whose result is a number or the days between two, and weekdays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.contracts.tables import Type
from include.segments.values import Literal, Today

if TYPE_CHECKING:
    from include.segments.clauses import Operand

MOST_TERMS = 12  # a product of so many of the largest numbers is still a number
SMALLEST = 1e-9  # of a number in a sum other than 0; with it no quotient leaves the range of numbers either


@dataclass(frozen=True, slots=True)
class Sum:
    """``left op right``; op is one of + - * /. What is divided by 0 is unknown, and so is what an unknown enters."""

    op: str
    left: Operand | Literal | Today
    right: Operand | Literal | Today
    type: Type = Type.NUMBER

    @property
    def name(self) -> str:
        """What it is called in messages: no column holds it."""
        return str(self)

    def __str__(self) -> str:
        return f"{_enclosed(self.left)} {self.op} {_enclosed(self.right)}"


@dataclass(frozen=True, slots=True)
class Weekday:
    """``day_of_week(day)``: Monday to Sunday."""

    of: Operand
    type: Type = Type.TEXT

    @property
    def name(self) -> str:
        """What it is called in messages: no column holds it."""
        return str(self)

    def __str__(self) -> str:
        return f"day_of_week({self.of})"


def _enclosed(value: Operand | Literal | Today) -> str:
    return f"({value})" if isinstance(value, Sum) or (isinstance(value, Today) and value.amount) else str(value)


def terms(value: Operand | Literal | Today) -> Iterator[Operand | Literal | Today]:
    """Yield what a value is made of, in order; itself, where it is made of nothing."""
    if isinstance(value, Sum):
        yield from terms(value.left)
        yield from terms(value.right)
    elif isinstance(value, Weekday):
        yield from terms(value.of)
    else:
        yield value
