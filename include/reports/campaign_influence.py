"""The report `campaign_influence`: touches of unified people before the close, and how each model shares revenue."""

from __future__ import annotations

from include.contracts.reports.campaign_influence import CAMPAIGNS, MENDING, OPPORTUNITIES, TOUCHES
from include.reports.data import Computed, Data, covered

_WON = """
SELECT o.opportunity_id, o.amount, coalesce(o.currency, 'company') AS currency, o.close_date, o.campaign_id,
    coalesce(o.owner_id, 'unknown') AS owner_id,
    EXISTS (SELECT 1 FROM {roles} r WHERE r.opportunity_id = o.opportunity_id) AS has_roles
FROM {opportunity} o
WHERE o.is_won AND o.amount IS NOT NULL AND o.close_date <= {as_of}
"""
_TOUCHES = """
SELECT o.opportunity_id, m.campaign_id, min(m.first_responded_on) AS first_on, count(DISTINCT p.profile_id) AS people,
    any_value(o.close_date) - min(m.first_responded_on) AS days_before
FROM {won} o
JOIN {roles} r USING (opportunity_id)
JOIN {crosswalk} p ON p.record_id = r.record_id
JOIN {crosswalk} also ON also.profile_id = p.profile_id
JOIN {member} m ON m.record_id = also.record_id
WHERE m.has_responded AND m.first_responded_on <= o.close_date
GROUP BY ALL
"""
_WEIGHTS = """
WITH placed AS (
    SELECT *, count(*) OVER whole AS touches,
        first_on = min(first_on) OVER whole AS is_first, first_on = max(first_on) OVER whole AS is_last,
        pow(0.5, days_before / {half_life}) AS decayed
    FROM {touches} WINDOW whole AS (PARTITION BY opportunity_id)
), sized AS (
    SELECT *, count(*) FILTER (is_first) OVER whole AS firsts, count(*) FILTER (is_last) OVER whole AS lasts,
        count(*) FILTER (NOT is_first AND NOT is_last) OVER whole AS between, sum(decayed) OVER whole AS decay
    FROM placed WINDOW whole AS (PARTITION BY opportunity_id)
), shaped AS (
    SELECT *, CASE WHEN firsts = touches THEN 0 WHEN between = 0 THEN 0.5 ELSE 0.4 END AS ends FROM sized
)
SELECT opportunity_id, campaign_id, unnest([
    {{'model': 'first_touch', 'weight': CASE WHEN is_first THEN 1 / firsts ELSE 0 END}},
    {{'model': 'last_touch', 'weight': CASE WHEN is_last THEN 1 / lasts ELSE 0 END}},
    {{'model': 'even', 'weight': 1 / touches}},
    {{'model': 'u_shaped', 'weight': CASE WHEN ends = 0 THEN 1 / touches WHEN is_first THEN ends / firsts
        WHEN is_last THEN ends / lasts ELSE (1 - 2 * ends) / between END}},
    {{'model': 'time_decay', 'weight': decayed / decay}}
], recursive := true)
FROM shaped
"""
_SHARES = """
WITH models AS (
    SELECT DISTINCT model FROM (SELECT unnest(['first_touch', 'last_touch', 'even', 'u_shaped', 'time_decay']) AS model)
), shared AS (
    SELECT opportunity_id, model, campaign_id, weight, NULL AS reason FROM {weights} WHERE weight > 0
    UNION ALL
    SELECT o.opportunity_id, m.model, 'unattributed', 1,
        CASE WHEN o.has_roles THEN 'no_response' ELSE 'no_contact_role' END
    FROM {won} o CROSS JOIN models m WHERE o.opportunity_id NOT IN (SELECT opportunity_id FROM {touches})
    UNION ALL
    SELECT opportunity_id, 'primary_campaign', coalesce(campaign_id, 'unattributed'), 1,
        CASE WHEN campaign_id IS NULL THEN 'no_primary_campaign' END
    FROM {won}
)
SELECT s.*, o.currency, s.weight * o.amount AS amount FROM shared s JOIN {won} o USING (opportunity_id)
"""
_CAMPAIGNS = """
WITH summed AS (
    SELECT model, currency, campaign_id, sum(amount) AS amount, count(*) AS opportunities FROM {shares} GROUP BY ALL
)
SELECT s.*, amount / nullif(sum(amount) OVER (PARTITION BY model, currency), 0) AS "share",
    coalesce(c.name, s.campaign_id) AS campaign_name, c.type AS campaign_type
FROM summed s LEFT JOIN {campaign} c USING (campaign_id)
"""
_MENDING = """
SELECT owner_id, currency, count(*) AS opportunities, count(*) FILTER (NOT has_roles) AS without_roles,
    sum(amount) AS amount, coalesce(sum(amount) FILTER (NOT has_roles), 0) AS amount_without_roles
FROM {won} GROUP BY ALL
"""
_COVERED = """
SELECT 'won opportunities with amount and close date' AS subject, (SELECT count(*) FROM {won}) AS judged,
    count(*) AS total
FROM {opportunity} WHERE is_won AND coalesce(close_date <= {as_of}, true)
UNION ALL
SELECT 'won opportunities with a currency', count(*) FILTER (currency <> 'company'), count(*) FROM {won}
UNION ALL
SELECT 'won opportunities with contact roles', count(*) FILTER (has_roles), count(*) FROM {won}
UNION ALL
SELECT 'responses with a day', count(first_responded_on), count(*) FROM {member} WHERE has_responded
UNION ALL
SELECT 'won opportunities with a touch', (SELECT count(DISTINCT opportunity_id) FROM {touches}), count(*) FROM {won}
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    inputs = data.inputs
    roles = inputs.opportunity_contact_role
    won = data.sql(_WON, opportunity=inputs.opportunity, roles=roles)
    touches = data.sql(_TOUCHES, won=won, roles=roles, crosswalk=inputs.crosswalk, member=inputs.campaign_member)
    weights = data.sql(_WEIGHTS, touches=touches, half_life=data.settings.campaign_influence.half_life_days)
    shares = data.sql(_SHARES, weights=weights, won=won, touches=touches)
    parts = {
        CAMPAIGNS.name: data.sql(_CAMPAIGNS, shares=shares, campaign=inputs.campaign),
        OPPORTUNITIES.name: shares,
        TOUCHES.name: touches,
        MENDING.name: data.sql(_MENDING, won=won),
    }
    counted = data.sql(
        _COVERED, won=won, opportunity=inputs.opportunity, member=inputs.campaign_member, touches=touches
    )
    return Computed(parts, covered(data, counted))
