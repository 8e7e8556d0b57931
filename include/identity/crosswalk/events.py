"""The event log: what a new crosswalk changed in the life of profiles, and what caused each change."""

from __future__ import annotations

import duckdb

from include.contracts.identity import MERGED_AWAY
from include.identity.crosswalk.relations import Assigned, Before, Known, Logged, Proposed, hold

_BORN = """
SELECT a.cluster, a.profile_id, a.is_minted
FROM {assigned.ids} a ANTI JOIN {before.crosswalk} b ON a.profile_id = b.profile_id
"""

_ORIGIN = """
SELECT cluster, arg_min(previous_id, (-records, previous_id)) AS profile_id
FROM (
    SELECT m.cluster, m.previous_id, count(*) AS records
    FROM {assigned.member} m JOIN {born} USING (cluster) WHERE m.previous_id IS NOT NULL GROUP BY ALL
)
GROUP BY cluster
"""

_CHANGE = """
SELECT CASE WHEN NOT b.is_minted THEN 'restored' WHEN o.profile_id IS NULL THEN 'created' ELSE 'split' END AS kind,
       b.profile_id, o.profile_id AS other_profile_id
FROM {born} b LEFT JOIN {origin} o USING (cluster)
UNION ALL
SELECT CASE WHEN a.profile_id IS NULL THEN 'retired' ELSE 'merged' END, p.profile_id, a.profile_id
FROM (SELECT DISTINCT profile_id FROM {before.crosswalk}) p
ANTI JOIN {assigned.ids} n ON n.profile_id = p.profile_id
LEFT JOIN {assigned.claimed} s ON s.profile_id = p.profile_id
LEFT JOIN {assigned.ids} a ON a.cluster = s.cluster
"""

# The pairs, merges at the source and decisions that may explain a change, both ways round; the latter weigh more.
_TIE = """
WITH tie AS (
    SELECT record_a, record_b, match_weight AS weight, grade IN ('match', 'review') AS joins, TRUE AS parts,
           record_a || '|' || record_b || '|' || evidence AS evidence
    FROM {proposed.edge}
    UNION ALL
    SELECT record_a, record_b, 'infinity'::DOUBLE, kind <> 'never', kind = 'never', 'decision|' || decision_id
    FROM {proposed.applied} WHERE record_a IS NOT NULL AND state <> 'stale'
    UNION ALL
    SELECT record_a, record_b, 1e9::DOUBLE, TRUE, FALSE, record_a || '|' || record_b || '|{merged_away}'
    FROM {proposed.merged}
), touched AS (
    SELECT m.record_id, m.previous_id, a.profile_id
    FROM {assigned.member} m JOIN {assigned.ids} a USING (cluster)
    WHERE a.profile_id IN (SELECT profile_id FROM {change} WHERE kind IN ('split', 'restored')
                           UNION ALL SELECT other_profile_id FROM {change} WHERE kind <> 'created')
)
SELECT l.previous_id AS left_before, l.profile_id AS left_now, r.previous_id AS right_before, r.profile_id AS right_now,
       weight, joins, parts, evidence
FROM (SELECT * FROM tie UNION ALL SELECT record_b, record_a, weight, joins, parts, evidence FROM tie) t
JOIN touched l ON t.record_a = l.record_id
JOIN touched r ON t.record_b = r.record_id
WHERE l.previous_id IS DISTINCT FROM r.previous_id OR l.profile_id <> r.profile_id
"""

_CAUSE = """
SELECT c.profile_id, arg_max(t.evidence, (t.weight, t.evidence)) AS evidence
FROM {change} c JOIN {tied} t ON
    CASE WHEN c.kind = 'merged'
         THEN t.joins AND t.left_before = c.profile_id AND t.right_now = c.other_profile_id
              AND t.left_now = t.right_now AND t.right_before IS DISTINCT FROM c.profile_id
         ELSE t.parts AND t.left_now = c.profile_id AND t.right_now = c.other_profile_id END
GROUP BY c.profile_id
UNION ALL
SELECT profile_id, arg_max(d.cause, (d.is_new, d.record_id))
FROM {change} JOIN {before.crosswalk} USING (profile_id) JOIN {known.departed} d USING (record_id)
WHERE kind = 'retired' GROUP BY profile_id
"""

# Of a profile that lives on; what ended is told with the cause of its end.
_LOST = """
SELECT 'lost' AS kind, b.profile_id, NULL AS other_profile_id, d.cause AS evidence
FROM {known.departed} d JOIN {before.crosswalk} b USING (record_id) SEMI JOIN {assigned.ids} a
ON a.profile_id = b.profile_id
WHERE d.is_new
"""

_STEWARD = """
WITH changed AS (
    SELECT coalesce(n.decision_id, b.decision_id) AS decision_id, coalesce(n.record_a, b.record_a) AS record_a,
           coalesce(n.record_b, b.record_b) AS record_b,
           CASE WHEN n.decision_id IS NULL THEN 'taken back' ELSE 'taken' END AS turn
    FROM (SELECT * FROM {proposed.applied} WHERE state <> 'stale') n
    FULL JOIN (SELECT * FROM {before.applied} WHERE state <> 'stale') b USING (decision_id)
    WHERE n.decision_id IS NULL OR b.decision_id IS NULL
)
SELECT 'steward' AS kind, a.profile_id, b.profile_id AS other_profile_id,
       'decision|' || decision_id || '|' || turn AS evidence
FROM changed
JOIN {assigned.crosswalk} a ON a.record_id = changed.record_a
LEFT JOIN {assigned.crosswalk} b ON b.record_id = changed.record_b
"""

_EVENT = """
WITH everything AS (
    SELECT kind, profile_id, other_profile_id, evidence FROM {change} LEFT JOIN {cause} USING (profile_id)
    UNION ALL
    SELECT * FROM {lost}
    UNION ALL
    SELECT * FROM {steward}
)
SELECT md5(concat_ws('|', kind, e.profile_id, other_profile_id, evidence, run.version)) AS event_id, run.on_date, kind,
       e.profile_id, other_profile_id, coalesce(s.records, 0) AS records, run.model_version, evidence,
       run.version AS crosswalk_version
FROM everything e LEFT JOIN (SELECT profile_id, count(*) AS records FROM {assigned.crosswalk} GROUP BY profile_id) s
USING (profile_id) CROSS JOIN {assigned.run}
"""


def log_events(
    connection: duckdb.DuckDBPyConnection, before: Before, proposed: Proposed, known: Known, assigned: Assigned
) -> Logged:
    """Say what the new crosswalk changes in the life of profiles, and what causes each change."""
    born = hold(connection, "born", _BORN, before=before, assigned=assigned)
    origin = hold(connection, "origin", _ORIGIN, assigned=assigned, born=born)
    change = hold(connection, "change", _CHANGE, before=before, assigned=assigned, born=born, origin=origin)
    tied = hold(connection, "tied", _TIE, proposed=proposed, assigned=assigned, change=change, merged_away=MERGED_AWAY)
    cause = hold(connection, "cause", _CAUSE, before=before, known=known, change=change, tied=tied)
    lost = hold(connection, "lost", _LOST, before=before, known=known, assigned=assigned)
    steward = hold(connection, "steward", _STEWARD, before=before, proposed=proposed, assigned=assigned)
    told = {"change": change, "cause": cause, "lost": lost, "steward": steward}
    events = hold(connection, "event_now", _EVENT, assigned=assigned, **told)
    return Logged(change, events)
