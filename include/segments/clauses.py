"""What a condition asks of one value: a comparison, a list, a text, a day, a rank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from include.segments.calendar import WHICH, first_day, later
from include.segments.deeds import Happened
from include.segments.meaning import Traited
from include.segments.sums import Sum, Weekday
from include.segments.values import Literal, Measured, Today, quoted

if TYPE_CHECKING:
    from include.segments.nodes import Node

IS_ANY = "is"  # any of some texts, as a whole
TEXT_TESTS = ("contains", "starts with", "ends with", IS_ANY)
Operand = Measured | Traited | Happened | Sum | Weekday
"""What has a value: a measure, a trait, what is counted of events, or what is made of such."""


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; op is one of = != < <= > >=."""

    op: str
    left: Operand
    right: Operand | Literal | Today

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True, slots=True)
class In:
    """``measure in (values)``."""

    measure: Operand
    values: tuple[Literal, ...]

    def __str__(self) -> str:
        return f"{self.measure} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Between:
    """``measure between low and high``, both included."""

    measure: Operand
    low: Literal | Today
    high: Literal | Today

    def __str__(self) -> str:
        return f"{self.measure} between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Like:
    """``measure like pattern``: % stands for any text, _ for one character; case matters, in ``ilike`` not."""

    measure: Operand
    pattern: str
    ignores_case: bool = False

    def __str__(self) -> str:
        return f"{self.measure} {'ilike' if self.ignores_case else 'like'} {quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class TextTest:
    """``measure contains 'text'``, ``starts with``, ``ends with``, ``is``: any of the texts, without regard to case."""

    measure: Operand
    test: str
    texts: tuple[str, ...]

    def __str__(self) -> str:
        listed = ", ".join(map(quoted, self.texts))
        is_listed = len(self.texts) > 1 or self.test == IS_ANY
        return f"{self.measure} {self.test} {f'any of ({listed})' if is_listed else listed}"


@dataclass(frozen=True, slots=True)
class IsNull:
    """``measure is null``."""

    measure: Operand

    def __str__(self) -> str:
        return f"{self.measure} is null"


@dataclass(frozen=True, slots=True)
class Within:
    """``within_next(measure, n unit)``: from the logical date to n units later, both included, as renewal buckets are.

    ``within_last(measure, n unit)``: the n units that end with the logical date, so n days are n dates, as windows are.
    """

    measure: Operand
    amount: int
    unit: str
    ahead: bool

    def bounds(self, as_of: date) -> tuple[date, date]:
        """Return the first and the last day; months and years keep to the calendar (29 February becomes the 28th)."""
        other = later(as_of, self.amount if self.ahead else -self.amount, self.unit)
        return (as_of, other) if self.ahead else (other + timedelta(days=1), as_of)

    def __str__(self) -> str:
        return f"within_{'next' if self.ahead else 'last'}({self.measure}, {self.amount} {self.unit})"


@dataclass(frozen=True, slots=True)
class Beyond:
    """``before_last(measure, n unit)``, ``after_next(...)``: a known day outside that span, on its far side."""

    measure: Operand
    amount: int
    unit: str
    ahead: bool

    def edge(self, as_of: date) -> date:
        """Return the last day of the next span, or the day before the last one."""
        return later(as_of, self.amount if self.ahead else -self.amount, self.unit)

    def __str__(self) -> str:
        return f"{'after_next' if self.ahead else 'before_last'}({self.measure}, {self.amount} {self.unit})"


@dataclass(frozen=True, slots=True)
class During:
    """``during(measure, 'next quarter')``: in a period of the calendar; weeks begin on Monday."""

    measure: Operand
    which: str
    period: str
    begins: int = 1  # the fiscal year's first month

    def bounds(self, as_of: date) -> tuple[date, date]:
        """Return the first and the last day of the period."""
        step = WHICH.index(self.which) - 1
        first = first_day(as_of, self.period, step, self.begins)
        return first, first_day(as_of, self.period, step + 1, self.begins) - timedelta(days=1)

    def __str__(self) -> str:
        return f"during({self.measure}, '{self.which} {self.period}')"


@dataclass(frozen=True, slots=True)
class Anniversary:
    """``anniversary_of(measure, within_next 14 days)``: a year or more after a day, as ``Within`` has it."""

    measure: Operand
    amount: int
    unit: str
    ahead: bool

    def bounds(self, as_of: date) -> tuple[date, date]:
        """Return the first and the last day on which the anniversary may be."""
        return Within(self.measure, self.amount, self.unit, self.ahead).bounds(as_of)

    def __str__(self) -> str:
        which = "next" if self.ahead else "last"
        return f"anniversary_of({self.measure}, within_{which} {self.amount} {self.unit})"


@dataclass(frozen=True, slots=True)
class Top:
    """``in_top(measure, 10%)``, ``in_top(measure, 100)``, ``in_bottom(...)``: of all whose value is known.

    With a third argument, of those for whom the condition ``among`` is true. As many as that share or number, and
    whoever has the same value as the last of them. ``amount`` is a number of members, or of hundredths of a percent
    where ``is_share``.
    """

    measure: Operand
    amount: int
    is_share: bool
    from_top: bool
    among: Node | None = None

    def places(self, known: int) -> int:
        """Return how many places there are among so many; a part of one counts as one."""
        return -(-known * self.amount // 10_000) if self.is_share else self.amount

    def __str__(self) -> str:
        amount = f"{self.amount / 100:g}%" if self.is_share else str(self.amount)
        among = f", {self.among}" if self.among else ""
        return f"in_{'top' if self.from_top else 'bottom'}({self.measure}, {amount}{among})"


Tested = In | Between | Like | TextTest | IsNull | Within | Beyond | During | Anniversary | Top
