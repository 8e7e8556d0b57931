"""What sales and marketing have on file in a mapped source: opportunities, their stages, leads' steps, responses."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.field_mapping import Fields
from include.contracts.staged import (
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CONVERSATION,
    LEAD_STEP,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    OPPORTUNITY_STAGE,
    PROSPECT_SCORE,
)
from include.contracts.vocabulary import LEAD_STEPS
from include.staging.desk import Desk, Staged, shaped
from include.staging.mapped_values import absent, key_of, values_of

TURNED_AWAY = ("rejected", "recycled")  # steps that have a reason


def opportunities(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield possible sales, and who has a part in them."""
    found = values_of(desk, name, "opportunity", fields, rows)
    stage_name = found["stage"].lower().re_replace(r"[^a-z]", "")  # a vendor adds the pipeline's name
    won = ibis.coalesce(found.get("is_won", absent(rows, "boolean")), stage_name.startswith("closedwon"))
    closed = ibis.coalesce(found.get("is_closed", absent(rows, "boolean")), stage_name.startswith("closed"))
    columns = {"account": "account_id", "owner": "owner_id"}
    kept = ("account", "owner", "name", "type", "amount", "close_date", "loss_reason", "created_at")
    shown = {
        "opportunity_id": desk.key(name, key_of(desk, name, rows)), "stage": found["stage"], "is_won": won,
        "is_closed": won | closed, **{columns.get(field, field): found[field] for field in kept if field in found},
        **desk.provenance(rows),
    }  # fmt: skip
    yield OPPORTUNITY, shaped(OPPORTUNITY, shown, rows)
    if "people" in fields:
        yield OPPORTUNITY_CONTACT_ROLE, _parts(desk, name, rows, fields)


def _parts(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    """One part a person of an opportunity; nothing tells which, and none is the primary one."""
    mapping = fields["people"]
    listed = rows[mapping.column[0]]
    people = listed.split(mapping.split).unnest() if mapping.split else listed
    each = rows.mutate(_person=people).mutate(_person=lambda t: t._person.strip().nullif(""))
    each = each.filter(each._person.notnull())
    sale = desk.key(name, key_of(desk, name, each))
    found = {
        "role_id": sale + "/" + each._person, "opportunity_id": sale, "is_primary": ibis.literal(False),
        "record_id": desk.key(mapping.of or name, each._person), **desk.provenance(each),
    }  # fmt: skip
    return shaped(OPPORTUNITY_CONTACT_ROLE, found, each).distinct(on="role_id")


def entered(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield when the opportunity of each row came into the stages that have a time for it."""
    sale = desk.key(name, key_of(desk, name, rows))
    parts = []
    for stage, at in values_of(desk, name, "entered", fields, rows).items():
        found = {
            "change_id": sale + f"/{stage}", "opportunity_id": sale, "stage": ibis.literal(stage), "at": at,
            **desk.provenance(rows),
        }  # fmt: skip
        parts.append(shaped(OPPORTUNITY_STAGE, found, rows).filter(lambda t: t["at"].notnull()))
    yield OPPORTUNITY_STAGE, ibis.union(*parts) if len(parts) > 1 else parts[0]


def changes(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield each change of an opportunity's stage."""
    found = values_of(desk, name, "change", fields, rows)
    shown = {
        "change_id": desk.key(name, key_of(desk, name, rows)), "opportunity_id": found["opportunity"],
        "stage": found["stage"], "at": found["at"], **desk.provenance(rows),
    }  # fmt: skip
    yield OPPORTUNITY_STAGE, shaped(OPPORTUNITY_STAGE, shown, rows)


def lead_steps(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield the steps that have a day; the reason is that of a no."""
    found = values_of(desk, name, "lead", fields, rows)
    parts = []
    for step in (step for step in LEAD_STEPS if step in found):
        shown = {
            "step_id": found["person"] + f"/{step}", "record_id": found["person"], "step": ibis.literal(step),
            "on_date": found[step], "owner_id": found.get("owner", absent(rows, "string")), **desk.provenance(rows),
        }  # fmt: skip
        if step in TURNED_AWAY and "reason" in found:
            shown["reason"] = found["reason"]
        parts.append(shaped(LEAD_STEP, shown, rows).filter(lambda t: t.on_date.notnull()))
    if parts:
        steps = ibis.union(*parts) if len(parts) > 1 else parts[0]
        first = ibis.row_number().over(group_by="step_id", order_by=["on_date", "load_id"])
        yield LEAD_STEP, steps.mutate(_nth=first).filter(lambda t: t._nth == 0).drop("_nth")


def scores(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield each person's latest score and grade."""
    found = values_of(desk, name, "score", fields, rows)
    judged = rows.mutate(**{f"_{field}": value for field, value in found.items()})
    said = [judged[f"_{field}"].notnull() for field in ("score", "grade") if field in found]
    judged = judged.filter(ibis.or_(*said) if said else ibis.literal(False))
    order = [ibis.desc(judged._at if "at" in found else judged._extracted_at), ibis.desc(judged._line)]
    judged = judged.mutate(_nth=ibis.row_number().over(group_by=judged._person, order_by=order))
    judged = judged.filter(judged._nth == 0)
    shown = {
        "record_id": judged._person, "scored_at": judged._at if "at" in found else judged._extracted_at,
        **({"score": judged._score} if "score" in found else {}),
        **({"grade": judged._grade, "grade_received": judged._grade} if "grade" in found else {}),
        **desk.provenance(judged),
    }  # fmt: skip
    yield PROSPECT_SCORE, shaped(PROSPECT_SCORE, shown, judged)


def responses(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield who is in which campaign and responded when, and the campaigns, by their names."""
    found = values_of(desk, name, "response", fields, rows)
    campaign, day = desk.key(name, found["campaign"]), found.get("day", absent(rows, "date"))
    shown = {
        "member_id": desk.key(name, key_of(desk, name, rows)), "campaign_id": campaign, "record_id": found["person"],
        "has_responded": ibis.coalesce(found.get("responded", absent(rows, "boolean")), day.notnull()),
        "first_responded_on": day, **({"status": found["status"]} if "status" in found else {}),
        **desk.provenance(rows),
    }  # fmt: skip
    yield CAMPAIGN_MEMBER, shaped(CAMPAIGN_MEMBER, shown, rows)
    told = {"campaign_id": campaign, "name": found["campaign"], **desk.provenance(rows)}
    told |= {"type": found["type"]} if "type" in found else {}
    yield CAMPAIGN, shaped(CAMPAIGN, told, rows).distinct(on="campaign_id")


def conversations(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> Staged:
    """Yield with whom the company spoke, on which day and how."""
    found = values_of(desk, name, "conversation", fields, rows)
    shown = {
        "conversation_id": desk.key(name, key_of(desk, name, rows)), "record_id": found["person"],
        "kind": found.get("kind", absent(rows, "string")).fill_null("other"), "on_date": found["day"],
        "owner_id": found.get("owner", absent(rows, "string")), **desk.provenance(rows),
    }  # fmt: skip
    yield CONVERSATION, shaped(CONVERSATION, shown, rows)
