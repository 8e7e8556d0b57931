"""Renewals due: each contract whose end is near or past, once, and what has been decided of it."""

from __future__ import annotations

import ibis.expr.types as ir

from include.reports.data import Data

# A renewal opportunity is of the account and closes within half a year of the contract's end. Where no opportunity at
# all is one, the source does not tell renewals apart, and none can be missing.
_DUE = """
WITH renewal AS (
    SELECT * FROM {opportunity}
    WHERE EXISTS (SELECT 1 FROM (SELECT unnest([{words}]) AS word) WHERE contains(lower(type), word))
), worked AS (
    SELECT coalesce(l.account_id, o.account_id) AS account_id, o.close_date,
        o.is_closed AND coalesce(o.close_date <= {as_of}, true) AS is_closed, o.is_won
    FROM renewal o LEFT JOIN {link} l ON l.source_account_id = o.account_id
    WHERE coalesce(CAST(o.created_at AS DATE) <= {as_of}, true)
), due AS (
    SELECT s.*, coalesce(s.ends_on, r.term_end) AS due_on, r.is_renewed AS is_signed
    FROM {spans} s JOIN {contracts} r USING (contract_id)
), seen AS (
    SELECT d.*, count(*) FILTER (NOT w.is_closed) AS open,
        count(*) FILTER (w.is_closed AND NOT w.is_won) AS lost
    FROM due d LEFT JOIN worked w ON w.account_id = d.account_id
        AND w.close_date BETWEEN d.due_on - 182 AND d.due_on + 182
    WHERE d.due_on BETWEEN {as_of} - 365 AND {as_of} + {ahead} GROUP BY ALL
)
SELECT s.contract_id, s.account_id, a.owner_id, s.due_on, c.annual_value, m.is_at_risk,
    CASE WHEN s.is_renewed OR s.is_signed THEN 'renewed' WHEN s.is_past THEN 'lost' WHEN s.goes_on THEN 'automatic'
        WHEN s.open > 0 THEN 'open' WHEN s.lost > 0 THEN 'lost'
        WHEN s.due_on > {as_of} + {missing} THEN 'later' WHEN EXISTS (FROM renewal) THEN 'missing'
        ELSE 'not_told' END AS decision
FROM seen s JOIN {contracts} c USING (contract_id) LEFT JOIN {account} a ON a.account_id = s.account_id
LEFT JOIN {measured} m ON m.account_id = s.account_id
"""
_MONTHS = """
SELECT CAST(date_trunc('month', due_on) AS DATE) AS month, decision, count(*) AS contracts,
    coalesce(sum(annual_value), 0) AS value, coalesce(sum(annual_value) FILTER (is_at_risk), 0) AS value_at_risk
FROM {due} GROUP BY ALL
"""
_MISSING = """
SELECT contract_id, account_id, owner_id, due_on AS ends_on, annual_value, is_at_risk
FROM {due} WHERE decision = 'missing'
"""


_COVERED = """
SELECT 'renewal opportunities with account and day of close' AS subject,
    count(*) FILTER (account_id IS NOT NULL AND close_date IS NOT NULL) AS judged, count(*) AS total
FROM {opportunity}
WHERE EXISTS (SELECT 1 FROM (SELECT unnest([{words}]) AS word) WHERE contains(lower(type), word))
"""


def coverage(data: Data) -> ir.Table:
    """Return how many opportunities of renewal could be held against a contract."""
    return data.sql(_COVERED, opportunity=data.inputs.opportunity, words=data.settings.churn.renewal_types)


def all_due(data: Data, spans: ir.Table) -> ir.Table:
    """Return each contract that ended within a year or ends soon, with its ``decision``; one of DECISIONS."""
    settings = data.settings.churn
    return data.sql(
        _DUE, spans=spans, contracts=data.contracts,
        opportunity=data.inputs.opportunity, link=data.inputs.account_link, account=data.inputs.account,
        measured=data.accounts, ahead=settings.ahead_days, missing=settings.missing_days,
        words=settings.renewal_types,
    )  # fmt: skip


def by_month(data: Data, due: ir.Table) -> ir.Table:
    """Return the contracts due by month and decision; decisions sum to all that are due."""
    return data.sql(_MONTHS, due=due)


def missing(data: Data, due: ir.Table) -> ir.Table:
    """Return the contracts that nobody works on."""
    return data.sql(_MISSING, due=due)
