"""The report `churn`: the ledger of contract movements, retention, survival, what is due, and what announced losses."""

from __future__ import annotations

from datetime import date, timedelta

import ibis.expr.types as ir

from include.contracts.reports.churn import LEDGER, MISSING, MONTHS, RENEWALS, SURVIVAL, WARNINGS
from include.reports import contracts, due, survival, warnings
from include.reports.data import Computed, Data, covered
from include.reports.dimensions import of_accounts

# The account's value at the end of each month in which it changed; a month covers what goes on over its last day.
_STATES = """
WITH changed AS (
    SELECT account_id, date_trunc('month', begins_on) AS month, annual_value AS value, 1 AS live FROM {spans}
    UNION ALL
    SELECT account_id, date_trunc('month', until + 1), -annual_value, -1 FROM {spans} WHERE until IS NOT NULL
), summed AS (
    SELECT account_id, CAST(month AS DATE) AS month, sum(value) AS value, sum(live) AS live
    FROM changed WHERE month <= {last} GROUP BY ALL
)
SELECT account_id, month, round(sum(value) OVER told, 2) AS value, sum(live) OVER told AS live
FROM summed WINDOW told AS (PARTITION BY account_id ORDER BY month)
"""
_LEDGER = """
WITH pairs AS (
    SELECT account_id, month, value, live, coalesce(lag(value) OVER told, 0) AS value_before,
        coalesce(lag(live) OVER told, 0) AS live_before, coalesce(max(live) OVER (told ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING), 0) AS ever_before
    FROM {states} WINDOW told AS (PARTITION BY account_id ORDER BY month)
)
SELECT account_id, month, value_before, value AS value_after, abs(value - value_before) AS change,
    CASE WHEN live_before = 0 AND ever_before > 0 THEN 'reactivation' WHEN live_before = 0 THEN 'new'
        WHEN live = 0 THEN 'churn' WHEN value > value_before THEN 'expansion' ELSE 'contraction' END AS movement
FROM pairs WHERE (live > 0) <> (live_before > 0) OR value <> value_before
"""
_SERIES = """
SELECT CAST(unnest(generate_series(min(month), CAST({last} AS TIMESTAMP), INTERVAL 1 MONTH)) AS DATE) AS month
FROM {ledger}
"""
_MONTHS = """
WITH cells AS (
    SELECT dimension, category, s.month FROM (SELECT DISTINCT dimension, category FROM {groups}) CROSS JOIN {series} s
), moved AS (
    SELECT dimension, category, month,
        sum(change) FILTER (movement = 'new') AS new_value,
        sum(change) FILTER (movement = 'reactivation') AS reactivated_value,
        sum(change) FILTER (movement = 'expansion') AS expanded_value,
        sum(change) FILTER (movement = 'contraction') AS contracted_value,
        sum(change) FILTER (movement = 'churn') AS churned_value,
        count(*) FILTER (movement = 'new') AS new_accounts,
        count(*) FILTER (movement = 'reactivation') AS reactivated_accounts,
        count(*) FILTER (movement = 'churn') AS churned_accounts
    FROM {ledger} JOIN {groups} USING (account_id) GROUP BY ALL
), filled AS (
    SELECT dimension, category, month, round(coalesce(new_value, 0), 2) AS new_value,
        round(coalesce(reactivated_value, 0), 2) AS reactivated_value,
        round(coalesce(expanded_value, 0), 2) AS expanded_value,
        round(coalesce(contracted_value, 0), 2) AS contracted_value,
        round(coalesce(churned_value, 0), 2) AS churned_value, coalesce(new_accounts, 0) AS new_accounts,
        coalesce(reactivated_accounts, 0) AS reactivated_accounts, coalesce(churned_accounts, 0) AS churned_accounts
    FROM cells LEFT JOIN moved USING (dimension, category, month)
), ended AS (
    SELECT *, round(sum(new_value + reactivated_value + expanded_value - contracted_value - churned_value) OVER told, 2)
            AS end_value,
        sum(new_accounts + reactivated_accounts - churned_accounts) OVER told AS end_accounts
    FROM filled WINDOW told AS (PARTITION BY dimension, category ORDER BY month)
)
SELECT e.*, lag(end_value, 1, 0) OVER told AS start_value, lag(end_accounts, 1, 0) OVER told AS start_accounts,
    r.grr, r.nrr, r.logo_retention, coalesce(r.base_accounts, 0) AS base_accounts,
    last_day(e.month) < {as_of} - {grace} AS is_settled
FROM ended e LEFT JOIN {kept} r USING (dimension, category, month)
WINDOW told AS (PARTITION BY dimension, category ORDER BY month)
"""
# What accounts live twelve months before a month's end still pay: nothing where they went in between.
_KEPT = """
WITH lasting AS (
    SELECT account_id, month, value, live, lead(month, 1, DATE '9999-01-01') OVER told AS next_month,
        max(CASE WHEN live = 0 THEN month END) OVER (told ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS gone_on
    FROM {states} WINDOW told AS (PARTITION BY account_id ORDER BY month)
), pairs AS (
    SELECT s.month, b.account_id, b.value AS paid,
        CASE WHEN n.live > 0 AND (n.gone_on IS NULL OR n.gone_on <= b.month) THEN n.value END AS pays
    FROM {series} s
    JOIN lasting b ON b.live > 0 AND b.month <= s.month - INTERVAL 12 MONTH
        AND b.next_month > s.month - INTERVAL 12 MONTH
    JOIN lasting n ON n.account_id = b.account_id AND n.month <= s.month AND n.next_month > s.month
)
SELECT dimension, category, month, round(sum(least(coalesce(pays, 0), paid)) / nullif(sum(paid), 0), 6) AS grr,
    round(sum(coalesce(pays, 0)) / nullif(sum(paid), 0), 6) AS nrr,
    round(count(pays) / count(*), 6) AS logo_retention, count(*) AS base_accounts
FROM pairs JOIN {groups} USING (account_id) GROUP BY ALL
"""
_COVERED = """
SELECT 'contracts' AS subject, (SELECT count(*) FROM {spans}) AS judged,
    (SELECT count(*) FROM {contracts} WHERE start_date <= {as_of}) AS total
UNION ALL
SELECT 'contracts with a value', count(annual_value), count(*) FROM {contracts} WHERE start_date <= {as_of}
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    spans = data.once(contracts.spans)
    states, ledger = movements(data, spans)
    groups = of_accounts(data, spans.select("account_id").distinct())
    found, renewals = warnings.measured(data, spans), due.all_due(data, spans)
    parts = {
        MONTHS.name: retention(data, states, ledger, groups),
        LEDGER.name: ledger,
        SURVIVAL.name: survival.curves(data, survival.lives(data, ledger, last_month(data)), groups),
        RENEWALS.name: due.by_month(data, renewals),
        MISSING.name: due.missing(data, renewals),
        WARNINGS.name: found.better,
    }
    counted = data.sql(_COVERED, spans=spans, contracts=data.contracts)
    return Computed(parts, covered(data, counted, due.coverage(data), found.coverage))


def last_month(data: Data) -> date:
    """Return the first day of the last calendar month that is over on the logical date."""
    return ((data.as_of + timedelta(days=1)).replace(day=1) - timedelta(days=1)).replace(day=1)


def movements(data: Data, spans: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Return the states (account_id, month, value, live) and the ledger of what changed between months' ends."""
    states = data.sql(_STATES, spans=spans, last=last_month(data))
    return states, data.sql(_LEDGER, states=states)


def retention(data: Data, states: ir.Table, ledger: ir.Table, groups: ir.Table) -> ir.Table:
    """Return what each month began with, what moved, what it ended with, and twelve months' retention."""
    series = data.sql(_SERIES, ledger=ledger, last=last_month(data))
    kept = data.sql(_KEPT, states=states, series=series, groups=groups)
    return data.sql(
        _MONTHS, groups=groups, series=series, ledger=ledger, kept=kept, grace=data.settings.churn.grace_days
    )
