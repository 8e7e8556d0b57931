"""Departures: the records that their source has deleted or merged into another, and what that does to profiles.

The source keeps such a record, marked, and so does its profile: it is history, and comes back as what it was. A profile
of which no record lives is retired.
"""

from __future__ import annotations

import duckdb

from include.contracts.departures import COUNTS, departure_count
from include.contracts.identity import DELETED, MERGED_AWAY
from include.identity.crosswalk.relations import Before, Known, Logged, Relation, hold, rows_of

# A mark is new in the run that first sees it.
_DEPARTED = """
WITH earlier AS (SELECT record_id FROM {earlier} WHERE is_deleted OR merged_into <> record_id)
SELECT n.record_id, n.source, coalesce(merged_into <> n.record_id, FALSE) AS is_merged,
       n.record_id || CASE WHEN is_merged THEN '|' || merged_into || '|{merged_away}' ELSE '|{deleted}' END AS cause,
       e.record_id IS NULL AS is_new
FROM {now} n LEFT JOIN earlier e USING (record_id) WHERE is_deleted OR merged_into <> n.record_id
"""

_COUNTS = """
SELECT d.source, count(*) FILTER (NOT is_merged), count(*) FILTER (is_merged),
       count(DISTINCT b.profile_id) FILTER (e.kind IS NULL),
       count(DISTINCT b.profile_id) FILTER (e.kind = 'merged'),
       count(DISTINCT b.profile_id) FILTER (e.kind = 'retired')
FROM {known.departed} d JOIN {before.crosswalk} b USING (record_id)
LEFT JOIN (SELECT kind, profile_id FROM {logged.change} WHERE kind IN ('merged', 'retired')) e USING (profile_id)
WHERE d.is_new GROUP BY d.source ORDER BY d.source
"""


def find_departed(connection: duckdb.DuckDBPyConnection, now: Relation, earlier: Relation) -> Relation:
    """Return the departed among the records of this run, as Known describes them; ``earlier``: those of the last."""
    given = {"now": now, "earlier": earlier, "deleted": DELETED, "merged_away": MERGED_AWAY}
    return hold(connection, "departed", _DEPARTED, **given)


def count_departures(
    connection: duckdb.DuckDBPyConnection, before: Before, known: Known, logged: Logged
) -> dict[str, int]:
    """Count, by source, the records that departed since the last run, and what became of their profiles."""
    rows = rows_of(connection, _COUNTS, before=before, known=known, logged=logged)
    return {
        departure_count(source, what): count
        for source, *counts in rows
        for what, count in zip(COUNTS, counts, strict=True)
        if count
    }
