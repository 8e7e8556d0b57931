"""What became of a measure, by the kept history: who changed, from what to what, and when."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

from include.contracts.traits import VALUE_COLUMNS
from include.segments import tree
from include.segments.deeds import DAY
from include.segments.expression import MEMBER, Population, of_event
from include.segments.picked import MEMBER_ID


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
    """Return the days on which a measure or a trait changed: _member_id, since, value."""
    if isinstance(measure, tree.Traited):
        rows = people.histories["trait"]
        rows = rows.filter(rows.trait == measure.name)
        return rows.select("since", **{MEMBER_ID: rows.member_id, "value": rows[VALUE_COLUMNS[measure.type]]})
    rows = people.histories[level]
    return rows.select("since", **{MEMBER_ID: rows[MEMBER[level]], "value": rows[measure.name]})


def _living(found: ir.Table, alias: ir.Table) -> ir.Table:
    """Put the profiles that carry on in the place of retired ids."""
    rows = found.left_join(alias.select(_retired="alias_id", _living="profile_id"), [(MEMBER_ID, "_retired")])
    return rows.select(**{MEMBER_ID: ibis.coalesce(rows["_living"], rows[MEMBER_ID])})
