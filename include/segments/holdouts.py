"""Holdouts: which members are kept out of activation, in their own segment and in those that build on it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.catalog import Catalog
from include.segments.expression import digest

COLUMNS = ("segment_key", "member_id")


def with_holdouts(rows: ir.Table, catalog: Catalog, customers: ir.Table) -> ir.Table:
    """Add ``is_holdout`` to memberships: segment_key, member_id, was_holdout (in the run before), others.

    A member's hash with the segment's key decides, so that it is always the same ones. Whoever is held out of a
    segment is so of those that include it; an account's people with their account, but no account for one of its
    people. A refused segment holds out whom it held out.
    """
    sound = [segment.key for segment in catalog.segments]
    held = _drawn(rows, catalog)
    for part in _inherited(held, catalog, customers):
        held = held.union(part)
    marked = rows.left_join(held.distinct().mutate(is_held=True), COLUMNS)
    flag = ibis.ifelse(marked.segment_key.isin(sound), marked.is_held.fill_null(False), marked.was_holdout)
    return marked.mutate(is_holdout=flag).drop("is_held", "was_holdout", *(f"{name}_right" for name in COLUMNS))


def inherited(catalog: Catalog) -> dict[str, frozenset[str]]:
    """Return the other segments whose holdouts are also held out of each sound one, where there are any."""
    found: dict[str, frozenset[str]] = {}
    for segment in catalog.segments:  # each after those it refers to
        below = included(segment.condition) if segment.definition.inherit_holdouts else ()
        drawing = {key for key in below if catalog.segment(key).definition.holdout > 0}
        found[segment.key] = frozenset(drawing.union(*(found[key] for key in below)))
    return {key: others for key, others in found.items() if others}


def _drawn(rows: ir.Table, catalog: Catalog) -> ir.Table:
    """Those whom each segment holds out by its own share."""
    hashed = digest(rows.segment_key + ":" + rows.member_id)
    drawn = [
        (rows.segment_key == segment.key) & (hashed < f"{int(segment.definition.holdout * 16**8):08x}")
        for segment in catalog.segments
        if segment.definition.holdout > 0
    ]
    return rows.filter(ibis.or_(*drawn) if drawn else ibis.literal(False)).select(*COLUMNS)


def _inherited(held: ir.Table, catalog: Catalog, customers: ir.Table) -> list[ir.Table]:
    """Those held out of the segments that each one includes."""
    levels = {segment.key: segment.level for segment in catalog.segments}
    pairs = [(key, other) for key, others in inherited(catalog).items() for other in sorted(others)]
    alike = [pair for pair in pairs if levels[pair[0]] == levels[pair[1]]]
    by_account = [pair for pair in pairs if (levels[pair[0]], levels[pair[1]]) == ("person", "account")]
    people = customers.select(member_id="account_id", person="profile_id")
    found = []
    if alike:
        found.append(_carried(held, alike))
    if by_account:
        joined = _carried(held, by_account).inner_join(people, "member_id")
        found.append(joined.select("segment_key", member_id="person"))
    return found


def _carried(held: ir.Table, pairs: list[tuple[str, str]]) -> ir.Table:
    known = ibis.memtable({"above": [above for above, _ in pairs], "segment_key": [below for _, below in pairs]})
    return held.inner_join(known, "segment_key").select("member_id", segment_key="above").select(*COLUMNS)


def included(node: tree.Node, *, truth: bool = True) -> tuple[str, ...]:
    """Return the keys of the segments whose members the condition takes in, not only leaves out, sorted."""
    match node:
        case tree.InSegment(key):
            return (key,) if truth else ()
        case tree.Not(item):
            return included(item, truth=not truth)
        case tree.People(quantifier, condition) | tree.Relatives(_, quantifier, condition):
            return included(condition, truth=truth is not (quantifier == "none"))
    return tuple(sorted({key for child in tree.children(node) for key in included(child, truth=truth)}))
