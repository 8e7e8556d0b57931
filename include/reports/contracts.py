"""Contracts as the report `churn` sees them: how long each went on, and how each was decided."""

from __future__ import annotations

import ibis.expr.types as ir

from include.reports.data import Data

# Until when each contract goes on: null while it runs, or while it may still be renewed late. The first contract of the
# account that begins around its end, and runs longer, replaces it: then it ends the day before that one begins.
_SPANS = """
WITH told AS (
    SELECT contract_id, account_id, contract_type, annual_value, start_date AS begins_on, is_active, renews_itself,
        CASE WHEN contract_type IN ('evergreen', 'month_to_month') THEN CASE WHEN NOT is_active THEN end_date END
            WHEN is_active AND renews_itself THEN NULL ELSE last_day END AS ends_on,
        is_active AND (renews_itself OR contract_type IN ('evergreen', 'month_to_month')) AS goes_on
    FROM {contracts} WHERE start_date <= {as_of}
), known AS (
    SELECT *, coalesce(ends_on, DATE '9999-12-31') AS ends_or_never FROM told WHERE goes_on OR ends_on IS NOT NULL
), followed AS (
    SELECT k.*, min(n.begins_on) AS next_begins_on
    FROM known k LEFT JOIN known n ON n.account_id = k.account_id AND n.begins_on > k.begins_on
        AND n.begins_on BETWEEN k.ends_on - {early} AND k.ends_on + {grace} + 1 AND n.ends_or_never > k.ends_on
    GROUP BY ALL
)
SELECT contract_id, account_id, contract_type, coalesce(annual_value, 0) AS annual_value, begins_on, ends_on,
    next_begins_on IS NOT NULL AS is_renewed,
    CASE WHEN next_begins_on IS NOT NULL THEN next_begins_on - 1
        WHEN ends_on >= {as_of} OR (is_active AND ends_on >= {as_of} - {grace}) THEN NULL
        ELSE ends_on END AS until,
    goes_on, ends_on < {as_of} - {grace} OR (NOT is_active AND ends_on < {as_of}) AS is_past
FROM followed
"""


def spans(data: Data) -> ir.Table:
    """Return contracts that have begun and whose end, if they have ended, is known.

    contract_id, account_id, contract_type, annual_value (0 where unknown), begins_on, ends_on (as agreed; null for
    none), until (the last day it goes on; null while it does), goes_on (without an agreed end), is_renewed (another
    of the account replaces it), is_past (it ended, and no grace is left).
    """
    settings = data.settings.churn
    return data.sql(_SPANS, contracts=data.contracts, early=settings.early_days, grace=settings.grace_days)


def decided(data: Data, days: int) -> ir.Table:
    """Return contract_id, account_id, ends_on, is_renewed of contracts whose end came in the last ``days`` days.

    Only where it is decided: another contract replaced it, or none did and the grace is over.
    """
    query = """
        SELECT contract_id, account_id, ends_on, is_renewed FROM {spans}
        WHERE ends_on < {as_of} AND ends_on >= {as_of} - {days} AND (is_renewed OR is_past)
    """
    return data.sql(query, spans=data.once(spans), days=days)
