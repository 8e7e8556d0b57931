"""The segment language as a typed tree; as text a tree is canonical: two conditions that read the same are the same.

Logic is SQL's: a comparison with an unknown value (null) is unknown, and a member is somebody for whom the whole
condition is true. ``in_segment`` and ``any/all/none_of_people`` are never unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from include.segments.calendar import WHICH, first_day, later
from include.segments.values import Literal, Measured, Today, Value, quoted

QUANTIFIERS = ("any", "all", "none")
TEXT_TESTS = ("contains", "starts with", "ends with")


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; op is one of = != < <= > >=."""

    op: str
    left: Measured
    right: Measured | Literal | Today

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


@dataclass(frozen=True, slots=True)
class In:
    """``measure in (values)``."""

    measure: Measured
    values: tuple[Literal, ...]

    def __str__(self) -> str:
        return f"{self.measure} in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Between:
    """``measure between low and high``, both included."""

    measure: Measured
    low: Literal | Today
    high: Literal | Today

    def __str__(self) -> str:
        return f"{self.measure} between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Like:
    """``measure like pattern``: % stands for any text, _ for one character; case matters, in ``ilike`` not."""

    measure: Measured
    pattern: str
    ignores_case: bool = False

    def __str__(self) -> str:
        return f"{self.measure} {'ilike' if self.ignores_case else 'like'} {quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class TextTest:
    """``measure contains 'text'``, ``starts with``, ``ends with``: any of the texts, without regard to case."""

    measure: Measured
    test: str
    texts: tuple[str, ...]

    def __str__(self) -> str:
        listed = ", ".join(map(quoted, self.texts))
        return f"{self.measure} {self.test} {f'any of ({listed})' if len(self.texts) > 1 else listed}"


@dataclass(frozen=True, slots=True)
class IsNull:
    """``measure is null``."""

    measure: Measured

    def __str__(self) -> str:
        return f"{self.measure} is null"


@dataclass(frozen=True, slots=True)
class Within:
    """``within_next(measure, n unit)``: from the logical date to n units later, both included, as renewal buckets are.

    ``within_last(measure, n unit)``: the n units that end with the logical date, so n days are n dates, as windows are.
    """

    measure: Measured
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

    measure: Measured
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

    measure: Measured
    which: str
    period: str

    def bounds(self, as_of: date) -> tuple[date, date]:
        """Return the first and the last day of the period."""
        step = WHICH.index(self.which) - 1
        first = first_day(as_of, self.period, step)
        return first, first_day(as_of, self.period, step + 1) - timedelta(days=1)

    def __str__(self) -> str:
        return f"during({self.measure}, '{self.which} {self.period}')"


@dataclass(frozen=True, slots=True)
class Top:
    """``in_top(measure, 10%)``, ``in_top(measure, 100)``, ``in_bottom(...)``: of all whose value is known.

    With a third argument, of those for whom the condition ``among`` is true. As many as that share or number, and
    whoever has the same value as the last of them. ``amount`` is a number of members, or of hundredths of a percent
    where ``is_share``.
    """

    measure: Measured
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


Tested = In | Between | Like | TextTest | IsNull | Within | Beyond | During | Top
Clause = Measured | Compare | Tested | InSegment | People
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
    found: set[str] = set()
    for clause in clauses(node):
        if isinstance(clause, People):
            found.update(measures(clause.condition) if of_people else ())
        elif not of_people:
            found.update(part.name for part in _measured(clause))
        if isinstance(clause, Top) and clause.among is not None:
            found.update(measures(clause.among, of_people=of_people))
    return tuple(sorted(found))


def segments(node: Node) -> tuple[str, ...]:
    """Return the keys of the segments that the condition refers to, sorted."""
    return tuple(sorted({part.key for part in walk(node) if isinstance(part, InSegment)}))


def _measured(clause: Clause) -> tuple[Measured, ...]:
    match clause:
        case Measured():
            return (clause,)
        case Compare(_, left, Measured() as right):
            return (left, right)
        case Compare(_, left, _):
            return (left,)
        case InSegment() | People():
            return ()
        case _:
            return (clause.measure,)


def _enclosed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


__all__ = [
    "QUANTIFIERS", "TEXT_TESTS", "And", "Between", "Beyond", "Clause", "Compare", "During", "In", "InSegment",
    "IsNull", "Like", "Literal", "Measured", "Node", "Not", "Or", "People", "Tested", "TextTest", "Today", "Top",
    "Value", "Within", "children", "clauses", "measures", "segments", "statements", "walk",
]  # fmt: skip
