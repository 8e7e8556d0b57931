"""HubSpot: contacts, companies, deals, mails. What was merged into another record vanishes, and the other names it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.exports.hubspot import STAGES
from include.contracts.staged import (
    ACCOUNT,
    EMAIL_ACTIVITY,
    LEAD_STEP,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    OPPORTUNITY_STAGE,
    PERSON_RECORD,
    PROSPECT_SCORE,
)
from include.staging import values
from include.staging.currencies import worth_of
from include.staging.desk import Desk, Staged, shaped
from include.staging.people import all_usable, person
from include.staging.row_rules import flag_rules, key_rules, moment_rules, number_rules
from include.staging.systems.hubspot_events import email_events

STEPS = {
    "hand_raised": "first_conversion_date", "mql": "hs_v2_date_entered_marketingqualifiedlead",
    "sql": "hs_v2_date_entered_salesqualifiedlead", "converted": "hs_v2_date_entered_opportunity",
}  # fmt: skip


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _items(document: str, path: str) -> list[str]:  # type: ignore[empty-body]
    """The texts at a path with a star of a JSON document."""


def stage(desk: Desk) -> Staged:
    """Yield the rows that HubSpot gives to the staged tables."""
    yield from desk.each(
        ("contact", PERSON_RECORD, _contacts),
        ("company", ACCOUNT, _companies),
        ("email_event", EMAIL_ACTIVITY, email_events),
    )
    if "contact" in desk.kept:
        living = desk.kept["contact"].filter(~_archived(desk.kept["contact"]))
        yield LEAD_STEP, ibis.union(*(_step(desk, living, step, column) for step, column in STEPS.items()))
        yield PROSPECT_SCORE, _scores(desk, living)
    if desk.has("deal"):
        rows = _deals(desk)
        yield OPPORTUNITY, _opportunities(desk, rows)
        yield OPPORTUNITY_STAGE, ibis.union(*(_entered(desk, rows, stage) for stage in STAGES))
        yield OPPORTUNITY_CONTACT_ROLE, _roles(desk, rows)


def _archived(rows: ir.Table) -> ir.BooleanValue:
    return values.flag(rows.archived).fill_null(False)


def _merged(desk: Desk, rows: ir.Table) -> ir.Table:
    """Add _winner, the id of the record that each was merged into; the latest where several name it."""
    naming = rows.filter(rows.hs_merged_object_ids.notnull())
    losers = naming.hs_merged_object_ids.split(";").unnest().strip()
    named = naming.select(_loser=losers, _id=naming.id, _order=naming.changed + naming.id)
    winners = desk.settled(named.group_by("_loser").agg(_winner=named._id.argmax(named._order)))
    return rows.left_join(winners, rows.id == winners._loser).drop("_loser")


def _contacts(desk: Desk) -> ir.Table:
    raw = desk.raw("contact")
    t = raw.rows
    rules = (*key_rules(t, "id"), *moment_rules(t, desk.zone, "createdate", "changed"))
    rows = _merged(desk, desk.good(raw, "contact", rules))
    says = {
        "first_name": rows.firstname, "last_name": rows.lastname,
        "email": all_usable(desk, "email", rows.email, rows.hs_additional_emails),
        "phone": all_usable(desk, "phone", rows.mobilephone, rows.phone), "company": rows.company,
        "title": rows.jobtitle, "street": rows.address, "city": rows.city, "region": rows.state,
        "postcode": rows.zip, "country": rows.country, "time_zone": rows.hs_timezone,
    }  # fmt: skip
    knows = {
        "crm_id": ibis.coalesce(rows._winner, rows.id),
        "merged_into": desk.key("contact", rows._winner),
        "account_id": desk.key("company", rows.associatedcompanyid),
        "is_deleted": _archived(rows) | rows._winner.notnull(),
        "created_at": desk.moment(rows, "createdate", "contact"),
        "updated_at": desk.moment(rows, "changed", "contact"),
    }
    return person(desk, rows, "contact", rows.id, says=says, knows=knows)


def _companies(desk: Desk) -> ir.Table:
    raw = desk.raw("company")
    t = raw.rows
    rules = (*key_rules(t, "id"), *moment_rules(t, desk.zone, "createdate", "changed"))
    rows = _merged(desk, desk.good(raw, "company", rules))
    blanks, employees = desk.staging.placeholders.text, values.whole(rows.numberofemployees)
    found = {
        "account_id": desk.key("company", rows.id), "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value), "object": ibis.literal("company"), "source_key": rows.id,
        "name": values.text(rows["name"], blanks), "crm_id": rows.id,
        "domain": ibis.coalesce(values.domain(rows.domain), values.domain(rows.website)),
        "parent_id": desk.key("company", rows.hs_parent_company_id), "type": values.text(rows.type, blanks),
        "industry": values.text(rows.industry, blanks),
        "employees": ibis.ifelse(employees >= 0, employees, ibis.null("int64")),
        "annual_revenue": values.number(rows.annualrevenue), "country": values.text(rows.country, blanks),
        "owner_id": rows.hubspot_owner_id, "is_deleted": _archived(rows) | rows._winner.notnull(),
        "created_at": desk.moment(rows, "createdate", "company"),
        "updated_at": desk.moment(rows, "changed", "company"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(ACCOUNT, found, rows)


def _deals(desk: Desk) -> ir.Table:
    raw = desk.raw("deal")
    t = raw.rows
    rules = (
        *key_rules(t, "id"), *number_rules(t, "amount"), *flag_rules(t, "hs_is_closed", "hs_is_closed_won"),
        *moment_rules(t, desk.zone, "createdate"),
    )  # fmt: skip
    return desk.good(raw, "deal", rules, gone=_archived)


def _opportunities(desk: Desk, rows: ir.Table) -> ir.Table:
    blanks = desk.staging.placeholders.text
    won = values.flag(rows.hs_is_closed_won).fill_null(False)
    company = _items(rows.companies, "$[*]")[0]
    currency = values.folded(rows.deal_currency_code).upper()
    worth = worth_of(currency, desk.settings.currencies)
    found = {
        "opportunity_id": desk.key("deal", rows.id), "account_id": desk.key("company", company),
        "name": values.text(rows.dealname, blanks), "type": values.text(rows.dealtype, blanks),
        "stage": values.folded(rows.dealstage), "amount": values.number(rows.amount) * worth.fill_null(1.0),
        "currency": ibis.ifelse(worth.isnull(), currency, ibis.null("string")), "owner_id": rows.hubspot_owner_id,
        "loss_reason": values.text(rows.closed_lost_reason, blanks), "is_won": won,
        "is_closed": won | values.flag(rows.hs_is_closed).fill_null(False), "close_date": values.day(rows.closedate),
        "created_at": desk.moment(rows, "createdate", "deal"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(OPPORTUNITY, found, rows)


def _roles(desk: Desk, rows: ir.Table) -> ir.Table:
    """One part a contact of a deal; HubSpot names none, and none is the primary one."""
    each = rows.filter(rows.contacts.notnull())
    each = each.mutate(_contact=_items(each.contacts, "$[*]").unnest())
    found = {
        "role_id": desk.key("deal", each.id) + "/" + each._contact, "opportunity_id": desk.key("deal", each.id),
        "record_id": desk.key("contact", each._contact), "is_primary": ibis.literal(False), **desk.provenance(each),
    }  # fmt: skip
    return shaped(OPPORTUNITY_CONTACT_ROLE, found, each)


def _step(desk: Desk, rows: ir.Table, step: str, column: str) -> ir.Table:
    """The steps of one kind: those contacts that have a time for it."""
    when, record = desk.moment(rows, column, "contact"), desk.key("contact", rows.id)
    found = {
        "step_id": record + f"/{step}", "record_id": record, "step": ibis.literal(step), "on_date": when.date(),
        "owner_id": rows.hubspot_owner_id, **desk.provenance(rows),
    }  # fmt: skip
    return shaped(LEAD_STEP, found, rows).filter(lambda t: t.on_date.notnull())


def _scores(desk: Desk, rows: ir.Table) -> ir.Table:
    score = values.whole(rows.hubspotscore)
    found = {
        "record_id": desk.key("contact", rows.id), "score": ibis.ifelse(score >= 0, score, ibis.null("int64")),
        "scored_at": desk.moment(rows, "changed", "contact"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(PROSPECT_SCORE, found, rows).filter(lambda t: t.score.notnull())


def _entered(desk: Desk, rows: ir.Table, stage: str) -> ir.Table:
    """When deals came into a stage, the last time."""
    sale = desk.key("deal", rows.id)
    found = {
        "change_id": sale + f"/{stage}", "opportunity_id": sale, "stage": ibis.literal(stage),
        "at": desk.moment(rows, f"hs_v2_date_entered_{stage}", "deal"), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(OPPORTUNITY_STAGE, found, rows).filter(lambda t: t["at"].notnull())
