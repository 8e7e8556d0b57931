"""HubSpot: what happened to marketing mails, by the contact that has the recipient's address."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from include.contracts.staged import EMAIL_ACTIVITY
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.faults import Rule
from include.staging.machines import with_machines
from include.staging.row_rules import key_rules, moment_rules, presence_rules

KINDS = {
    "sent": ("sent",), "open": ("open",), "click": ("click",), "bounce": ("bounce",), "complaint": ("spamreport",),
}  # fmt: skip
# those that mean nothing here; one in neither is counted apart, as a type that HubSpot did not have
OTHER_TYPES = (
    "DELIVERED", "DEFERRED", "PROCESSED", "DROPPED", "SUPPRESSED", "PRINT", "FORWARD", "STATUSCHANGE", "UNBOUNCE",
)  # fmt: skip


def email_events(desk: Desk) -> ir.Table:
    """The rows that events give to email activity; those of a recipient that is no contact are set aside."""
    raw = desk.raw("email_event")
    addresses = desk.settled(_addresses(desk))
    t = desk.named(_with_contact(raw.rows, addresses))
    wanted = _kind(t).notnull() | ~values.given(t.type)
    rules = (
        *key_rules(t, "id"), *presence_rules(t, "type"), *moment_rules(t, desk.zone, "changed"),
        *(replace(rule, broken=wanted & rule.broken) for rule in presence_rules(t, "recipient", "changed")),
        Rule("dangling_reference", "recipient", wanted & t._contact.isnull(), "recipient is no contact's address."),
    )  # fmt: skip
    new = t.filter(values.given(t.type) & _kind(t).isnull() & ~t.type.isin(list(OTHER_TYPES)))
    desk.tell("email_event", "of_no_known_type", new)
    rows = desk.good(replace(raw, rows=t), "email_event", rules, gone=lambda rows: _kind(rows).isnull())
    activities = shaped(EMAIL_ACTIVITY, _activity(desk, rows), rows)
    domains = addresses.select(
        record_id=desk.key("contact", addresses._contact), domain=addresses._address.split("@")[-1]
    )
    domains = domains.group_by("record_id").agg(domain=domains.domain.max())
    return with_machines(activities, domains, desk.staging.machines)


def _activity(desk: Desk, rows: ir.Table) -> dict[str, ir.Value]:
    return {
        "activity_id": desk.key("email_event", rows.id), "record_id": desk.key("contact", rows._contact),
        "kind": _kind(rows), "at": desk.moment(rows, "changed", "email_event"), "mailing": rows.emailCampaignId,
        "detail": values.folded(ibis.coalesce(rows.url, rows.subject)), "user_agent": values.folded(rows.userAgent),
        "is_machine": ibis.literal(False), **desk.provenance(rows),
    }  # fmt: skip


def _kind(rows: ir.Table) -> ir.StringValue:
    """What happened; null for what means nothing here.

    Whoever changed it, nobody who is unsubscribed from all mail gets any; that somebody is subscribed again counts
    where the recipient said so.
    """
    is_change, status = rows.type == "STATUSCHANGE", rows.portalSubscriptionStatus
    return ibis.cases(
        (is_change & (status == "UNSUBSCRIBED"), "unsubscribe"),
        (is_change & (status == "SUBSCRIBED") & (rows.source == "SOURCE_RECIPIENT"), "resubscribe"),
        else_=values.word(rows.type, KINDS),
    )


def _with_contact(rows: ir.Table, addresses: ir.Table) -> ir.Table:
    joined = rows.mutate(_to=_plain(rows.recipient)).left_join(addresses, [("_to", "_address")])
    return joined.drop("_to", "_address")


def _addresses(desk: Desk) -> ir.Table:
    """Each address of a contact, with the contact's id: of several that have it a living one, the latest changed."""
    contacts = desk.kept.get("contact", desk.raw("contact").rows)
    is_gone = values.flag(contacts.archived).fill_null(False)
    contacts = contacts.mutate(_order=ibis.ifelse(is_gone, "0", "1") + contacts.changed + contacts.id)
    first = contacts.select("_order", _contact=contacts.id, _address=contacts.email)
    several = contacts.filter(contacts.hs_additional_emails.notnull())
    further = several.select("_order", _contact=several.id, _address=several.hs_additional_emails.split(";").unnest())
    each = first.union(further)
    each = each.mutate(_address=_plain(each._address)).filter(lambda t: t._address.notnull())
    return each.group_by("_address").agg(_contact=each._contact.argmax(each._order))


def _plain(address: ir.StringValue) -> ir.StringValue:
    return address.strip().lower().nullif("")
