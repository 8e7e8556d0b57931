"""The segment language as a typed tree; as text a tree is canonical: two conditions that read the same are the same.

Logic is SQL's: a comparison with an unknown value (null) is unknown, and a member is somebody for whom the whole
condition is true. ``in_segment`` and ``any/all/none_of_people`` are never unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from include.contracts.lists import PeopleList
from include.segments.clauses import (
    TEXT_TESTS,
    Between,
    Beyond,
    Compare,
    During,
    In,
    IsNull,
    Like,
    Operand,
    Tested,
    TextTest,
    Top,
    Within,
)
from include.segments.deeds import Changed, Did, Happened, Sequence, Step
from include.segments.sums import Sum, terms
from include.segments.values import Literal, Measured, Today, Value, quoted

QUANTIFIERS = ("any", "all", "none")


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


Course = Sequence | Changed | InList
Clause = Measured | Compare | Tested | InSegment | InList | People | OfAccount | Did | Sequence | Changed
Node = Clause | Not | And | Or


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below."""
    match node:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case People(condition=condition) | OfAccount(condition):
            return (condition,)
        case Top(among=among) if among is not None:
            return (among,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, in order."""
    yield node
    for child in children(node):
        yield from walk(child)


def clauses(node: Node) -> Iterator[Clause]:
    """Yield the clauses that and, or, not connect, in order; those on people stay whole."""
    if isinstance(node, And | Or | Not):
        for child in children(node):
            yield from clauses(child)
    else:
        yield node


def statements(node: Node) -> Iterator[Clause | Not]:
    """Yield the clauses as they stand in the condition, a ``not`` before one being part of it."""
    if isinstance(node, Not) and not isinstance(node.item, And | Or | Not):
        yield node
    elif isinstance(node, And | Or | Not):
        for child in children(node):
            yield from statements(child)
    else:
        yield node


def measures(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[str, ...]:
    """Return the names of the measures that the condition reads, sorted: as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    found = [part for clause in asked for part in operands(clause)]
    return tuple(sorted({part.name for part in found if isinstance(part, Measured)}))


def segments(node: Node) -> tuple[str, ...]:
    """Return the keys of the segments that the condition refers to, sorted."""
    return tuple(sorted({part.key for part in walk(node) if isinstance(part, InSegment)}))


def happenings(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[Happened, ...]:
    """Return what the condition counts of events, each once: as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    found = [part for clause in asked for part in operands(clause)]
    return tuple(dict.fromkeys(part for part in found if isinstance(part, Happened)))


def courses(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[Course, ...]:
    """Return the sequences of events, the changes and the lists that the condition asks for, as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    return tuple(dict.fromkeys(clause for clause in asked if isinstance(clause, Course)))


def lists(node: Node) -> tuple[PeopleList, ...]:
    """Return the lists that the condition asks about, of whomever, each once."""
    return tuple(dict.fromkeys(part.listed for part in walk(node) if isinstance(part, InList)))


def sequences(node: Node) -> tuple[Sequence, ...]:
    """Return the sequences of events that the condition asks for of the member itself, each once."""
    return tuple(course for course in courses(node) if isinstance(course, Sequence))


def counted(node: Node) -> tuple[Happened, ...]:
    """Return all that the condition asks of events, of whomever, those of the steps of sequences among them."""
    both = [*asking(node), *asking(node, of_people=True), *asking(node, of_account=True)]
    found = [part for clause in both for part in operands(clause) if isinstance(part, Happened)]
    steps = [step for clause in both if isinstance(clause, Sequence) for step in clause.steps]
    found += [part for step in steps for part in (step.counted, step.without) if part is not None]
    return tuple(dict.fromkeys(found))


def asking(node: Node, *, of_people: bool = False, of_account: bool = False) -> Iterator[Clause]:
    """Yield the clauses that ask about the member itself, or about its people, or about a person's account."""
    for clause in clauses(node):
        if isinstance(clause, People | OfAccount):
            is_asked = of_people if isinstance(clause, People) else of_account
            yield from asking(clause.condition) if is_asked else ()
        elif not (of_people or of_account):
            yield clause
        if isinstance(clause, Top) and clause.among is not None:
            yield from asking(clause.among, of_people=of_people, of_account=of_account)


def operands(clause: Clause) -> tuple[Measured | Happened, ...]:
    """Return what a clause compares, of sums their terms, those on people and segments aside."""
    found = [term for side in compared(clause) for term in terms(side)]
    return tuple(term for term in found if isinstance(term, Measured | Happened))


def compared(clause: Clause) -> tuple[Operand, ...]:
    """Return what a clause compares as it stands there, those on people and segments aside."""
    match clause:
        case Measured():
            return (clause,)
        case Compare(_, left, Measured() | Happened() | Sum() as right):
            return (left, right)
        case Compare(_, left, _):
            return (left,)
        case Did(counted):
            return (counted,)
        case InSegment() | InList() | People() | OfAccount() | Sequence() | Changed():
            return ()
        case _:
            return (clause.measure,)


def _enclosed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


__all__ = [
    "QUANTIFIERS", "TEXT_TESTS", "And", "Between", "Beyond", "Changed", "Clause", "Compare", "Course", "Did",
    "During", "Happened", "In", "InList", "InSegment", "IsNull", "Like", "Literal", "Measured", "Node", "Not",
    "OfAccount", "Operand", "Or", "People", "Sequence", "Step", "Sum", "Tested", "TextTest", "Today", "Top", "Value",
    "Within", "asking", "children", "clauses", "compared", "counted", "courses", "happenings", "lists", "measures",
    "operands", "segments", "sequences", "statements", "terms", "walk",
]  # fmt: skip
