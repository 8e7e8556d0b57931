"""The guard: what a run would do to known profiles without enough reason is held back alone, while the rest goes on.

A group of too many records stays as it was, its new records by themselves. A group that would make one of two
known profiles on a weak link stays two profiles; its other records go to the profile that they match best. A known
profile that would fall apart though a link between its parts remains stays one. The pairs that this is about wait in
the review queue. What a steward joins or parts, and what goes back when that is taken back, is never held.
"""

from __future__ import annotations

from typing import Protocol

import duckdb
import pyarrow as pa

from include.contracts.identity import EDGE
from include.identity.crosswalk.relations import Before, Guarded, Proposed, Relation, given, hold, rows_of
from include.identity.settings import Stewardship
from include.matching.clustering import WEIGHTS
from include.matching.kernels.pairs import TELLING

AT_ONCE = 1_000_000  # pairs that the engine judges

_LIMITS = """
CREATE OR REPLACE TEMP TABLE guard_limits AS
SELECT $largest AS largest, $merge::DOUBLE AS merge_confidence, $split::DOUBLE AS split_confidence,
       $prior::DOUBLE AS prior
"""

# A decision taken back speaks for the opposite, in the one run that first goes without it.
_RULED = """
SELECT record_a, record_b, kind <> 'never' AS joins
FROM {proposed.applied} WHERE record_a IS NOT NULL AND state <> 'stale'
UNION ALL
SELECT record_a, record_b, kind = 'never'
FROM {before.applied} ANTI JOIN {proposed.applied} USING (decision_id) WHERE record_a IS NOT NULL
UNION ALL
SELECT record_a, record_b, true FROM {proposed.merged}
"""

# Where the engine puts the records of each known profile, and where most of them are.
_SPREAD = """
SELECT b.profile_id, f.cluster, count(*) AS records, min(record_id) AS first_record
FROM {proposed.found} f JOIN {before.crosswalk} b USING (record_id) GROUP BY b.profile_id, f.cluster
"""

_MAJORITY = """
SELECT profile_id, arg_min(cluster, (-records, first_record)) AS cluster FROM {spread} GROUP BY profile_id
"""

_HELD = """
WITH decided AS (
    SELECT DISTINCT a.cluster
    FROM {ruled} r JOIN {proposed.found} a ON a.record_id = r.record_a
    JOIN {proposed.found} b ON b.record_id = r.record_b
    WHERE r.joins AND a.cluster = b.cluster
), sized AS (SELECT cluster, count(*) AS records, min(confidence) AS confidence FROM {proposed.found} GROUP BY cluster),
crowded AS (SELECT cluster FROM {majority} GROUP BY cluster HAVING count(*) > 1)
SELECT s.cluster, s.records <= l.largest AS is_weak
FROM sized s
CROSS JOIN {limits} l
LEFT JOIN crowded c USING (cluster)
LEFT JOIN decided d USING (cluster)
WHERE s.records > l.largest OR (c.cluster IS NOT NULL AND d.cluster IS NULL AND s.confidence < l.merge_confidence)
"""

_ANCHORED = """
SELECT f.record_id, f.cluster, b.profile_id, b.confidence
FROM {proposed.found} f JOIN {held} h USING (cluster) JOIN {before.crosswalk} b USING (record_id)
JOIN {majority} s ON s.profile_id = b.profile_id AND (s.cluster = f.cluster OR NOT h.is_weak)
"""

_REASSIGNED = """
WITH loose AS (
    SELECT f.record_id, f.cluster FROM {proposed.found} f JOIN {held} USING (cluster)
    ANTI JOIN {anchored} USING (record_id) WHERE is_weak
), tie AS (
    SELECT record_a AS record_id, record_b AS other, match_weight, probability
    FROM {proposed.edge} WHERE grade = 'match'
    UNION ALL
    SELECT record_b, record_a, match_weight, probability FROM {proposed.edge} WHERE grade = 'match'
)
SELECT l.record_id, arg_max(a.profile_id, (match_weight, other)) AS profile_id,
       arg_max(least(t.probability, a.confidence), (match_weight, other)) AS confidence
FROM loose l JOIN tie t USING (record_id) JOIN {anchored} a ON a.record_id = t.other AND a.cluster = l.cluster
GROUP BY l.record_id
"""

_GROUPED = """
SELECT f.* FROM {proposed.found} f ANTI JOIN {held} USING (cluster)
UNION ALL
SELECT f.record_id, -dense_rank() OVER (ORDER BY f.cluster, coalesce(a.profile_id, d.profile_id, f.record_id)),
       coalesce(a.confidence, d.confidence, 1.0)
FROM {proposed.found} f SEMI JOIN {held} USING (cluster)
LEFT JOIN {anchored} a USING (record_id) LEFT JOIN {reassigned} d USING (record_id)
"""

# The same as spread, after groups were held.
_SPREAD_NOW = """
SELECT * FROM {spread} ANTI JOIN {held} USING (cluster)
UNION ALL
SELECT b.profile_id, g.cluster, count(*), min(record_id)
FROM {proposed.found} f JOIN {held} h USING (cluster) JOIN {grouped} g USING (record_id)
JOIN {before.crosswalk} b USING (record_id)
GROUP BY b.profile_id, g.cluster
"""

_DIVIDED = """
SELECT profile_id, cluster, arg_min(cluster, (-records, first_record)) OVER (PARTITION BY profile_id) AS remaining
FROM {spread_now}
SEMI JOIN (SELECT profile_id FROM {spread_now} GROUP BY profile_id HAVING count(*) > 1) USING (profile_id)
"""

# The parts that left: none that a decision parts, that other profiles have known records in, or that are too many.
_LEAVING = """
WITH ruled_apart AS (
    SELECT x.profile_id
    FROM {ruled} r JOIN {grouped} a ON a.record_id = r.record_a JOIN {grouped} b ON b.record_id = r.record_b
    JOIN {divided} x ON x.cluster = a.cluster JOIN {divided} y ON y.cluster = b.cluster AND y.profile_id = x.profile_id
    WHERE NOT r.joins AND a.cluster <> b.cluster
), crowded AS (
    SELECT t.profile_id FROM {divided} t JOIN {grouped} g USING (cluster) GROUP BY t.profile_id
    HAVING count(*) > (SELECT largest FROM {limits})
), shared AS (SELECT cluster FROM {spread_now} GROUP BY cluster HAVING count(*) > 1)
SELECT t.cluster, t.remaining
FROM {divided} t ANTI JOIN ruled_apart USING (profile_id) ANTI JOIN crowded USING (profile_id)
     ANTI JOIN shared USING (cluster) ANTI JOIN shared s ON s.cluster = t.remaining
WHERE t.cluster <> t.remaining
"""

_ACROSS = """
SELECT p.cluster, p.remaining, least(a.record_id, s.record_id) AS record_a,
       greatest(a.record_id, s.record_id) AS record_b
FROM {leaving} p JOIN {grouped} a ON a.cluster = p.cluster JOIN {grouped} s ON s.cluster = p.remaining
"""

# The link of two parts, weighed as the engine weighs whether to merge two clusters (agglomerate in matching/kernels).
_LINKED = """
WITH said AS (
    SELECT cluster, remaining, record_a, record_b, prior, match_weight * ln(2) - prior AS evidence
    FROM {across} JOIN {judged} USING (record_a, record_b) CROSS JOIN {limits}
)
SELECT cluster, remaining, any_value(prior) + {mean} * coalesce(avg(evidence) FILTER (abs(evidence) > {telling}), 0)
       + {best} * max(evidence) + {worst} * min(evidence) AS logit,
       arg_min(struct_pack(record_a, record_b), (-evidence, record_a, record_b)) AS pair
FROM said GROUP BY cluster, remaining
"""

_KEPT = """
SELECT cluster, remaining, 1 / (1 + exp(-logit)) AS confidence, pair.record_a, pair.record_b
FROM {linked} WHERE 1 / (1 + exp(-logit)) >= (SELECT split_confidence FROM {limits})
"""

_CLUSTERS = """
WITH whole AS (
    SELECT remaining, least(min(g.confidence), min(k.confidence)) AS confidence
    FROM {kept} k JOIN {grouped} g ON g.cluster IN (k.cluster, k.remaining) GROUP BY remaining
)
SELECT g.record_id, coalesce(k.remaining, g.cluster) AS cluster, coalesce(w.confidence, g.confidence) AS confidence
FROM {grouped} g LEFT JOIN {kept} k USING (cluster) LEFT JOIN whole w ON w.remaining = coalesce(k.remaining, g.cluster)
"""

# The pair that a kept part hangs on, where blocking did not propose it.
_UNPROPOSED = """
INSERT INTO {proposed.edge}
SELECT judged.* FROM {judged} SEMI JOIN {kept} USING (record_a, record_b)
ANTI JOIN {proposed.edge} USING (record_a, record_b)
"""


class Judge(Protocol):
    """What judges any two records: the engine's resolution."""

    @property
    def prior(self) -> float:
        """The log odds of any two records being one person."""

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        """Return the pairs as the engine tells of pairs, the smaller id first."""


def guard(
    connection: duckdb.DuckDBPyConnection, before: Before, proposed: Proposed, limits: Stewardship, judge: Judge
) -> Guarded:
    """Hold back what stewardship.yaml does not let pass; the pair that a kept part hangs on is in ``edge`` then."""
    said = {"largest": limits.largest_profile, "merge": limits.merge_confidence, "split": limits.split_confidence}
    connection.execute(_LIMITS, {**said, "prior": judge.prior}).complete()
    bounds = Relation("guard_limits")
    ruled = hold(connection, "ruled", _RULED, before=before, proposed=proposed)
    spread = hold(connection, "spread", _SPREAD, before=before, proposed=proposed)
    held, grouped = _grouped(connection, before, proposed, ruled=ruled, spread=spread, limits=bounds)
    now = {"before": before, "proposed": proposed, "spread": spread, "held": held, "grouped": grouped}
    spread_now = hold(connection, "spread_now", _SPREAD_NOW, **now)
    divided = hold(connection, "divided", _DIVIDED, spread_now=spread_now)
    parts = {"ruled": ruled, "grouped": grouped, "divided": divided, "spread_now": spread_now, "limits": bounds}
    leaving = hold(connection, "leaving", _LEAVING, **parts)
    kept = _kept(connection, proposed, judge, grouped=grouped, leaving=leaving, limits=bounds)
    return Guarded(hold(connection, "clusters", _CLUSTERS, grouped=grouped, kept=kept), held, kept)


def _grouped(
    connection: duckdb.DuckDBPyConnection, before: Before, proposed: Proposed,
    *, ruled: Relation, spread: Relation, limits: Relation,
) -> tuple[Relation, Relation]:  # fmt: skip
    """The groups that are held back, and all records in groups once they are."""
    majority = hold(connection, "majority", _MAJORITY, spread=spread)
    held = hold(connection, "held", _HELD, proposed=proposed, ruled=ruled, majority=majority, limits=limits)
    anchored = hold(connection, "anchored", _ANCHORED, before=before, proposed=proposed, held=held, majority=majority)
    reassigned = hold(connection, "reassigned", _REASSIGNED, proposed=proposed, held=held, anchored=anchored)
    found = {"proposed": proposed, "held": held, "anchored": anchored, "reassigned": reassigned}
    return held, hold(connection, "grouped", _GROUPED, **found)


def _kept(
    connection: duckdb.DuckDBPyConnection, proposed: Proposed, judge: Judge,
    *, grouped: Relation, leaving: Relation, limits: Relation,
) -> Relation:  # fmt: skip
    """The parts that left whose link is too good to let them go."""
    across = hold(connection, "across", _ACROSS, leaving=leaving, grouped=grouped)
    judged = _judged(connection, across, judge)
    weights = dict(zip(("mean", "best", "worst"), WEIGHTS, strict=True))
    reads = {"across": across, "judged": judged, "limits": limits, "telling": TELLING, **weights}
    linked = hold(connection, "linked", _LINKED, **reads)
    kept = hold(connection, "kept", _KEPT, linked=linked, limits=limits)
    connection.execute(_UNPROPOSED.format(proposed=proposed, judged=judged, kept=kept)).complete()
    return kept


def _judged(connection: duckdb.DuckDBPyConnection, across: Relation, judge: Judge) -> Relation:
    """What the engine says of the pairs, asked for some at a time, so that memory does not grow with them."""
    judged = hold(connection, "judged", "FROM {none}", none=given(connection, "none_judged", EDGE.schema.empty_table()))
    ((count,),) = rows_of(connection, "SELECT count(*) FROM {across}", across=across)
    for first in range(0, count, AT_ONCE):
        some = f"SELECT record_a, record_b FROM {across} WHERE rowid >= {first} AND rowid < {first + AT_ONCE}"
        pairs = connection.sql(some).to_arrow_table()
        now = given(connection, "judged_now", judge.judge(pairs["record_a"], pairs["record_b"]))
        connection.execute(f"INSERT INTO {judged} BY NAME FROM {now}").complete()
        connection.unregister(now.name)
    return judged
