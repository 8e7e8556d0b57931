"""What things are called in messages about a condition."""

from __future__ import annotations

from sqlglot import exp

from include.contracts.events import EventKind, Vocabulary
from include.contracts.measures import measures_of
from include.contracts.nearest import nearest
from include.contracts.tables import Type


def a(kind: Type) -> str:
    """Return what a person calls a value of the type."""
    return {Type.TEXT: "text", Type.INTEGER: "a whole number", Type.BOOLEAN: "true or false"}.get(
        kind, f"a {kind.value}"
    )


def called(node: exp.Expr) -> str:
    """Return what a person would call a piece of SQL."""
    if node.find(exp.Select) is not None:
        return "a subquery"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.Case):
        name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
        return f"the function {name.lower()!r}"
    return f"'{type(node).__name__.lower()}'" if len(node.sql()) > 40 else repr(node.sql())


def unknown_measure(name: str, level: str, vocabulary: Vocabulary = Vocabulary()) -> str:  # noqa: B008 - it is frozen
    """Say that a level has no measure of that name, and what stands in its place."""
    traits = vocabulary.traits.values()
    known = (*measures_of(level), *(trait.key for trait in traits if trait.level == level))
    refused = vocabulary.traits.get(name)
    if refused is not None and refused.fault:
        return f"the trait {name!r} is refused itself: {refused.fault}"
    other = "account" if level == "person" else "person"
    elsewhere = (*measures_of(other), *(trait.key for trait in traits if trait.level == other))
    if name not in elsewhere or level not in ("person", "account"):
        return f"{name!r} is no measure of {_whom(level)}{nearest(name, known)}"
    if level == "account":
        return f"{name!r} is a measure of people; ask of an account any_of_people({name} …)"
    beside = f"account_{name}"
    if beside in known:
        return f"{name!r} is a measure of accounts; of a person's account it is {beside}"
    return f"{name!r} is a measure of accounts; ask of a person account({name} …)"


def unknown_property(name: str, kind: EventKind) -> str:
    """Say that events of a kind have no property of that name."""
    return f"{kind.name!r} has no property {name!r}{nearest(name, [column.name for column in kind.properties])}"


def _whom(level: str) -> str:
    return "an account" if level == "account" else f"a {level}"
