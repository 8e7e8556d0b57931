"""How long customers stay: Kaplan and Meier's curve (JASA 53, 1958) by months of age, in one pass over the ledger.

Its variance is Greenwood's; the interval is taken on the scale of log(-log) and so lies within 0 and 1 (Kalbfleisch and
Prentice). A customer's life begins with its first contract that is known and ends when it first has none; whoever has
one on the last month's end is censored there.
"""

from __future__ import annotations

from datetime import date

import ibis.expr.types as ir

from include.reports.data import Data

_LIVES = """
SELECT account_id, date_diff('month', min(month), coalesce(min(month) FILTER (movement = 'churn'), {last})) AS age,
    count(*) FILTER (movement = 'churn') > 0 AS has_ended
FROM {ledger} GROUP BY account_id
"""
_CURVES = """
WITH ages AS (
    SELECT dimension, category, age, count(*) AS leaving, count(*) FILTER (has_ended) AS ended
    FROM {lives} JOIN {groups} USING (account_id) GROUP BY ALL
), grid AS (
    SELECT dimension, category, CAST(unnest(range(0, max(age) + 1)) AS BIGINT) AS age
    FROM ages GROUP BY dimension, category
), risk AS (
    SELECT dimension, category, age, coalesce(ended, 0) AS ended,
        CAST(sum(coalesce(leaving, 0)) OVER (PARTITION BY dimension, category ORDER BY age DESC) AS BIGINT) AS at_risk
    FROM grid LEFT JOIN ages USING (dimension, category, age)
), product AS (
    SELECT *, CASE WHEN bool_or(ended = at_risk) OVER told THEN 0
            ELSE exp(sum(ln(1 - ended / nullif(at_risk, ended))) OVER told) END AS survival,
        sum(ended / nullif(at_risk * (at_risk - ended), 0)) OVER told AS variance
    FROM risk WINDOW told AS (PARTITION BY dimension, category ORDER BY age)
), bounds AS (
    SELECT *, 1.96 * sqrt(variance) / abs(ln(survival)) AS width FROM product
    WHERE survival > 0 AND survival < 1
)
SELECT p.dimension, p.category, p.age AS age_months, p.at_risk, p.ended, p.survival,
    coalesce(pow(p.survival, exp(b.width)), p.survival) AS survival_low,
    coalesce(pow(p.survival, exp(-b.width)), p.survival) AS survival_high
FROM product p LEFT JOIN bounds b USING (dimension, category, age)
"""


def lives(data: Data, ledger: ir.Table, last: date) -> ir.Table:
    """Return account_id, age (whole months) and has_ended of each customer, from the ledger up to a month."""
    return data.sql(_LIVES, ledger=ledger, last=last)


def curves(data: Data, lived: ir.Table, groups: ir.Table) -> ir.Table:
    """Return the survival curve of each category: a row a month of age."""
    return data.sql(_CURVES, lives=lived, groups=groups)
