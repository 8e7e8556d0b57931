"""The report `sales_alerts`: hand-raises, surges, new people, quiet champions; one an account, reason and week."""

from __future__ import annotations

from include.contracts.reports.sales_alerts import ALERTS, ALERTS_PART, SUMMARY
from include.reports import account_stages, contracts, signs
from include.reports.data import Computed, Data, covered

_FOUND = """
WITH weekly AS (
    SELECT s.account_id, CAST(date_trunc('week', s.day) AS DATE) AS window_on, s.profile_id, s.sign,
        min(s.evidence) AS evidence
    FROM {signs} s WHERE s.account_id IS NOT NULL AND s.sign IN ({engaging}) AND s.day > {as_of} - 100 GROUP BY ALL
), raised AS (
    SELECT w.profile_id, p.account_id, CAST(date_trunc('week', l.on_date) AS DATE) AS window_on, l.step_id AS evidence
    FROM {steps} l JOIN {crosswalk} w USING (record_id) JOIN {profile} p ON p.profile_id = w.profile_id
    WHERE l.step = 'hand_raised' AND l.on_date <= {as_of} AND p.account_id IS NOT NULL
), busy AS (
    SELECT account_id, window_on, count(DISTINCT profile_id) AS people FROM weekly GROUP BY ALL
), usual AS (
    SELECT b.account_id, b.window_on, b.people, list(e.people) AS earlier
    FROM busy b LEFT JOIN busy e ON e.account_id = b.account_id AND e.window_on < b.window_on
        AND e.window_on >= b.window_on - 56
    GROUP BY ALL
), surging AS (
    SELECT account_id, window_on FROM usual WHERE people >= {surge} AND people >= 2 * list_aggregate(
        list_resize(coalesce(list_filter(earlier, lambda n: n IS NOT NULL), []), 8, 0), 'median')
), quiet AS (
    SELECT c.account_id, c.profile_id, max(s.day) AS last_on, max_by(s.evidence, (s.day, s.evidence)) AS evidence
    FROM {customers} c JOIN {signs} s USING (profile_id)
    WHERE c.buying_role IS NOT NULL AND s.sign IN ({engaging}) AND c.account_id IN (
        SELECT account_id FROM {spans} WHERE begins_on <= {as_of} AND coalesce(until >= {as_of}, true))
    GROUP BY ALL
), found AS (
    SELECT account_id, 'hand_raise' AS alert, window_on, profile_id, evidence FROM weekly WHERE sign IN ('form', 'chat')
    UNION ALL
    SELECT account_id, 'hand_raise', window_on, profile_id, evidence FROM raised
    UNION ALL
    SELECT w.account_id, 'surge', w.window_on, w.profile_id, w.evidence
    FROM weekly w JOIN surging USING (account_id, window_on) JOIN {targets} t USING (account_id) WHERE t.is_target
    UNION ALL
    SELECT p.account_id, 'new_person', CAST(date_trunc('week', p.first_seen_at) AS DATE), p.profile_id, p.profile_id
    FROM {profile} p JOIN {targets} t USING (account_id)
    WHERE t.is_target AND CAST(p.first_seen_at AS DATE) <= {as_of}
    UNION ALL
    SELECT account_id, 'champion_quiet', CAST(date_trunc('week', last_on + {quiet}) AS DATE), profile_id, evidence
    FROM quiet WHERE last_on + {quiet} <= {as_of}
)
SELECT * FROM found WHERE window_on + 6 > {as_of} - {days}
"""
_ALERTS = """
WITH told AS (
    SELECT account_id, alert, window_on, count(DISTINCT profile_id) AS people,
        CAST(to_json(list_sort(list_distinct(list(profile_id)))) AS VARCHAR) AS who,
        CAST(to_json(list_sort(list_distinct(list(evidence)))[:10]) AS VARCHAR) AS evidence
    FROM {found} GROUP BY ALL
)
SELECT t.account_id || '/' || t.alert || '/' || t.window_on AS alert_id, t.*, a.owner_id,
    CASE t.alert
        WHEN 'hand_raise' THEN t.people || CASE t.people WHEN 1 THEN ' person' ELSE ' people' END || ' raised a hand.'
        WHEN 'surge' THEN t.people || ' people did something in one week, at least twice as many as usual.'
        WHEN 'new_person' THEN t.people || CASE t.people WHEN 1 THEN ' person was' ELSE ' people were' END
            || ' seen for the first time.'
        ELSE t.people || CASE t.people WHEN 1 THEN ' person' ELSE ' people' END
            || ' with a buying role did nothing for {quiet} days.' END AS what,
    n.answer, n.answered_by
FROM told t LEFT JOIN {account} a USING (account_id)
LEFT JOIN {answers} n ON n.alert_id = t.account_id || '/' || t.alert || '/' || t.window_on
"""
_SUMMARY = """
SELECT r.alert, count(a.alert_id) AS alerts, count(DISTINCT a.account_id) AS accounts,
    count(*) FILTER (a.answer = 'acted') AS acted, count(*) FILTER (a.answer = 'dismissed') AS dismissed
FROM (SELECT unnest([{reasons}]) AS alert) r LEFT JOIN {alerts} a USING (alert) GROUP BY r.alert
"""
_COVERED = """
SELECT 'accounts with an owner' AS subject, count(owner_id) AS judged, count(*) AS total FROM {account}
UNION ALL
SELECT 'hand-raises of people with an account', count(account_id), count(*) FROM (
    SELECT account_id FROM {signs} WHERE sign IN ('form', 'chat')
    UNION ALL
    SELECT p.account_id FROM {steps} l JOIN {crosswalk} w USING (record_id)
    JOIN {profile} p ON p.profile_id = w.profile_id WHERE l.step = 'hand_raised' AND l.on_date <= {as_of}
)
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    settings, inputs = data.settings.sales_alerts, data.inputs
    acted = data.once(signs.of_people)
    found = data.sql(
        _FOUND, signs=acted, engaging=account_stages.ENGAGING, steps=data.tables["staged/lead_step"],
        crosswalk=inputs.crosswalk, profile=inputs.profile, customers=data.customers,
        spans=data.once(contracts.spans), targets=data.once(account_stages.targets), surge=settings.surge_people,
        quiet=settings.quiet_days, days=settings.days,
    )  # fmt: skip
    alerts = data.sql(_ALERTS, found=found, account=inputs.account, answers=data.answers, quiet=settings.quiet_days)
    parts = {ALERTS_PART.name: alerts, SUMMARY.name: data.sql(_SUMMARY, alerts=alerts, reasons=ALERTS)}
    counted = data.sql(
        _COVERED, account=inputs.account, signs=acted, steps=data.tables["staged/lead_step"],
        crosswalk=inputs.crosswalk, profile=inputs.profile,
    )  # fmt: skip
    return Computed(parts, covered(data, counted))
