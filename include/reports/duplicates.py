"""The report `duplicates`: figures over records, and the same over the people whom the records are."""

from __future__ import annotations

from datetime import timedelta

from include.contracts.reports.duplicates import FIGURES_PART
from include.measures import nps
from include.reports import signs
from include.reports.data import Computed, Data, covered

_RECORDS = """
SELECT r.record_id, r.part, r.object, w.profile_id FROM {records} r LEFT JOIN {crosswalk} w USING (record_id)
WHERE NOT r.is_deleted AND coalesce(CAST(r.created_at AS DATE) <= {as_of}, true)
"""
_FIGURES = """
WITH kinds AS (
    SELECT CASE WHEN part = 'crm' AND object = 'lead' THEN 'leads' WHEN part = 'crm' THEN 'contacts'
            WHEN part = 'mail' THEN 'prospects' END AS measured,
        count(*) AS records, count(DISTINCT profile_id) AS people
    FROM {records} WHERE part IN ('crm', 'mail') GROUP BY ALL
), steps AS (
    SELECT s.record_id, s.step, w.profile_id
    FROM {steps} s JOIN {records} w USING (record_id) WHERE s.on_date <= {as_of}
), won AS (
    SELECT sum(amount) AS amount FROM {opportunity}
    WHERE is_won AND close_date <= {as_of} AND amount IS NOT NULL AND currency IS NULL
), mails AS (
    SELECT count(*) FILTER (kind = 'sent') AS sent, count(DISTINCT record_id) FILTER (kind = 'sent') AS records,
        count(DISTINCT profile_id) FILTER (kind = 'sent') AS people,
        count(DISTINCT (mailing, record_id)) FILTER (kind = 'open') AS opened,
        count(DISTINCT (mailing, record_id)) FILTER (kind = 'open' AND actor = 'human') AS opened_by_people
    FROM (SELECT * FROM {activity} LEFT JOIN {crosswalk} USING (record_id)) WHERE day > {since} AND day <= {as_of}
), answers AS (
    SELECT avg(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END) AS nps, count(*) AS answers
    FROM {answers} WHERE day <= {as_of} AND day > {as_of} - {window}
), latest AS (
    SELECT avg(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END) AS nps, count(*) AS answers
    FROM (SELECT profile_id, arg_max(score, ("at", response_id)) AS score FROM {told} GROUP BY profile_id)
), told AS (
    SELECT measured, 'people' AS unit, records AS as_counted, people AS on_people,
        'One person has several records.' AS why FROM kinds WHERE records > 0
    UNION ALL
    SELECT 'mqls', 'people', count(DISTINCT record_id), count(DISTINCT profile_id),
        'One person is one MQL, however many leads became one.' FROM steps WHERE step = 'mql' HAVING count(*) > 0
    UNION ALL
    SELECT 'conversion', 'share', l.converted / l.records, l.people_converted / l.people,
        'Of several leads of a person one is converted, and the others stay.'
    FROM (
        SELECT count(DISTINCT r.record_id) AS records, count(DISTINCT r.profile_id) AS people,
            count(DISTINCT s.record_id) AS converted, count(DISTINCT s.profile_id) AS people_converted
        FROM {records} r LEFT JOIN (SELECT * FROM steps WHERE step = 'converted') s USING (record_id)
        WHERE r.part = 'crm' AND r.object = 'lead'
    ) l WHERE l.people > 0
    UNION ALL
    SELECT 'open_rate', 'share', opened / sent, opened_by_people / sent, 'Machines open mails as well.'
    FROM mails WHERE sent > 0
    UNION ALL
    SELECT 'mails_per_addressee', 'mails', sent / records, sent / people,
        'Two addresses of a person are sent two mails.' FROM mails WHERE people > 0
    UNION ALL
    SELECT 'nps', 'points', a.nps, l.nps, 'Of each person the latest answer counts, once.'
    FROM answers a CROSS JOIN latest l WHERE l.answers > 0
    UNION ALL
    SELECT 'nps_answers', 'answers', a.answers, l.answers, 'Of each person the latest answer counts, once.'
    FROM answers a CROSS JOIN latest l WHERE l.answers > 0
    UNION ALL
    SELECT 'revenue_per_contact', 'company currency', w.amount / k.records, w.amount / k.people,
        'One person has several records.' FROM won w CROSS JOIN kinds k WHERE k.measured = 'contacts' AND w.amount > 0
)
SELECT *, on_people / nullif(as_counted, 0) - 1 AS difference FROM told
"""
_COVERED = """
SELECT 'records of people' AS subject, count(profile_id) AS judged, count(*) AS total FROM {records}
"""
DAYS = 90


def compute(data: Data) -> Computed:
    """Return the report's one part, as of the logical date."""
    inputs = data.inputs
    records = data.sql(_RECORDS, records=data.tables["staged/person_record"], crosswalk=inputs.crosswalk)
    figures = data.sql(
        _FIGURES,
        records=records,
        steps=data.tables["staged/lead_step"],
        opportunity=inputs.opportunity,
        activity=signs.dated(data, inputs.email_activity),
        crosswalk=inputs.crosswalk,
        answers=signs.dated(data, inputs.nps_response),
        told=nps.recent(inputs),
        window=inputs.thresholds.nps.window_days,
        since=inputs.email_through - timedelta(days=DAYS),
    )
    return Computed({FIGURES_PART.name: figures}, covered(data, data.sql(_COVERED, records=records)))
