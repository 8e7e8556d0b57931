"""What a condition compares: the value of a measure, a value as written, a day seen from today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from include.contracts.quoting import literal
from include.contracts.tables import Type
from include.segments.calendar import later

Value = str | int | float | bool | date


@dataclass(frozen=True, slots=True)
class Measured:
    """The value of a measure."""

    name: str
    type: Type

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: Value
    type: Type

    def on(self, _: date) -> Value:
        """The value, whatever the logical date."""
        return self.value

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Today:
    """``today``, ``today - n unit`` or ``today + n unit``: a day seen from the logical date."""

    amount: int
    unit: str
    ahead: bool

    def on(self, as_of: date) -> date:
        """Return the day; months and years keep to the calendar."""
        return later(as_of, self.amount if self.ahead else -self.amount, self.unit)

    def __str__(self) -> str:
        return f"today {'+' if self.ahead else '-'} {self.amount} {self.unit}" if self.amount else "today"


def quoted(value: Value) -> str:
    """Return the value as a condition has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return literal(value) if isinstance(value, str) else repr(value)
