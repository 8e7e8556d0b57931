"""The review queue: questions that a person should answer, the answer that is worth most first."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from include.answers.lookup import Row
from include.contracts.identity import CROSSWALK, REVIEW
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.staged import PERSON_RECORD
from include.identity.records import as_staged
from include.storage.engine import Engine
from include.storage.lake import Manifest

SAID = (
    "first_name", "last_name", "full_name", "email", "other_emails", "phone", "other_phones", "company", "title",
    "street", "postcode", "city", "country", "birth_date", "created_at", "updated_at",
)  # fmt: skip


def review_queue(engine: Engine, limit: int) -> list[Row]:
    """Return the questions with the profiles, records and published segments that the answer touches.

    A question is about two profiles that may be one person (``asks`` is ``join``), or about one that hangs together by
    this pair alone (``part``). Ranked by what is touched, then by how undecided the pair is; ties by record id.
    """
    current = engine.lake.current(CROSSWALK.name)
    if current is None:
        return []
    queue = _placed(engine, current)
    membership = engine.lake.current(SEGMENT_MEMBERSHIP.name)
    members = engine.read(SEGMENT_MEMBERSHIP, membership.ref if membership else None)
    sides = [queue.select("record_a", "record_b", member_id=queue[side]) for side in ("profile_a", "profile_b")]
    joined = ibis.union(*sides).left_join(members, "member_id")
    touched = joined.group_by("record_a", "record_b").aggregate(segments_touched=joined.segment_key.nunique())
    ranked = queue.inner_join(touched, ["record_a", "record_b"])
    worth = ranked.records_touched + ranked.segments_touched
    order = [ibis.desc(worth), (ranked.probability - 0.5).abs(), ranked.record_a, ranked.record_b]
    rows: list[Row] = ranked.order_by(order).limit(limit).to_pyarrow().to_pylist()
    return rows


def said_by(engine: Engine, questions: Sequence[Row]) -> dict[str, Row]:
    """Return what the records of the questions say, by record: personal values, for the eyes of a steward only."""
    current = engine.lake.current(CROSSWALK.name)
    if current is None or not questions:
        return {}
    asked = sorted({row[side] for row in questions for side in ("record_a", "record_b")})
    records = as_staged(engine, engine.lake.input(current, PERSON_RECORD.name))
    rows = records.filter(records.record_id.isin(asked)).select("record_id", *SAID).to_pyarrow().to_pylist()
    return {row["record_id"]: row for row in rows}


def _placed(engine: Engine, current: Manifest) -> ir.Table:
    """The queue with the profile of each side, and what is asked."""
    queue = engine.read(REVIEW, engine.lake.version(REVIEW.name, current.version))
    crosswalk = engine.read(CROSSWALK, current.ref)
    for side in ("a", "b"):
        profiles = crosswalk.select(**{f"record_{side}": "record_id", f"profile_{side}": "profile_id"})
        queue = queue.inner_join(profiles, f"record_{side}")
    return queue.mutate(asks=ibis.ifelse(queue.profile_a == queue.profile_b, "part", "join"))
