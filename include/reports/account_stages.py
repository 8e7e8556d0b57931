"""The report `account_stages`: the stage of each account from the bottom up, and its way since the history began."""

from __future__ import annotations

import ibis.expr.types as ir

from include.contracts.reports.account_stages import ACCOUNTS, GROUPS, PILLARS_PART, STAGES, SUMMARY, TRANSITIONS
from include.reports import contracts, criteria, signs
from include.reports.data import Computed, Data, covered

ENGAGING = ("click", "reply", "form", "chat", "response", "login", "core_action")
_TARGETS = """
SELECT f.member AS account_id, f.holds AS fits, coalesce(f.holds AND i.holds, false) AS is_target
FROM {fit} f JOIN {intent} i USING (member)
"""
_ENGAGED = """
SELECT account_id, count(DISTINCT profile_id) AS people FROM {signs}
WHERE account_id IS NOT NULL AND sign IN ({engaging}) AND day > {as_of} - {days} GROUP BY account_id
"""
_OPEN = """
SELECT coalesce(l.account_id, o.account_id) AS account_id, count(*) AS open,
    count(*) FILTER (lower(o.stage) IN ({late})) AS late
FROM {opportunity} o LEFT JOIN {link} l ON l.source_account_id = o.account_id
WHERE NOT (o.is_closed AND coalesce(o.close_date <= {as_of}, true))
    AND coalesce(CAST(o.created_at AS DATE) <= {as_of}, true) AND o.account_id IS NOT NULL
GROUP BY ALL
"""
_STAGED = """
WITH live AS (
    SELECT account_id, sum(annual_value) AS value FROM {spans}
    WHERE begins_on <= {as_of} AND coalesce(until >= {as_of}, true) GROUP BY account_id
), staged AS (
    SELECT a.account_id, coalesce(l.value, 0) AS value, t.is_target, m.is_at_risk, m.renewal_days,
        CASE WHEN l.account_id IS NOT NULL AND o.open > 0 THEN 'retention_expansion'
            WHEN l.account_id IS NOT NULL THEN 'customer' WHEN o.late > 0 THEN 'pipeline'
            WHEN o.open > 0 THEN 'opportunity' WHEN t.is_target AND e.people >= {enough} THEN 'engaged'
            WHEN t.is_target THEN 'target' ELSE 'untargeted' END AS stage
    FROM {account} a JOIN {targets} t USING (account_id) LEFT JOIN live l USING (account_id)
    LEFT JOIN {opened} o USING (account_id) LEFT JOIN {engaged} e USING (account_id)
    LEFT JOIN {measured} m USING (account_id)
)
SELECT account_id, stage, is_target, value,
    CASE WHEN stage IN ('retention_expansion', 'customer') THEN
            CASE WHEN is_at_risk OR renewal_days <= 120 THEN 'retention' ELSE 'expansion' END
        WHEN stage = 'pipeline' THEN 'pipeline_acceleration' WHEN stage = 'untargeted' THEN 'none'
        ELSE 'new_business' END AS pillar
FROM staged
"""
# The history has a row where anything of an account's row changed; a stage lasts from the first of equal ones.
_WAY = """
WITH told AS (
    SELECT since, is_present, figures->>'account_id' AS account_id, figures->>'stage' AS stage,
        figures->>'pillar' AS pillar
    FROM {past} WHERE part = {part} AND since < {as_of}
    UNION ALL
    SELECT {as_of}, true, account_id, stage, pillar FROM {now}
), marked AS (
    SELECT *, lag(stage) OVER way AS stage_before, lag(since) OVER way AS any_before
    FROM told WINDOW way AS (PARTITION BY account_id ORDER BY since)
), first AS (
    SELECT min(since) AS day FROM told
)
SELECT m.account_id, m.since, m.stage, m.stage_before, m.is_present, m.pillar,
    (m.any_before IS NOT NULL OR m.since > first.day) AS is_seen
FROM marked m CROSS JOIN first
"""
_ENTRIES = """
SELECT account_id, stage, stage_before, since, is_seen, lag(since) OVER way AS since_before,
    lag(is_seen) OVER way AS seen_before
FROM {way} WHERE stage IS DISTINCT FROM stage_before OR NOT is_present
WINDOW way AS (PARTITION BY account_id ORDER BY since)
"""
_TRANSITIONS = """
SELECT stage_before AS from_stage, stage AS to_stage, count(*) AS moves,
    count(*) FILTER (since > {as_of} - 28) AS moves_28,
    median(since - since_before) FILTER (seen_before) AS median_days
FROM {entries} WHERE stage_before IS NOT NULL AND stage IS NOT NULL AND stage <> stage_before GROUP BY ALL
"""
_SUMMARY = """
WITH entered AS (
    SELECT account_id, max_by(since, since) AS since, max_by(is_seen, since) AS is_seen FROM {entries}
    GROUP BY account_id
), left_since AS (
    SELECT stage_before AS stage, count(*) AS accounts FROM {entries}
    WHERE since > {as_of} - 28 AND stage_before IS NOT NULL AND stage IS DISTINCT FROM stage_before GROUP BY ALL
)
SELECT s.stage, s.place, count(n.account_id) AS accounts, coalesce(sum(n.value), 0) AS value,
    count(*) FILTER (e.is_seen AND e.since > {as_of} - 28) AS entered,
    coalesce(any_value(l.accounts), 0) AS left_since,
    median({as_of} - e.since) FILTER (e.is_seen) AS median_days
FROM (SELECT unnest([{stages}]) AS stage, CAST(unnest(range({count})) AS BIGINT) AS place) s
LEFT JOIN {now} n USING (stage) LEFT JOIN entered e USING (account_id) LEFT JOIN left_since l ON l.stage = s.stage
GROUP BY ALL
"""
_PILLARS = """
WITH before AS (
    SELECT account_id, arg_max(CASE WHEN is_present THEN pillar END, since) AS pillar FROM {way}
    WHERE since <= {as_of} - 28 GROUP BY account_id
), known AS (
    SELECT count(*) > 0 AS is_known FROM before
), pairs AS (
    SELECT coalesce(n.account_id, b.account_id) AS account_id, n.pillar AS pillar_now, b.pillar AS pillar_before
    FROM {now} n FULL JOIN before b USING (account_id)
)
SELECT p.pillar, count(*) FILTER (b.pillar_now = p.pillar) AS accounts,
    CASE WHEN any_value(k.is_known) THEN count(*) FILTER (b.pillar_before = p.pillar) END AS accounts_before,
    count(*) FILTER (k.is_known AND b.pillar_now = p.pillar AND b.pillar_before IS DISTINCT FROM p.pillar) AS came,
    count(*) FILTER (k.is_known AND b.pillar_before = p.pillar AND b.pillar_now IS DISTINCT FROM p.pillar) AS went
FROM (SELECT unnest(['new_business', 'pipeline_acceleration', 'retention', 'expansion', 'none']) AS pillar) p
CROSS JOIN known k LEFT JOIN pairs b ON p.pillar IN (b.pillar_now, b.pillar_before)
GROUP BY p.pillar
"""
_GROUPS = """
WITH active AS (
    SELECT DISTINCT profile_id FROM {signs} WHERE sign IN ({engaging}) AND day > {as_of} - {days}
), people AS (
    SELECT n.account_id, n.stage, c.profile_id, a.profile_id IS NOT NULL AS is_active, lower(c.buying_role) AS role
    FROM {now} n LEFT JOIN {customers} c USING (account_id) LEFT JOIN active a USING (profile_id)
    WHERE n.stage IN ('opportunity', 'pipeline', 'customer', 'retention_expansion')
), wanted AS (
    SELECT unnest([{roles}]) AS role
)
SELECT account_id, any_value(stage) AS stage, count(profile_id) AS people,
    count(*) FILTER (is_active AND profile_id IS NOT NULL) AS engaged_people,
    count(DISTINCT role) FILTER (role IN (FROM wanted)) AS roles_known,
    count(DISTINCT role) FILTER (role IN (FROM wanted) AND is_active) AS roles_engaged,
    CAST(to_json(list_sort(list_filter([{roles}], lambda one: NOT list_contains(
        coalesce(list(role) FILTER (role IS NOT NULL), []), one)))) AS VARCHAR) AS roles_missing,
    count(DISTINCT role) FILTER (role IN (FROM wanted)) / (SELECT count(*) FROM wanted) AS coverage
FROM people GROUP BY account_id
"""
_COVERED = """
SELECT 'accounts whose fit is known' AS subject, count(*) FILTER (fits IS NOT NULL) AS judged, count(*) AS total
FROM {targets}
UNION ALL
SELECT 'accounts whose stage was seen to begin', count(*) FILTER (is_seen), count(*)
FROM (SELECT account_id, max_by(is_seen, since) AS is_seen FROM {entries} GROUP BY account_id)
UNION ALL
SELECT 'people of accounts', count(account_id), count(*) FROM {customers}
UNION ALL
SELECT 'parts in opportunities whose role is told', count("role"), count(*) FROM {roles}
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    settings, now = data.settings.account_stages, stages(data)
    way = data.sql(_WAY, past=data.past, part=ACCOUNTS.name, now=now)
    entries = data.sql(_ENTRIES, way=way)
    parts = {
        SUMMARY.name: data.sql(_SUMMARY, now=now, entries=entries, stages=STAGES, count=len(STAGES)),
        ACCOUNTS.name: now,
        TRANSITIONS.name: data.sql(_TRANSITIONS, entries=entries),
        PILLARS_PART.name: data.sql(_PILLARS, now=now, way=way),
        GROUPS.name: data.sql(
            _GROUPS, now=now, customers=data.customers, signs=data.once(signs.of_people), engaging=ENGAGING,
            days=settings.engaged_days, roles=settings.buying_roles,
        ),
    }  # fmt: skip
    counted = data.sql(
        _COVERED,
        targets=data.once(targets),
        entries=entries,
        customers=data.customers,
        roles=data.inputs.opportunity_contact_role,
    )
    return Computed(parts, covered(data, counted))


def targets(data: Data) -> ir.Table:
    """Return account_id, fits (null where too little is known) and is_target of every account."""
    settings = data.settings.account_stages
    fit, intent = (criteria.judged(data, text, "account") for text in (settings.fit, settings.intent))
    return data.sql(_TARGETS, fit=fit, intent=intent)


def stages(data: Data) -> ir.Table:
    """Return account_id, stage, pillar, is_target and value (a year, under contract) of every account."""
    settings, inputs = data.settings.account_stages, data.inputs
    engaged = data.sql(_ENGAGED, signs=data.once(signs.of_people), engaging=ENGAGING, days=settings.engaged_days)
    opened = data.sql(_OPEN, opportunity=inputs.opportunity, link=inputs.account_link, late=settings.pipeline_stages)
    return data.sql(
        _STAGED, account=inputs.account, targets=data.once(targets), spans=data.once(contracts.spans), opened=opened,
        engaged=engaged, measured=data.accounts, enough=settings.engaged_people,
    )  # fmt: skip
