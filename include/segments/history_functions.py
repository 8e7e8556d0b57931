"""The functions of the segment language that ask about the kept history, as sqlglot has read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from include.contracts.measures import Measure, measures_of
from include.contracts.nearest import nearest
from include.contracts.tables import Type
from include.segments import tree
from include.segments.deeds import DAY
from include.segments.event_spans import DAY_COLUMN, SPANS

if TYPE_CHECKING:
    from include.segments.functions import Reader

EXAMPLE_WAS = "was(nps_class = 'promoter', 30 days ago)"
EXAMPLE = "changed(nps_class, from 'promoter' to 'detractor', within_last 90 days)"


def changed(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    """Read ``changed(measure, from 'a' to 'b', within_last 90 days)``."""
    first, *others = reader.parts.take(node, "expressions") or [node]
    measure = reader.measure(first)
    if isinstance(measure, tree.Traited) and reader.within:
        raise reader.refuse(node, f"{name} of a trait is asked in segments alone, not in another trait")
    _require_kept(reader, node, measure)
    assert isinstance(measure, tree.Measured | tree.Traited)
    values: dict[str, tree.Literal] = {}
    span: tree.Node | None = None
    for argument in others:
        call = str(argument.this).lower() if isinstance(argument, exp.Anonymous) else ""
        if call in SPANS and span is None:
            span = SPANS[call](reader, argument)(tree.Measured(DAY, Type.DATE))
        elif call in ("told_from", "told_to") and call not in values:
            values[call] = _value(reader, argument, measure)
        else:
            raise reader.refuse(argument, f"this is nothing that can be asked of a change; write it as in {EXAMPLE}")
    return tree.Changed(measure, values.get("told_from"), values.get("told_to"), span)


def was(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    """Read ``was(nps_class = 'promoter', 30 days ago)``."""
    arguments = reader.parts.take(node, "expressions")
    if len(arguments) != 2 or reader.within:
        raise reader.refuse(node, f"{name} is asked in segments, as in {EXAMPLE_WAS}")
    condition = reader.node(arguments[0])
    try:
        when = reader.literals.literal(Measure(DAY_COLUMN, "event", "event"), arguments[1])
    except ValueError as error:
        raise reader.refuse(node, str(error)) from None
    if not isinstance(when, tree.Today) or when.ahead:
        raise reader.refuse(node, f"the day is one before the logical date, as in {EXAMPLE_WAS}")
    for part in tree.clauses(condition):
        read = tree.compared(part)
        if not read or isinstance(part, tree.Top):
            raise reader.refuse(node, f"{part} is not kept of former days; {name} asks of measures and traits")
        for operand in tree.operands(part):
            _require_kept(reader, node, operand)
    return tree.Was(condition, when)


def _require_kept(reader: Reader, node: exp.Anonymous, operand: tree.Operand) -> None:
    """Refuse a value of which no history is kept."""
    if isinstance(operand, tree.Traited):
        return
    kept = [each.name for each in measures_of(reader.level).values() if each.history]
    if operand.name not in kept or not isinstance(operand, tree.Measured):
        problem = (
            f"no history is kept of {operand}{nearest(operand.name, kept)}; it is of {', '.join(kept)}, and of traits"
        )
        raise reader.refuse(node, problem)


def _value(reader: Reader, argument: exp.Expr, measure: tree.Measured | tree.Traited) -> tree.Literal:
    reader.parts.take(argument, "this")
    (written,) = reader.parts.take(argument, "expressions")
    try:
        value = reader.literals.literal(_declared(reader, measure), written)
    except ValueError as error:
        raise reader.refuse(argument, str(error)) from None
    if not isinstance(value, tree.Literal):
        raise reader.refuse(argument, f"{value} is no value that is kept")
    return value


def _declared(reader: Reader, measure: tree.Measured | tree.Traited) -> Measure:
    if isinstance(measure, tree.Traited):
        return reader.vocabulary.traits[measure.name].measure
    return measures_of(reader.level)[measure.name]
