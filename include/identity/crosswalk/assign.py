"""The crosswalk: gives each cluster of records the profile id that its people have had before.

Every run rebuilds all clusters; only this module remembers. Each record has a *home*, the profile it
belongs to when merges are undone: a merge leaves homes alone and makes the retired id an alias, so an
un-merge finds its way back; a split gives the part that leaves a home of its own; and a profile whose own
records have all left the sources lives on in the records that had merged into it first. Known ids claim the
cluster that holds most of their records (on a tie the one where fewer have changed, then the founder's,
then the one with the smallest record id); among the ids that claim one cluster the oldest survives; a
cluster that nobody claims gets a new id, the UUID (version 5) of its earliest record. A cluster of nothing but
records that their sources have deleted is nobody any more, and gets none: its ids are retired until one of the
records is back. No step depends on cluster numbers or on the order of rows.
"""

from __future__ import annotations

import uuid
from datetime import date

import duckdb

from include.identity.crosswalk.relations import Assigned, Before, Guarded, Known, Relation, hold

NAMESPACE = uuid.UUID("0f3b6f0e-5c0f-5e0b-8d43-9d6d0a7c1f25")

_RUN = """
CREATE OR REPLACE TEMP TABLE run AS
SELECT $on_date::DATE AS on_date, $version AS version, $model AS model_version
"""

_GONE = """
SELECT record_id, arg_max(home_id, (until, since, crosswalk_version)) AS home_id,
       arg_max(profile_id, (until, since, crosswalk_version)) AS profile_id
FROM {before.history} ANTI JOIN {before.crosswalk} USING (record_id)
GROUP BY record_id
"""

# Clusters in which no record lives; few have a departed one, and only those are counted.
_CLOSED = """
WITH departed AS (SELECT c.record_id, c.cluster FROM {guarded.clusters} c SEMI JOIN {known.departed} USING (record_id))
SELECT cluster FROM {guarded.clusters} c SEMI JOIN departed USING (cluster) LEFT JOIN departed d USING (record_id)
GROUP BY c.cluster HAVING count(d.record_id) = count(*)
"""

_MEMBER = """
SELECT c.record_id, c.cluster, c.confidence, f.created_at, b.profile_id AS previous_id, b.since,
       coalesce(b.home_id, g.home_id) AS home_id, coalesce(b.profile_id, g.profile_id) AS last_id
FROM {guarded.clusters} c ANTI JOIN {closed} USING (cluster)
JOIN {known.founding} f USING (record_id)
LEFT JOIN {before.crosswalk} b USING (record_id)
LEFT JOIN {gone} g USING (record_id)
"""

# A profile of which no record remains at home.
_ORPHAN = """
SELECT DISTINCT last_id AS profile_id
FROM {member} ANTI JOIN (SELECT DISTINCT home_id FROM {member}) h ON member.last_id = h.home_id
WHERE last_id IS NOT NULL
"""

_CLAIM = """
WITH vote AS (
    SELECT home_id AS profile_id, cluster, record_id FROM {member} WHERE home_id IS NOT NULL
    UNION ALL
    SELECT last_id, cluster, record_id FROM {member} JOIN {orphan} ON orphan.profile_id = member.last_id
)
SELECT v.profile_id, v.cluster, count(*) AS records, count(c.record_id) AS changes,
       bool_or(v.record_id = r.record_id) AS has_founder, min(v.record_id) AS first_record
FROM vote v JOIN {before.register} r USING (profile_id) LEFT JOIN {known.changed} c ON c.record_id = v.record_id
GROUP BY v.profile_id, v.cluster
"""

_CLAIMED = """
SELECT profile_id, arg_min(cluster, (-records, changes, NOT has_founder, first_record)) AS cluster
FROM {claim} GROUP BY profile_id
"""

_SURVIVOR = """
SELECT cluster, arg_min(s.profile_id,
    (y.profile_id IS NOT NULL, minted_on, coalesce(founded_at, 'infinity'), s.profile_id)) AS profile_id
FROM {claimed} s JOIN {before.register} r USING (profile_id) LEFT JOIN {known.yielding} y USING (profile_id)
GROUP BY cluster
"""

_FOUNDER = """
SELECT cluster, arg_min(record_id, (coalesce(created_at, 'infinity'), record_id)) AS record_id,
       min(created_at) AS founded_at
FROM {member} ANTI JOIN {survivor} USING (cluster)
GROUP BY cluster
"""

# A record that founded an id before founds its next one under a numbered name, so that no id returns as another's.
_MINTED = """
WITH named AS (
    SELECT o.*, CASE WHEN r.ids IS NULL THEN o.record_id ELSE o.record_id || chr(31) || (r.ids + 1) END AS name
    FROM {founder} o
    LEFT JOIN (SELECT record_id, count(*) AS ids FROM {before.register} GROUP BY record_id) r USING (record_id)
), hashed AS (SELECT *, sha1(unhex('{namespace}') || encode(name)) AS h FROM named)
SELECT cluster, record_id, founded_at, h[1:8] || '-' || h[9:12] || '-5' || h[14:16] || '-'
    || '89ab'[((strpos('0123456789abcdef', h[17]) - 1) % 4 + 1)::INT] || h[18:20] || '-' || h[21:32] AS profile_id
FROM hashed
""".replace("{namespace}", NAMESPACE.hex)

_ASSIGNED = """
SELECT cluster, profile_id, FALSE AS is_minted FROM {survivor}
UNION ALL
SELECT cluster, profile_id, TRUE FROM {minted}
"""

# The home whose records make an orphan theirs: the oldest of those that it lives on in.
_SUCCESSOR = """
SELECT a.cluster, arg_min(r.profile_id, (minted_on, coalesce(founded_at, 'infinity'), r.profile_id)) AS home_id
FROM {ids} a SEMI JOIN {orphan} USING (profile_id) JOIN {member} m ON m.cluster = a.cluster AND m.last_id = a.profile_id
JOIN {before.register} r ON r.profile_id = m.home_id
GROUP BY a.cluster
"""

_CROSSWALK = """
SELECT m.record_id, a.profile_id, m.confidence,
       CASE WHEN m.previous_id = a.profile_id THEN m.since ELSE run.on_date END AS since,
       CASE WHEN s.cluster = m.cluster AND h.home_id IS NULL THEN m.home_id ELSE a.profile_id END AS home_id
FROM {member} m
JOIN {ids} a USING (cluster)
LEFT JOIN {claimed} s ON s.profile_id = m.home_id
LEFT JOIN {successor} h ON h.cluster = m.cluster AND h.home_id = m.home_id
CROSS JOIN {run}
"""

_HISTORY = """
SELECT b.record_id, b.profile_id, b.home_id, b.since, run.on_date AS until, run.version AS crosswalk_version
FROM {before.crosswalk} b LEFT JOIN {crosswalk} n USING (record_id) CROSS JOIN {run}
WHERE n.profile_id IS DISTINCT FROM b.profile_id
"""

_REGISTER = "SELECT profile_id, record_id, run.on_date AS minted_on, founded_at FROM {minted} CROSS JOIN {run}"

_ALIAS = """
WITH carried AS (
    SELECT s.profile_id AS alias_id, a.profile_id
    FROM {claimed} s JOIN {ids} a USING (cluster) WHERE s.profile_id <> a.profile_id
    UNION ALL
    SELECT b.alias_id, coalesce(a.profile_id, b.profile_id)
    FROM {before.alias} b
    ANTI JOIN {claimed} own ON own.profile_id = b.alias_id
    LEFT JOIN {claimed} s ON s.profile_id = b.profile_id
    LEFT JOIN {ids} a ON a.cluster = s.cluster
)
SELECT c.alias_id, c.profile_id, coalesce(b.since, run.on_date) AS since
FROM carried c LEFT JOIN {before.alias} b USING (alias_id) CROSS JOIN {run}
"""


def assign(
    connection: duckdb.DuckDBPyConnection,
    before: Before,
    guarded: Guarded,
    known: Known,
    *,
    on_date: date,
    version: str,
    model_version: str,
) -> Assigned:
    """Assign profile ids to clusters, keeping those that people have."""
    connection.execute(_RUN, {"on_date": on_date, "version": version, "model": model_version}).complete()
    run = Relation("run")
    gone = hold(connection, "gone", _GONE, before=before)
    closed = hold(connection, "closed", _CLOSED, guarded=guarded, known=known)
    member = hold(connection, "member", _MEMBER, before=before, guarded=guarded, known=known, gone=gone, closed=closed)
    orphan = hold(connection, "orphan", _ORPHAN, member=member)
    claim = hold(connection, "claim", _CLAIM, before=before, known=known, member=member, orphan=orphan)
    claimed = hold(connection, "claimed", _CLAIMED, claim=claim)
    survivor = hold(connection, "survivor", _SURVIVOR, before=before, known=known, claimed=claimed)
    founder = hold(connection, "founder", _FOUNDER, member=member, survivor=survivor)
    minted = hold(connection, "minted", _MINTED, before=before, founder=founder)
    ids = hold(connection, "ids", _ASSIGNED, survivor=survivor, minted=minted)
    successor = hold(connection, "successor", _SUCCESSOR, before=before, ids=ids, orphan=orphan, member=member)
    crosswalk = hold(
        connection, "crosswalk_now", _CROSSWALK, member=member, ids=ids, claimed=claimed, successor=successor, run=run
    )
    history = hold(connection, "history_now", _HISTORY, before=before, crosswalk=crosswalk, run=run)
    register = hold(connection, "register_now", _REGISTER, minted=minted, run=run)
    alias = hold(connection, "alias_now", _ALIAS, before=before, ids=ids, claimed=claimed, run=run)
    return Assigned(run, member, claimed, ids, crosswalk, history, register, alias)
