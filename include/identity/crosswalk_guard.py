"""The guard: groups of records that are held back alone, while the rest goes on.

A group of too many records stays as it was, its new records by themselves. A group that would make one of two
known profiles on a weak link stays two profiles; the pair waits in the review queue. Its other records go to the
profile that they match best. What a steward joined is never held for weakness.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import duckdb

from include.identity.crosswalk import create_tables

_LIMITS = "CREATE OR REPLACE TEMP TABLE guard_limits AS SELECT $largest AS largest, $surest::DOUBLE AS surest"

_SEATED = """
SELECT profile_id, arg_min(cluster, (-records, first_record)) AS cluster
FROM (
    SELECT b.profile_id, f.cluster, count(*) AS records, min(record_id) AS first_record
    FROM found f JOIN crosswalk_before b USING (record_id) GROUP BY b.profile_id, f.cluster
)
GROUP BY profile_id
"""

_HELD = """
WITH decided AS (
    SELECT DISTINCT f.cluster FROM applied_now d JOIN found f ON f.record_id = d.record_a
    WHERE d.kind IN ('always', 'alias') AND d.state <> 'stale'
), sized AS (SELECT cluster, count(*) AS records, min(confidence) AS confidence FROM found GROUP BY cluster),
crowded AS (SELECT cluster FROM seated GROUP BY cluster HAVING count(*) > 1)
SELECT s.cluster, s.records <= l.largest AS is_weak
FROM sized s
CROSS JOIN guard_limits l
LEFT JOIN crowded c USING (cluster)
LEFT JOIN decided d USING (cluster)
WHERE s.records > l.largest OR (c.cluster IS NOT NULL AND d.cluster IS NULL AND s.confidence < l.surest)
"""

_ANCHORED = """
SELECT f.record_id, f.cluster, b.profile_id, b.confidence
FROM found f JOIN held h USING (cluster) JOIN crosswalk_before b USING (record_id)
JOIN seated s ON s.profile_id = b.profile_id AND (s.cluster = f.cluster OR NOT h.is_weak)
"""

_DRAWN = """
WITH loose AS (SELECT f.record_id, f.cluster FROM found f JOIN held USING (cluster) ANTI JOIN anchored USING (record_id)
               WHERE is_weak),
tie AS (
    SELECT record_a AS record_id, record_b AS other, match_weight, probability FROM edge WHERE grade = 'match'
    UNION ALL
    SELECT record_b, record_a, match_weight, probability FROM edge WHERE grade = 'match'
)
SELECT l.record_id, arg_max(a.profile_id, (match_weight, other)) AS profile_id,
       arg_max(least(t.probability, a.confidence), (match_weight, other)) AS confidence
FROM loose l JOIN tie t USING (record_id) JOIN anchored a ON a.record_id = t.other AND a.cluster = l.cluster
GROUP BY l.record_id
"""

_CLUSTERS = """
SELECT f.* FROM found f ANTI JOIN held USING (cluster)
UNION ALL
SELECT f.record_id, -dense_rank() OVER (ORDER BY f.cluster, coalesce(a.profile_id, d.profile_id, f.record_id)),
       coalesce(a.confidence, d.confidence, 1.0)
FROM found f SEMI JOIN held USING (cluster) LEFT JOIN anchored a USING (record_id) LEFT JOIN drawn d USING (record_id)
"""

STATEMENTS: Mapping[str, str] = MappingProxyType(
    {"seated": _SEATED, "held": _HELD, "anchored": _ANCHORED, "drawn": _DRAWN, "clusters": _CLUSTERS}
)


def guard(connection: duckdb.DuckDBPyConnection, *, largest: int, surest: float) -> None:
    """Make ``clusters`` of the engine's ``found``, holding groups back; leaves ``held``, one row each.

    ``largest`` is the most records of a group, ``surest`` the confidence below which no two known profiles merge.
    """
    connection.execute(_LIMITS, {"largest": largest, "surest": surest}).complete()
    create_tables(connection, STATEMENTS)
