"""The functions of the segment language that ask about events, as sqlglot has read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sqlglot import exp

from include.contracts.events import EventKind
from include.contracts.nearest import nearest
from include.contracts.tables import Type
from include.segments import event_spans, tree
from include.segments.currencies import of_one
from include.segments.deeds import (
    AVERAGE,
    DAY,
    DISTINCT,
    EARLIEST,
    FIRST,
    HOW_OFTEN,
    LAST,
    LATEST,
    MOST_FREQUENT,
    PICKED,
    SUM,
    TIMES,
)
from include.segments.event_spans import SPANS, Span, inside, kept_span
from include.segments.names import a

WHAT: Mapping[str, str] = {
    "times_did": TIMES, "distinct_did": DISTINCT, "sum_did": SUM, "average_did": AVERAGE, "first_did": FIRST,
    "last_did": LAST, "most_frequent_did": MOST_FREQUENT, "earliest_did": EARLIEST, "latest_did": LATEST,
}  # fmt: skip
OF_PROPERTY = (DISTINCT, SUM, AVERAGE, *PICKED)
EXAMPLE = "did('Email Clicked', at_least 2, within_last 30 days, where name = 'Pricing')"


class Reader(event_spans.Reader, Protocol):
    """What reads the conditions in which these functions stand."""

    def of_event(self, kind: EventKind) -> Reader:
        """The same, for a condition on the properties of an event."""

    def node(self, node: exp.Expr) -> tree.Node:
        """Read a node."""


@dataclass
class _Asked:
    """The arguments of one call, as far as they are read."""

    kind: EventKind
    of: str = ""
    how_often: tuple[str, int] | None = None
    span: Span | None = None
    where: tree.Node | None = None


def did(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    """Read ``did(...)`` and ``did_not(...)``."""
    asked = _read(reader, node, name, takes_property=False)
    how_often, times = asked.how_often or ("at_least", 1)
    clause = tree.Did(_happened(TIMES, asked, Type.INTEGER), how_often, times)
    return tree.Not(clause) if name == "did_not" else clause


def in_order(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:  # noqa: ARG001 - all are called alike
    """Read ``did(...) then within 7 days did(...) without did(...) between``."""
    first, *others = reader.parts.take(node, "expressions")
    return tree.Sequence((tree.Step(_step(reader, first)), *(_following(reader, other) for other in others)))


def _following(reader: Reader, node: exp.Expr) -> tree.Step:
    within, without = None, None
    for part in (parts := inside(reader, node)):
        if isinstance(part, exp.Interval):
            try:
                within = reader.literals.span(part)
            except ValueError as error:
                raise reader.refuse(node, str(error)) from None
    *between, step = [part for part in parts if not isinstance(part, exp.Interval)][::-1]
    for part in between:
        (barred,) = inside(reader, part)
        without = _step(reader, barred)
        if without.span is not None:
            raise reader.refuse(part, "what lies between has the time between; leave its span out")
    return tree.Step(_step(reader, step), within, without)


def _step(reader: Reader, node: exp.Expr) -> tree.Happened:
    """The events of one step, each of which is the step."""
    clause = None
    if isinstance(node, exp.Anonymous) and str(reader.parts.take(node, "this")).lower() == "did":
        clause = did(reader, node, "did")
    if not isinstance(clause, tree.Did):
        raise reader.refuse(node, "a step of a sequence is did('…')")
    if (clause.how_often, clause.times) != ("at_least", 1):
        raise reader.refuse(node, "a step of a sequence is one event; ask how often beside it")
    return clause.counted


def on_day(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    """Read ``first_did(..., after '2026-01-01')``, ``last_did(...)`` where it stands as a condition of its own."""
    asked = _read(reader, node, name, takes_property=False)
    if asked.span is None or asked.how_often is not None:
        raise reader.refuse(node, f"{name} is a day, so compare it, as in {name}('Signed In', before today)")
    return asked.span(_happened(WHAT[name], replace(asked, span=None), Type.DATE))


def value(reader: Reader, node: exp.Anonymous, name: str) -> tree.Happened:
    """Read a call that has a value to compare: ``times_did(...) >= 3``."""
    what = WHAT[name]
    asked = _read(reader, node, name, takes_property=what in OF_PROPERTY)
    if asked.how_often is not None:
        raise reader.refuse(node, f"{name} is a number, so compare it, as in {name}(…) >= {asked.how_often[1]}")
    if what in (FIRST, LAST) and asked.span is not None:
        raise reader.refuse(node, f"{name} is a day already; leave the span out and compare the day")
    if what in (SUM, AVERAGE):
        try:
            asked.where = of_one(asked.kind, asked.of, asked.where, reader.vocabulary.currency)
        except ValueError as error:
            raise reader.refuse(node, str(error)) from None
    kinds = {TIMES: Type.INTEGER, DISTINCT: Type.INTEGER, SUM: Type.NUMBER, AVERAGE: Type.NUMBER}
    column = asked.kind.property(asked.of) if what in PICKED else None
    return _happened(what, asked, column.type if column else kinds.get(what, Type.DATE))


def _happened(what: str, asked: _Asked, kind: Type) -> tree.Happened:
    span = asked.span(tree.Measured(DAY, Type.DATE)) if asked.span else None
    return tree.Happened(what, asked.kind.name, asked.of, kind, span, asked.where)


def _read(reader: Reader, node: exp.Anonymous, name: str, *, takes_property: bool) -> _Asked:
    first, *others = reader.parts.take(node, "expressions") or [node]
    _require_one(reader, node, name, first, others)
    event = reader.literals.text(first) if first is not node else None
    if event is None:
        raise reader.refuse(node, f"{name} needs the name of an event in single quotes, as in {EXAMPLE}")
    known = reader.vocabulary.kinds
    alike = [name for name in known if name.lower() == event.lower()]
    event = alike[0] if len(alike) == 1 else event
    if event not in known:
        raise reader.refuse(first, f"there is no event {event!r}{nearest(event, known)}; see python -m include events")
    asked = _Asked(known[event])
    if takes_property:
        asked.of = _property(reader, node, name, asked.kind, others.pop(0) if others else node)
    for argument in others:
        _take(reader, argument, asked)
    return asked


def _require_one(reader: Reader, node: exp.Anonymous, name: str, first: exp.Expr, others: list[exp.Expr]) -> None:
    """Refuse `did('A' or 'B')` and `did('A', 'B')`."""
    sides = [first.unnest().this, first.unnest().expression] if isinstance(first.unnest(), exp.Or | exp.And) else []
    named = sides or [first, *others[:1]]
    if len(named) == 2 and all(isinstance(each, exp.Literal) and each.is_string for each in named):
        word = "and" if isinstance(first.unnest(), exp.And) else "or"
        form = f" {word} ".join(f"{name}('{each.name}')" for each in named)
        raise reader.refuse(node, f"{name} asks of one event, so write {form}")


def _property(reader: Reader, node: exp.Anonymous, name: str, kind: EventKind, argument: exp.Expr) -> str:
    given = reader.literals.identifier(reader.parts.take(argument, "this")) if isinstance(argument, exp.Column) else ""
    column = kind.property(given)
    if column is None:
        has = ", ".join(each.name for each in kind.properties) or "none"
        raise reader.refuse(node, f"{name} needs a property of {kind.name!r} after its name (it has {has})")
    if WHAT[name] in PICKED and column.type is Type.BOOLEAN:
        raise reader.refuse(argument, f"{given} is true or false; count those where it is so, as in times_did(…)")
    if WHAT[name] in (SUM, AVERAGE) and column.type not in (Type.INTEGER, Type.NUMBER):
        raise reader.refuse(argument, f"{given} is {a(column.type)}, which has no {WHAT[name]}")
    return given


def _take(reader: Reader, argument: exp.Expr, asked: _Asked) -> None:
    """Read one argument after the name."""
    call = str(argument.this).lower() if isinstance(argument, exp.Anonymous) else ""
    taken: bool
    if call == "told_where":
        taken, asked.where = asked.where is None, _where(reader, argument, asked.kind)
    elif call in _OFTEN:
        taken, asked.how_often = asked.how_often is None, _often(reader, argument, call)
    elif call in SPANS:
        taken, asked.span = asked.span is None, kept_span(reader, argument, call)
    elif call == "told_times" or (isinstance(argument, exp.Literal) and not argument.is_string and not asked.where):
        raise reader.refuse(argument, "this can be read in two ways; write at_least, exactly or at_most before it")
    elif isinstance(argument, exp.Literal) and asked.where is not None:
        raise reader.refuse(argument, "several values stand in brackets, as in where name is any of ('a', 'b')")
    elif isinstance(argument, exp.Binary):
        column = next((part.name for part in argument.find_all(exp.Column)), "amount")
        raise reader.refuse(argument, f"what is asked of its properties begins with where, as in where {column} = …")
    elif isinstance(argument, exp.Column) and argument.name.lower() == "never":
        raise reader.refuse(argument, f"what was never done is written did_not('{asked.kind.name}')")
    else:
        raise reader.refuse(argument, f"this is nothing that can be asked of an event; write it as in {EXAMPLE}")
    if not taken:
        raise reader.refuse(argument, "this is asked twice of one event; write it once")


def _where(reader: Reader, argument: exp.Expr, kind: EventKind) -> tree.Node:
    condition, *others = inside(reader, argument)
    if others:
        raise reader.refuse(argument, "two conditions on properties are connected by and, or or")
    return reader.of_event(kind).node(condition)


_OFTEN: Mapping[str, tuple[str, int]] = {
    **{f"told_{how}": (how, 0) for how in HOW_OFTEN}, "told_more": ("at_least", 1), "told_fewer": ("at_most", -1),
}  # fmt: skip


def _often(reader: Reader, argument: exp.Expr, call: str) -> tuple[str, int]:
    how_often, more = _OFTEN[call]
    (number,) = inside(reader, argument)
    times = reader.literals.plain(number) if isinstance(number, exp.Literal) and not number.is_string else ""
    if not times.isdecimal() or int(times) > 10**9:
        raise reader.refuse(argument, "how often is a whole number, as in at_least 3")
    count = int(times) + more
    if count < (how_often == "at_least"):
        raise reader.refuse(argument, "everybody did it at least 0 times, and nobody fewer; ask for a number above 0")
    return how_often, count
