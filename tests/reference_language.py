"""The segment language in plain Python over rows as dicts: what the engines must agree with."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.segments import tree

Row = Mapping[str, Any]
OPERATORS = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Everybody, and who is in which segment: key -> (level, member ids)."""

    as_of: date
    customers: Sequence[Row]
    accounts: Sequence[Row]
    members: Mapping[str, tuple[str, frozenset[str]]]


def members(node: tree.Node, level: str, world: World) -> set[str]:
    """The ids of those for whom the condition is true."""
    rows, key = (world.customers, "profile_id") if level == "person" else (world.accounts, "account_id")
    return {row[key] for row in rows if truth(node, row, world) is True}


def truth(node: tree.Node, row: Row, world: World) -> bool | None:  # noqa: PLR0911 - one return a kind of node
    """True, false or unknown (None), as in SQL."""
    match node:
        case tree.And(items):
            states = [truth(item, row, world) for item in items]
            return False if False in states else None if None in states else True
        case tree.Or(items):
            states = [truth(item, row, world) for item in items]
            return True if True in states else None if None in states else False
        case tree.Not(item):
            state = truth(item, row, world)
            return None if state is None else not state
        case tree.InSegment(key):
            level, ids = world.members[key]
            return row["profile_id" if level == "person" else "account_id"] in ids
        case tree.People():
            return of_people(node, row, world)
        case tree.Top():
            return in_top(node, row, world)
        case tree.IsNull(measure):
            return row[measure.name] is None
        case _:
            return of_values(node, row, world)


def of_people(clause: tree.People, row: Row, world: World) -> bool:
    own = [person for person in world.customers if person["account_id"] == row["account_id"]]
    states = [truth(clause.condition, person, world) is True for person in own]
    any_of = sum(states) >= clause.least
    return {"any": any_of, "all": bool(states) and all(states), "none": not any(states)}[clause.quantifier]


def in_top(clause: tree.Top, row: Row, world: World) -> bool | None:
    """Fewer have a better value than there are places."""
    everybody = world.customers if "profile_id" in row else world.accounts
    name, among = clause.measure.name, clause.among or tree.And(())
    known = [other[name] for other in everybody if other[name] is not None and truth(among, other, world) is True]
    ranked = sorted(known, reverse=clause.from_top)[: clause.places(len(known))]
    inside = None
    if row[name] is not None and ranked:
        inside = bool(row[name] >= ranked[-1] if clause.from_top else row[name] <= ranked[-1])
    states = [inside, truth(among, row, world)]
    return False if False in states else None if None in states else True


def of_values(clause: Any, row: Row, world: World) -> bool | None:  # noqa: PLR0911 - likewise
    if isinstance(clause, tree.Measured):
        state: bool | None = row[clause.name]
        return state
    if isinstance(clause, tree.Compare):
        left = row[clause.left.name]
        right = row[clause.right.name] if isinstance(clause.right, tree.Measured) else clause.right.on(world.as_of)
        return None if left is None or right is None else bool(OPERATORS[clause.op](left, right))
    value = row[clause.measure.name]
    if value is None:
        return None
    match clause:
        case tree.In(_, values):
            return value in [literal.value for literal in values]
        case tree.Between(_, low, high):
            return bool(low.on(world.as_of) <= value <= high.on(world.as_of))
        case tree.Like(_, pattern, ignores_case):
            parts = ["." if c == "_" else ".*" if c == "%" else re.escape(c) for c in folded(pattern, ignores_case)]
            return re.fullmatch("".join(parts), folded(value, ignores_case), re.DOTALL) is not None
        case tree.TextTest(_, test, texts):
            tests = {"contains": str.__contains__, "starts with": str.startswith, "ends with": str.endswith}
            return any(tests[test](folded(value), folded(text)) for text in texts)
        case tree.Within() | tree.During():
            first, last = clause.bounds(world.as_of)
            return first <= value <= last
        case tree.Beyond(_, _, _, ahead):
            edge = clause.edge(world.as_of)
            return value > edge if ahead else value <= edge
    raise AssertionError(clause)


def folded(text: str, ignores_case: bool = True) -> str:
    """The text in lower case, one character at a time: a dotted capital I becomes i, and no i with a dot more."""
    return "".join("i" if character == "İ" else character.lower() for character in text) if ignores_case else text
