"""What a comparison is declared by; ``levels`` declares them all."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from pathlib import Path

from include.contracts.errors import FatalError
from include.matching.relations import ONE_PERSON, RELATIONS, Relation


class Level(IntEnum):
    """How alike two values are; 0, which no comparison declares, is null on either side: no evidence."""

    @property
    def label(self) -> str:
        """The level in words, as evidence spells it."""
        return self.name.lower()


Prior = Mapping[int, float]
Bound = tuple[Relation, int, float, float]


WIDE = 0.05  # of the pairs that a rule may list, those of one whose blocks are mostly too large: its small ones tell
# what the others promise


class When(Enum):
    """Whether agreement on two columns is worth a blocking rule."""

    NEVER = auto()
    WITHOUT_NAMES = auto()  # in tables that have no names; beside names a wide one
    ALWAYS = auto()


@dataclass(frozen=True)
class Blocks:
    """Which pairs agreement on a column lets blocking propose.

    ``alone``: those that agree on it. ``with_name``: on it, a last name and an initial. ``with_half``: on it and a
    first name alone, or a last name alone, with the share of its pairs that each of the two rules may list.
    ``with_another``: on it and another such column.
    """

    alone: bool = False
    with_name: bool = False
    with_half: tuple[float, float] | None = None
    with_another: When = When.NEVER


@dataclass(frozen=True)
class Comparison:
    """One role of evidence: its levels, and all that is known of it before any data.

    ``same``, ``strangers`` and ``related`` are the probability of each level among people so related; what
    ``related`` does not name is as among strangers (for one person who moved: as for one who did not). Raises
    FatalError, naming file and line, where a level has no prior.
    """

    role: str
    levels: type[Level]
    same: Prior
    strangers: Prior
    related: Mapping[Relation, Prior] = field(default_factory=dict)
    agrees: tuple[int, ...] = ()  # levels that speak for one person beside those of equal values
    sorts: tuple[int, ...] = ()  # levels that only say which sorts of value two records have
    classes: tuple[int, ...] = ()  # levels of equal values by how many people share them; none: they go by frequency
    parts: tuple[int, ...] = ()  # levels that say two people by themselves, whatever else a column's values say
    separate: tuple[tuple[int, ...], ...] = ()  # levels normalised among themselves: a kind of missingness
    bounds: tuple[Bound, ...] = ()  # the least and most probability of a level in a relation, whatever the data say
    as_one_person: bool = False  # relatives share it as one person's records do, so it never tells them apart
    kept: frozenset[Relation] = frozenset()  # relations whose equal values are spread like records', not like chance
    similar: float = 0.0  # Jaro-Winkler similarity from which texts are close; 0: none is
    prefix: int = 0  # code points that close texts begin with; 0: not asked
    blocks: Blocks = Blocks()
    sampled: bool = False  # related people share it, so that pairs that agree on it are drawn for the estimate

    def __post_init__(self) -> None:
        priors = {"one person": self.same, "strangers": self.strangers}
        priors |= {RELATIONS[relation]: prior for relation, prior in self.related.items()}
        for among, prior in priors.items():
            for level in self.levels:
                if level not in prior:
                    at = sys._getframe(2)  # of the declaration, which calls the constructor that dataclass makes
                    raise FatalError(
                        f"{Path(at.f_code.co_filename).name}, line {at.f_lineno}: the comparison {self.role!r} does "
                        f"not say how likely {level.label!r} is among {among}; add it to that prior."
                    )

    def among(self, relation: Relation) -> Prior:
        """The prior of people so related."""
        if relation is Relation.RELATIVE and self.as_one_person:
            return self.same
        return self.related.get(relation, self.same if relation < ONE_PERSON else self.strangers)

    @property
    def words(self) -> dict[int, str]:
        """Each level's number and its name in evidence."""
        return {int(level): level.label for level in self.levels}

    @property
    def speaks(self) -> bool:
        """Whether any level says more than which sorts of value two records have."""
        return any(level not in self.sorts for level in self.levels)

    @property
    def equal(self) -> int:
        """The level of equal values: the first."""
        return int(next(iter(self.levels)))

    @property
    def main(self) -> list[int]:
        """The levels without those that are normalised among themselves."""
        apart = [level for levels in self.separate for level in levels]
        return [int(level) for level in self.levels if level not in apart]


def prior(levels: type[Level], **share: float) -> Prior:
    """How likely each level is, by its label; raises FatalError where no level is called so."""
    unknown = next((label for label in share if label.upper() not in levels.__members__), None)
    if unknown is not None:
        raise FatalError(f"A prior names the level {unknown!r}, which {levels.__name__} does not declare.")
    return {int(levels[label.upper()]): value for label, value in share.items()}
