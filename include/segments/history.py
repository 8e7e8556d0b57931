"""What became of a measure, by the kept history: who changed, from what to what, and when."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.deeds import DAY
from include.segments.expression import MEMBER, Population, of_event
from include.segments.happenings import MEMBER_ID


def changed(clause: tree.Changed, level: str, people: Population) -> ir.Table:
    """Return the members whose measure has changed so, each once, with the clause's column, which is true.

    Identities are as they are now: what became of an id that was merged away became of the profile that carries on
    for it. Each id's days are compared with its own; that two were different is no change.
    """
    rows = people.histories[level]
    value = rows[clause.measure.name]
    before = value.lag().over(ibis.window(group_by=MEMBER[level], order_by=rows.since))
    rows = rows.select(**{MEMBER_ID: rows[MEMBER[level]], DAY: rows.since, "_before": before, "_after": value})
    asked = [rows["_before"] != rows["_after"]]
    asked += [rows["_before"] == clause.before.value] if clause.before else []
    asked += [rows["_after"] == clause.after.value] if clause.after else []
    asked += [of_event(clause.span, rows, "", people)] if clause.span is not None else []
    found = rows.filter(reduce(lambda a, b: a & b, asked)).select(MEMBER_ID)
    if level == "person" and people.alias is not None:
        found = _living(found, people.alias)
    found = found.distinct()
    return found.mutate(**{clause.name: ibis.literal(True)})


def _living(found: ir.Table, alias: ir.Table) -> ir.Table:
    """Put the profiles that carry on in the place of retired ids."""
    rows = found.left_join(alias.select(_retired="alias_id", _living="profile_id"), [(MEMBER_ID, "_retired")])
    return rows.select(**{MEMBER_ID: ibis.coalesce(rows["_living"], rows[MEMBER_ID])})
