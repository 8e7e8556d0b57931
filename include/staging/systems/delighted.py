"""Delighted: survey responses, and the people who gave them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.contracts.staged import NPS_RESPONSE, PERSON_RECORD
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.faults import Rule
from include.staging.people import latest_usable, person
from include.staging.row_rules import key_rules, moment_rules, presence_rules


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Delighted export gives to the staged tables."""
    if not desk.has("response"):
        return
    raw = desk.raw("response")
    rows = desk.good(raw, "response", _rules(desk, raw.rows))
    found = {
        "response_id": desk.key("response", rows["Response ID"]),
        "record_id": desk.key("respondent", rows["Person ID"]),
        "at": desk.moment(rows, "Created At", "response"), "score": values.whole(rows["Score"]),
        "comment": values.folded(rows["Comment"]),
        "company": values.text(rows["Company"], desk.staging.placeholders.text), **desk.provenance(rows),
    }  # fmt: skip
    yield NPS_RESPONSE, shaped(NPS_RESPONSE, found, rows)
    yield PERSON_RECORD, _respondents(desk, rows)


def _rules(desk: Desk, rows: ir.Table) -> tuple[Rule, ...]:
    survey = values.folded(rows["Survey Type"]).lower()
    score = values.number(rows["Score"])
    return (
        *key_rules(rows, "Response ID"),
        Rule("other_survey", "Survey Type", survey.notnull() & (survey != "nps"), "It answers another kind of survey."),
        *presence_rules(rows, "Person ID", "Created At"),
        Rule("nps_score_missing", "Score", ~values.given(rows["Score"]), "The answer has no score."),
        Rule("nps_score_not_a_number", "Score", score.isnull(), "The score is no number."),
        Rule("nps_score_range", "Score", (score < 0) | (score > 10), "The score lies outside 0 to 10."),
        Rule("nps_score_not_whole", "Score", score % 1 != 0, "The score is no whole number."),
        *moment_rules(rows, desk.zone, "Created At"),
    )


def _respondents(desk: Desk, rows: ir.Table) -> ir.Table:
    """One record a person: of each attribute the latest value that says something."""
    created = desk.moment(rows, "Created At", "response")
    order = ibis.coalesce(desk.moment(rows, "Updated At", "response"), created)
    timed = rows.mutate(_at=order, _created=created, _order=order.cast("string") + rows["Response ID"])
    attributes = {"full_name": "Name", "email": "Email", "phone": "Phone Number", "company": "Company"}
    folded = timed.group_by("Person ID").agg(
        **{name: latest_usable(desk, name, timed[column], timed._order) for name, column in attributes.items()},
        _first=timed._created.min(),
        _last=timed._at.max(),
        _load_id=timed._load_id.argmax(timed._order),
        _extracted_at=timed._extracted_at.argmax(timed._order),
    )
    folded = desk.settled(folded)
    return person(
        desk,
        folded,
        "respondent",
        folded["Person ID"],
        says={name: folded[name] for name in attributes},
        knows={"created_at": folded._first, "updated_at": folded._last},
    )
