"""Survivorship: which record's value each attribute of a profile takes, and which values lost to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, or_
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.records import ordering
from include.profiles.names import is_initial
from include.profiles.settings import AttributeRules, Rule

ONLY, AGREED, SMALLEST = "only_value", "all_agree", "smallest_record_id"
Key = Callable[[ir.Table, Sequence[str]], ir.Value]


def _source_priority(rows: ir.Table, _: Sequence[str]) -> ir.Value:
    return rows.source_rank.cast("float64")


def _most_recent(rows: ir.Table, _: Sequence[str]) -> ir.Value:
    return -rows.changed_at.epoch_seconds().cast("float64")


def _most_frequent(rows: ir.Table, fields: Sequence[str]) -> ir.Value:
    same = ibis.window(group_by=["profile_id", *(_folded(rows, field) for field in fields)])
    return -rows.record_id.count().over(same).cast("float64")


def _most_complete(rows: ir.Table, fields: Sequence[str]) -> ir.Value:
    if len(fields) == 1:
        return -rows[fields[0]].length().cast("float64")
    whole = [rows[field].notnull() & ~is_initial(rows[field]) for field in fields]
    return -reduce(add, [value.fill_null(False).cast("float64") for value in whole])


def _best_spelled(rows: ir.Table, _: Sequence[str]) -> ir.Value:
    return rows.name_faults.cast("float64")


# For each rule a number a record: the smallest wins.
KEYS: Mapping[Rule, Key] = MappingProxyType(
    {
        Rule.SOURCE_PRIORITY: _source_priority,
        Rule.MOST_RECENT: _most_recent,
        Rule.MOST_FREQUENT: _most_frequent,
        Rule.MOST_COMPLETE: _most_complete,
        Rule.BEST_SPELLED: _best_spelled,
    }
)


def _folded(rows: ir.Table, field: str) -> ir.Value:
    return rows[field].lower()


def candidates(members: ir.Table, unit: AttributeRules, settled: ir.Table | None) -> ir.Table:
    """Return the records that have a value for the unit and may speak; ``settled`` holds what ``within`` refers to."""
    filled = members.filter(members.speaks, reduce(or_, [members[field].notnull() for field in unit.fields]))
    if unit.within is None or settled is None:
        return filled
    chosen = settled.select("profile_id", _settled=settled[unit.within])
    joined = filled.left_join(chosen, "profile_id")
    agrees = joined[unit.within].isnull() | joined._settled.isnull()
    return joined.filter(agrees | (joined[unit.within].lower() == joined._settled.lower()))


def ranked(rows: ir.Table, unit: AttributeRules) -> ir.Table:
    """Place the candidates of each profile; 0 wins.

    Returns profile_id, record_id, the unit's fields, ``won_<field>`` (the winner's value), ``place``, ``candidates``
    and the ``rule`` by which the first beats the second.
    """
    keys = {f"key{i}": KEYS[rule](rows, unit.fields) for i, rule in enumerate(unit.rules)}
    keyed = rows.select("profile_id", "record_id", *unit.fields, **keys)
    window = ibis.window(group_by="profile_id", order_by=[*(keyed[key] for key in keys), *ordering(keyed.record_id)])
    placed = keyed.mutate(
        place=ibis.row_number().over(window),
        candidates=keyed.record_id.count().over(ibis.window(group_by="profile_id")),
        **{f"next_{key}": keyed[key].lead().over(window) for key in keys},
        **{f"won_{field}": keyed[field].first(include_null=True).over(window) for field in unit.fields},
    )
    decided = [(placed[key] != placed[f"next_{key}"], rule.value) for key, rule in zip(keys, unit.rules, strict=True)]
    return placed.select(
        "profile_id",
        "record_id",
        *unit.fields,
        *(f"won_{field}" for field in unit.fields),
        "place",
        "candidates",
        rule=ibis.cases((placed.candidates == 1, ONLY), *decided, else_=SMALLEST),
    )


def winners(placed: ir.Table, unit: AttributeRules) -> ir.Table:
    """Return the unit's fields of each profile."""
    return placed.filter(placed.place == 0).select("profile_id", *unit.fields)


def lineage(placed: ir.Table, field: str) -> ir.Table:
    """Return one row a profile that has a value of ``field``, as profile_lineage declares it."""
    won = placed.filter(placed.place == 0, placed[field].notnull())
    lost = placed.filter(placed.place > 0, placed[field].lower() != placed[f"won_{field}"].lower())
    losses = lost.group_by("profile_id").aggregate(
        losing_values=lost[field].lower().nunique(),
        losing_records=lost.record_id.collect(order_by=lost.record_id),
    )
    joined = won.left_join(losses, "profile_id")
    return joined.select(
        profile_id=joined.profile_id,
        attribute=ibis.literal(field),
        record_id=joined.record_id,
        rule=ibis.cases((joined.candidates == 1, ONLY), (joined.losing_values.isnull(), AGREED), else_=joined.rule),
        candidates=joined.candidates,
        losing_values=joined.losing_values.fill_null(0),
        losing_records=_json_list(joined.losing_records),
    )


def _json_list(ids: ir.ArrayValue) -> ir.Value:
    """Write a list of record ids as JSON."""
    escaped = ids.map(lambda one: one.replace("\\", "\\\\").replace('"', '\\"'))
    return ibis.ifelse(ids.isnull(), ibis.null("string"), ibis.literal('["') + escaped.join('", "') + '"]')
