"""What Salesforce notes beside its rows: stages of opportunities, conversations, contacts who left their account."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import CONVERSATION, DEPARTURE, OPPORTUNITY_STAGE
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.row_rules import day_rules, is_deleted, key_rules, moment_rules, presence_rules

CONTACT, LEAD = "003", "00Q"  # prefixes of ids
EMPLOYER = ("account", "accountid")  # the field of a contact, as histories name it
DONE = "completed"


def opportunity_stages(desk: Desk) -> ir.Table:
    """Return the rows of staged/opportunity_stage: each change, also of other fields than the stage."""
    raw = desk.raw("opportunity_history")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"),
        *presence_rules(t, "OpportunityId", "StageName", "CreatedDate"),
        *moment_rules(t, desk.zone, "CreatedDate"),
    )
    rows = desk.good(raw, "opportunity_history", rules, gone=is_deleted)
    found = {
        "change_id": desk.key("opportunity_history", rows.Id),
        "opportunity_id": desk.key("opportunity", rows.OpportunityId),
        "stage": values.folded(rows.StageName),
        "at": desk.moment(rows, "CreatedDate", "opportunity_history"),
        **desk.provenance(rows),
    }
    return shaped(OPPORTUNITY_STAGE, found, rows)


def conversations(desk: Desk) -> ir.Table:
    """Return the rows of staged/conversation: tasks that are done, with somebody, on a day."""
    raw = desk.raw("task")
    t = raw.rows
    rules = (*key_rules(t, "Id"), *day_rules(t, "ActivityDate"), *moment_rules(t, desk.zone, "CreatedDate"))
    rows = desk.good(raw, "task", rules, gone=is_deleted)
    lead, contact = rows.WhoId.startswith(LEAD), rows.WhoId.startswith(CONTACT)
    taken = (values.folded(rows.Status).lower() == DONE) & (lead | contact) & values.given(rows.ActivityDate)
    desk.tell("task", "no_conversation", rows.filter(~taken.fill_null(False)))
    rows = rows.filter(taken)
    who = ibis.ifelse(rows.WhoId.startswith(LEAD), desk.key("lead", rows.WhoId), desk.key("contact", rows.WhoId))
    found = {
        "conversation_id": desk.key("task", rows.Id),
        "record_id": who,
        "kind": values.word(rows.Type, desk.staging.conversations).fill_null("other"),
        "on_date": ibis.least(values.day(rows.ActivityDate), rows._extracted_at.date()),
        "owner_id": rows.OwnerId,
        **desk.provenance(rows),
    }
    return shaped(CONVERSATION, found, rows)


def departures(desk: Desk) -> ir.Table:
    """Return the rows of staged/departure: changes of a contact's account, each a leaving of the one before."""
    raw = desk.raw("contact_history")
    t = raw.rows
    rules = (
        *key_rules(t, "Id"),
        *presence_rules(t, "ContactId", "Field", "CreatedDate"),
        *moment_rules(t, desk.zone, "CreatedDate"),
    )
    rows = desk.good(raw, "contact_history", rules, gone=is_deleted)
    left = values.identifier(rows.OldValue, desk.staging.placeholders.identifier)
    of_account = values.folded(rows.Field).lower().isin(EMPLOYER) & left.startswith("001")
    rows = rows.filter(of_account)
    found = {
        "departure_id": desk.key("contact_history", rows.Id),
        "record_id": desk.key("contact", rows.ContactId),
        "account_id": desk.key("account", values.salesforce_id(rows.OldValue)),
        "on_date": desk.moment(rows, "CreatedDate", "contact_history").date(),
        **desk.provenance(rows),
    }
    return shaped(DEPARTURE, found, rows)
