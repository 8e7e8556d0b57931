"""The segment language as a typed tree; as text a tree is canonical: two conditions that read the same are the same.

Logic is SQL's: a comparison with an unknown value (null) is unknown, and a member is somebody for whom the whole
condition is true. ``in_segment`` and ``any/all/none_of_people`` are never unknown.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from include.contracts.tables import Type

Value = str | int | float | bool | date
UNITS = {"days": 36_500, "weeks": 5_200, "months": 1_200, "years": 100}  # and the most of each
QUANTIFIERS = ("any", "all", "none")


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

    def __str__(self) -> str:
        return _quoted(self.value)


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; op is one of = != < <= > >=."""

    op: str
    left: Measured
    right: Measured | Literal

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
    low: Literal
    high: Literal

    def __str__(self) -> str:
        return f"{self.measure} between {self.low} and {self.high}"


@dataclass(frozen=True, slots=True)
class Like:
    """``measure like pattern``: % stands for any text, _ for one character; case matters."""

    measure: Measured
    pattern: str

    def __str__(self) -> str:
        return f"{self.measure} like {_quoted(self.pattern)}"


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
        other = _later(as_of, self.amount if self.ahead else -self.amount, self.unit)
        return (as_of, other) if self.ahead else (other + timedelta(days=1), as_of)

    def __str__(self) -> str:
        return f"within_{'next' if self.ahead else 'last'}({self.measure}, {self.amount} {self.unit})"


@dataclass(frozen=True, slots=True)
class InSegment:
    """``in_segment('key')``: in that segment as it is published; of a person also by the account."""

    key: str

    def __str__(self) -> str:
        return f"in_segment({_quoted(self.key)})"


@dataclass(frozen=True, slots=True)
class People:
    """``any_of_people(...)`` and so on: of an account's people; ``all`` asks for at least one."""

    quantifier: str
    condition: Node

    def __str__(self) -> str:
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


Clause = Measured | Compare | In | Between | Like | IsNull | Within | InSegment | People
Node = Clause | Not | And | Or


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below."""
    match node:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case People(_, condition):
            return (condition,)
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
    return tuple(sorted(found))


def segments(node: Node) -> tuple[str, ...]:
    """Return the keys of the segments that the condition refers to, sorted."""
    return tuple(sorted({part.key for part in walk(node) if isinstance(part, InSegment)}))


def included(node: Node, *, truth: bool = True) -> tuple[str, ...]:
    """Return the keys of the segments whose members the condition takes in, not only leaves out, sorted."""
    match node:
        case InSegment(key):
            return (key,) if truth else ()
        case Not(item):
            return included(item, truth=not truth)
        case People(quantifier, condition):
            return included(condition, truth=truth is not (quantifier == "none"))
    return tuple(sorted({key for child in children(node) for key in included(child, truth=truth)}))


def _measured(clause: Clause) -> tuple[Measured, ...]:
    match clause:
        case Measured():
            return (clause,)
        case Compare(_, left, Measured() as right):
            return (left, right)
        case Compare(_, left, _):
            return (left,)
        case In(measure, _) | Between(measure, _, _) | Like(measure, _) | IsNull(measure) | Within(measure, _, _, _):
            return (measure,)
        case _:
            return ()


def _enclosed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


def _quoted(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _later(day: date, amount: int, unit: str) -> date:
    """Return the day so much later; a day that the month lacks becomes its last."""
    if unit in ("days", "weeks"):
        return day + timedelta(**{unit: amount})
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
