"""Hierarchy: the accounts above an account and below it, at any depth, as the CRM names their parents."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs

DOUBLINGS = 6  # chains of parents up to 2 ** 6 accounts


def above(inputs: Inputs, hold: Callable[[ir.Table], ir.Table]) -> ir.Table:
    """Return the rows of ``account_above``.

    Parents that are each other's are nobody's: who is above such an account is not told.
    """
    return _without_loops(_pairs(inputs, hold)).rename(above_account_id="above")


def account(inputs: Inputs, pairs: ir.Table) -> ir.Table:
    """Return of each account its parent, the uppermost one above it, and how many are above and below.

    ``pairs`` are the rows of ``account_above``.
    """
    highest = pairs.group_by("account_id").aggregate(
        top_account_id=pairs.above_account_id.argmax(pairs.steps),
        parent_account_id=pairs.above_account_id.argmin(pairs.steps),
        accounts_above=pairs.count(),
    )
    below = pairs.group_by(account_id=pairs.above_account_id).aggregate(accounts_below=pairs.count())
    rows = inputs.account.select("account_id")
    for part in (highest, below):
        rows = rows.left_join(part, "account_id").drop("account_id_right")
    return rows.mutate(top_account_id=ibis.coalesce(rows.top_account_id, rows.account_id))


def _pairs(inputs: Inputs, hold: Callable[[ir.Table], ir.Table]) -> ir.Table:
    """Every account with each one above it, and how many steps there are between; in a loop with itself too."""
    known = inputs.account.select("account_id", source=inputs.account.parent_id)
    link = inputs.account_link.select(source="source_account_id", living="account_id")
    parents = known.filter(known.source.notnull()).left_join(link, "source")
    parents = parents.select("account_id", above=ibis.coalesce(parents.living, parents.source))
    parents = parents.filter(parents.above != parents.account_id)
    there = inputs.account.select(above="account_id")
    found = hold(parents.semi_join(there, "above").mutate(steps=ibis.literal(1, "int64")))
    for _ in range(DOUBLINGS):
        upper = found.select(above="account_id", over="above", more="steps")
        longer = found.inner_join(upper, "above")
        longer = longer.select("account_id", above=longer.over, steps=longer.steps + longer.more)
        both = found.union(longer)
        found = hold(both.group_by("account_id", "above").aggregate(steps=both.steps.min()))
    return found


def _without_loops(pairs: ir.Table) -> ir.Table:
    """The pairs whose way up ends before a loop, or at the account by which it is reached."""
    looped = pairs.filter(pairs.account_id == pairs.above).select("account_id").distinct()
    entered = pairs.semi_join(looped.select(above="account_id"), "above")
    entered = entered.group_by("account_id").aggregate(last=entered.steps.min())
    rows = pairs.anti_join(looped, "account_id").left_join(entered, "account_id")
    return rows.filter((rows.steps <= rows.last).fill_null(True)).select("account_id", "above", "steps")
