"""Whether a condition can be fulfilled by nobody, or by everybody, whatever the data: it is tried on all that differs.

Values that a comparison cannot tell apart are one: of each measure the condition's own bounds are tried, what lies
between, below and above them as far as the measure goes, and the unknown. Other clauses are true, false or unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

import ibis
import pyarrow as pa

from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, measures_of
from include.contracts.tables import Column, Type
from include.segments import tree
from include.segments.expression import expression
from include.segments.population import Population

TRIED = 20_000  # combinations; a condition that has more is not judged as a whole
NEVER_UNKNOWN = (tree.InSegment, tree.People, tree.Changed)
OTHER_TEXT = "\x00"


def nonsense(condition: tree.Node, level: str, as_of: date) -> tuple[str, ...]:
    """Return a sentence for each part of a condition that nobody or everybody fulfils."""
    parts = list(dict.fromkeys(tree.clauses(condition)))
    found = [told for part in parts if (told := _clause(part, level, as_of))]
    for part in parts:
        if isinstance(part, tree.Elsewhere):
            found += nonsense(part.condition, "person" if isinstance(part, tree.People) else "account", as_of)
    outcome = _outcome(condition, level, as_of)
    if outcome is True:
        found.append(f"Everybody fulfils this, whoever they are: {condition}.")
    if not found:
        found += _contradiction(condition, level, as_of)
    if outcome is False and not found:
        found.append(f"Nobody can fulfil this, whoever they are: {condition}.")
    return tuple(dict.fromkeys(found))


def _contradiction(condition: tree.Node, level: str, as_of: date) -> list[str]:
    """Two parts that exclude each other where both are asked for."""
    for node in _own(condition):
        if isinstance(node, tree.And):
            for pair in combinations(node.items, 2):
                if _outcome(tree.And(pair), level, as_of) is False:
                    return [f"Nobody can fulfil both {pair[0]} and {pair[1]}."]
    return []


def _own(node: tree.Node) -> Iterator[tree.Node]:
    """The node and all below it that is asked of the member itself."""
    yield node
    if not isinstance(node, tree.Elsewhere):
        for child in tree.children(node):
            yield from _own(child)


def _clause(clause: tree.Clause, level: str, as_of: date) -> str | None:
    if _is_opaque(clause) or isinstance(clause, tree.IsNull):
        return None
    outcome = _outcome(clause, level, as_of)
    if isinstance(clause, tree.Between) and outcome is False:
        low, high = clause.low.on(as_of), clause.high.on(as_of)
        if low > high:  # type: ignore[operator]
            return f"The range is turned round, so that nobody fulfils {clause}; write the lower end first."
    if outcome is False:
        (name, *_) = tree.measures(clause)
        return f"{name} goes {_range(measures_of(level)[name].column)}, so that nobody fulfils {clause}."
    return None


def _is_opaque(clause: tree.Clause) -> bool:
    """Clauses that are not looked into, and may be true or false whatever the others are."""
    if isinstance(clause, tree.Compare) and len(tree.compared(clause)) > 1:
        return True
    if any(not isinstance(part, tree.Measured) for part in tree.compared(clause)):
        return True
    return isinstance(
        clause,
        tree.InSegment
        | tree.Elsewhere
        | tree.Sequence
        | tree.Changed
        | tree.Was
        | tree.InList
        | tree.Like
        | tree.TextTest
        | tree.Anniversary
        | tree.Top,
    )


def _range(column: Column) -> str:
    low = f"from {column.minimum:g}" if column.minimum is not None else ""
    high = f"to {column.maximum:g}" if column.maximum is not None else ""
    return f"{low} {high}".strip() or "differently"


def _outcome(condition: tree.Node, level: str, as_of: date) -> bool | None:
    """Return True where everybody fulfils a condition, False where nobody does, None where it depends."""
    free = [clause for clause in dict.fromkeys(tree.clauses(condition)) if _is_opaque(clause)]
    names = {clause: f"clause_{n}" for n, clause in enumerate(free)}
    node = _replaced(condition, names)
    columns = {name: measures_of(level)[name].column for name in tree.measures(node) if name not in names.values()}
    values = {name: _values(node, column, as_of) for name, column in columns.items()}
    values |= {
        name: [True, False, *([] if isinstance(clause, NEVER_UNKNOWN) else [None])] for clause, name in names.items()
    }
    if prod(map(len, values.values())) > TRIED or not values:
        return None
    found = _tried(node, level, values, as_of)
    return True if found == {True} else None if True in found else False


def _tried(node: tree.Node, level: str, values: dict[str, list[Any]], as_of: date) -> set[bool | None]:
    schema = (CUSTOMER_360 if level == "person" else ACCOUNT_360).schema
    types = {name: schema.field(name).type if name in schema.names else pa.bool_() for name in values}
    columns = zip(*product(*values.values()), strict=True)
    rows = pa.table({name: pa.array(cells, types[name]) for name, cells in zip(values, columns, strict=True)})
    known = measures_of(level)
    ends = {known[name].until: ibis.literal(as_of) for name in values if name in known and known[name].until}
    people = ibis.memtable(rows).mutate(**ends)
    asked = Population(as_of, people, people, lambda _: (level, people))
    judged = people.select(state=expression(node, level, asked)).distinct().to_pyarrow()
    return set(judged["state"].to_pylist())


def _replaced(node: tree.Node, names: dict[tree.Clause, str]) -> tree.Node:
    """The condition with clauses as flags of those names."""
    match node:
        case tree.And(items):
            return tree.And(tuple(_replaced(item, names) for item in items))
        case tree.Or(items):
            return tree.Or(tuple(_replaced(item, names) for item in items))
        case tree.Not(item):
            return tree.Not(_replaced(item, names))
    return tree.Measured(names[node], Type.BOOLEAN) if node in names else node


def _values(node: tree.Node, column: Column, as_of: date) -> list[Any]:
    """All values of a measure that the condition may tell apart."""
    unknown: list[Any] = [] if column.required else [None]
    if column.type is Type.BOOLEAN:
        return [True, False, *unknown]
    bounds = sorted({bound for clause in tree.clauses(node) for bound in _bounds(clause, column, as_of)})
    if column.type is Type.TEXT:
        return [*(column.allowed or (*bounds, OTHER_TEXT)), *unknown]
    return [*(value for value in _around(column, bounds) if _is_possible(column, value)), *unknown]


def _around(column: Column, bounds: Sequence[Any]) -> Iterator[Any]:
    """Yield the bounds, and what lies between, below and above them."""
    step: Any = timedelta(days=1) if column.type is Type.DATE else 1
    ends = [end for end in (column.minimum, column.maximum) if end is not None and column.type is not Type.DATE]
    known = sorted({*bounds, *ends}) or ([0] if column.type is not Type.DATE else [date(2000, 1, 1)])
    yield from dict.fromkeys(near for bound in known for near in (bound - step, bound, bound + step))
    if column.type is Type.NUMBER:
        yield from ((low + high) / 2 for low, high in pairwise(known))


def _is_possible(column: Column, value: Any) -> bool:
    if column.type is Type.DATE:
        return True
    if column.type is Type.INTEGER and value != int(value):
        return False
    return (column.minimum is None or value >= column.minimum) and (column.maximum is None or value <= column.maximum)


def _bounds(clause: tree.Clause, column: Column, as_of: date) -> Iterator[Any]:
    """Yield the values that a clause compares the measure with."""
    if column.name not in tree.measures(clause):
        return
    match clause:
        case tree.Compare(_, _, tree.Literal() | tree.Today() as right):
            yield right.on(as_of)
        case tree.In(_, values):
            yield from (value.value for value in values)
        case tree.Between(_, low, high):
            yield from (low.on(as_of), high.on(as_of))
        case tree.Within() | tree.During():
            yield from clause.bounds(as_of)
        case tree.Beyond():
            yield clause.edge(as_of)
