"""Renewal: when each contract comes up, and of an account's contracts the one that comes up first.

- A contract that ends comes up on its last day; one that renews by itself, on the last day to give notice, and
  once that has passed, on the next term's: it is never overdue.
- Evergreen and month-to-month contracts do not come up: bucket `none`, told apart by their type.
- A contract past its end is overdue until a contract of the account that started no earlier runs longer. Overdue
  contracts are live: their value counts until they are renewed, or closed in the CRM.
- A contract comes up no more once its renewal is signed: a contract of the account that begins around its end, or
  later, and runs longer.
- Month arithmetic keeps to the calendar: 29 February and the 31st become the month's last day where it is shorter.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.measures import LIVE, RENEWAL_MEASURES
from include.measures.inputs import Inputs

ENDLESS = ("evergreen", "month_to_month")
FOREVER = ibis.date(9999, 12, 31)
BUCKET_ENDS = ((0, "overdue"), (31, "0-30"), (61, "31-60"), (91, "61-90"), (121, "91-120"))


def bucket(days: ir.IntegerValue) -> ir.StringValue:
    """Return the half-open bucket of a number of days to renewal; none for null."""
    known = tuple((days < end, name) for end, name in BUCKET_ENDS)
    return ibis.cases((days.isnull(), "none"), *known, else_="later")


def add_months(day: ir.DateValue, months: ir.IntegerValue) -> ir.DateValue:
    """Return the same day so many calendar months later, or the month's last day where it is shorter."""
    return (day.cast("timestamp") + months.as_interval("M")).date()


def contracts(inputs: Inputs) -> ir.Table:
    """Return every contract that is not a draft, with state, is_live, renewal_date, renewal_bucket and term_end.

    ``is_live`` is the one meaning of a live contract: in force, or overdue.
    """
    rows = inputs.of_account(inputs.contract.filter(inputs.contract.status != "draft"))
    rows = rows.mutate(
        last_day=_last_day(rows),
        renews_itself=(rows.auto_renew | (rows.contract_type == "auto_renew")) & ~rows.contract_type.isin(ENDLESS),
        is_active=rows.status == "active",
        notice=rows.notice_days.fill_null(0),
    )
    rows = rows.mutate(term_end=ibis.ifelse(rows.renews_itself, _rolled(inputs, rows), rows.last_day))
    rows = rows.mutate(runs_until=ibis.ifelse(rows.is_active, rows.term_end.fill_null(FOREVER), None))
    rows = rows.mutate(state=_state(inputs, rows))
    rows = rows.mutate(is_live=rows.state.isin(LIVE), is_renewed=_renewal_is_signed(inputs, rows))
    notice_on = ibis.ifelse(rows.renews_itself, rows.term_end - rows.notice.as_interval("D"), None).cast("date")
    rows = rows.mutate(
        renewal_notice_on=notice_on,
        renewal_date=ibis.ifelse(
            (rows.state != "ended") & ~rows.is_renewed, ibis.coalesce(notice_on, rows.term_end), None
        ),
    )
    return rows.mutate(renewal_bucket=bucket(rows.renewal_date.delta(inputs.today, unit="day")))


def _state(inputs: Inputs, rows: ir.Table) -> ir.StringValue:
    """One of CONTRACT_STATES on the logical date."""
    past = rows.term_end.fill_null(FOREVER) < inputs.today
    succeeded = (_longest_successor(rows) > rows.term_end).fill_null(False)
    return ibis.cases(
        (~rows.is_active | (past & succeeded), "ended"),
        (past, "overdue"),
        (rows.start_date > inputs.today, "not_begun"),
        else_="in_force",
    )


def _renewal_is_signed(inputs: Inputs, rows: ir.Table) -> ir.BooleanValue:
    """Tell whether a contract that has not begun follows this one, whose end it outlasts."""
    ahead = rows.state == "not_begun"
    by_account = ibis.window(group_by=rows.account_id)
    begins = rows.start_date.max(where=ahead).over(by_account)
    until = rows.runs_until.max(where=ahead).over(by_account)
    around_the_end = begins.delta(rows.term_end, unit="day") >= -inputs.thresholds.renewal.signed_ahead_days
    return (~ahead & around_the_end & (until > rows.term_end)).fill_null(False)


def _last_day(rows: ir.Table) -> ir.DateValue:
    """The end as the CRM has it, else the term's; none for contracts without an end."""
    of_term = add_months(rows.start_date, rows.term_months) - ibis.interval(days=1)
    end = ibis.coalesce(rows.end_date, of_term.cast("date"))
    return ibis.ifelse(rows.contract_type.isin(ENDLESS), None, end).cast("date")


def _rolled(inputs: Inputs, rows: ir.Table) -> ir.DateValue:
    """The end of the first term whose notice deadline is not past, counted from the original end in whole terms."""
    term = ibis.coalesce(rows.term_months.nullif(0), inputs.thresholds.renewal.rolls_by_months)
    earliest = (inputs.today.cast("timestamp") + rows.notice.as_interval("D")).date()
    months = (earliest.year() - rows.last_day.year()) * 12 + earliest.month() - rows.last_day.month()
    terms = ibis.greatest((months.cast("float64") / term).ceil(), 0).cast("int64")
    end = add_months(rows.last_day, terms * term)
    return ibis.ifelse(end >= earliest, end, add_months(rows.last_day, (terms + 1) * term))


def _longest_successor(rows: ir.Table) -> ir.DateValue:
    """The latest end among the account's active contracts that started no earlier."""
    others = ibis.window(
        group_by=rows.account_id,
        order_by=[rows.start_date.desc(), rows.runs_until.desc(nulls_first=False), rows.contract_id],
        preceding=(None, 1),
    )
    return rows.runs_until.max().over(others)


def account(inputs: Inputs, contracts: ir.Table) -> ir.Table:
    """Return the renewal measures of each account, from the table that ``contracts`` describes."""
    totals = contracts.group_by("account_id").aggregate(
        contracts_live=contracts.is_live.sum(),
        contract_value=contracts.annual_value.sum(where=contracts.is_live),
        contract_value_overdue=contracts.annual_value.sum(where=contracts.state == "overdue"),
        in_force=(contracts.state == "in_force").sum(),
        ended_on=contracts.term_end.max(where=contracts.term_end <= inputs.today),
    )
    chosen = _first_to_renew(contracts)
    joined = totals.left_join(chosen, "account_id").drop("account_id_right")
    shaped = joined.mutate(
        contracts_overlap=joined.in_force > 1,
        contract_ended_on=ibis.ifelse(joined.contracts_live > 0, None, joined.ended_on).cast("date"),
        renewal_days=joined.renewal_date.delta(inputs.today, unit="day"),
        contract_type=joined.contract_type.fill_null("none"),
        renewal_bucket=joined.renewal_bucket.fill_null("none"),
        contract_auto_renews=joined.contract_auto_renews.fill_null(False),
    )
    return shaped.select("account_id", *(measure.name for measure in RENEWAL_MEASURES))


def _first_to_renew(contracts: ir.Table) -> ir.Table:
    """Return each account's contract that comes up first, of those live or signed ahead; then the most valuable."""
    live = contracts.filter(contracts.state != "ended")
    first = ibis.window(
        group_by="account_id",
        order_by=[
            live.renewal_date.asc(nulls_first=False),
            live.annual_value.desc(nulls_first=False),
            live.start_date.desc(),
            live.contract_id,
        ],
    )
    ranked = live.mutate(rank=ibis.row_number().over(first))
    chosen = ranked.filter(ranked["rank"] == 0)
    return chosen.select(
        "account_id", "renewal_date", "renewal_bucket", "renewal_notice_on", "contract_type",
        contract_start_on="start_date", contract_end_on="term_end", contract_auto_renews="renews_itself",
        renewal_contract_id="contract_id",
    )  # fmt: skip
