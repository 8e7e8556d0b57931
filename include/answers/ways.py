"""Ways out of a segment, or into it: the fewest clauses that would have to change, as a company wants or can do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice, product
from typing import Any

import ibis
import pyarrow as pa

from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, measures_of
from include.contracts.measures.wanted import LESS, MORE, WANTED
from include.contracts.tables import Column, Type
from include.segments import tree
from include.segments.expression import expression
from include.segments.population import Population

Truth = Mapping[tree.Node, bool | None]
Row = Mapping[str, Any]
Change = tuple[tree.Clause, bool]
Way = tuple[Change, ...]
MOST = 12  # ways; more would not be read
TRIED = 5_000  # ways that are put together of parts


def state_of(node: tree.Node, truth: Truth) -> bool | None:
    """Return the truth of a node from that of its clauses, by SQL's three-valued logic."""
    match node:
        case tree.Not(item):
            state = state_of(item, truth)
            return None if state is None else not state
        case tree.And(items):
            states = [state_of(item, truth) for item in items]
            return False if False in states else None if None in states else True
        case tree.Or(items):
            states = [state_of(item, truth) for item in items]
            return True if True in states else None if None in states else False
        case _:
            return truth[node]


def ways(node: tree.Node, target: bool, truth: Truth, can: Callable[[tree.Clause, bool], bool]) -> tuple[Way, ...]:
    """Return all ways in which the fewest clauses change so that the node becomes ``target``.

    A way is the clauses and what each would have to become; ``can`` tells which changes are to be had. Without any
    way nothing is returned; where the node is ``target`` already, one way without changes.
    """
    if state_of(node, truth) is target:
        return ((),)
    match node:
        case tree.Not(item):
            return ways(item, not target, truth, can)
        case tree.And(items) | tree.Or(items):
            parts = [ways(item, target, truth, can) for item in items]
            together = isinstance(node, tree.And) == target
            return _shortest(_joined(parts) if together else [way for part in parts for way in part])
        case _:
            return (((node, target),),) if can(node, target) else ()


def _joined(parts: Iterable[tuple[Way, ...]]) -> Iterator[Way]:
    """One way of each part, together; none that asks of a clause to become both."""
    for chosen in islice(product(*parts), TRIED):
        way = tuple(dict.fromkeys(change for part in chosen for change in part))
        if len({clause for clause, _ in way}) == len(way):
            yield way


def _shortest(found: Iterable[Way]) -> tuple[Way, ...]:
    known = list(dict.fromkeys(found))
    fewest = min(map(len, known), default=0)
    return tuple(way for way in known if len(way) == fewest)[:MOST]


def through(
    others: Mapping[str, tree.Node], truth: Truth, can: Callable[[tree.Clause, bool], bool]
) -> Callable[[tree.Clause, bool], bool]:
    """Return ``can``, which leads through a segment of ``others`` only where its own condition gives a way."""

    def _through(clause: tree.Clause, target: bool) -> bool:
        if isinstance(clause, tree.InSegment) and clause.key in others:
            return bool(ways(others[clause.key], target, truth, _through))
        return can(clause, target)

    return _through


def could_become(clause: tree.Clause, target: bool, row: Row, level: str) -> bool:  # noqa: PLR0911 - one a kind
    """Tell whether a clause could become ``target`` by a change of one measure that a company wants or can make."""
    if isinstance(clause, tree.InSegment | tree.InList):
        return True
    if isinstance(clause, tree.Was):
        return False  # what was does not change
    if isinstance(clause, tree.Changed):
        return target or clause.span is not None
    if isinstance(clause, tree.Elsewhere):
        return any(name in WANTED for name in tree.measures(clause.condition))
    if isinstance(clause, tree.Did):
        return target is (clause.how_often == "at_least") or clause.counted.span is not None
    if isinstance(clause, tree.Sequence) or any(
        isinstance(part, tree.Happened | tree.Traited) for part in tree.operands(clause)
    ):
        return True
    if any(isinstance(side, tree.Sum | tree.Weekday) for side in tree.compared(clause)):
        return any(name in WANTED for name in tree.measures(clause))
    if isinstance(clause, tree.Top):
        return clause.measure.name in WANTED
    return any(_could(clause, name, target, row, level) for name in tree.measures(clause))


def _could(clause: tree.Clause, name: str, target: bool, row: Row, level: str) -> bool:
    values = list(_wanted_values(clause, measures_of(level)[name].column, row))
    if not values:
        return False
    table = CUSTOMER_360 if level == "person" else ACCOUNT_360
    known = measures_of(level)
    names = sorted({each for read in tree.measures(clause) for each in (read, known[read].until) if each})
    schema = pa.schema([table.schema.field(each).with_nullable(True) for each in names])
    rows = pa.Table.from_pylist([{**{n: row[n] for n in names}, name: value} for value in values], schema=schema)
    people = ibis.memtable(rows)
    asked = Population(row["as_of"], people, people, lambda _: (level, people))
    judged = people.select(state=expression(clause, level, asked)).to_pyarrow()
    return target in judged["state"].to_pylist()


def _wanted_values(clause: tree.Clause, column: Column, row: Row) -> Iterator[Any]:
    """Yield values that a company would want the measure to take, those beside the clause's bounds among them."""
    wanted, now = WANTED.get(column.name), row[column.name]
    if wanted is None:
        return
    if isinstance(wanted, tuple):
        yield from wanted[wanted.index(now) + 1 :] if now in wanted else wanted
        return
    if column.type is Type.TEXT:
        yield from (value for value in column.allowed or () if value != now)
        return
    for value in _near(clause, column, row):
        is_possible = (column.minimum is None or value >= column.minimum) and (
            column.maximum is None or value <= column.maximum
        )
        is_wanted = now is None or (wanted != LESS and value > now) or (wanted != MORE and value < now)
        if is_possible and is_wanted:
            yield value


def _near(clause: tree.Clause, column: Column, row: Row) -> Iterator[Any]:
    """Yield the clause's bounds and the values right beside them, and those beside the present one."""
    step: Any = timedelta(days=1) if column.type is Type.DATE else 1
    for bound in (*_bounds(clause, row), row[column.name], column.minimum, column.maximum):
        if bound is not None:
            yield from (bound - step, bound, bound + step)


def _bounds(clause: tree.Clause, row: Row) -> Iterator[Any]:
    match clause:
        case tree.Compare(_, left, right):
            for side in (left, right):
                yield side.on(row["as_of"]) if isinstance(side, tree.Literal | tree.Today) else row[side.name]
        case tree.In(_, values):
            yield from (value.value for value in values)
        case tree.Between(_, low, high):
            yield from (low.on(row["as_of"]), high.on(row["as_of"]))
        case tree.Within() | tree.During():
            yield from clause.bounds(row["as_of"])
        case tree.Beyond():
            yield clause.edge(row["as_of"])


def by_itself(clause: tree.Clause, target: bool, row: Row) -> date | None:
    """Return the day on which a span of days or weeks comes to hold, or ends, with the passing of time alone."""
    if not isinstance(clause, tree.Within) or clause.unit not in ("days", "weeks"):
        return None
    if not isinstance(clause.measure, tree.Measured):
        return None
    day: date | None = row[clause.measure.name]
    span = timedelta(**{clause.unit: clause.amount})
    if day is None or (target and not clause.ahead):
        return None
    if target:
        return day - span if day - span > row["as_of"] else None
    return day + timedelta(days=1) if clause.ahead else day + span + _lag(clause.measure.name, row)


def _lag(name: str, row: Row) -> timedelta:
    """How long before the logical date the spans of a measure end."""
    until = (measures_of("person") | measures_of("account"))[name].until
    lag: timedelta = row["as_of"] - row[until] if until else timedelta()
    return lag
