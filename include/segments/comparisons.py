"""Comparisons: a measure with a value or with another measure, as sqlglot has read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from include.contracts.tables import Type
from include.segments import sum_functions, syntax, tree
from include.segments.forms import unread
from include.segments.functions import NUMERIC, Reader
from include.segments.names import ANY, a


def _comparison(reader: Reader, node: exp.Expr) -> tree.Node:
    op = syntax.COMPARISONS[type(node)]
    left, right = (reader.parts.inside(reader.parts.take(node, side)) for side in ("this", "expression"))
    if not reader.names_measure(left) and reader.names_measure(right):
        left, right, op = right, left, syntax.MIRRORED[op]
    measure = reader.measure(left)
    if isinstance(right, exp.Tuple) and op in ("=", "!="):
        listed = tree.In(
            measure, tuple(plain_literal(reader, measure, v) for v in reader.parts.take(right, "expressions"))
        )
        return tree.Not(listed) if op == "!=" else listed
    if measure.type is Type.TEXT and op not in ("=", "!="):
        raise reader.refuse(node, f"{measure} is text, which has no order; use =, !=, in or contains")
    if measure.type is Type.BOOLEAN and op not in ("=", "!="):
        raise reader.refuse(node, f"{measure} is true or false, which has no order")
    return tree.Compare(op, measure, _other(reader, measure, right))


def _other(reader: Reader, measure: tree.Operand, node: exp.Expr) -> tree.Operand | tree.Literal | tree.Today:
    if not reader.names_measure(node):
        return _literal(reader, measure, node)
    other = reader.measure(node)
    if other.type is not measure.type and not (other.type in NUMERIC and measure.type in NUMERIC):
        raise reader.refuse(
            node, f"{measure} is {a(measure.type)} and cannot be compared with {other}, {a(other.type)}"
        )
    return other


def _in(reader: Reader, node: exp.In) -> tree.Node:
    listed = list(reader.parts.take(node, "expressions") or [])
    if not listed and node.args.get("field") is not None:
        raise unread(node, reader.text)
    if not listed:
        told = "a subquery is not part of the segment language; list the values, as in in ('a', 'b')"
        raise reader.refuse(node, told)
    measure = reader.measure(reader.parts.take(node, "this"))
    is_any = isinstance(listed[0], exp.Column) and listed[0].name == ANY
    if is_any:
        reader.literals.identifier(reader.parts.take(listed.pop(0), "this"))
    values = tuple(plain_literal(reader, measure, value) for value in listed)
    declared = sum_functions.declared(measure, reader.known)
    if is_any and measure.type is Type.TEXT and not declared.column.allowed and declared.spelled is None:
        return tree.TextTest(measure, tree.IS_ANY, tuple(str(value.value) for value in values))
    return tree.In(measure, values)


def _between(reader: Reader, node: exp.Between) -> tree.Node:
    measure = reader.measure(reader.parts.take(node, "this"))
    if measure.type in (Type.TEXT, Type.BOOLEAN):
        raise reader.refuse(node, f"{measure} is {a(measure.type)}, which has no order")
    low, high = (_literal(reader, measure, reader.parts.take(node, end)) for end in ("low", "high"))
    return tree.Between(measure, low, high)


def _like(reader: Reader, node: exp.Like) -> tree.Node:
    measure = reader.measure(reader.parts.take(node, "this"))
    pattern = reader.literals.text(reader.parts.take(node, "expression"))
    if measure.type is not Type.TEXT:
        raise reader.refuse(node, f"{measure} is {a(measure.type)}; 'like' compares text")
    if pattern is None:
        raise reader.refuse(node, "'like' needs a quoted pattern")
    if "\\" in pattern:
        raise reader.refuse(node.expression, "a pattern cannot hold a backslash")
    like = tree.Like(measure, pattern, isinstance(node, exp.ILike))
    return tree.Not(like) if reader.parts.take(node, "negate") else like


def _is(reader: Reader, node: exp.Is) -> tree.Node:
    measure, value = reader.measure(reader.parts.take(node, "this")), reader.parts.take(node, "expression")
    tested: tree.Node = tree.IsNull(measure)
    if isinstance(value, exp.Boolean) and measure.type is Type.BOOLEAN:
        is_true = bool(reader.parts.take(value, "this"))
        assert isinstance(measure, tree.Measured)  # nothing that is counted of events is true or false
        tested = tree.And((tree.Not(tested), measure if is_true else tree.Not(measure)))  # never unknown
    elif isinstance(value, exp.Column) and is_allowed(reader, measure, value):
        tested = tree.Compare("=", measure, plain_literal(reader, measure, value))
    elif not isinstance(value, exp.Null):
        word = f"; text stands in quotes, as in {measure} = '{value.name}'" if isinstance(value, exp.Column) else ""
        raise reader.refuse(node, f"'is' goes with null, known, unknown, any of; compare with = or !={word}")
    return tree.Not(tested) if reader.parts.take(node, "negate") else tested


def is_allowed(reader: Reader, measure: tree.Operand, value: exp.Column) -> bool:
    """Whether a word without quotes is one of the values that a measure can have: `nps_class is promoter`."""
    allowed = sum_functions.declared(measure, reader.known).column.allowed
    return value.name.lower() in map(str.lower, allowed)


def _literal(reader: Reader, measure: tree.Operand, node: exp.Expr) -> tree.Literal | tree.Today:
    """The value as one of the measure's type."""
    try:
        return reader.literals.literal(sum_functions.declared(measure, reader.known), node)
    except ValueError as error:
        raise reader.refuse(node, str(error)) from None


def plain_literal(reader: Reader, measure: tree.Operand, node: exp.Expr) -> tree.Literal:
    """Return the value as one of the measure's type; a day that moves is refused."""
    value = _literal(reader, measure, node)
    if isinstance(value, tree.Today):
        raise reader.refuse(node, f"{value} is no value of a list; compare with =")
    return value


COMPARISONS: Mapping[tuple[type, ...], Callable[[Reader, Any], tree.Node]] = {
    tuple(syntax.COMPARISONS): _comparison,
    (exp.In,): _in,
    (exp.Between,): _between,
    (exp.Like, exp.ILike): _like,
    (exp.Is,): _is,
}
