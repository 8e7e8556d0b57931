"""The report `nps`: scores with their intervals, what they foretell, and what detractors say next."""

from __future__ import annotations

import ibis.expr.types as ir

from include.contracts.reports.nps import ASKED, FOLLOW_UP, GROUPS, MONTHS, RENEWALS
from include.measures import nps
from include.measures.employers import with_account
from include.reports import contracts
from include.reports.data import Computed, Data, covered
from include.reports.dimensions import of_people

# The variance of a difference of two shares of one sample is that of a variable of 1, 0 and -1.
_SCORED = """
WITH counted AS (
    SELECT {by}, count(*) AS answered, count(*) FILTER (score >= 9) AS promoters,
        count(*) FILTER (score BETWEEN 7 AND 8) AS passives, count(*) FILTER (score <= 6) AS detractors
    FROM {{latest}} JOIN {{groups}} USING (profile_id) GROUP BY {by}
), scored AS (
    SELECT *, 100.0 * (promoters - detractors) / answered AS nps,
        196.0 * sqrt(((promoters + detractors) / answered - pow((promoters - detractors) / answered, 2)) / answered)
            AS half
    FROM counted
)
SELECT * EXCLUDE half, greatest(nps - half, -100) AS nps_low, least(nps + half, 100) AS nps_high FROM scored
"""
_ANSWERS = "SELECT *, CAST(date_trunc('month', day) AS DATE) AS month FROM {rows}"
_LATEST = """
SELECT {over}, arg_max(score, ("at", response_id)) AS score FROM {{answers}} GROUP BY {over}
"""
_FORETELLS = """
WITH asked AS (
    SELECT k.contract_id, k.is_renewed, a.profile_id, arg_max(a.score, (a."at", a.response_id)) AS score
    FROM {decided} k LEFT JOIN {answers} a ON a.account_id = k.account_id
        AND a.day <= k.ends_on - 90 AND a.day > k.ends_on - 90 - {window}
    GROUP BY ALL
), judged AS (
    SELECT contract_id, is_renewed,
        sum(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 WHEN score IS NOT NULL THEN 0 END) AS net
    FROM asked GROUP BY ALL
), classed AS (
    SELECT is_renewed, CASE WHEN net > 0 THEN 'promoter' WHEN net < 0 THEN 'detractor' WHEN net = 0 THEN 'passive'
        ELSE 'unknown' END AS nps_class
    FROM judged
), counted AS (
    SELECT nps_class, count(*) AS contracts, count(*) FILTER (is_renewed) AS renewed FROM classed GROUP BY nps_class
)
SELECT *, renewed / contracts AS renewal_rate, wilson_low(renewed, contracts) AS rate_low,
    wilson_high(renewed, contracts) AS rate_high
FROM counted
"""
_FOLLOWED = """
WITH ordered AS (
    SELECT profile_id, day, score, lead(score) OVER told AS next_score, lead(day) OVER told AS next_day
    FROM {answers} WINDOW told AS (PARTITION BY profile_id ORDER BY "at", response_id)
), first AS (
    SELECT profile_id, make_date(year(day), CASE WHEN month(day) < 7 THEN 1 ELSE 7 END, 1) AS half_year,
        min_by((next_score, next_day, day), day) AS told
    FROM ordered WHERE score <= 6 GROUP BY ALL
), spoken AS (
    SELECT DISTINCT f.profile_id, f.half_year FROM first f JOIN {crosswalk} w USING (profile_id)
    JOIN {conversation} c ON c.record_id = w.record_id AND c.on_date BETWEEN f.told[3] AND f.told[3] + {follow_up}
        AND c.on_date <= {as_of}
)
SELECT half_year, count(*) AS detractors,
    CASE WHEN EXISTS (FROM {conversation}) THEN count(s.profile_id) END AS followed_up,
    count(told[1]) AS answered_again,
    count(*) FILTER (told[1] > 6) AS recovered,
    CAST(round(median(date_diff('day', told[3], told[2]))) AS BIGINT) AS median_days
FROM first LEFT JOIN spoken s USING (profile_id, half_year) GROUP BY half_year
"""
# An address that several people have in common was asked for each of them.
_ASKED = """
WITH asked AS (
    SELECT i.profile_id, max(r.asked_on) AS asked_on
    FROM {request} r JOIN {identifier} i ON i.type = 'email' AND i.value = r.email
    WHERE r.asked_on <= {as_of} GROUP BY ALL
), people AS (
    SELECT p.profile_id, a.asked_on IS NOT NULL AS is_ever,
        coalesce(a.asked_on > {as_of} - {window}, false) AS is_asked,
        p.profile_id IN (SELECT profile_id FROM {recent}) AS is_answered
    FROM {profile} p LEFT JOIN asked a USING (profile_id)
), counted AS (
    SELECT dimension, category, count(*) AS people, count(*) FILTER (is_asked) AS asked,
        count(*) FILTER (is_asked AND is_answered) AS answered_asked, count(*) FILTER (NOT is_ever) AS never_asked
    FROM people JOIN {groups} USING (profile_id) GROUP BY ALL
)
SELECT *, answered_asked / nullif(asked, 0) AS response_rate, wilson_low(answered_asked, asked) AS rate_low,
    wilson_high(answered_asked, asked) AS rate_high
FROM counted
"""
_COVERED = """
SELECT 'people with an account' AS subject, count(*) FILTER (nps_class <> 'unknown') AS judged, count(*) AS total
FROM {customers} WHERE account_id IS NOT NULL
UNION ALL
SELECT 'accounts with a live contract', count(*) FILTER (nps_answered > 0), count(*)
FROM {accounts} WHERE contracts_live > 0
UNION ALL
SELECT 'revenue under contract', coalesce(sum(contract_value) FILTER (nps_answered > 0), 0),
    coalesce(sum(contract_value), 0)
FROM {accounts} WHERE contracts_live > 0
"""


def compute(data: Data) -> Computed:
    """Return the report's parts, as of the logical date."""
    answers = data.sql(_ANSWERS, rows=nps.answers(data.inputs))
    recent = data.sql("SELECT * FROM {rows}", rows=nps.recent(data.inputs))
    groups = of_people(data, answers.select("profile_id").distinct())
    now = data.sql(_LATEST.format(over="profile_id"), answers=recent)
    monthly = data.sql(_LATEST.format(over="profile_id, month"), answers=answers)
    parts = {
        GROUPS.name: data.sql(_SCORED.format(by="dimension, category"), latest=now, groups=groups),
        MONTHS.name: data.sql(_SCORED.format(by="dimension, category, month"), latest=monthly, groups=groups),
        RENEWALS.name: _foretells(data),
        FOLLOW_UP.name: data.sql(
            _FOLLOWED, answers=answers, conversation=data.inputs.conversation,
            crosswalk=data.inputs.crosswalk, follow_up=data.settings.nps.follow_up_days,
        ),
        ASKED.name: _asked(data, recent),
    }  # fmt: skip
    return Computed(parts, covered(data, data.sql(_COVERED, customers=data.customers, accounts=data.accounts)))


def _asked(data: Data, recent: ir.Table) -> ir.Table:
    """Of people with an account: who was asked, answered, and never asked; nothing where no source tells who was."""
    request, inputs = data.tables["staged/survey_request"], data.inputs
    people = data.sql("SELECT * FROM {rows} WHERE account_id IS NOT NULL", rows=inputs.profile)
    if not data.count(request.limit(1)):
        people = people.limit(0)
    return data.sql(
        _ASKED, request=request, identifier=inputs.profile_identifier, profile=people, recent=recent,
        groups=of_people(data, people), window=inputs.thresholds.nps.window_days,
    )  # fmt: skip


def _foretells(data: Data) -> ir.Table:
    """What became of contracts, by the score of the account a quarter before their end."""
    answers = data.sql("SELECT * FROM {rows}", rows=with_account(data.inputs, nps.answers(data.inputs)))
    decided = contracts.decided(data, data.settings.nps.renewal_days)
    return data.sql(_FORETELLS, decided=decided, answers=answers, window=data.inputs.thresholds.nps.window_days)
