"""Whether an account's use was falling on a day: the trend of the eight weeks up to it, against its own noise.

Core actions of a week are overdispersed counts. Given their sum they fall into the weeks by the season, which is what
everybody else did in them. Armitage (Biometrics 11, 1955) parts Pearson's chi-square into that of a linear trend and
the rest; the rest by its degrees of freedom is the account's dispersion, at least 1, so the trend's root follows
Student's t with six. The measure `usage_is_declining` asks the same of twelve weeks; before an end that lies back,
files of use seldom reach so far.
"""

from __future__ import annotations

import ibis.expr.types as ir
from scipy.special import stdtrit as student_quantile

from include.reports.data import Data

DAYS = 56
FREEDOM = DAYS // 7 - 2
CROWD = 10  # everybody else tells the season where they do at least so many times as much

_FALLING = """
WITH weekly AS (
    SELECT o.contract_id, o.lead_days, (o.day - u.day) // 7 AS week, sum(u.actions) AS actions
    FROM {observed} o JOIN {use} u ON u.account_id = o.account_id AND u.day <= o.day AND u.day > o.day - {days}
    GROUP BY ALL
), daily AS (
    SELECT day, sum(actions) AS actions FROM {use} GROUP BY day
), season AS (
    SELECT d.day, (d.day - u.day) // 7 AS week, sum(u.actions) AS actions
    FROM (SELECT DISTINCT day FROM {observed}) d JOIN daily u ON u.day <= d.day AND u.day > d.day - {days}
    GROUP BY ALL
), grid AS (
    SELECT o.contract_id, o.lead_days, o.day, CAST(unnest(range({days} // 7)) AS BIGINT) AS week
    FROM {observed} o WHERE o.day - {days} >= (SELECT min(day) - 1 FROM {use})
), told AS (
    SELECT g.contract_id, g.lead_days, g.week, coalesce(w.actions, 0) AS actions,
        coalesce(s.actions, 0) - coalesce(w.actions, 0) AS others, sum(coalesce(w.actions, 0)) OVER whole AS own,
        sum(coalesce(s.actions, 0)) OVER whole AS everybody
    FROM grid g LEFT JOIN weekly w USING (contract_id, lead_days, week) LEFT JOIN season s USING (day, week)
    WINDOW whole AS (PARTITION BY g.contract_id, g.lead_days)
), shared AS (
    SELECT *, CASE WHEN everybody - own >= {crowd} * own THEN others / nullif(everybody - own, 0) ELSE 7 / {days} END
        AS "share"
    FROM told
), summed AS (
    SELECT contract_id, lead_days, any_value(own) AS own, sum(week * "share") AS middle,
        sum(week * week * "share") - pow(sum(week * "share"), 2) AS spread,
        sum(week * actions) - any_value(own) * sum(week * "share") AS slope,
        sum(pow(actions - own * "share", 2) / nullif(own * "share", 0)) AS misfit,
        sum(actions) FILTER (week < 4) AS lately, sum(actions) FILTER (week >= 4) AS before,
        sum("share") FILTER (week < 4) / nullif(sum("share") FILTER (week >= 4), 0) AS season
    FROM shared GROUP BY contract_id, lead_days
), tested AS (
    SELECT *, slope / nullif(sqrt(own * spread), 0) AS trend, before * season AS expected FROM summed
)
SELECT contract_id, lead_days, CASE WHEN expected >= {least} THEN
    lately <= (1 - {drop}) * expected AND trend / sqrt(greatest((misfit - trend * trend) / {freedom}, 1)) >= {beyond}
    END AS falls
FROM tested
"""


def falling(data: Data, observed: ir.Table, use: ir.Table) -> ir.Table:
    """Return contract_id, lead_days, falls: null where too little use was to be expected, or files reach not so far.

    ``observed`` has a row each with account_id and day; ``use`` account_id, day and actions. Use falls where without a
    trend as much is less probable than 1 - ``churn.certainty`` (reports.yaml), and the last four weeks lie at least
    ``usage.decline.drop`` below those before (measures.yaml); an alarm on one account is stricter.
    """
    limits = data.inputs.thresholds.usage.decline
    return data.sql(
        _FALLING, observed=observed, use=use, days=DAYS, crowd=CROWD, least=limits.expected, drop=limits.drop,
        freedom=FREEDOM, beyond=float(student_quantile(FREEDOM, data.settings.churn.certainty)),
    )  # fmt: skip
