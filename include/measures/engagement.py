"""Engagement: what the person did with emails, over all addresses, machines left out.

Mail-privacy prefetching and security scanners open and click by themselves; staging says of each row whose it is
(`actor`). A machine's counts nowhere but in `email_machine_28`, and one that nobody can judge nowhere but in
`email_unknown_28`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.records import ordering
from include.measures.inputs import Inputs

SEEN = ("open", "click")
HUMAN_SIGNS = ("open", "click", "form", "reply")


def person(inputs: Inputs, usage_ever: ir.Table, frequencies: ir.Table) -> ir.Table:
    """Return the measures of each profile; ``frequencies`` is what ``frequency.person`` gives."""
    both = frequencies
    for part in (_counts(inputs), _last(inputs, usage_ever)):
        both = both.left_join(part, "profile_id").drop("profile_id_right")
    names = ("email_sent_28", "email_opens_28", "email_clicks_28", "email_machine_28", "email_unknown_28")
    filled = both.fill_null({**dict.fromkeys(names, 0), "email_unsubscribed_28": False})
    return filled.mutate(
        engagement_days_since=inputs.elapsed(filled.engagement_last_on, inputs.engagement_through),
    )


def _counts(inputs: Inputs) -> ir.Table:
    rows = inputs.email_activity
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: inputs.within(t.day, 28, inputs.email_through))
    counted = inputs.of_person(rows.group_by("record_id", "kind", "actor").aggregate(activities=rows.count()))
    human, is_seen = counted.actor == "human", counted.kind.isin(SEEN)

    def total(kept: ir.BooleanValue) -> ir.IntegerValue:
        return counted.activities.sum(where=kept).fill_null(0)

    return counted.group_by("profile_id").aggregate(
        email_sent_28=total(counted.kind == "sent"),
        email_opens_28=total((counted.kind == "open") & human),
        email_clicks_28=total((counted.kind == "click") & human),
        email_machine_28=total(is_seen & (counted.actor == "machine")),
        email_unknown_28=total(is_seen & (counted.actor == "unknown")),
        email_unsubscribed_28=((counted.kind == "unsubscribe") & (counted.actor != "machine")).any(),
    )


def basis(inputs: Inputs) -> ir.Table:
    """Return one row: the opens and clicks of 28 days, and those of them that cannot be judged."""
    rows = inputs.email_activity
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: inputs.within(t.day, 28, inputs.email_through))
    unknown = rows.actor == "unknown"
    return rows.aggregate(
        email_opens=(rows.kind == "open").sum().fill_null(0),
        email_opens_unknown=((rows.kind == "open") & unknown).sum().fill_null(0),
        email_clicks=(rows.kind == "click").sum().fill_null(0),
        email_clicks_unknown=((rows.kind == "click") & unknown).sum().fill_null(0),
    )


def _last(inputs: Inputs, usage_ever: ir.Table) -> ir.Table:
    """Return the last day of any human sign, and the record that gave it."""
    rows = inputs.email_activity
    rows = rows.mutate(day=inputs.day(rows.at)).filter(
        lambda t: t.kind.isin(HUMAN_SIGNS) & (t.actor == "human") & (t.day <= inputs.today)
    )
    email = inputs.of_person(rows.group_by("record_id").aggregate(day=rows.day.max()))
    product = usage_ever.filter(usage_ever.profile_id.notnull()).select("record_id", "profile_id", day="seen_on")
    signs = email.select("record_id", "profile_id", "day").union(product)
    first, id_ = ordering(signs.record_id)
    places = ibis.struct({"day": signs.day, "order": first, "id": id_})
    newest = signs.group_by("profile_id").aggregate(newest=places.max())
    return newest.select(
        "profile_id", engagement_last_on=newest.newest["day"], engagement_record_id=newest.newest["id"]
    )
