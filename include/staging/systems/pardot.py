"""Account Engagement (Pardot): prospects, what happened to the mails they were sent, and campaigns."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from include.contracts.staged import CAMPAIGN, EMAIL_ACTIVITY, PERSON_RECORD, PROSPECT_SCORE
from include.contracts.vocabulary import GRADES
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.machines import with_machines
from include.staging.people import person
from include.staging.row_rules import key_rules, moment_rules, presence_rules


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Pardot export gives to the staged tables."""
    yield from desk.each(
        ("prospect", PERSON_RECORD, _prospects),
        ("prospect", PROSPECT_SCORE, _scores),
        ("visitor_activity", EMAIL_ACTIVITY, _activities),
        ("campaign", CAMPAIGN, _campaigns),
    )
    if desk.has("list_membership"):
        _judge_memberships(desk)


def _prospects(desk: Desk) -> ir.Table:
    raw = desk.raw("prospect")
    t = raw.rows
    rules = (*key_rules(t, "Prospect Id"), *moment_rules(t, desk.zone, "Created Date", "Updated Date"))
    rows = desk.good(raw, "prospect", rules)
    says = {
        "first_name": rows["First Name"], "last_name": rows["Last Name"], "email": rows["Email"],
        "phone": rows["Phone"], "company": rows["Company"], "title": rows["Job Title"], "city": rows["City"],
        "street": rows["Address One"], "region": rows["State"], "postcode": rows["Zip"], "country": rows["Country"],
    }  # fmt: skip
    knows = {
        "crm_id": ibis.coalesce(rows["CRM Contact FID"], rows["CRM Lead FID"]),
        "created_at": desk.moment(rows, "Created Date", "prospect"),
        "updated_at": desk.moment(rows, "Updated Date", "prospect"),
        "is_deleted": values.flag(rows["Is Deleted"]).fill_null(False),
    }
    return person(desk, rows, "prospect", rows["Prospect Id"], says=says, knows=knows)


def _scores(desk: Desk) -> ir.Table:
    """What the mail system thinks of each prospect; what is no grade or no whole number is unknown."""
    rows = desk.kept["prospect"]
    score, grade = values.whole(rows["Score"]), values.folded(rows["Grade"]).upper()
    letter = grade.left(1)
    found = {
        "record_id": desk.key("prospect", rows["Prospect Id"]),
        "score": ibis.ifelse(score >= 0, score, ibis.null("int64")),
        "grade": ibis.ifelse(grade.re_search("^[ABCDF][+-]?$") & letter.isin(GRADES), letter, ibis.null("string")),
        "grade_received": values.folded(rows["Grade"]),
        "scored_at": desk.moment(rows, "Updated Date", "prospect"),
        **desk.provenance(rows),
    }
    return shaped(PROSPECT_SCORE, found, rows)


def _activities(desk: Desk) -> ir.Table:
    raw = desk.raw("visitor_activity")
    t = raw.rows
    named = [number for numbers in desk.staging.activities.values() for number in numbers]

    def passed_over(rows: ir.Table) -> ir.BooleanValue:
        return (~rows.type.isin(named)).fill_null(False)

    wanted = t.type.isin(named).fill_null(True)
    rules = (
        *key_rules(t, "id"), *presence_rules(t, "type"),
        *(replace(rule, broken=wanted & rule.broken) for rule in presence_rules(t, "prospect_id", "created_at")),
        *(replace(rule, broken=wanted & rule.broken) for rule in moment_rules(t, desk.zone, "created_at")),
    )  # fmt: skip
    new = t.filter(passed_over(t) & ~t.type.isin(list(desk.staging.other_activities)))
    desk.tell("visitor_activity", "of_no_known_type", new)
    rows = desk.good(raw, "visitor_activity", rules, gone=passed_over)
    kind = values.word(rows.type, desk.staging.activities)
    found = {
        "activity_id": desk.key("visitor_activity", rows.id), "record_id": desk.key("prospect", rows.prospect_id),
        "kind": kind, "at": desk.moment(rows, "created_at", "visitor_activity"),
        "mailing": ibis.ifelse(kind == "form", values.folded(rows.details), rows.list_email_id),
        "detail": values.folded(rows.details), "user_agent": values.folded(rows.user_agent),
        "is_machine": ibis.literal(False), **desk.provenance(rows),
    }  # fmt: skip
    activities = shaped(EMAIL_ACTIVITY, found, rows)
    return with_machines(activities, _domains(desk), desk.staging.machines)


def _campaigns(desk: Desk) -> ir.Table:
    raw = desk.raw("campaign")
    t = raw.rows
    rules = (*key_rules(t, "id"), *moment_rules(t, desk.zone, "createdAt", "updatedAt"))
    rows = desk.good(raw, "campaign", rules, gone=_is_deleted)
    name = values.text(rows["name"], desk.staging.placeholders.text)
    found = {"campaign_id": desk.key("campaign", rows.id), "name": name, **desk.provenance(rows)}
    return shaped(CAMPAIGN, found, rows)


def _judge_memberships(desk: Desk) -> None:
    """Account for the rows of lists, which no staged table holds: a list is no campaign that somebody is in."""
    raw = desk.raw("list_membership")
    t = raw.rows
    rules = (*key_rules(t, "id"), *presence_rules(t, "listId", "prospectId"))
    moments = moment_rules(t, desk.zone, "createdAt", "updatedAt")
    desk.good(raw, "list_membership", (*rules, *moments), gone=_is_deleted)


def _is_deleted(rows: ir.Table) -> ir.BooleanValue:
    return values.flag(rows.isDeleted).fill_null(False)


def _domains(desk: Desk) -> ir.Table:
    """The mail domain of each prospect: record_id, domain."""
    rows = desk.raw("prospect").rows
    people = rows.select(record_id=desk.key("prospect", rows["Prospect Id"]), domain=values.folded(rows["Email"]))
    domains = people.mutate(domain=people.domain.lower().split("@")[-1]).filter(lambda t: t.domain.notnull())
    return domains.group_by("record_id").agg(domain=domains.domain.max())
