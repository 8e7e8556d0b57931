"""A figure: one thing measured of a run, a number or the shares of values, by which runs are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["count", "share", "shares"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figures; ``is_weekly``: it has the rhythm of a week, so that only like weekdays are compared."""

    name: str
    unit: Unit
    says: str
    is_weekly: bool = False


ROWS = Kind("rows", "count", "rows")
DAY = Kind("day", "count", "rows of the last whole day", is_weekly=True)
NULLS = Kind("nulls", "share", "share of rows without a value")
VALUES = Kind("values", "shares", "shares of values")
CLUSTERS = Kind("clusters", "shares", "shares of profiles by their number of records")
WEIGHTS = Kind("weights", "shares", "shares of judged pairs by match weight")
REVIEW = Kind("review", "share", "questions to a person, to a record")
RESPONSES = Kind("responses", "share", "share of those asked who answered")
KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (ROWS, DAY, NULLS, VALUES, CLUSTERS, WEIGHTS, REVIEW, RESPONSES)
}

NUMBER = "value"  # under which a figure that is one number keeps it


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one run: of what, and its values; ``rows`` is how many rows it is of."""

    kind: Kind
    of: str
    column: str
    values: Mapping[str, float]
    rows: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the other figures of a run."""
        return (self.kind.name, self.of, self.column)

    @property
    def name(self) -> str:
        """What it is of, for people."""
        return f"{self.of}.{self.column}" if self.column else self.of

    @property
    def value(self) -> float:
        """The value of a figure that is one number."""
        return self.values[NUMBER]
