"""Amounts in the currency that each event names: they add up only where a condition says which."""

from __future__ import annotations

from include.contracts.events import EventKind
from include.contracts.tables import Type
from include.segments import tree

CURRENCY = "currency"


def undecided(kind: EventKind, of: str, where: tree.Node | None) -> str | None:
    """Say why the values of a property of events do not add up; None where they do.

    A number of a kind that has a ``currency`` is an amount in it.
    """
    column, currency = kind.property(of), kind.property(CURRENCY)
    if column is None or column.type is not Type.NUMBER or currency is None:
        return None
    named = _possible(where) if where is not None else None
    if named is not None and len(named - {None}) <= 1:
        return None
    told = f"each {kind.name!r} names the currency of its {of}, and different ones do not add up"
    return f"{told}; say which: where currency = 'EUR', or where currency is null for the company's own"


def _possible(node: tree.Node) -> frozenset[object] | None:
    """The currencies that a condition leaves, null as None; None where it leaves any."""
    match node:
        case tree.Compare("=", tree.Measured("currency"), tree.Literal(value)):
            return frozenset({value})
        case tree.In(tree.Measured("currency"), values):
            return frozenset(literal.value for literal in values)
        case tree.IsNull(tree.Measured("currency")):
            return frozenset({None})
        case tree.And(items):
            known = [found for item in items if (found := _possible(item)) is not None]
            return frozenset.intersection(*known) if known else None
        case tree.Or(items):
            each = [found for item in items if (found := _possible(item)) is not None]
            return frozenset[object]().union(*each) if len(each) == len(items) else None
    return None
