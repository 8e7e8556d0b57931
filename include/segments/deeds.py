"""What a condition asks of events: how many there were of a kind in a span, their first and last day."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from include.contracts.tables import Type
from include.segments.meaning import Traited
from include.segments.values import Literal, Measured, Today, quoted

if TYPE_CHECKING:
    from include.segments.nodes import Node

TIMES, DISTINCT, SUM, AVERAGE, FIRST, LAST = "times", "distinct", "sum", "average", "first", "last"
MOST_FREQUENT, EARLIEST, LATEST = "most_frequent", "earliest", "latest"
PICKED = (MOST_FREQUENT, EARLIEST, LATEST)  # one of the values of a property
COUNTS = (TIMES, DISTINCT)
DAY = "day"
"""What a condition on an event calls the day of it."""
HOW_OFTEN = ("at_least", "at_most", "exactly")


@dataclass(frozen=True, slots=True)
class Happened:
    """One number or day of somebody's events of a kind: ``times_did('Report Exported', within_last 14 days)``.

    ``what`` is one of times, distinct and sum and average (of the property ``of``), most_frequent, earliest and latest
    (value of it), first and last (day). ``span`` is a
    condition on the day, ``where`` one on properties.
    """

    what: str
    event: str
    of: str
    type: Type
    span: Node | None = None
    where: Node | None = None

    @property
    def name(self) -> str:
        """Name of the column that holds it, which fits into PostgreSQL's 63 characters."""
        return f"{self.what}_{sha256(str(self).encode()).hexdigest()[:16]}"

    @property
    def arguments(self) -> str:
        """Which events are counted, as a condition has it."""
        span = f", {span_text(self.span)}" if self.span is not None else ""
        where = f", where {self.where}" if self.where is not None else ""
        return f"{span}{where}"

    def __str__(self) -> str:
        of = f", {self.of}" if self.of else ""
        return f"{self.what}_did({quoted(self.event)}{of}{self.arguments})"


@dataclass(frozen=True, slots=True)
class Did:
    """``did('Report Exported', at_least 3, ...)``: how many events there were; unknown where some cannot be judged."""

    counted: Happened
    how_often: str = "at_least"
    times: int = 1

    def __str__(self) -> str:
        often = "" if (self.how_often, self.times) == ("at_least", 1) else f", {self.how_often} {self.times}"
        return f"did({quoted(self.counted.event)}{often}{self.counted.arguments})"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence: which events it is, how long after the step before at most, and without what between."""

    counted: Happened
    within: tuple[int, str] | None = None
    without: Happened | None = None

    def __str__(self) -> str:
        within = f"within {self.within[0]} {self.within[1]} " if self.within else ""
        without = f" without {Did(self.without)} between" if self.without else ""
        return f"{within}{Did(self.counted)}{without}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """``did(...) then within 7 days did(...) without did(...) between``: each step after the one before."""

    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """Name of the column that holds whether somebody went through it."""
        return f"in_order_{sha256(str(self).encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        return " then ".join(map(str, self.steps))


@dataclass(frozen=True, slots=True)
class Changed:
    """``changed(measure, from 'a' to 'b', within_last 90 days)``: on one of the days that are kept it became another.

    From and to which value, and on which days, are asked where they are given. A value that was unknown, or is, has not
    changed.
    """

    measure: Measured | Traited
    before: Literal | None = None
    after: Literal | None = None
    span: Node | None = None

    @property
    def name(self) -> str:
        """Name of the column that holds whether it did."""
        return f"changed_{sha256(str(self).encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        before = f"from {self.before}" if self.before else ""
        after = f"to {self.after}" if self.after else ""
        asked = (" ".join(filter(None, (before, after))), span_text(self.span) if self.span is not None else "")
        return f"changed({', '.join((str(self.measure), *filter(None, asked)))})"


@dataclass(frozen=True, slots=True)
class Was:
    """``was(condition, 30 days ago)``: true of the measures and traits as they are kept of that day.

    Unknown where nothing is kept of it.
    """

    condition: Node
    when: Today

    @property
    def name(self) -> str:
        """Name of the column that holds whether it was."""
        return f"was_{sha256(str(self).encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        return f"was({self.condition}, {self.when})"


def span_text(node: Node) -> str:
    """Return a condition on the day of an event as it stands among its arguments: ``within_last 14 days``."""
    text = str(node)
    for call in ("within_last", "before_last", "during"):
        if text.startswith(f"{call}({DAY}, "):
            return f"{call} {text[len(call) + len(DAY) + 3 : -1]}"
    for sign, word in ((" < ", "before"), (" > ", "after"), (" between ", "between")):
        if text.startswith(f"{DAY}{sign}"):
            return f"{word} {text[len(DAY) + len(sign) :]}"
    raise AssertionError(text)
