"""How a report is declared: the question it answers, its tables, what it needs, covers and cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from include.contracts.tables import Column, Table, text

ALL = "all"  # the dimension, and its category, of everybody
MONEY = "company currency"


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of a part, with its unit."""

    column: Column
    unit: str = ""


@dataclass(frozen=True)
class Part:
    """One table of a report. ``title`` names it to people; without ``history`` its former states are not kept.

    ``order`` names the columns that its rows are shown by, with - before those that go down; by default its key.
    """

    name: str
    title: str
    grain: str
    key: tuple[str, ...]
    figures: tuple[Figure, ...]
    history: bool = True
    order: tuple[str, ...] = ()

    @cached_property
    def table(self) -> Table:
        """The table that readers get."""
        return Table(self.name, self.grain, tuple(figure.column for figure in self.figures), self.key)

    @property
    def has_dimensions(self) -> bool:
        """Whether its rows are broken down by dimensions, `all` among them."""
        return "dimension" in self.key


@dataclass(frozen=True, slots=True)
class Need:
    """A table of the lake that a report cannot do without, by its name, and what is said where it has no rows."""

    table: str
    says: str


@dataclass(frozen=True, slots=True)
class Cover:
    """What a report could judge, of how much; ``says`` tells what became of the rest."""

    subject: str
    unit: str
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture of a report: a part's column over another; ``kind`` is line, area or bar."""

    part: str
    kind: str
    x: str
    y: str
    title: str
    colour: str = ""
    band: tuple[str, str] | None = None  # columns of an interval around y
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One report. ``window`` says which time it is about, ``source`` where its definition comes from."""

    key: str
    name: str
    question: str
    window: str
    definition: str
    source: str
    needs: tuple[Need, ...]
    parts: tuple[Part, ...]
    chart: Chart
    covers: tuple[Cover, ...] = ()
    cannot_say: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its tables, the main one first."""
        return tuple(part.table for part in self.parts)

    def part(self, name: str) -> Part:
        """Return the part of a name, with or without the report's own before it; raises KeyError."""
        known = {part.name: part for part in self.parts}
        return known[name] if name in known else known[f"report_{self.key}_{name}"]


def figure(column: Column, unit: str = "") -> Figure:
    """One column of a part, with its unit."""
    return Figure(column, unit)


DIMENSION: tuple[Figure, ...] = (
    figure(text("dimension", "What the rows are broken down by; `all` for everything together")),
    figure(text("category", "Value of the dimension; `unknown` where there is none")),
)
