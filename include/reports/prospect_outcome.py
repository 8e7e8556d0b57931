"""The report `prospect_outcome`: what came after a score or grade was as it is, by tenth and by grade."""

from __future__ import annotations

import ibis.expr.types as ir

from include.contracts.reports.prospect_outcome import CELLS, CONTRADICTED, GRADES_PART, JUDGEMENT, LOSSES, SCORES
from include.reports.data import Computed, Data, covered

_JUDGED = """
SELECT w.profile_id, CAST(p.scored_at AS DATE) AS scored_on, coalesce(p.score, 0) AS score,
    coalesce(p.grade, 'none') AS grade
FROM {scores} p JOIN {crosswalk} w USING (record_id)
WHERE (p.score IS NOT NULL OR p.grade IS NOT NULL) AND CAST(p.scored_at AS DATE) <= {as_of}
QUALIFY row_number() OVER (PARTITION BY w.profile_id ORDER BY p.score DESC NULLS LAST, p.grade, p.record_id) = 1
"""
_EVENTS = """
SELECT w.profile_id, s.step, s.on_date AS day, s.owner_id, s.reason
FROM {steps} s JOIN {crosswalk} w USING (record_id) WHERE s.on_date <= {as_of}
UNION ALL
SELECT w.profile_id, 'opportunity', CAST(o.created_at AS DATE), o.owner_id, NULL
FROM {roles} r JOIN {opportunity} o USING (opportunity_id) JOIN {crosswalk} w ON w.record_id = r.record_id
WHERE CAST(o.created_at AS DATE) <= {as_of}
UNION ALL
SELECT w.profile_id, 'won', CAST(o.created_at AS DATE), o.owner_id, NULL
FROM {roles} r JOIN {opportunity} o USING (opportunity_id) JOIN {crosswalk} w ON w.record_id = r.record_id
WHERE o.is_won AND o.close_date <= {as_of}
UNION ALL
SELECT w.profile_id, 'lost', CAST(o.created_at AS DATE), o.owner_id, o.loss_reason
FROM {roles} r JOIN {opportunity} o USING (opportunity_id) JOIN {crosswalk} w ON w.record_id = r.record_id
WHERE o.is_closed AND NOT o.is_won AND coalesce(o.close_date <= {as_of}, true)
"""
# Who was SQL before the score was as it is, is out: there is nothing left to foretell.
_OUTCOMES = """
WITH told AS (
    SELECT j.*, min(e.day) FILTER (e.step = 'sql' AND e.day <= j.scored_on) AS sql_before,
        min(e.day) FILTER (e.step = 'sql' AND e.day > j.scored_on) AS sql_on,
        min(e.day) FILTER (e.step = 'opportunity' AND e.day > j.scored_on) AS opportunity_on,
        min(e.day) FILTER (e.step = 'won' AND e.day > j.scored_on) AS won_on,
        min(e.day) FILTER (e.step = 'lost' AND e.day > j.scored_on) AS lost_on,
        min(e.day) FILTER (e.step = 'rejected' AND e.day > j.scored_on) AS rejected_on
    FROM {judged} j LEFT JOIN {events} e USING (profile_id) GROUP BY ALL
), ripe AS (
    SELECT *, coalesce(sql_on <= scored_on + {within}, false) AS is_sql,
        coalesce(opportunity_on <= scored_on + {within}, false) AS is_opportunity,
        coalesce(won_on <= scored_on + {within}, false) AS is_won,
        coalesce(lost_on <= scored_on + {within}, false) AS is_lost,
        coalesce(rejected_on <= scored_on + {within}, false) AS is_rejected
    FROM told WHERE sql_before IS NULL AND scored_on + {within} <= {as_of}
)
SELECT *, CAST(ceil(greatest(cume_dist() OVER (ORDER BY score), 0.0001) * 10) AS BIGINT) AS score_decile,
    make_date(year(scored_on), CASE WHEN month(scored_on) < 7 THEN 1 ELSE 7 END, 1) AS half_year
FROM ripe
"""
_COUNTED = """
WITH counted AS (
    SELECT {by}, min(score) AS score_from, count(*) AS people, count(*) FILTER (is_sql) AS sqls,
        count(*) FILTER (is_opportunity) AS opportunities, count(*) FILTER (is_won) AS won,
        count(*) FILTER (is_lost) AS lost, count(*) FILTER (is_rejected) AS rejected
    FROM {{outcomes}} GROUP BY {by}
), valued AS (
    SELECT {by}, sum(amount) AS won_value FROM (
        SELECT DISTINCT {by}, opportunity_id, amount FROM {{outcomes}} JOIN {{deals}} USING (profile_id)
        WHERE is_won_deal AND is_in_main AND created_on > scored_on AND created_on <= scored_on + {{within}}
    ) GROUP BY {by}
)
SELECT c.*, coalesce(v.won_value, 0) AS won_value, sqls / people AS rate, wilson_low(sqls, people) AS rate_low,
    wilson_high(sqls, people) AS rate_high,
    sqls / people / nullif(sum(sqls) OVER () / sum(people) OVER (), 0) AS lift
FROM counted c LEFT JOIN valued v USING ({by})
"""
# Opportunities that are closed, of each person with a role in them; only amounts in the currency of most are added.
_DEALS = """
WITH main AS (
    SELECT coalesce(currency, 'company') AS currency FROM {opportunity} WHERE is_won AND amount IS NOT NULL
    GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 1
)
SELECT DISTINCT w.profile_id, o.opportunity_id, o.amount, o.is_won AS is_won_deal, o.loss_reason,
    CAST(o.created_at AS DATE) AS created_on, coalesce(o.currency, 'company') = m.currency AS is_in_main
FROM {roles} r JOIN {opportunity} o USING (opportunity_id) JOIN {crosswalk} w ON w.record_id = r.record_id
LEFT JOIN main m ON true
WHERE o.is_closed AND coalesce(o.close_date <= {as_of}, NOT o.is_won)
"""
_LOST = """
SELECT grade, coalesce(loss_reason, 'not said') AS reason, count(DISTINCT opportunity_id) AS opportunities
FROM {outcomes} JOIN {deals} USING (profile_id)
WHERE NOT is_won_deal AND created_on > scored_on AND created_on <= scored_on + {within} GROUP BY ALL
"""
_DESERVED = """
WITH ranked AS (
    SELECT grade, rate, row_number() OVER (ORDER BY rate DESC, grade) AS by_rate,
        row_number() OVER (ORDER BY grade) AS by_name
    FROM {grades} WHERE grade <> 'none' AND people >= {least} AND sqls >= 5
)
SELECT g.*, CASE WHEN d.grade IS NULL THEN 'none' WHEN d.rate BETWEEN g.rate_low AND g.rate_high THEN g.grade
    ELSE d.grade END AS deserved_grade
FROM {grades} g LEFT JOIN ranked r USING (grade) LEFT JOIN ranked d ON d.by_name = r.by_rate
"""
# Hanley and McNeil: the area from ranks (ties count half), its variance from the area and both counts.
_JUDGEMENT = """
WITH told AS (
    SELECT 'score' AS judge, score AS value, is_sql, sql_on - scored_on AS lag FROM {outcomes}
    UNION ALL
    SELECT 'grade', -position(grade IN 'ABCDF'), is_sql, sql_on - scored_on FROM {outcomes} WHERE grade <> 'none'
), ranked AS (
    SELECT *, rank() OVER low + (count(*) OVER tied - 1) / 2 AS place
    FROM told WINDOW low AS (PARTITION BY judge ORDER BY value), tied AS (PARTITION BY judge, value)
), counted AS (
    SELECT judge, count(*) AS people, count(*) FILTER (is_sql) AS sqls,
        (sum(place) FILTER (is_sql) - count(*) FILTER (is_sql) * (count(*) FILTER (is_sql) + 1) / 2)
            / nullif(count(*) FILTER (is_sql) * count(*) FILTER (NOT is_sql), 0) AS auc,
        median(lag) FILTER (is_sql) AS median_lag
    FROM ranked GROUP BY judge
), varied AS (
    SELECT *, 1.96 * sqrt((auc * (1 - auc) + (sqls - 1) * (auc / (2 - auc) - auc * auc)
        + (people - sqls - 1) * (2 * auc * auc / (1 + auc) - auc * auc)) / nullif(sqls * (people - sqls), 0)) AS half
    FROM counted
)
SELECT judge, people, sqls, auc, greatest(auc - half, 0) AS auc_low, least(auc + half, 1) AS auc_high, median_lag
FROM varied
"""
_CONTRADICTED = """
SELECT o.profile_id, o.grade, o.score, o.scored_on, o.rejected_on, e.owner_id, e.reason
FROM {outcomes} o JOIN {events} e ON e.profile_id = o.profile_id AND e.step = 'rejected' AND e.day = o.rejected_on
WHERE o.score_decile >= 9 AND NOT o.is_sql AND o.rejected_on IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY o.profile_id ORDER BY e.reason, e.owner_id) = 1
"""
_COVERED = """
SELECT 'people with a score or grade' AS subject, (SELECT count(*) FROM {judged}) AS judged, count(*) AS total
FROM {profile}
UNION ALL
SELECT 'judged people with time enough', count(*) FILTER (scored_on + {within} <= {as_of}), count(*) FROM {judged}
UNION ALL
SELECT 'SQLs after the judgement', count(*) FILTER (is_after), count(*)
FROM (SELECT j.profile_id, bool_and(e.day > j.scored_on) AS is_after FROM {judged} j
    JOIN {events} e ON e.profile_id = j.profile_id AND e.step = 'sql' GROUP BY ALL)
UNION ALL
SELECT 'won opportunities with an amount in the main currency', count(DISTINCT opportunity_id) FILTER (
    amount IS NOT NULL AND is_in_main), count(DISTINCT opportunity_id)
FROM {deals} WHERE is_won_deal
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    inputs, within = data.inputs, data.settings.funnel.cohort_days
    judged = data.sql(_JUDGED, scores=data.tables["staged/prospect_score"], crosswalk=inputs.crosswalk)
    events = data.sql(
        _EVENTS, steps=data.tables["staged/lead_step"], crosswalk=inputs.crosswalk,
        roles=inputs.opportunity_contact_role, opportunity=inputs.opportunity,
    )  # fmt: skip
    outcomes = data.sql(_OUTCOMES, judged=judged, events=events, within=within)
    deals = data.sql(
        _DEALS, roles=inputs.opportunity_contact_role, opportunity=inputs.opportunity, crosswalk=inputs.crosswalk
    )
    grades = _counted(data, outcomes, deals, "grade")
    parts = {
        CELLS.name: _counted(data, outcomes, deals, "grade, score_decile"),
        SCORES.name: _counted(data, outcomes, deals, "half_year, score_decile"),
        GRADES_PART.name: data.sql(_DESERVED, grades=grades, least=data.settings.prospect_outcome.least_people),
        LOSSES.name: data.sql(_LOST, outcomes=outcomes, deals=deals, within=within),
        JUDGEMENT.name: data.sql(_JUDGEMENT, outcomes=outcomes),
        CONTRADICTED.name: data.sql(_CONTRADICTED, outcomes=outcomes, events=events),
    }
    counted = data.sql(_COVERED, judged=judged, events=events, profile=inputs.profile, within=within, deals=deals)
    return Computed(parts, covered(data, counted))


def _counted(data: Data, outcomes: ir.Table, deals: ir.Table, by: str) -> ir.Table:
    within = data.settings.funnel.cohort_days
    return data.sql(_COUNTED.format(by=by), outcomes=outcomes, deals=deals, within=within)
