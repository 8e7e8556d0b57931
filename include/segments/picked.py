"""One value among those of a property of events: the most frequent, that of the first event, that of the last."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.segments.deeds import LATEST, MOST_FREQUENT, Happened
from include.segments.expression import digest

MEMBER_ID, IS_CERTAIN, EVENT_ID, AT = "_member_id", "_is_certain", "_event_id", "_at"  # no property is named so


def picked(happened: Happened, rows: ir.Table) -> ir.Table:
    """Return the value for each member who has one, from the events that count or may, of which ``_is_sure`` do.

    Events without a value do not count. The value is unknown where one of the events may count or not. Of equally
    frequent values it is that of the latest event; where that is one instant, the lesser, of texts by their digests.
    """
    known = rows.filter(rows[happened.of].notnull())
    return _most_frequent(happened, known) if happened.what == MOST_FREQUENT else _at_an_end(happened, known)


def _most_frequent(happened: Happened, rows: ir.Table) -> ir.Table:
    counted = rows.group_by(MEMBER_ID, happened.of).aggregate(
        _times=rows.count(), _last=rows[AT].max(), _in_doubt=(~rows["_is_sure"]).any()
    )
    value = counted[happened.of]
    tie = digest(value) if isinstance(value, ir.StringValue) else value
    return _first(happened, counted, [counted["_times"].desc(), counted["_last"].desc(), tie])


def _at_an_end(happened: Happened, rows: ir.Table) -> ir.Table:
    rows = rows.mutate(_in_doubt=~rows["_is_sure"])
    at = rows[AT].desc() if happened.what == LATEST else rows[AT]
    return _first(happened, rows, [at, digest(rows[EVENT_ID])])


def _first(happened: Happened, rows: ir.Table, order: list[ir.Value]) -> ir.Table:
    found = rows.group_by(MEMBER_ID).aggregate(
        _value=rows[happened.of].first(order_by=order), _in_doubt=rows["_in_doubt"].any()
    )
    return found.select(MEMBER_ID, **{happened.name: ibis.ifelse(found["_in_doubt"], None, found["_value"])})
