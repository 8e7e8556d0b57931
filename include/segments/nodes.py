"""The nodes of a condition: what connects clauses, and the clauses that ask about others than the member's values."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from include.contracts.lists import PeopleList
from include.segments.clauses import Compare, IsNull, Tested
from include.segments.deeds import Changed, Did, Sequence, Was
from include.segments.values import Measured, quoted

QUANTIFIERS = ("any", "all", "none")
PARENT, CHILDREN, PARENTS = "parent", "children", "parents"  # an account's own, and those below and above it
RELATED = (CHILDREN, PARENTS)


@dataclass(frozen=True, slots=True)
class InSegment:
    """``in_segment('key')``: in that segment as it is published; of a person also by the account."""

    key: str

    def __str__(self) -> str:
        return f"in_segment({quoted(self.key)})"


@dataclass(frozen=True, slots=True)
class InList:
    """``in_list('key')``: of a person, on that list; unknown where the list is too old."""

    listed: PeopleList

    @property
    def name(self) -> str:
        """Name of the column that holds whether somebody is on it."""
        return f"on_list_{sha256(self.listed.key.encode()).hexdigest()[:16]}"

    def __str__(self) -> str:
        return f"in_list({quoted(self.listed.key)})"


@dataclass(frozen=True, slots=True)
class People:
    """``any_of_people(...)`` and so on: of an account's people; ``all`` asks for at least one.

    ``at_least_of_people(3, ...)`` is ``any`` with another ``least`` number of them.
    """

    quantifier: str
    condition: Node
    least: int = 1

    def __str__(self) -> str:
        if self.least > 1:
            return f"at_least_of_people({self.least}, {self.condition})"
        return f"{self.quantifier}_of_people({self.condition})"


@dataclass(frozen=True, slots=True)
class OfAccount:
    """``account(...)``: of a person, whether it is true of the account; unknown where there is none."""

    condition: Node

    def __str__(self) -> str:
        return f"account({self.condition})"


@dataclass(frozen=True, slots=True)
class Relatives:
    """``any_of_children(...)`` and so on: of an account's children, or parents, at any depth.

    ``all`` asks for at least one. ``parent(...)`` is of the account right above; unknown where there is none.
    """

    whose: str
    quantifier: str
    condition: Node
    least: int = 1

    def __str__(self) -> str:
        if self.whose == PARENT:
            return f"{PARENT}({self.condition})"
        if self.least > 1:
            return f"at_least_of_{self.whose}({self.least}, {self.condition})"
        return f"{self.quantifier}_of_{self.whose}({self.condition})"


@dataclass(frozen=True, slots=True)
class Not:
    """``not item``."""

    item: Node

    def __str__(self) -> str:
        if isinstance(self.item, IsNull):
            return f"{self.item.measure} is not null"
        return f"not {_enclosed(self.item)}"


@dataclass(frozen=True, slots=True)
class And:
    """All items."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(map(_enclosed, self.items))


@dataclass(frozen=True, slots=True)
class Or:
    """Any item."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(map(_enclosed, self.items))


Course = Sequence | Changed | Was | InList
Elsewhere = People | OfAccount | Relatives
"""Clauses that ask about others than the member."""
Clause = Measured | Compare | Tested | InSegment | InList | Elsewhere | Did | Sequence | Changed | Was
Node = Clause | Not | And | Or


def _enclosed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)
