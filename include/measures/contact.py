"""Contact: where a person can be reached, which sources know the person, and what became of all emails ever sent."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.records import source_of
from include.measures.inputs import Inputs


def person(inputs: Inputs) -> ir.Table:
    """Return the contact measures of every profile."""
    rows = inputs.profile.rename(identity_sources="sources")
    for part in (_sources(inputs), _email(inputs)):
        rows = rows.left_join(part, "profile_id").drop("profile_id_right")
    domain = rows.email.split("@")[-1].lower()
    return rows.select(
        "profile_id", "first_name", "last_name", "city", "region", "time_zone", "phone_consent", "source_names",
        "identity_sources", "email_sent", "email_opens", "email_clicks", "email_sent_on", "email_opened_on",
        "email_clicked_on",
        email_domain=domain,
        email_is_private=domain.isin(list(inputs.thresholds.contact.private_domains)),
        has_phone=rows.phone.notnull(),
        email_engaged_on=ibis.greatest(
            ibis.coalesce(rows.email_opened_on, rows.email_clicked_on),
            ibis.coalesce(rows.email_clicked_on, rows.email_opened_on),
        ),
    )  # fmt: skip


def _sources(inputs: Inputs) -> ir.Table:
    rows = inputs.crosswalk.select("profile_id", source=source_of(inputs.crosswalk.record_id)).distinct()
    return rows.group_by("profile_id").aggregate(source_names=rows.source.group_concat(sep=", ", order_by=rows.source))


def _email(inputs: Inputs) -> ir.Table:
    """Return what each person got by mail and did with it, up to the logical date."""
    rows = inputs.email_activity.filter(inputs.email_activity.kind.isin(("sent", "open", "click")))
    rows = rows.mutate(day=inputs.day(rows.at)).filter(lambda t: t.day <= inputs.today)
    rows = rows.filter((rows.kind == "sent") | (rows.actor == "human"))
    counted = rows.group_by("record_id", "kind").aggregate(number=rows.count(), day=rows.day.max())
    own = inputs.of_person(counted)

    def total(kind: str) -> ir.IntegerValue:
        return own.number.sum(where=own.kind == kind).fill_null(0)

    def last(kind: str) -> ir.DateValue:
        return own.day.max(where=own.kind == kind)

    return own.group_by("profile_id").aggregate(
        email_sent=total("sent"), email_opens=total("open"), email_clicks=total("click"),
        email_sent_on=last("sent"), email_opened_on=last("open"), email_clicked_on=last("click"),
    )  # fmt: skip
