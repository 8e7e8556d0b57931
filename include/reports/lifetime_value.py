"""The report `lifetime_value`: margin to date, margin to expect by survival, and the back-test that decides."""

from __future__ import annotations

from datetime import date

import ibis.expr.types as ir

from include.contracts.reports.lifetime_value import ACCOUNTS, BACK_TEST, GROUPS
from include.reports import churn, contracts, survival
from include.reports.data import Computed, Data, covered
from include.reports.dimensions import of_accounts

# Months under contract of each account up to a month: (account, month, value at its end).
_PAID = """
SELECT account_id, CAST(unnest(generate_series(CAST(month AS TIMESTAMP), CAST(least(next_month - 1, last_day({last}))
    AS TIMESTAMP), INTERVAL 1 MONTH)) AS DATE) AS month, value
FROM (
    SELECT *, lead(month, 1, DATE '9999-01-01') OVER (PARTITION BY account_id ORDER BY month) AS next_month
    FROM {states}
) WHERE live > 0 AND month <= {last}
"""
# The curve by age, carried on at the mean monthly risk beyond the ages at which enough customers were seen.
_CARRIED = """
WITH seen AS (
    SELECT age_months AS age, survival, survival_low, survival_high FROM {curve} WHERE at_risk >= {least}
), risk AS (
    SELECT coalesce(sum(ended) / nullif(sum(at_risk), 0), 0) AS monthly FROM {curve} WHERE age_months > 0
), last AS (
    SELECT coalesce(max(age), 0) AS age, coalesce(min(survival), 1) AS survival,
        coalesce(min_by(survival_low, -age), 1) AS low, coalesce(min_by(survival_high, -age), 1) AS high FROM seen
), ages AS (
    SELECT CAST(unnest(range(0, 1200)) AS BIGINT) AS age
), carried AS (
    SELECT a.age, coalesce(s.survival, l.survival * pow(1 - r.monthly, a.age - l.age)) AS survival,
        coalesce(s.survival_low, l.low * pow(1 - r.monthly, a.age - l.age)) AS low,
        coalesce(s.survival_high, l.high * pow(1 - r.monthly, a.age - l.age)) AS high
    FROM ages a CROSS JOIN last l CROSS JOIN risk r LEFT JOIN seen s ON s.age = a.age
)
SELECT age, survival, low, high, sum(survival) OVER way AS sum_survival, sum(low) OVER way AS sum_low,
    sum(high) OVER way AS sum_high
FROM carried WINDOW way AS (ORDER BY age)
"""
_EXPECTED = """
WITH lives AS (
    SELECT account_id, min(month) AS since FROM {ledger} GROUP BY account_id
), live AS (
    SELECT p.account_id, p.value, date_diff('month', l.since, p.month) AS age
    FROM {paid} p JOIN lives l USING (account_id) WHERE p.month = {last}
)
SELECT v.account_id, v.value, v.value / 12 * (e.sum_survival - n.sum_survival) / nullif(n.survival, 0) AS expected,
    v.value / 12 * (e.sum_low - n.sum_low) / nullif(n.survival, 0) AS low,
    v.value / 12 * least((e.sum_high - n.sum_high) / nullif(n.survival, 0), {horizon}) AS high
FROM live v JOIN {curve} n ON n.age = v.age JOIN {curve} e ON e.age = v.age + {horizon}
"""
_TESTED = """
WITH came AS (
    SELECT account_id, sum(value) / 12 AS actual FROM {paid} WHERE month > {fitted} GROUP BY account_id
), before AS (
    SELECT avg(value) AS mean FROM (
        SELECT account_id, sum(value) / 12 AS value FROM {paid}
        WHERE month <= {fitted} AND month > {fitted} - INTERVAL 12 MONTH GROUP BY account_id
    )
), pairs AS (
    SELECT e.*, coalesce(c.actual, 0) AS actual, b.mean
    FROM {expected} e LEFT JOIN came c USING (account_id) CROSS JOIN before b
)
SELECT {fitted} AS fitted_on, count(*) AS accounts, coalesce(sum(expected), 0) AS predicted,
    coalesce(sum(actual), 0) AS actual,
    sqrt(avg(pow(expected - actual, 2))) AS error, sqrt(avg(pow(mean - actual, 2))) AS error_of_mean,
    sqrt(avg(pow(value - actual, 2))) AS error_of_no_churn, 12 AS horizon_months
FROM pairs
"""
_ACCOUNTS = """
SELECT p.account_id, sum(p.value) / 12 * {margin} AS margin_to_date,
    coalesce(any_value(e.expected), 0) * {margin} AS expected_margin,
    coalesce(any_value(e.low), 0) * {margin} AS expected_low,
    coalesce(any_value(e.high), 0) * {margin} AS expected_high, count(e.account_id) > 0 AS is_live
FROM {paid} p LEFT JOIN {expected} e USING (account_id) GROUP BY p.account_id
"""
_GROUPS = """
SELECT dimension, category, count(*) AS accounts, count(*) FILTER (is_live) AS live_accounts,
    sum(margin_to_date) AS margin_to_date, sum(expected_margin) AS expected_margin, sum(expected_low) AS expected_low,
    sum(expected_high) AS expected_high, sum(margin_to_date + expected_margin) / count(*) AS lifetime_value
FROM {accounts} JOIN {groups} USING (account_id) GROUP BY ALL
"""
_COVERED = """
SELECT 'accounts under contract' AS subject, count(*) FILTER (value > 0) AS judged, count(*) AS total
FROM {paid} WHERE month = {last}
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date; only the back-test where the model does not pass it."""
    settings = data.settings.lifetime_value
    spans, last = data.once(contracts.spans), churn.last_month(data)
    states, ledger = churn.movements(data, spans)
    paid = data.sql(_PAID, states=states, last=last)
    coverage = covered(data, data.sql(_COVERED, paid=paid, last=last))
    fitted = last.replace(year=last.year - 1)
    test = data.sql(_TESTED, expected=_expected(data, ledger, paid, fitted, 12), paid=paid, fitted=fitted)
    if refused := _refusal(data, test):
        return Computed({BACK_TEST.name: test}, coverage, refused)
    expected = _expected(data, ledger, paid, last, settings.horizon_months)
    accounts = data.sql(_ACCOUNTS, paid=paid, expected=expected, margin=settings.gross_margin)
    groups = of_accounts(data, accounts.select("account_id"))
    parts = {
        GROUPS.name: data.sql(_GROUPS, accounts=accounts, groups=groups),
        ACCOUNTS.name: accounts,
        BACK_TEST.name: test,
    }
    return Computed(parts, coverage)


def _expected(data: Data, ledger: ir.Table, paid: ir.Table, last: date, months: int) -> ir.Table:
    """What the accounts live at a month's end will pay in the months after it, by what was known then."""
    known = data.sql("SELECT * FROM {ledger} WHERE month <= {last}", ledger=ledger, last=last)
    everybody = data.sql("SELECT DISTINCT account_id, 'all' AS dimension, 'all' AS category FROM {known}", known=known)
    curve = survival.curves(data, survival.lives(data, known, last), everybody)
    carried = data.sql(_CARRIED, curve=curve, least=data.settings.lifetime_value.least_at_risk)
    return data.sql(_EXPECTED, ledger=known, paid=paid, last=last, curve=carried, horizon=months)


def _refusal(data: Data, test: ir.Table) -> str:
    (row,) = data.engine.ibis.to_pyarrow(test).to_pylist()
    least = data.settings.lifetime_value.least_accounts
    if row["accounts"] < least:
        return (
            f"Only {row['accounts']} accounts were under contract a year ago, and a back-test needs {least}: no "
            "lifetime value is published."
        )
    if row["error"] > row["error_of_mean"]:
        return "In the back-test the model's error is above that of the mean: no lifetime value is published."
    return ""
