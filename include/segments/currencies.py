"""Amounts in the currency that each event names: they add up only where a condition says which."""

from __future__ import annotations

from include.contracts.events import EventKind
from include.contracts.tables import Type
from include.segments import tree

CURRENCY = "currency"


def of_one(kind: EventKind, of: str, where: tree.Node | None, own: str | None) -> tree.Node | None:
    """Return the condition by which the values of a property of events are of one currency, so that they add up.

    A number of a kind that has a ``currency`` is an amount in it. ``own`` is the company's only one, if it declares
    that: a condition that speaks of none means that. Raises ValueError for amounts of which nothing tells it.
    """
    column, currency = kind.property(of), kind.property(CURRENCY)
    if column is None or column.type is not Type.NUMBER or currency is None:
        return where
    named = _possible(where) if where is not None else None
    if named is not None and len(named - {None}) <= 1:
        return where
    if own is not None and not (where is not None and _speaks_of_it(where)):
        parts = where.items if isinstance(where, tree.And) else () if where is None else (where,)
        return tree.And((*parts, in_own(own))) if parts else in_own(own)
    told = f"each {kind.name!r} names the currency of its {of}, and different ones do not add up"
    say = "say which: where currency = 'EUR', or where currency is null for the company's own"
    declare = "; a company that has one only declares it, as currency: EUR in events.yaml" if own is None else ""
    raise ValueError(f"{told}; {say}{declare}")


def in_own(currency: str) -> tree.Or:
    """Return the condition that an amount is in the company's currency, which needs no name."""
    column = tree.Measured(CURRENCY, Type.TEXT)
    return tree.Or((tree.Compare("=", column, tree.Literal(currency, Type.TEXT)), tree.IsNull(column)))


def own_of(where: tree.Node | None) -> str | None:
    """Return the currency that a condition means as the company's own, if it means one."""
    for node in tree.walk(where) if where is not None else ():
        if isinstance(node, tree.Or) and isinstance(node.items[0], tree.Compare):
            named = node.items[0].right
            if isinstance(named, tree.Literal) and node == in_own(str(named.value)):
                return str(named.value)
    return None


def _speaks_of_it(where: tree.Node) -> bool:
    return any(CURRENCY in tree.measures(clause) for clause in tree.clauses(where))


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
