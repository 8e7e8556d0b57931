"""The report `engagement`: opens and clicks by who did them, signs of people, and what one more mail would cost."""

from __future__ import annotations

from datetime import timedelta

from include.contracts.reports.engagement import DEPENDENCE, EVIDENCE, FREQUENCY, MACHINES, MONTHS
from include.reports import signs
from include.reports.data import Computed, Data, covered
from include.reports.dimensions import of_people

_ACTIVITY = """
SELECT w.profile_id, e.kind, e.actor, e.mailing, e.record_id, e.machine_reason, e.machine_confidence, e.day,
    CAST(date_trunc('month', e.day) AS DATE) AS month
FROM {activity} e LEFT JOIN {crosswalk} w USING (record_id)
WHERE e.day <= {as_of} AND e.kind IN ('sent', 'open', 'click')
"""
# A mail has one open of a kind of actor, however often it was opened; an event without a mailing is one by itself.
_MONTHS = """
WITH counted AS (
    SELECT profile_id, month, kind, count(*) AS raw, count(*) FILTER (actor = 'human') AS by_people,
        count(*) FILTER (actor = 'machine') AS by_machines, count(*) FILTER (actor = 'unknown') AS by_nobody_knows,
        count(DISTINCT (mailing, record_id)) AS raw_mails,
        count(DISTINCT (mailing, record_id)) FILTER (actor = 'human') AS true_mails
    FROM {activity} WHERE profile_id IS NOT NULL GROUP BY ALL
), summed AS (
    SELECT dimension, category, month, kind, sum(raw) AS raw, sum(by_people) AS by_people,
        sum(by_machines) AS by_machines, sum(by_nobody_knows) AS by_nobody_knows, sum(raw_mails) AS raw_mails,
        sum(true_mails) AS true_mails
    FROM counted JOIN {groups} USING (profile_id) GROUP BY ALL
), cells AS (
    SELECT dimension, category, month, kind, raw AS sent
    FROM (SELECT dimension, category, month, raw FROM summed WHERE kind = 'sent')
    CROSS JOIN (SELECT unnest(['open', 'click']) AS kind)
)
SELECT dimension, category, month, kind, sent, coalesce(raw, 0) AS raw, coalesce(by_people, 0) AS by_people,
    coalesce(by_machines, 0) AS by_machines, coalesce(by_nobody_knows, 0) AS by_nobody_knows,
    coalesce(raw_mails, 0) / sent AS raw_rate, coalesce(true_mails, 0) / sent AS true_rate,
    by_machines / nullif(raw, 0) AS machine_share
FROM cells LEFT JOIN summed USING (dimension, category, month, kind)
"""
_MACHINES = """
SELECT kind, coalesce(machine_reason, 'not told') AS machine_reason, count(*) AS events,
    avg(machine_confidence) AS confidence,
    count(*) / any_value(total) AS "share"
FROM (SELECT *, count(*) OVER (PARTITION BY kind) AS total FROM {activity} WHERE day > {since} AND kind <> 'sent')
WHERE actor = 'machine' GROUP BY ALL
"""
_EVIDENCE = """
WITH given AS (
    SELECT profile_id, sign, count(*) AS events FROM {signs} WHERE day > {since} GROUP BY ALL
), others AS (
    SELECT *, count(*) OVER (PARTITION BY profile_id) AS kinds FROM given
)
SELECT sign, CAST(sum(events) AS BIGINT) AS events, count(*) AS people, count(*) FILTER (kinds = 1) AS only_sign
FROM others GROUP BY sign
"""
_FREQUENCY = """
SELECT c.sent_from, c.sent_to, c.people, c.engaged_rate, c.unsubscribe_rate, c.people * c.engaged_rate AS next_engaged,
    c.people * c.unsubscribe_rate AS next_unsubscribed,
    (SELECT count(*) FROM {customers} p WHERE p.email_frequency = 'saturated'
        AND p.email_sent_90 BETWEEN c.sent_from AND coalesce(c.sent_to, 1000000)) AS saturated
FROM {curve} c
"""
_DEPENDENCE = "SELECT segment_key, uses_opens, size AS members, opens_unknown FROM {segment}"
_COVERED = """
SELECT 'opens' AS subject, count(*) FILTER (kind = 'open' AND actor <> 'unknown') AS judged,
    count(*) FILTER (kind = 'open') AS total FROM {activity}
UNION ALL
SELECT 'clicks', count(*) FILTER (kind = 'click' AND actor <> 'unknown'), count(*) FILTER (kind = 'click')
FROM {activity}
UNION ALL
SELECT 'mails to somebody known', count(*) FILTER (kind = 'sent' AND profile_id IS NOT NULL),
    count(*) FILTER (kind = 'sent') FROM {activity}
"""
DAYS = 90


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    inputs, since = data.inputs, data.inputs.email_through - timedelta(days=DAYS)
    activity = data.sql(_ACTIVITY, activity=signs.dated(data, inputs.email_activity), crosswalk=inputs.crosswalk)
    groups = of_people(data, activity.filter(activity.profile_id.notnull()).select("profile_id").distinct())
    parts = {
        MONTHS.name: data.sql(_MONTHS, activity=activity, groups=groups),
        MACHINES.name: data.sql(_MACHINES, activity=activity, since=since),
        EVIDENCE.name: data.sql(_EVIDENCE, signs=data.once(signs.of_people), since=since),
        FREQUENCY.name: data.sql(_FREQUENCY, curve=data.tables["email_curve"], customers=data.customers),
        DEPENDENCE.name: data.sql(_DEPENDENCE, segment=data.tables["segment"]),
    }
    return Computed(parts, covered(data, data.sql(_COVERED, activity=activity)))
