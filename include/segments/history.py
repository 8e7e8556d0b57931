"""What became of a measure, by the kept history: who changed, from what to what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import reduce

import ibis
import ibis.expr.types as ir

from include.contracts.traits import VALUE_COLUMNS
from include.segments import tree
from include.segments.deeds import DAY
from include.segments.expression import expression, of_event
from include.segments.picked import MEMBER_ID
from include.segments.population import MEMBER, Population


def changed(clause: tree.Changed, level: str, people: Population) -> ir.Table:
    """Return the members whose measure has changed so, each once, with the clause's column, which is true.

    Identities are as they are now: what became of an id that was merged away became of the profile that carries on
    for it. Each id's days are compared with its own; that two were different is no change.
    """
    kept = days_of(clause.measure, level, people)
    before = kept.value.lag().over(ibis.window(group_by=MEMBER_ID, order_by=kept.since))
    rows = kept.select(MEMBER_ID, **{DAY: kept.since, "_before": before, "_after": kept.value})
    asked = [rows["_before"] != rows["_after"]]
    asked += [rows["_before"] == clause.before.value] if clause.before else []
    asked += [rows["_after"] == clause.after.value] if clause.after else []
    asked += [of_event(clause.span, rows, "", people)] if clause.span is not None else []
    found = rows.filter(reduce(lambda a, b: a & b, asked)).select(MEMBER_ID)
    if level == "person" and people.alias is not None:
        found = _living(found, people.alias)
    found = found.distinct()
    return found.mutate(**{clause.name: ibis.literal(True)})


def days_of(measure: tree.Measured | tree.Traited, level: str, people: Population) -> ir.Table:
    """Return the days on which a measure or a trait changed: _member_id, since, is_present, value."""
    if isinstance(measure, tree.Traited):
        rows = people.histories["trait"]
        rows = rows.filter(rows.trait == measure.name)
        return rows.select(
            "since", "is_present", **{MEMBER_ID: rows.member_id, "value": rows[VALUE_COLUMNS[measure.type]]}
        )
    rows = people.histories[level]
    return rows.select("since", "is_present", **{MEMBER_ID: rows[MEMBER[level]], "value": rows[measure.name]})


def was(clause: tree.Was, level: str, people: Population) -> ir.Table:
    """Return of whom something is kept of a day: _member_id, and the clause's column, whether it was so.

    Identities are as they are now: of somebody of whom several ids are known on that day, the state of the id that
    carries on counts, else the one that changed last.
    """
    day = clause.when.on(people.as_of)
    rows: ir.Table | None = None
    for measure in tree.kept(clause):
        assert isinstance(measure, tree.Measured | tree.Traited)
        found = on_day(measure, level, people, day)
        rows = found if rows is None else rows.outer_join(found, MEMBER_ID, rname="{name}_other")
        if f"{MEMBER_ID}_other" in rows.columns:
            member = ibis.coalesce(rows[MEMBER_ID], rows[f"{MEMBER_ID}_other"])
            rows = rows.mutate(**{MEMBER_ID: member}).drop(f"{MEMBER_ID}_other")
    assert rows is not None
    rows = rows.rename({MEMBER[level]: MEMBER_ID})
    then = replace(people, as_of=day).having(level, rows)
    return rows.select(**{MEMBER_ID: rows[MEMBER[level]], clause.name: expression(clause.condition, level, then)})


def on_day(measure: tree.Measured | tree.Traited, level: str, people: Population, day: date) -> ir.Table:
    """Return what a measure or a trait was on a day, of those of whom it is kept: _member_id, and it by its name."""
    kept = days_of(measure, level, people)
    kept = _first(kept.filter(kept.since <= ibis.literal(day)), MEMBER_ID, [kept.since.desc()])
    if level == "person" and people.alias is not None:
        ids = people.alias.select(_retired="alias_id", _living="profile_id")
        kept = kept.left_join(ids, [(MEMBER_ID, "_retired")])
        kept = kept.mutate(_member=ibis.coalesce(kept["_living"], kept[MEMBER_ID]))
        order = [kept.is_present.desc(), kept["_living"].notnull(), kept.since.desc(), kept[MEMBER_ID]]
        kept = _first(kept, "_member", order).drop(MEMBER_ID).rename({MEMBER_ID: "_member"})
    return kept.filter(kept.is_present).select(MEMBER_ID, **{measure.name: kept.value})


def _first(rows: ir.Table, of: str, order: list[ir.Value]) -> ir.Table:
    place = ibis.row_number().over(ibis.window(group_by=of, order_by=order))
    ranked = rows.mutate(_place=place)
    return ranked.filter(ranked["_place"] == 0).drop("_place")


def _living(found: ir.Table, alias: ir.Table) -> ir.Table:
    """Put the profiles that carry on in the place of retired ids."""
    rows = found.left_join(alias.select(_retired="alias_id", _living="profile_id"), [(MEMBER_ID, "_retired")])
    return rows.select(**{MEMBER_ID: ibis.coalesce(rows["_living"], rows[MEMBER_ID])})
