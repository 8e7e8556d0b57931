"""The report `funnel`: the first day of each stage of each person, and rates, velocity and outcomes made of them."""

from __future__ import annotations

from include.contracts.reports.funnel import COHORTS, CRITERIA, DEALS, MONTHS, PEOPLE, REASONS, STAGES, STAGES_PART
from include.reports import criteria, signs
from include.reports.data import Computed, Data, covered
from include.reports.dimensions import of_people

# Every source row that says that somebody has come to a stage.
_SAID = """
WITH steps AS (
    SELECT record_id, CASE step WHEN 'hand_raised' THEN 'raised_hand' ELSE step END AS stage, on_date AS day,
        'the CRM''s day' AS rule, step_id AS source, owner_id
    FROM {steps} WHERE step IN ('hand_raised', 'mql', 'sal', 'sql') AND on_date <= {as_of}
), forms AS (
    SELECT record_id, 'raised_hand' AS stage, day, 'a form' AS rule, activity_id AS source, NULL AS owner_id
    FROM {activity} WHERE kind = 'form' AND actor = 'human' AND day <= {as_of}
), chats AS (
    SELECT record_id, 'raised_hand' AS stage, on_date AS day, 'a chat' AS rule, conversation_id AS source, owner_id
    FROM {conversation} WHERE kind = 'chat' AND on_date <= {as_of}
), parts AS (
    SELECT r.record_id, r.role_id, CAST(o.created_at AS DATE) AS created_on, o.close_date, o.is_won, o.owner_id
    FROM {roles} r JOIN {opportunity} o USING (opportunity_id)
), deals AS (
    SELECT record_id, 'opportunity' AS stage, created_on AS day, 'a contact role' AS rule, role_id AS source, owner_id
    FROM parts WHERE created_on <= {as_of}
    UNION ALL
    SELECT record_id, 'customer', close_date, 'a contact role in one that was won', role_id, owner_id
    FROM parts WHERE is_won AND close_date <= {as_of}
)
SELECT w.profile_id, e.*
FROM (FROM steps UNION ALL FROM forms UNION ALL FROM chats UNION ALL FROM deals) e JOIN {crosswalk} w USING (record_id)
"""
_OUTCOMES = """
SELECT w.profile_id, CASE WHEN bool_or(s.step = 'sql') THEN 'accepted'
        ELSE max_by(CASE s.step WHEN 'sal' THEN 'accepted' ELSE s.step END,
            (s.on_date, array_position(['sal', 'rejected', 'recycled'], s.step), s.step_id)) END AS outcome,
    max_by(s.reason, (s.on_date, s.step_id)) FILTER (s.step IN ('rejected', 'recycled')) AS reason
FROM {steps} s JOIN {crosswalk} w USING (record_id)
WHERE s.step IN ('sal', 'sql', 'rejected', 'recycled') AND s.on_date <= {as_of} GROUP BY w.profile_id
"""
_PEOPLE = """
WITH first AS (
    SELECT profile_id, stage, min(day) AS entered_on, min_by((rule, source, owner_id), (day, source)) AS told,
        count(*) AS records
    FROM {said} GROUP BY profile_id, stage
)
SELECT f.profile_id, f.stage, f.entered_on, f.told[1] AS rule, f.told[2] AS record_id, f.told[3] AS owner_id, f.records,
    CASE WHEN f.stage = 'mql' THEN coalesce(o.outcome, 'open') END AS outcome,
    CASE WHEN f.stage = 'mql' AND o.outcome IN ('rejected', 'recycled') THEN o.reason END AS reason
FROM first f LEFT JOIN {outcomes} o USING (profile_id)
"""
_STAGES = """
WITH places AS (
    SELECT stage, place, lag(stage) OVER (ORDER BY place) AS before
    FROM (SELECT unnest([{stages}]) AS stage, CAST(unnest(range({count})) AS BIGINT) AS place)
    WHERE stage IN (SELECT stage FROM {people})
), way AS (
    SELECT p.*, s.place, s.before, b.entered_on AS before_on
    FROM {people} p JOIN places s USING (stage)
    LEFT JOIN {people} b ON b.profile_id = p.profile_id AND b.stage = s.before AND b.entered_on <= p.entered_on
), counted AS (
    SELECT dimension, category, stage, place, before, count(*) AS people, sum(records) AS crm_count,
        count(before_on) AS from_before, quantile_cont(entered_on - before_on, 0.25) AS days_q1,
        median(entered_on - before_on) AS days_median, quantile_cont(entered_on - before_on, 0.75) AS days_q3
    FROM way JOIN {groups} USING (profile_id) GROUP BY ALL
)
SELECT c.* EXCLUDE before, c.from_before / nullif(b.people, 0) AS from_before_share
FROM counted c LEFT JOIN counted b ON b.dimension = c.dimension AND b.category = c.category AND b.stage = c.before
"""
_MONTHS = """
WITH ours AS (
    SELECT profile_id, CAST(date_trunc('month', entered_on) AS DATE) AS month, stage, 1 AS people, 0 AS leads
    FROM {people} WHERE stage IN ('mql', 'sql')
), theirs AS (
    SELECT profile_id, CAST(date_trunc('month', day) AS DATE) AS month, stage, 0 AS people,
        count(DISTINCT record_id) AS leads
    FROM {said} WHERE stage IN ('mql', 'sql') GROUP BY ALL
)
SELECT *, sqls / nullif(mqls, 0) AS period_rate FROM (
    SELECT dimension, category, month, coalesce(sum(people) FILTER (stage = 'mql'), 0) AS mqls,
        coalesce(sum(people) FILTER (stage = 'sql'), 0) AS sqls,
        coalesce(sum(leads) FILTER (stage = 'mql'), 0) AS crm_mqls,
        coalesce(sum(leads) FILTER (stage = 'sql'), 0) AS crm_sqls
    FROM (FROM ours UNION ALL FROM theirs) JOIN {groups} USING (profile_id) GROUP BY ALL
)
"""
_COHORTS = """
WITH followed AS (
    SELECT m.profile_id, CAST(date_trunc('month', m.entered_on) AS DATE) AS month, m.outcome,
        min(s.day) FILTER (s.stage = 'sql') - m.entered_on AS days,
        min(s.day) - m.entered_on AS days_to_sal
    FROM {people} m LEFT JOIN {said} s ON s.profile_id = m.profile_id AND s.stage IN ('sal', 'sql')
        AND s.day >= m.entered_on
    WHERE m.stage = 'mql' GROUP BY m.profile_id, m.entered_on, m.outcome
), counted AS (
    SELECT dimension, category, month, count(*) AS mqls, count(*) FILTER (days <= {within}) AS sqls,
        count(*) FILTER (days_to_sal <= {within}) AS sals,
        count(*) FILTER (outcome = 'rejected') AS rejected, count(*) FILTER (outcome = 'recycled') AS recycled,
        count(*) FILTER (outcome = 'open') AS undecided
    FROM followed JOIN {groups} USING (profile_id) GROUP BY ALL
)
SELECT *, sqls / mqls AS cohort_rate, wilson_low(sqls, mqls) AS rate_low, wilson_high(sqls, mqls) AS rate_high,
    last_day(month) + {within} <= {as_of} AS is_mature
FROM counted
"""
_CRITERIA = """
WITH answered AS (
    SELECT f.member AS profile_id,
        CASE f.holds WHEN true THEN 'yes' WHEN false THEN 'no' ELSE 'unknown' END AS fit,
        CASE i.holds WHEN true THEN 'yes' WHEN false THEN 'no' ELSE 'unknown' END AS interest
    FROM {fit} f JOIN {interest} i USING (member)
), staged AS (
    SELECT profile_id, bool_or(stage = 'mql') AS is_mql, bool_or(stage = 'sql') AS is_sql FROM {people} GROUP BY ALL
)
SELECT fit, interest, count(*) AS people, count(*) FILTER (is_mql) AS mqls, count(*) FILTER (is_sql) AS sqls
FROM answered LEFT JOIN staged USING (profile_id) GROUP BY ALL
"""
_COVERED = """
SELECT 'leads with a step' AS subject, count(record_id) FILTER (record_id IN (SELECT record_id FROM {steps})) AS judged,
    count(*) AS total
FROM {records} WHERE NOT is_deleted AND (object = 'lead' OR (source, object) IN (
    SELECT (source, object) FROM {records} WHERE record_id IN (SELECT record_id FROM {steps})))
UNION ALL
SELECT 'steps of somebody known', count(profile_id), count(*) FROM {steps} LEFT JOIN {crosswalk} USING (record_id)
UNION ALL
SELECT 'SQLs with an MQL before or on the day', count(*) FILTER (m.entered_on <= s.entered_on), count(*)
FROM {people} s LEFT JOIN {people} m ON m.profile_id = s.profile_id AND m.stage = 'mql' WHERE s.stage = 'sql'
UNION ALL
SELECT 'rejected or recycled leads with a reason', count(DISTINCT record_id) FILTER (reason IS NOT NULL),
    count(DISTINCT record_id)
FROM {steps} WHERE step IN ('rejected', 'recycled') AND on_date <= {as_of}
UNION ALL
SELECT 'lost opportunities with a reason', count(loss_reason), count(*)
FROM {opportunity} WHERE is_closed AND NOT is_won AND coalesce(close_date <= {as_of}, true)
UNION ALL
SELECT 'won opportunities with a day of close', count(close_date), count(*) FROM {opportunity} WHERE is_won
UNION ALL
SELECT 'changes of stage whose order is known', count(*) FILTER (NOT is_together), count(*) FROM {way}
"""
# Histories name the stage at each change, also where something else was changed. Of several stages at one instant
# nobody can say which came first, so none of them has lasted a known time.
_WAY = """
WITH told AS (
    SELECT opportunity_id, stage, "at", change_id, min(stage) OVER same <> max(stage) OVER same AS is_together,
        lag(stage) OVER (PARTITION BY opportunity_id ORDER BY "at", change_id) AS stage_before
    FROM {changes} WHERE day <= {as_of} WINDOW same AS (PARTITION BY opportunity_id, "at")
)
SELECT w.*, lead(w."at") OVER (PARTITION BY w.opportunity_id ORDER BY w."at", w.change_id) AS left_at,
    o.is_closed, o.is_won
FROM told w JOIN {opportunity} o USING (opportunity_id) WHERE w.stage IS DISTINCT FROM w.stage_before
"""
_DEALS = """
WITH timed AS (
    SELECT *, CASE WHEN NOT is_together THEN date_diff('second', "at", left_at) / 86400 END AS days FROM {way}
)
SELECT stage, count(DISTINCT opportunity_id) AS opportunities, count(left_at) AS moved_on,
    count(*) FILTER (left_at IS NULL AND NOT is_closed AND NOT is_won) AS waiting, quantile_cont(days, 0.25) AS days_q1,
    median(days) AS days_median, quantile_cont(days, 0.75) AS days_q3,
    count(DISTINCT opportunity_id) FILTER (is_won)
        / nullif(count(DISTINCT opportunity_id) FILTER (is_closed OR is_won), 0) AS won_share
FROM timed GROUP BY stage
"""
_REASONS = """
SELECT s.step AS outcome, coalesce(s.reason, 'not said') AS reason, count(DISTINCT s.record_id) AS records,
    count(DISTINCT w.profile_id) AS people
FROM {steps} s LEFT JOIN {crosswalk} w USING (record_id)
WHERE s.step IN ('rejected', 'recycled') AND s.on_date <= {as_of} GROUP BY ALL
UNION ALL
SELECT 'lost', coalesce(o.loss_reason, 'not said'), count(DISTINCT o.opportunity_id), count(DISTINCT w.profile_id)
FROM {opportunity} o LEFT JOIN {roles} r USING (opportunity_id) LEFT JOIN {crosswalk} w ON w.record_id = r.record_id
WHERE o.is_closed AND NOT o.is_won AND coalesce(o.close_date <= {as_of}, true) GROUP BY ALL
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    inputs, settings = data.inputs, data.settings.funnel
    steps, crosswalk = data.tables["staged/lead_step"], inputs.crosswalk
    said = data.sql(
        _SAID, steps=steps, activity=signs.dated(data, inputs.email_activity), crosswalk=crosswalk,
        roles=inputs.opportunity_contact_role, opportunity=inputs.opportunity,
        conversation=inputs.conversation,
    )  # fmt: skip
    outcomes = data.sql(_OUTCOMES, steps=steps, crosswalk=crosswalk)
    people = data.sql(_PEOPLE, said=said, outcomes=outcomes)
    groups = of_people(data, people.select("profile_id").distinct())
    fit, interest = (criteria.judged(data, text, "person") for text in (settings.fit, settings.interest))
    changes = signs.dated(data, data.tables["staged/opportunity_stage"])
    way = data.sql(_WAY, changes=changes, opportunity=inputs.opportunity)
    parts = {
        STAGES_PART.name: data.sql(_STAGES, people=people, groups=groups, stages=STAGES, count=len(STAGES)),
        MONTHS.name: data.sql(_MONTHS, people=people, said=said, groups=groups),
        COHORTS.name: data.sql(_COHORTS, people=people, said=said, groups=groups, within=settings.cohort_days),
        PEOPLE.name: people,
        CRITERIA.name: data.sql(_CRITERIA, fit=fit, interest=interest, people=people),
        DEALS.name: data.sql(_DEALS, way=way),
        REASONS.name: data.sql(
            _REASONS, steps=steps, crosswalk=crosswalk, opportunity=inputs.opportunity,
            roles=inputs.opportunity_contact_role,
        ),
    }  # fmt: skip
    counted = data.sql(
        _COVERED, steps=steps, records=data.tables["staged/person_record"], crosswalk=crosswalk, people=people,
        opportunity=inputs.opportunity, way=way,
    )  # fmt: skip
    return Computed(parts, covered(data, counted))
