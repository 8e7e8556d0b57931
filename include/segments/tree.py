"""The segment language as a typed tree; as text a tree is canonical: two conditions that read the same are the same.

Logic is SQL's: a comparison with an unknown value (null) is unknown, and a member is somebody for whom the whole
condition is true. ``in_segment`` and ``any/all/none_of_people`` are never unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from include.segments.deeds import Did, Happened, Sequence, Step
from include.segments.values import Literal, Measured, Today, Value, quoted

QUANTIFIERS = ("any", "all", "none")


@dataclass(frozen=True, slots=True)
class InSegment:
    """``in_segment('key')``: in that segment as it is published; of a person also by the account."""

    key: str

    def __str__(self) -> str:
        return f"in_segment({quoted(self.key)})"


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


Clause = Measured | Compare | Tested | InSegment | People | Did | Sequence
Node = Clause | Not | And | Or


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below."""
    match node:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case People(_, condition, _):
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


def measures(node: Node, *, of_people: bool = False) -> tuple[str, ...]:
    """Return the names of the measures that the condition reads of the member itself, or of its people, sorted."""
    found = [part for clause in asking(node, of_people=of_people) for part in operands(clause)]
    return tuple(sorted({part.name for part in found if isinstance(part, Measured)}))


def segments(node: Node) -> tuple[str, ...]:
    """Return the keys of the segments that the condition refers to, sorted."""
    return tuple(sorted({part.key for part in walk(node) if isinstance(part, InSegment)}))


def happenings(node: Node, *, of_people: bool = False) -> tuple[Happened, ...]:
    """Return what the condition counts of the events of the member itself, or of its people, each once."""
    found = [part for clause in asking(node, of_people=of_people) for part in operands(clause)]
    return tuple(dict.fromkeys(part for part in found if isinstance(part, Happened)))


def sequences(node: Node, *, of_people: bool = False) -> tuple[Sequence, ...]:
    """Return the sequences of events that the condition asks for of the member itself, or of its people, each once."""
    found = (clause for clause in asking(node, of_people=of_people) if isinstance(clause, Sequence))
    return tuple(dict.fromkeys(found))


def counted(node: Node) -> tuple[Happened, ...]:
    """Return all that the condition asks of events, of whomever, those of the steps of sequences among them."""
    both = [clause for of_people in (False, True) for clause in asking(node, of_people=of_people)]
    found = [part for clause in both for part in operands(clause) if isinstance(part, Happened)]
    steps = [step for clause in both if isinstance(clause, Sequence) for step in clause.steps]
    found += [part for step in steps for part in (step.counted, step.without) if part is not None]
    return tuple(dict.fromkeys(found))


def asking(node: Node, *, of_people: bool) -> Iterator[Clause]:
    """Yield the clauses that ask about the member itself, or about its people."""
    for clause in clauses(node):
        if isinstance(clause, People):
            yield from asking(clause.condition, of_people=False) if of_people else ()
        elif not of_people:
            yield clause
        if isinstance(clause, Top) and clause.among is not None:
            yield from asking(clause.among, of_people=of_people)


def operands(clause: Clause) -> tuple[Operand, ...]:
    """Return what a clause compares, those on people and segments aside."""
    match clause:
        case Measured():
            return (clause,)
        case Compare(_, left, Measured() | Happened() as right):
            return (left, right)
        case Compare(_, left, _):
            return (left,)
        case Did(counted):
            return (counted,)
        case InSegment() | People() | Sequence():
            return ()
        case _:
            return (clause.measure,)


def _enclosed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


__all__ = [
    "QUANTIFIERS", "TEXT_TESTS", "And", "Between", "Beyond", "Clause", "Compare", "Did", "During", "Happened", "In",
    "InSegment", "IsNull", "Like", "Literal", "Measured", "Node", "Not", "Operand", "Or", "People", "Sequence", "Step",
    "Tested", "TextTest", "Today", "Top", "Value", "Within", "asking", "children", "clauses", "counted", "happenings",
    "measures", "operands", "segments", "sequences", "statements", "walk",
]  # fmt: skip
