"""Delighted: survey responses, the people who gave them, and who was asked."""

from __future__ import annotations

from types import MappingProxyType

import ibis.expr.types as ir

from include.contracts.staged import SURVEY_REQUEST
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.row_rules import key_rules, moment_rules
from include.staging.surveys import Survey, stage_survey

SURVEY = Survey(
    response="Response ID", person="Person ID", score="Score", comment="Comment", answered="Created At",
    changed="Updated At", company="Company", kind="Survey Type",
    attributes=MappingProxyType(
        {"full_name": "Name", "email": "Email", "phone": "Phone Number", "company": "Company"}
    ),
)  # fmt: skip


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Delighted export gives to the staged tables."""
    yield from stage_survey(desk, SURVEY)
    yield from desk.each(("person", SURVEY_REQUEST, _requests))


def _requests(desk: Desk) -> ir.Table:
    """The addresses that a survey was sent to; who was never asked, or has no address, is none of them."""
    raw = desk.raw("person")
    rules = (*key_rules(raw.rows, "Person ID"), *moment_rules(raw.rows, desk.zone, "Last Sent At"))
    rows = desk.good(raw, "person", rules)
    email = values.email(rows.Email, desk.staging.placeholders.email)
    rows = rows.mutate(_email=email).filter(email.notnull() & values.given(rows["Last Sent At"]))
    found = {
        "request_id": desk.key("person", rows["Person ID"]),
        "email": rows._email,
        "asked_on": desk.moment(rows, "Last Sent At", "person").date(),
        **desk.provenance(rows),
    }
    return shaped(SURVEY_REQUEST, found, rows)
