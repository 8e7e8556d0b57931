"""Sales: an account's opportunities that are open, won and lost on the logical date."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs


def account(inputs: Inputs) -> ir.Table:
    """Return the sales measures of each account that has an opportunity; one closed later is open still.

    Amounts are added up where they are of one currency.
    """
    rows = _judged(inputs)
    totals = rows.group_by("account_id").aggregate(
        opportunities_open=rows.is_open.sum(),
        opportunities_open_amount=_added(rows, rows.is_open),
        opportunities_won=rows.won.sum(),
        opportunities_won_amount=_added(rows, rows.won),
        opportunity_won_on=rows.close_date.max(where=rows.won),
        opportunities_lost=rows.lost.sum(),
        opportunity_lost_on=rows.close_date.max(where=rows.lost),
    )
    return totals.left_join(_first_to_close(rows), "account_id").drop("account_id_right")


def basis(inputs: Inputs) -> ir.Table:
    """Return one row: the accounts of which amounts that would be added up are in several currencies."""
    rows = _judged(inputs)
    mixed = rows.group_by("account_id").aggregate(
        is_mixed=~(_is_one_currency(rows, rows.is_open) & _is_one_currency(rows, rows.won))
    )
    return mixed.aggregate(accounts_of_currencies=mixed.is_mixed.sum().fill_null(0))


def _judged(inputs: Inputs) -> ir.Table:
    """The opportunities of accounts that were there on the logical date, as is_open, won or lost."""
    rows = inputs.of_account(inputs.opportunity.filter(inputs.opportunity.account_id.notnull()))
    rows = rows.mutate(created_on=inputs.day(rows.created_at))
    rows = rows.filter(rows.created_on.isnull() | (rows.created_on <= inputs.today))
    closed = rows.is_closed & (rows.close_date.isnull() | (rows.close_date <= inputs.today))
    return rows.mutate(is_open=~closed, won=closed & rows.is_won, lost=closed & ~rows.is_won)


def _added(rows: ir.Table, where: ir.BooleanValue) -> ir.FloatingValue:
    """The sum of amounts of one currency; null where they are of several, which cannot be added up."""
    return ibis.ifelse(_is_one_currency(rows, where), rows.amount.sum(where=where), ibis.null("float64"))


def _is_one_currency(rows: ir.Table, where: ir.BooleanValue) -> ir.BooleanValue:
    currency = rows.currency.fill_null("")  # the company's
    return currency.nunique(where=where & rows.amount.notnull()) <= 1


def _first_to_close(rows: ir.Table) -> ir.Table:
    """Return each account's open opportunity that is expected to close first."""
    rows = rows.filter(rows.is_open)
    first = ibis.window(group_by="account_id", order_by=[rows.close_date.asc(nulls_first=False), rows.opportunity_id])
    ranked = rows.mutate(place=ibis.row_number().over(first))
    return ranked.filter(ranked.place == 0).select(
        "account_id", "opportunity_id", opportunity_stage="stage", opportunity_type="type",
        opportunity_amount="amount", opportunity_close_on="close_date", opportunity_created_on="created_on",
    )  # fmt: skip
