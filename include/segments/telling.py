"""A condition in words, for people who do not read the segment language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from include.contracts.tables import Type
from include.segments import tree
from include.segments.deeds import Did, Happened, span_text

_IS = {"=": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
_DAY = {"<": "is before", "<=": "is on or before", ">": "is after", ">=": "is on or after"}
_COUNTED = {
    "times": "number", "distinct": "number of different values", "sum": "sum", "average": "average",
    "first": "first day", "last": "last day", "most_frequent": "most frequent", "earliest": "first", "latest": "last",
}  # fmt: skip
_RECKONED = {"+": "plus", "-": "less", "*": "times", "/": "divided by"}
_OF_THEM = {"any": "one of its {} or more", "all": "each of its {}", "none": "none of its {}"}
_RELATIVES = {"parent": "its parent account", "parents": "accounts above", "children": "accounts below"}


def told(condition: tree.Node) -> Sequence[str]:
    """Return what all has to hold, a sentence's part each; what has no words yet is told in the language."""
    parts = condition.items if isinstance(condition, tree.And) else (condition,)
    return [_words(part) for part in parts]


def _words(node: tree.Node) -> str:
    match node:
        case tree.And(items):
            words = "; and ".join(map(_words, items))
        case tree.Or(items):
            words = "either " + ", or ".join(map(_words, items))
        case tree.Not(tree.IsNull(measure)):
            words = f"{_name(measure)} is known"
        case tree.Not(tree.Measured() as measure):
            words = f"{_name(measure)} is no"
        case tree.Not(item):
            words = f"it is not so that {_words(item)}"
        case tree.InSegment(key):
            words = f"they are in the segment {key}"
        case tree.InList(listed):
            words = f"they are on the list {listed.settings.name if listed.settings else listed.key}"
        case tree.Was(inner, when):
            words = f"{when.amount:,} {when.unit} ago it was so that {_words(inner)}"
        case tree.People() | tree.Relatives():
            words = f"of {_whom(node)}: {'; and '.join(told(node.condition))}"
        case _:
            words = _clause(node)
    return words


def _whom(node: tree.People | tree.Relatives) -> str:
    whose = "people" if isinstance(node, tree.People) else _RELATIVES[node.whose]
    if isinstance(node, tree.Relatives) and node.whose == tree.PARENT:
        return whose
    return f"{node.least} of its {whose} or more" if node.least > 1 else _OF_THEM[node.quantifier].format(whose)


def _clause(node: tree.Node) -> str:
    match node:
        case Did(counted, how_often, times):
            often = f"{how_often.replace('_', ' ')} {times:,} {'time' if times == 1 else 'times'}"
            words = f"they did {counted.event} {often}{_which(counted)}"
        case tree.Measured():
            words = f"{_name(node)} is yes"
        case tree.Compare(op, left, right):
            words = f"{_name(left)} {(_DAY if left.type is Type.DATE else {}).get(op, _IS[op])} {_value(right)}"
        case tree.In(measure, values):
            words = f"{_name(measure)} is one of {', '.join(map(_value, values))}"
        case tree.Between(measure, low, high):
            words = f"{_name(measure)} is from {_value(low)} to {_value(high)}"
        case tree.TextTest(measure, test, texts):
            words = f"{_name(measure)} {test} {' or '.join(texts)}"
        case tree.IsNull(measure):
            words = f"{_name(measure)} is unknown"
        case tree.During(measure, which, period):
            words = f"{_name(measure)} is in the {which} {period}"
        case tree.Within() | tree.Beyond() | tree.Anniversary() | tree.Top():
            words = _span(node)
        case _:
            words = str(node)
    return words


def _span(node: tree.Within | tree.Beyond | tree.Anniversary | tree.Top) -> str:
    name = _name(node.measure)
    if isinstance(node, tree.Top):
        amount = f"{node.amount / 100:g} %" if node.is_share else f"{node.amount:,}"
        among = f" of those for whom {'; '.join(told(node.among))}" if node.among else ""
        return f"{name} is among the {'highest' if node.from_top else 'lowest'} {amount}{among}"
    span = f"{node.amount:,} {node.unit}"
    if isinstance(node, tree.Within | tree.Anniversary):
        name = f"an anniversary of {name}" if isinstance(node, tree.Anniversary) else name
        return f"{name} is within the {'next' if node.ahead else 'last'} {span}"
    return f"{name} is more than {span} {'ahead' if node.ahead else 'ago'}"


def _name(measure: tree.Operand) -> str:
    if isinstance(measure, tree.Measured | tree.Traited):
        return measure.name.replace("_", " ")
    if isinstance(measure, tree.Sum):
        return _sum(measure)
    if isinstance(measure, tree.Weekday):
        return f"weekday of {_name(measure.of)}"
    of = f" of {measure.of}" if measure.of else ""
    return f"{_COUNTED[measure.what]}{of} of {measure.event}{_which(measure)}"


def _which(events: Happened) -> str:
    """In which time, and of which kind."""
    span = f", {span_text(events.span).replace('_', ' ')}" if events.span is not None else ""
    return span + (f" where {_words(events.where)}" if events.where is not None else "")


def _sum(sum: tree.Sum) -> str:
    left, right = (f"({_value(s)})" if isinstance(s, tree.Sum) else _value(s) for s in (sum.left, sum.right))
    is_of_days = any(getattr(side, "type", None) is Type.DATE for side in (sum.left, sum.right))
    return f"number of days from {right} to {left}" if is_of_days else f"{left} {_RECKONED[sum.op]} {right}"


def _value(value: tree.Operand | tree.Literal | tree.Today) -> str:
    if isinstance(value, tree.Measured | tree.Traited | Happened | tree.Sum | tree.Weekday):
        return _name(value)
    if not isinstance(value, tree.Literal):
        return str(value)
    plain = value.value
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return plain.isoformat() if isinstance(plain, date) else str(plain)
