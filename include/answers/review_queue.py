"""The review queue: pairs that a person should judge, the decision that is worth most first."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.answers.lookup import Row
from include.contracts.identity import CROSSWALK, REVIEW
from include.contracts.runs import DatasetRef
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.storage.engine import Engine


def review_queue(engine: Engine, limit: int) -> list[Row]:
    """Return the pairs to judge with the records and published segments that the answer touches.

    Ranked by what is touched, then by how undecided the pair is; ties by record id.
    """
    current = engine.lake.current(CROSSWALK.name)
    if current is None:
        return []
    queue = engine.read(REVIEW, DatasetRef(REVIEW.name, current.version, 0))
    crosswalk = engine.read(CROSSWALK, current.ref).select("record_id", "profile_id")
    profiles = _both(queue, crosswalk)
    membership = engine.lake.current(SEGMENT_MEMBERSHIP.name)
    members = engine.read(SEGMENT_MEMBERSHIP, membership.ref if membership else None)
    joined = profiles.left_join(members, profiles.profile_id == members.member_id)
    touched = joined.group_by("record_a", "record_b").aggregate(segments_touched=joined.segment_key.nunique())
    ranked = queue.inner_join(touched, ["record_a", "record_b"])
    worth = ranked.records_touched + ranked.segments_touched
    order = [ibis.desc(worth), (ranked.probability - 0.5).abs(), ranked.record_a, ranked.record_b]
    rows: list[Row] = ranked.order_by(order).limit(limit).to_pyarrow().to_pylist()
    return rows


def _both(queue: ir.Table, crosswalk: ir.Table) -> ir.Table:
    """The profiles on both sides of each pair."""
    sides = [
        queue.select("record_a", "record_b", record_id=queue[side]).inner_join(crosswalk, "record_id")
        for side in ("record_a", "record_b")
    ]
    return ibis.union(*(side.select("record_a", "record_b", "profile_id") for side in sides))
