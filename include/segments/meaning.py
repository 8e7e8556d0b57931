"""What a trait means: a value of the language, a place among all, or a score of parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.contracts.tables import Type

if TYPE_CHECKING:
    from include.segments.clauses import Operand
    from include.segments.nodes import Node

RANK, PERCENTILE = "rank", "percentile"


@dataclass(frozen=True, slots=True)
class Ranked:
    """``rank(value)``, 1 for the highest; ``percentile(value)``, the share of those with a value who have no more."""

    how: str
    of: Operand


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: ``points`` where a condition is true, or for each of a number and ``most`` at most.

    Half of them is left each ``halves_every_days`` from the date ``since``.
    """

    name: str
    points: float
    when: Node | None = None
    each: Operand | None = None
    most: float | None = None
    since: Operand | None = None
    halves_every_days: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """The sum of its parts; one of which too little is known adds nothing, and without any known one it is unknown."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Traited:
    """The value of a trait, which goes by its key and the digest of what it is."""

    name: str
    type: Type
    level: str
    version: str
    meaning: Operand | Ranked | Score = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def read(self) -> Iterator[Operand]:
        """Yield the values that it is made of, those of its conditions aside."""
        if isinstance(self.meaning, Score):
            yield from (value for part in self.meaning.parts for value in (part.each, part.since) if value is not None)
        else:
            yield self.meaning.of if isinstance(self.meaning, Ranked) else self.meaning

    def conditions(self) -> Iterator[Node]:
        """Yield the conditions of its parts."""
        if isinstance(self.meaning, Score):
            yield from (part.when for part in self.meaning.parts if part.when is not None)
