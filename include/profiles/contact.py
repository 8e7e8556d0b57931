"""Contact points: every address, number and key of a profile, and which of them is the primary one."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from include.profiles.consent import OUT, PURPOSE, digest, of_points
from include.profiles.rules import PointRules
from include.profiles.survivorship import KEYS

# Signs that a person, not a machine, received what was sent.
ALIVE = ("open", "click", "form", "reply")


def sightings(members: ir.Table) -> ir.Table:
    """Return one row a record and contact point: (profile_id, type, value) and what ranks it."""
    carried = members.filter(members.speaks)
    points = {
        "email": carried.email,
        "phone": carried.phone,
        "crm_id": ibis.ifelse(carried.source == "crm", carried.source_key, carried.crm_id),
        "user_id": ibis.ifelse((carried.source == "usage") & (carried.object == "user"), carried.source_key, None),
    }
    context = ("profile_id", "record_id", "source", "source_rank", "created_at", "changed_at")
    rows = [carried.select(*context, type=ibis.literal(kind), value=value) for kind, value in points.items()]
    everything = ibis.union(*rows)
    return everything.filter(everything.value.notnull())


def deliverability(activity: ir.Table, records: ir.Table) -> ir.Table:
    """Return ``value, is_deliverable`` of the addresses that something was sent to.

    An address is undeliverable from a bounce until a person opens, clicks, answers or fills in a form from it.
    """
    sent = activity.inner_join(records.select("record_id", "email"), "record_id")
    sent = sent.filter(sent.email.notnull())
    seen = sent.group_by(value=sent.email).aggregate(
        bounced_at=sent["at"].max(where=sent.kind == "bounce"),
        alive_at=sent["at"].max(where=sent.kind.isin(ALIVE) & ~sent.is_machine),
    )
    return seen.select(
        "value", is_deliverable=seen.bounced_at.isnull() | (seen.alive_at > seen.bounced_at).fill_null(False)
    )


def contact_points(seen: ir.Table, delivery: ir.Table, memory: ir.Table, rules: Mapping[str, PointRules]) -> ir.Table:
    """Return profile_identifier, with ``record_id`` and ``rule`` beside it for the lineage of the primary ones."""
    best = _ranked_sightings(seen, rules)
    points = best.group_by("profile_id", "type", "value").aggregate(
        source=best.source.argmin(ibis.struct({"at": _early(best), "record": best.record_id})),
        first_seen_at=best.created_at.min(),
        last_seen_at=best.changed_at.max(),
        records=best.record_id.nunique(),
        place=best.place.min(),
        record_id=best.record_id.argmin(best.place),
    )
    consented = points.mutate(point_digest=digest(points.value), purpose=points.type.cases(*PURPOSE.items())).left_join(
        of_points(memory), ["point_digest", "purpose"]
    )
    delivered = consented.drop("point_digest", "purpose", "point_digest_right", "purpose_right").left_join(
        delivery.mutate(type=ibis.literal("email")), ["type", "value"]
    )
    usable = [
        (delivered.consent == OUT).fill_null(False).cast("int8"),
        (~delivered.is_deliverable).fill_null(False).cast("int8"),
    ]
    order = ibis.window(group_by=["profile_id", "type"], order_by=[*usable, delivered.place, delivered.value])
    return delivered.mutate(is_primary=ibis.row_number().over(order) == 0).drop("type_right", "value_right", "place")


def _ranked_sightings(seen: ir.Table, rules: Mapping[str, PointRules]) -> ir.Table:
    """Add ``place``: the order of the records of a profile for points of each type, by the rules of that type."""
    parts = []
    for kind in ("email", "phone", "crm_id", "user_id"):
        rows = seen.filter(seen.type == kind)
        chosen = rules[kind].rules if kind in rules else ()
        keyed = rows.mutate(**{f"key{i}": KEYS[rule](rows, ("value",)) for i, rule in enumerate(chosen)})
        keys = [keyed[f"key{i}"] for i in range(len(chosen))]
        order = ibis.window(group_by="profile_id", order_by=[*keys, keyed.source_rank, keyed.record_id])
        parts.append(keyed.mutate(place=ibis.row_number().over(order)).select(*seen.columns, "place"))
    return ibis.union(*parts)


def _early(rows: ir.Table) -> ir.Value:
    return ibis.coalesce(rows.created_at, rows.changed_at)
