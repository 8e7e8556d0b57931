"""Clauses of the segment language, put together from what is picked in the explorer's forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from include.contracts.events import Vocabulary
from include.contracts.quoting import literal
from include.contracts.tables import Column, Type

Level = Literal["person", "account"]
OTHER: Mapping[str, Level] = MappingProxyType({"person": "account", "account": "person"})
COMPARISONS = (
    "=", "!=", "<", "<=", ">", ">=", "is one of", "is none of", "is between", "contains", "starts with", "ends with",
    "is yes", "is no", "is known", "is unknown", "in the last days", "longer ago than days", "in the next days",
    "in the top %",
)  # fmt: skip
HOW_OFTEN = ("at least once", "never", "at least", "at most", "exactly")
WHEN = ("ever", "in the last days", "longer ago than days")
WHOSE: Mapping[Level, Mapping[str, str]] = MappingProxyType(
    {
        "person": {"account": "their account"},
        "account": {"any_of_people": "any of its people", "all_of_people": "all of its people",
                    "none_of_people": "none of its people"},
    }
)  # fmt: skip
_PLAIN = re.compile(r"[0-9.,]+%?|today.*", re.DOTALL)
Number = Field(default="", max_length=10)
Name = Field(default="", max_length=200)
Value = Field(default="", max_length=400)


class Picked(BaseModel):
    """What the forms send: of each kind of clause its parts, empty where nothing was picked."""

    model_config = ConfigDict(extra="forbid")

    level: Level = "person"
    joined: Literal["and", "or"] = "and"
    negated: bool = False

    measure: str = Name
    comparison: str = Field(default="=", max_length=30)
    value: str = Value

    event: str = Name
    how_often: str = Field(default="at least once", max_length=30)
    times: str = Number
    when: str = Field(default="ever", max_length=30)
    days: str = Number
    property: str = Name
    property_comparison: str = Field(default="contains", max_length=30)
    property_value: str = Value

    first: str = Name
    then: str = Name
    then_days: str = Number
    without: str = Name

    changed: str = Name
    changed_from: str = Value
    changed_to: str = Value
    changed_days: str = Number

    whose: str = Name
    whose_measure: str = Name
    whose_comparison: str = Field(default="=", max_length=30)
    whose_value: str = Value

    among: str = Name

    def clause(self, kind: str, vocabulary: Vocabulary) -> str:
        """Return the clause of a kind of KINDS as it is written; whether it makes sense the language tells."""
        made = KINDS[kind](self, vocabulary)
        return f"not ({made})" if self.negated else made


def compared(name: str, column: Column | None, comparison: str, value: str) -> str:
    """Return a comparison of a measure or a property with a value as somebody wrote it."""
    value = value.strip()
    match comparison:
        case "is one of" | "is none of":
            listed = ", ".join(quoted(column, part.strip()) for part in value.split(","))
            return f"{name} {'in' if comparison == 'is one of' else 'not in'} ({listed})"
        case "is between":
            low, _, high = value.partition(" and ") if " and " in value else value.partition(",")
            return f"{name} between {quoted(column, low.strip())} and {quoted(column, high.strip())}"
        case "in the last days" | "longer ago than days" | "in the next days":
            return f"{_SPANS[comparison]}({name}, {value} days)"
        case "in the top %":
            return f"in_top({name}, {value.removesuffix('%')}%)"
        case _ if comparison in _STATES:
            return f"{name} {_STATES[comparison]}"
    text = literal(value) if comparison in ("contains", "starts with", "ends with") else quoted(column, value)
    return f"{name} {comparison} {text}"


def quoted(column: Column | None, value: str) -> str:
    """Return a value as the language has it: text and days in quotes, numbers and what is reckoned from today not."""
    if column is not None and column.type in (Type.INTEGER, Type.NUMBER, Type.BOOLEAN):
        return value
    is_reckoned = column is not None and column.type is Type.DATE and _PLAIN.fullmatch(value)
    return value if is_reckoned else literal(value)


_SPANS = {"in the last days": "within_last", "longer ago than days": "before_last", "in the next days": "within_next"}
_STATES = {"is yes": "is true", "is no": "is false", "is known": "is not null", "is unknown": "is null"}


def _column(vocabulary: Vocabulary, level: Level, name: str) -> Column | None:
    known = vocabulary.measures(level).get(name)
    return known.column if known else None


def _measure(picked: Picked, vocabulary: Vocabulary) -> str:
    column = _column(vocabulary, picked.level, picked.measure)
    return compared(picked.measure, column, picked.comparison, picked.value)


def _deed(picked: Picked, vocabulary: Vocabulary) -> str:
    parts = [literal(picked.event)]
    if picked.how_often in ("at least", "at most", "exactly"):
        parts.append(f"{picked.how_often.replace(' ', '_')} {picked.times}")
    if picked.when in _SPANS:
        parts.append(f"{_SPANS[picked.when]} {picked.days} days")
    if picked.property:
        kind = vocabulary.kinds.get(picked.event)
        column = kind.property(picked.property) if kind else None
        parts.append(f"where {compared(picked.property, column, picked.property_comparison, picked.property_value)}")
    return f"{'did_not' if picked.how_often == 'never' else 'did'}({', '.join(parts)})"


def _sequence(picked: Picked, vocabulary: Vocabulary) -> str:  # noqa: ARG001 - all are called alike
    within = f" within {picked.then_days} days" if picked.then_days.strip() else ""
    without = f" without did({literal(picked.without)}) between" if picked.without else ""
    return f"did({literal(picked.first)}) then{within} did({literal(picked.then)}){without}"


def _change(picked: Picked, vocabulary: Vocabulary) -> str:
    column = _column(vocabulary, picked.level, picked.changed)
    ends = (("from", picked.changed_from), ("to", picked.changed_to))
    told = " ".join(f"{word} {quoted(column, value.strip())}" for word, value in ends if value.strip())
    span = f"within_last {picked.changed_days} days" if picked.changed_days.strip() else ""
    return f"changed({', '.join(filter(None, (picked.changed, told, span)))})"


def _related(picked: Picked, vocabulary: Vocabulary) -> str:
    column = _column(vocabulary, OTHER[picked.level], picked.whose_measure)
    asked = compared(picked.whose_measure, column, picked.whose_comparison, picked.whose_value)
    return f"{picked.whose}({asked})"


def _among(picked: Picked, vocabulary: Vocabulary) -> str:  # noqa: ARG001
    function, _, key = picked.among.partition(":")
    return f"{function}({literal(key)})"


KINDS: Mapping[str, Callable[[Picked, Vocabulary], str]] = MappingProxyType(
    {
        "measure": _measure,
        "deed": _deed,
        "sequence": _sequence,
        "change": _change,
        "related": _related,
        "among": _among,
    }
)
