"""The questions of the review queue: only those whose answer would change a profile, one pair of records for each.

Two profiles that judged pairs lie between may be one person: asked is the likeliest pair. A profile that only a weak
link holds together (``kept``) may be two people: asked is that link. Nothing is asked that was decided, whatever pair
of the same two profiles it was on; nor of a doubtful pair inside a profile that other links hold. An answer moves the
records of both profiles.
"""

from __future__ import annotations

import duckdb

from include.identity.crosswalk.relations import Assigned, Guarded, Proposed, Relation, hold

_QUESTIONS = """
WITH size AS (SELECT profile_id, count(*) AS records FROM {assigned.crosswalk} GROUP BY profile_id), placed AS (
    SELECT e.record_a, e.record_b, e.probability, e.evidence, k.cluster IS NOT NULL AS is_kept,
           least(a.profile_id, b.profile_id) AS one, greatest(a.profile_id, b.profile_id) AS other
    FROM {proposed.edge} e LEFT JOIN {guarded.kept} k USING (record_a, record_b)
    JOIN {assigned.crosswalk} a ON a.record_id = e.record_a JOIN {assigned.crosswalk} b ON b.record_id = e.record_b
), decided AS (
    SELECT least(a.profile_id, b.profile_id) AS one, greatest(a.profile_id, b.profile_id) AS other,
           least(record_a, record_b) AS record_a, greatest(record_a, record_b) AS record_b
    FROM {proposed.applied} JOIN {assigned.crosswalk} a ON a.record_id = record_a
    JOIN {assigned.crosswalk} b ON b.record_id = record_b
), asked AS (
    SELECT * FROM placed ANTI JOIN decided USING (one, other) WHERE one <> other
    QUALIFY row_number() OVER (PARTITION BY one, other ORDER BY probability DESC, record_a, record_b) = 1
    UNION ALL
    SELECT * FROM placed ANTI JOIN decided USING (record_a, record_b) WHERE is_kept AND one = other
)
SELECT record_a, record_b, probability, evidence,
       s.records + CASE WHEN one = other THEN 0 ELSE o.records END AS records_touched
FROM asked JOIN size s ON s.profile_id = one JOIN size o ON o.profile_id = other
"""


def ask(connection: duckdb.DuckDBPyConnection, proposed: Proposed, guarded: Guarded, assigned: Assigned) -> Relation:
    """Return the questions of the review queue, as declared."""
    return hold(connection, "review_now", _QUESTIONS, proposed=proposed, guarded=guarded, assigned=assigned)
