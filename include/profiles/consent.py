"""Consent: what people said, remembered by the digest of the contact point, the strictest statement winning.

A statement belongs to one record and one point, never to a profile, so merging and splitting cannot lose it.
An opt-out holds until an explicit opt-in (an event of its own, not a field of an import) is newer than it.
The memory keeps digests only: it outlives the record, and an erasure, without keeping the address.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.profiles import CONSENT
from include.contracts.records import source_of

OUT, IN = "opted_out", "opted_in"
PURPOSE = {"email": "email_marketing", "phone": "phone_marketing"}


def digest(value: ir.StringValue) -> ir.StringValue:
    """The form in which a contact point is remembered."""
    return value.hexdigest("sha256")


def read_anew(before: ir.Table, now: ir.Table) -> ir.Table:
    """Return ``record_id, purpose, point_digest, read_now`` of points whose words are the same and are read otherwise.

    ``before`` and ``now`` are the person records of two runs; a region or a placeholder was corrected between them.
    """
    both = before.inner_join(now, "record_id", rname="now_{name}")
    parts = []
    for point, purpose in PURPOSE.items():
        was, said = both[point], both[f"{point}_received"]
        read = both.filter(said == both[f"now_{point}_received"], ~was.identical_to(both[f"now_{point}"]))
        parts.append(
            read.select(
                "record_id",
                purpose=ibis.literal(purpose),
                point_digest=digest(ibis.coalesce(read[point], read.record_id)),
                read_now=digest(ibis.coalesce(read[f"now_{point}"], read.record_id)),
            )
        )
    return ibis.union(*parts)


def remember(before: ir.Table, statements: ir.Table, reread: ir.Table | None = None) -> ir.Table:
    """Fold this run's statements (staged/consent) into the memory (consent); the same ones twice change nothing.

    A statement without a time counts from the moment its row was known to be true. What is remembered of a point that
    is ``reread`` (``read_anew``) is remembered of what the same words are read as now: what people said stays, what
    followed from a wrong reading does not.
    """
    at = ibis.coalesce(statements["at"], statements.extracted_at)
    out = statements.status == OUT
    said = statements.select(
        record_id=statements.record_id,
        point_digest=digest(ibis.coalesce(statements.point, statements.record_id)),
        purpose=statements.purpose,
        source=source_of(statements.record_id),
        opted_out_at=ibis.ifelse(out, at, None),
        opted_in_at=ibis.ifelse(~out & statements.is_explicit, at, None),
        granted_at=ibis.ifelse(~out, at, None),
    )
    known = before.select(*said.columns)
    if reread is not None:
        moved = known.left_join(reread, ["record_id", "purpose", "point_digest"], rname="of_{name}")
        known = moved.mutate(point_digest=ibis.coalesce(moved.read_now, moved.point_digest)).select(*said.columns)
    folded = (
        said.union(known)
        .group_by("record_id", "point_digest", "purpose")
        .aggregate(
            source=lambda rows: rows.source.min(),
            opted_out_at=lambda rows: rows.opted_out_at.max(),
            opted_in_at=lambda rows: rows.opted_in_at.max(),
            granted_at=lambda rows: rows.granted_at.max(),
        )
    )
    return folded.mutate(status=_status(folded)).select(*CONSENT.names)


def of_points(memory: ir.Table) -> ir.Table:
    """Return the consent of each point and purpose, over all records that ever spoke of it."""
    folded = memory.group_by("point_digest", "purpose").aggregate(
        opted_out_at=memory.opted_out_at.max(), opted_in_at=memory.opted_in_at.max(), granted_at=memory.granted_at.max()
    )
    return folded.select("point_digest", "purpose", consent=_status(folded))


def of_profiles(memory: ir.Table, points: ir.Table, owners: ir.Table) -> ir.Table:
    """Return ``profile_id, purpose, consent``: the strictest over all points of a profile.

    ``points`` (profile_id, type, value) are its present ones; ``owners`` (record_id, profile_id) bring in those that
    its records, also records that are gone, spoke of before.
    """
    spoken = memory.inner_join(owners, "record_id").select("profile_id", "point_digest", "purpose")
    present = points.filter(points.type.isin(list(PURPOSE))).select(
        profile_id=points.profile_id,
        point_digest=digest(points.value),
        purpose=points.type.cases(*PURPOSE.items()),
    )
    reach = spoken.union(present, distinct=True).inner_join(of_points(memory), ["point_digest", "purpose"])
    # opted_out sorts after opted_in, so the strictest is the greatest
    return reach.group_by("profile_id", "purpose").aggregate(consent=reach.consent.max())


def _status(rows: ir.Table) -> ir.Value:
    lifted = rows.opted_in_at > rows.opted_out_at
    return ibis.cases(
        (rows.opted_out_at.notnull() & ~lifted.fill_null(False), OUT),
        else_=ibis.literal(IN),
    )
