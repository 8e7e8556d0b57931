"""Metrics: what the measures amount to over all people and contracts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_

import ibis
import ibis.expr.types as ir

from include.contracts.measures import NPS_CLASSES, RENEWAL_BUCKETS, USAGE_TIERS, measures_of
from include.contracts.metrics import BASES, GRID_DIMENSIONS, NOT_KNOWN, UNKNOWN
from include.measures import nps
from include.measures.inputs import Inputs

FLOW_WEEKS = 8


def grid(customers: ir.Table, fed: Collection[str]) -> ir.Table:
    """Return the number of profiles in each of the 140 cells, empty ones among them.

    A dimension that none of the ``fed`` staged tables tells of has one value, NOT_KNOWN.
    """
    known = measures_of("person")
    values = zip(GRID_DIMENSIONS, (NPS_CLASSES, USAGE_TIERS, RENEWAL_BUCKETS), strict=True)
    sides = [_values(name, all_of if known[name].is_known(fed) else (NOT_KNOWN,)) for name, all_of in values]
    cells = sides[0].cross_join(sides[1]).cross_join(sides[2])
    customers = customers.select(**{name: customers[name].fill_null(NOT_KNOWN) for name in GRID_DIMENSIONS})
    sizes = customers.group_by(*GRID_DIMENSIONS).aggregate(profiles=customers.count())
    joined = cells.left_join(sizes, list(GRID_DIMENSIONS), rname="{name}_found").fill_null({"profiles": 0})
    everybody = joined.profiles.sum().over(ibis.window())
    return joined.select(*GRID_DIMENSIONS, "profiles", share=_share(joined.profiles, everybody))


def grid_flow(history: ir.Table, as_of: date, first: date) -> ir.Table:
    """Return how many profiles moved between cells in each of the last weeks that the history covers whole.

    ``first`` is the history's first day: what held before is not known.
    """
    weeks = min(FLOW_WEEKS, max((as_of - first).days // 7, 0))
    history = history.mutate(**{name: history[name].fill_null(NOT_KNOWN) for name in GRID_DIMENSIONS})
    known = history.filter(history.since <= ibis.literal(as_of))
    moved = known.filter(known.since > ibis.literal(as_of - timedelta(days=7 * weeks))).select("profile_id").distinct()
    rows = known.semi_join(moved, "profile_id").select("profile_id", "since", "is_present", *GRID_DIMENSIONS)
    age = ibis.literal(as_of).delta(rows.since, unit="day")
    rows = rows.mutate(week=ibis.least(age // 7, weeks))  # of all before the first week only the last state counts
    order = ibis.window(group_by="profile_id", order_by="since")
    rows = rows.mutate(week_after=rows.week.lead().over(order))
    ends = rows.filter(rows.week_after.isnull() | (rows.week_after != rows.week))
    pairs = ends.mutate(
        was_present=ends.is_present.lag().over(order).fill_null(False),
        **{f"from_{name}": ends[name].lag().over(order) for name in GRID_DIMENSIONS},
    )
    return _counted(pairs.filter(pairs.week < weeks), as_of)


def _counted(pairs: ir.Table, as_of: date) -> ir.Table:
    """Count the moves by week and cells; who was there neither before nor after, or stayed in a cell, is none."""
    sides = (("from", "was_present", "new"), ("to", "is_present", "gone"))
    words = {
        f"{side}_{name}": ibis.ifelse(pairs[present], pairs[f"from_{name}" if side == "from" else name], word)
        for side, present, word in sides
        for name in GRID_DIMENSIONS
    }
    week_end = (ibis.literal(as_of) - (pairs.week * 7).as_interval("D")).cast("date")
    rows = pairs.filter(pairs.is_present | pairs.was_present).select(week_end=week_end, **words)
    stayed = reduce(and_, (rows[f"from_{name}"] == rows[f"to_{name}"] for name in GRID_DIMENSIONS))
    return rows.filter(~stayed).group_by("week_end", *words).aggregate(profiles=lambda t: t.count())


def nps_month(inputs: Inputs) -> ir.Table:
    """Return each month's score, of each person the latest answer in it."""
    rows = nps.answers(inputs)
    rows = rows.mutate(month=rows.day.truncate("M").cast("date"))
    newest = ibis.window(group_by=["profile_id", "month"], order_by=[rows.at.desc(), rows.response_id.desc()])
    latest = rows.mutate(rank=ibis.row_number().over(newest)).filter(lambda t: t["rank"] == 0)
    latest = latest.mutate(nps_class=nps.nps_class(latest.score))
    counted = latest.group_by("month").aggregate(
        answered=latest.count(),
        **{f"{name}s": (latest.nps_class == name).sum() for name in ("promoter", "passive", "detractor")},
    )
    return counted.mutate(nps=nps.net_score(counted.promoters, counted.detractors, counted.answered))


def contract_renewal(contracts: ir.Table, accounts: ir.Table) -> ir.Table:
    """Return each contract's renewal; a live one is at risk where its account is."""
    joined = contracts.left_join(accounts.select("account_id", "is_at_risk"), "account_id")
    return joined.mutate(is_at_risk=ibis.ifelse(joined.state == "ended", None, joined.is_at_risk))


def renewal_month(renewals: ir.Table) -> ir.Table:
    """Return the contracts due in each month, and those at risk."""
    due = renewals.filter(renewals.renewal_date.notnull())
    due = due.mutate(month=due.renewal_date.truncate("M").cast("date"))
    value = due.annual_value.fill_null(0.0)
    return due.group_by("month").aggregate(
        contracts=due.count(),
        value=value.sum(),
        at_risk=due.is_at_risk.sum().fill_null(0),
        value_at_risk=value.sum(where=due.is_at_risk.fill_null(False)).fill_null(0.0),
    )


def coverage(customers: ir.Table) -> ir.Table:
    """Return the share of profiles that have NPS, usage, a contract, email, an account."""
    known = {
        family: customers[column].notnull() & ~customers[column].identical_to(unknown)
        for family, (column, unknown) in UNKNOWN.items()
    }
    totals = customers.aggregate(
        everybody=customers.count(), **{name: has.sum().fill_null(0) for name, has in known.items()}
    )
    rows = [
        totals.select(
            family=ibis.literal(name),
            profiles=totals[name].cast("int64"),
            share=_share(totals[name], totals.everybody),
        )
        for name in known
    ]
    return ibis.union(*rows)


def basis(parts: Sequence[ir.Table]) -> ir.Table:
    """Return how much evidence of each kind there is, from tables of one row that name the kinds."""
    rows = [
        part.select(
            basis=ibis.literal(name), about=ibis.literal(BASES[name]), rows=part[name].cast("int64").fill_null(0)
        )
        for part in parts
        for name in part.columns
    ]
    return ibis.union(*rows)


def _values(name: str, values: tuple[str, ...]) -> ir.Table:
    return ibis.memtable({name: list(values)})


def _share(part: ir.IntegerValue, whole: ir.IntegerValue) -> ir.FloatingValue:
    return (part.cast("float64") / whole.nullif(0)).fill_null(0.0)
