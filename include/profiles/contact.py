"""Contact points: every address, number and key of a profile, and which of them is the primary one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.records import ordering
from include.contracts.systems import Part
from include.profiles.consent import OUT, PURPOSE, digest, of_points
from include.profiles.settings import PointRules, Rule

# Signs that a person, not a machine, received what was sent.
ALIVE = ("open", "click", "form", "reply")


def sightings(members: ir.Table) -> ir.Table:
    """Return one row a record and contact point: (profile_id, type, value) and what ranks it."""
    carried = members.filter(members.speaks)
    points = {
        "email": carried.email,
        "phone": carried.phone,
        "crm_id": ibis.ifelse(carried.part == Part.CRM, carried.source_key, carried.crm_id),
        "user_id": ibis.ifelse(carried.part == Part.PRODUCT, carried.source_key, None),
    }
    context = ("profile_id", "record_id", "source", "source_rank", "created_at", "changed_at")
    rows = [
        carried.select(*context, type=ibis.literal(kind), value=value, is_further=False)
        for kind, value in points.items()
    ]
    rows += [_further(carried.select(*context, value=carried[f"other_{kind}s"]), kind) for kind in ("email", "phone")]
    everything = ibis.union(*rows)
    return everything.filter(everything.value.notnull())


def _further(rows: ir.Table, kind: str) -> ir.Table:
    """The addresses, or numbers without their extensions, that records have beside their first ones."""
    some = rows.filter(rows.value.notnull())
    each = some.mutate(type=ibis.literal(kind), value=some.value.split("; ").unnest(), is_further=ibis.literal(True))
    return each.mutate(value=each.value.re_replace(" x.*$", "")).select(
        *(name for name in rows.columns if name != "value"), "type", "value", "is_further"
    )


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
    """Return profile_identifier, with the ``record_id`` that brought each point beside it, for the lineage."""
    points = _points(seen)
    consented = points.mutate(point_digest=digest(points.value), purpose=points.type.cases(*PURPOSE.items())).left_join(
        of_points(memory), ["point_digest", "purpose"]
    )
    delivered = consented.drop("point_digest", "purpose", "point_digest_right", "purpose_right").left_join(
        delivery.mutate(type=ibis.literal("email")), ["type", "value"]
    )
    order = ibis.window(group_by=["profile_id", "type"], order_by=[*_order(delivered, rules), delivered.value])
    return delivered.mutate(is_primary=ibis.row_number().over(order) == 0).drop("type_right", "value_right")


def _points(seen: ir.Table) -> ir.Table:
    """Return one row a contact point, of the record that knew it first.

    By windows, which the engine can spill to disk, and not by aggregates of text, which it must hold in memory.
    """
    same = ibis.window(group_by=["profile_id", "type", "value"])
    earliest = ibis.window(group_by=["profile_id", "type", "value"], order_by=[_early(seen), *ordering(seen.record_id)])
    placed = seen.mutate(
        place=ibis.row_number().over(earliest),
        first_seen_at=seen.created_at.min().over(same),
        last_seen_at=seen.changed_at.max().over(same),
        records=seen.record_id.count().over(same),
        is_spare=seen.is_further.all().over(same),
        best_rank=seen.source_rank.min().over(same),
    )
    first = placed.filter(placed.place == 0)
    passed = ("place", "source_rank", "created_at", "changed_at", "is_further")
    return first.drop(*passed).rename(source_rank="best_rank")


def _order(points: ir.Table, rules: Mapping[str, PointRules]) -> list[ir.Value]:
    """What may be written to first, then what answers, then what some record has in the first place, then by the rules
    of each type."""
    usable = [
        (points.consent == OUT).fill_null(False).cast("int8"),
        (~points.is_deliverable).fill_null(False).cast("int8"),
        points.is_spare.cast("int8"),
    ]
    places = range(max(len(rules[kind].rules) for kind in rules))
    by_rules = [
        ibis.cases(
            *(
                (points.type == kind, KEYS[of.rules[place]](points))
                for kind, of in rules.items()
                if place < len(of.rules)
            ),
            else_=0.0,
        )
        for place in places
    ]
    return [*usable, *by_rules, points.source_rank, ibis.desc(points.last_seen_at)]


# For each rule a number a contact point: the smallest wins.
KEYS: Mapping[Rule, Callable[[ir.Table], ir.Value]] = MappingProxyType(
    {
        Rule.SOURCE_PRIORITY: lambda points: points.source_rank.cast("float64"),
        Rule.MOST_RECENT: lambda points: -points.last_seen_at.epoch_seconds().cast("float64"),
        Rule.MOST_FREQUENT: lambda points: -points.records.cast("float64"),
        Rule.MOST_COMPLETE: lambda points: -points.value.length().cast("float64"),
    }
)


def _early(rows: ir.Table) -> ir.Value:
    return ibis.coalesce(rows.created_at, rows.changed_at)
