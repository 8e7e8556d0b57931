"""The segment language in plain Python over rows as dicts: what the engines must agree with."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import md5
from itertools import pairwise
from typing import Any

from include.contracts.measures import measures_of
from include.segments import tree
from include.segments.calendar import WEEKDAYS, later

Row = Mapping[str, Any]
UNTIL = {name: measure.until for level in ("person", "account") for name, measure in measures_of(level).items()}
OPERATORS = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
SUMS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


@dataclass(frozen=True)
class World:
    """Everybody, and who is in which segment: key -> (level, member ids); what happened, with properties as a dict.

    ``through``: of kinds of event the last day that their source covers.
    """

    as_of: date
    customers: Sequence[Row]
    accounts: Sequence[Row]
    members: Mapping[str, tuple[str, frozenset[str]]]
    events: Sequence[Row] = ()
    through: Mapping[str, date] = field(default_factory=dict)
    history: Sequence[Row] = ()
    alias: Mapping[str, str] = field(default_factory=dict)
    addresses: Sequence[tuple[str, str]] = ()  # whose, in lower case
    parents: Mapping[str, str] = field(default_factory=dict)  # of accounts, without loops


def members(node: tree.Node, level: str, world: World) -> set[str]:
    """The ids of those for whom the condition is true."""
    rows, key = (world.customers, "profile_id") if level == "person" else (world.accounts, "account_id")
    return {row[key] for row in rows if truth(node, row, world) is True}


def truth(node: tree.Node, row: Row, world: World) -> bool | None:  # noqa: PLR0911, PLR0912, C901 - one a kind of node
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
        case tree.Relatives():
            return of_relatives(node, row, world)
        case tree.Top():
            return in_top(node, row, world)
        case tree.OfAccount(condition):
            own = [account for account in world.accounts if account["account_id"] == row["account_id"]]
            return truth(condition, own[0], world) if own else None
        case tree.InList(listed):
            cells = {cell.lower() for _, cell in listed.rows}
            is_on = any(id == row["profile_id"] and address in cells for id, address in world.addresses)
            return None if listed.too_old(world.as_of) else is_on
        case tree.Changed():
            return has_changed(node, row, world)
        case tree.Was():
            state = state_on(node, row, world)
            return (
                None
                if state is None
                else truth(node.condition, {**row, **state}, replace(world, as_of=node.when.on(world.as_of)))
            )
        case tree.Did():
            return did(node, row, world)
        case tree.Sequence():
            sure, maybe = (went_through(node, row, world, is_sure=is_sure) for is_sure in (True, False))
            return True if sure else None if maybe else False
        case tree.IsNull(measure):
            return value_of(measure, row, world) is None
        case _:
            return of_values(node, row, world)


def of_people(clause: tree.People, row: Row, world: World) -> bool | None:
    """By a list that is too old nobody is known not to be among them."""
    own = [person for person in world.customers if person["account_id"] == row["account_id"]]
    states = [truth(clause.condition, person, world) is True for person in own]
    any_of = sum(states) >= clause.least
    found: bool | None = bool(states) and all(states) if clause.quantifier == "all" else any_of
    if any(listed.too_old(world.as_of) for listed in tree.lists(clause.condition)):
        found = True if found and clause.quantifier != "all" else None
    return (None if found is None else not found) if clause.quantifier == "none" else found


def above(id: str, world: World) -> list[str]:
    """An account's parent, that one's, and so on."""
    parent = world.parents.get(id)
    return [parent, *above(parent, world)] if parent else []


def of_relatives(clause: tree.Relatives, row: Row, world: World) -> bool | None:
    """Of the account right above, of all above, or of all below."""
    ids = above(row["account_id"], world)[: 1 if clause.whose == "parent" else None]
    if clause.whose == "children":
        ids = [
            other["account_id"] for other in world.accounts if row["account_id"] in above(other["account_id"], world)
        ]
    states = [truth(clause.condition, other, world) for other in world.accounts if other["account_id"] in ids]
    if clause.whose == "parent":
        return states[0] if states else None
    least = max(len(states), 1) if clause.quantifier == "all" else clause.least
    surely, perhaps = (sum(state in wanted for state in states) >= least for wanted in ((True,), (True, None)))
    found = True if surely else None if perhaps else False
    return (None if found is None else not found) if clause.quantifier == "none" else found


def in_top(clause: tree.Top, row: Row, world: World) -> bool | None:
    """Fewer have a better value than there are places."""
    everybody = world.customers if "profile_id" in row else world.accounts
    among, mine = clause.among or tree.And(()), value_of(clause.measure, row, world)
    values = [value_of(clause.measure, other, world) for other in everybody if truth(among, other, world) is True]
    known = [value for value in values if value is not None]
    ranked = sorted(known, reverse=clause.from_top)[: clause.places(len(known))]
    inside = None
    if mine is not None and ranked:
        inside = bool(mine >= ranked[-1] if clause.from_top else mine <= ranked[-1])
    states = [inside, truth(among, row, world)]
    return False if False in states else None if None in states else True


def did(clause: tree.Did, row: Row, world: World) -> bool | None:
    """At least, at most or exactly so many, whatever the events that cannot be judged are."""
    least, most = counts(clause.counted, row, world)
    tests = {"at_least": operator.ge, "at_most": operator.le, "exactly": operator.eq}
    states = {bool(tests[clause.how_often](number, clause.times)) for number in range(least, most + 1)}
    return states.pop() if len(states) == 1 else None


def judged(happened: tree.Happened, row: Row, world: World) -> list[tuple[Row, bool | None]]:
    """The member's events of the kind that count, or may."""
    key = "profile_id" if "profile_id" in row else "account_id"
    mine = [event for event in world.events if event["event"] == happened.event and event[key] == row[key]]
    asked = tree.And(tuple(node for node in (happened.span, happened.where) if node is not None))
    found = []
    for event in mine:
        state = truth(asked, {**event["properties"], "day": event["on_date"], "event": happened.event}, world)
        if state is not False:
            found.append((event, True if state and event["is_certain"] else None))
    return found


def has_changed(clause: tree.Changed, row: Row, world: World) -> bool:
    """Whether one day's value is another than the day's before that is kept, of any id that the member had."""
    key = "profile_id" if "profile_id" in row else "account_id"
    ids = [row[key], *(retired for retired, living in world.alias.items() if living == row[key])]
    return any(id_has_changed(clause, key, id, world) for id in ids)


def id_has_changed(clause: tree.Changed, key: str, id: str, world: World) -> bool:
    mine = sorted((day for day in world.history if day.get(key) == id), key=lambda day: day["since"])
    for former, day in pairwise(mine):
        before, after = former[clause.measure.name], day[clause.measure.name]
        wanted = (clause.before is None or before == clause.before.value) and (
            clause.after is None or after == clause.after.value
        )
        if before is None or after is None or before == after or not wanted:
            continue
        if clause.span is None or truth(clause.span, {"day": day["since"]}, world):
            return True
    return False


def state_on(clause: tree.Was, row: Row, world: World) -> Row | None:
    """What is kept of a day: of the id that carries on, else of that which changed last; None where nothing is."""
    key = "profile_id" if "profile_id" in row else "account_id"
    day, found = clause.when.on(world.as_of), []
    for id in (row[key], *(retired for retired, living in world.alias.items() if living == row[key])):
        mine = [kept for kept in world.history if kept.get(key) == id and kept["since"] <= day]
        found += sorted(mine, key=lambda kept: kept["since"])[-1:]
    best = sorted(
        found, key=lambda kept: (not kept["is_present"], kept[key] != row[key], -kept["since"].toordinal(), kept[key])
    )
    return {"nps_class": best[0]["nps_class"]} if best and best[0]["is_present"] else None


def went_through(sequence: tree.Sequence, row: Row, world: World, *, is_sure: bool) -> bool:
    """Whether there is a chain of events, one a step: of those that count, or of those that may."""

    def events(happened: tree.Happened | None, *, sure: bool) -> list[Row]:
        found = judged(happened, row, world) if happened else []
        return [event for event, state in found if state or not sure]

    ends = events(sequence.steps[0].counted, sure=is_sure)
    for step in sequence.steps[1:]:
        barring = events(step.without, sure=not is_sure)
        ends = [
            event
            for event in events(step.counted, sure=is_sure)
            if any(_follows(start, event, step, barring) for start in ends)
        ]
    return bool(ends)


def _follows(start: Row, event: Row, step: tree.Step, barring: Sequence[Row]) -> bool:
    is_after = start["at"] < event["at"]
    in_time = step.within is None or event["on_date"] <= later(start["on_date"], *step.within)
    return is_after and in_time and not any(start["at"] < other["at"] < event["at"] for other in barring)


def counts(happened: tree.Happened, row: Row, world: World) -> tuple[int, int]:
    """The fewest and the most that there may have been."""
    found = judged(happened, row, world)
    if happened.what == "times":
        return sum(state is True for _, state in found), len(found)
    known = [(event["properties"][happened.of], state) for event, state in found]
    sure = {value for value, state in known if value is not None and state}
    maybe = {value for value, _ in known if value is not None}
    return len(sure), len(maybe) + sum(value is None for value, _ in known)


def value_of(operand: Any, row: Row, world: World) -> Any:  # noqa: PLR0911 - one return a kind of value
    """The value of a measure, or of what is counted of events; None where it is unknown."""
    if isinstance(operand, tree.Sum):
        return reckoned(operand, row, world)
    if isinstance(operand, tree.Weekday):
        day = value_of(operand.of, row, world)
        return None if day is None else WEEKDAYS[day.weekday()]
    if not isinstance(operand, tree.Happened):
        return row[operand.name]
    if operand.what in ("times", "distinct"):
        least, most = counts(operand, row, world)
        return least if least == most else None
    found = judged(operand, row, world)
    if operand.what in ("most_frequent", "earliest", "latest"):
        return picked(operand, found)
    if operand.what in ("first", "last"):
        pick = min if operand.what == "first" else max
        sure = [event["on_date"] for event, state in found if state]
        return pick(sure) if sure and pick(sure) == pick(event["on_date"] for event, _ in found) else None
    values = [event["properties"][operand.of] if state else None for event, state in found]
    if None in values or (operand.what == "average" and not values):
        return None
    return sum(values) / (len(values) if operand.what == "average" else 1)


def reckoned(sum: tree.Sum, row: Row, world: World) -> float | None:
    """The result of a sum in floating point; of two days those between."""
    sides = [
        value_of(side, row, world) if isinstance(side, tree.Measured | tree.Happened | tree.Sum)
        else side.on(world.as_of)
        for side in (sum.left, sum.right)
    ]  # fmt: skip
    if None in sides or (sum.op == "/" and sides[1] == 0):
        return None
    if isinstance(sides[0], date):
        return float((sides[0] - sides[1]).days)
    return SUMS[sum.op](float(sides[0]), float(sides[1]))


def picked(operand: tree.Happened, found: Sequence[tuple[Row, bool | None]]) -> Any:
    """The most frequent value of a property, the first or the last one; None where an event may count or not."""
    known = [(event["properties"][operand.of], event, state) for event, state in found]
    known = [(value, event, state) for value, event, state in known if value is not None]
    if not known or not all(state for _, _, state in known):
        return None
    if operand.what == "most_frequent":
        values = {value for value, _, _ in known}
        times = {value: sum(other == value for other, _, _ in known) for value in values}
        last = {value: max(event["at"].timestamp() for other, event, _ in known if other == value) for value in values}
        return min(values, key=lambda value: (-times[value], -last[value], tie(value)))
    sign = -1 if operand.what == "latest" else 1
    return min(known, key=lambda each: (sign * each[1]["at"].timestamp(), tie(each[1]["event_id"])))[0]


def tie(value: Any) -> Any:
    """What decides between equals: of texts their digests."""
    return md5(value.encode()).hexdigest() if isinstance(value, str) else value


def end_of(operand: Any, row: Row, world: World) -> date:
    """The day on which spans of days end."""
    if isinstance(operand, tree.Measured) and UNTIL.get(operand.name) in row:
        return row[UNTIL[operand.name]] or world.as_of
    event = operand.event if isinstance(operand, tree.Happened) else row.get("event") if operand.name == "day" else None
    return world.through.get(event, world.as_of)


def of_values(clause: Any, row: Row, world: World) -> bool | None:  # noqa: PLR0911 - likewise
    if isinstance(clause, tree.Measured):
        state: bool | None = row[clause.name]
        return state
    if isinstance(clause, tree.Compare):
        left, right = value_of(clause.left, row, world), clause.right
        is_operand = isinstance(right, tree.Measured | tree.Happened | tree.Sum | tree.Weekday)
        right = value_of(right, row, world) if is_operand else right.on(world.as_of)
        return None if left is None or right is None else bool(OPERATORS[clause.op](left, right))
    value = value_of(clause.measure, row, world)
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
            tests = {
                "contains": str.__contains__,
                "starts with": str.startswith,
                "ends with": str.endswith,
                "is": str.__eq__,
            }
            return any(tests[test](folded(value), folded(text)) for text in texts)
        case _:
            return of_days(clause, value, row, world)


def of_days(clause: Any, value: date, row: Row, world: World) -> bool:
    """Whether a day lies in a span."""
    match clause:
        case tree.During():
            first, last = clause.bounds(world.as_of)
            return bool(first <= value <= last)
        case tree.Anniversary():
            first, last = clause.bounds(world.as_of)
            years = range(value.year + 1, last.year + 1)
            return any(first <= later(value, year - value.year, "years") <= last for year in years)
        case tree.Within(ahead=ahead):
            first, last = clause.bounds(end_of(clause.measure, row, world))
            return bool(first <= value <= (last if ahead else world.as_of))
        case tree.Beyond(_, _, _, ahead):
            edge = clause.edge(end_of(clause.measure, row, world))
            return value > edge if ahead else value <= edge
    raise AssertionError(clause)


def folded(text: str, ignores_case: bool = True) -> str:
    """The text in lower case, one character at a time: a dotted capital I becomes i, and no i with a dot more."""
    return "".join("i" if character == "İ" else character.lower() for character in text) if ignores_case else text
