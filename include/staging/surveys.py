"""Answers to surveys, and the people who gave them, whatever system asked and whatever its columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from include.contracts.staged import NPS_RESPONSE, PERSON_RECORD
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.faults import Rule
from include.staging.people import latest_usable, person
from include.staging.row_rules import key_rules, moment_rules, presence_rules


@dataclass(frozen=True, slots=True)
class Survey:
    """The columns of a system's answers; ``attributes`` names those of the person, by attribute."""

    response: str
    person: str
    score: str
    comment: str
    answered: str
    changed: str
    company: str
    attributes: Mapping[str, str]
    kind: str | None = None  # the kind of survey, where others than NPS come as well


def stage_survey(desk: Desk, survey: Survey) -> Staged:
    """Yield the answers of a system's object ``response``, and one record a person who answered."""
    if not desk.has("response"):
        return
    raw = desk.raw("response")
    rows = desk.good(raw, "response", _rules(desk, raw.rows, survey))
    found = {
        "response_id": desk.key("response", rows[survey.response]),
        "record_id": desk.key("respondent", rows[survey.person]),
        "at": desk.moment(rows, survey.answered, "response"), "score": values.whole(rows[survey.score]),
        "comment": values.folded(rows[survey.comment]),
        "company": values.text(rows[survey.company], desk.staging.placeholders.text), **desk.provenance(rows),
    }  # fmt: skip
    yield NPS_RESPONSE, shaped(NPS_RESPONSE, found, rows)
    yield PERSON_RECORD, _respondents(desk, rows, survey)


def _rules(desk: Desk, rows: ir.Table, survey: Survey) -> tuple[Rule, ...]:
    score = values.number(rows[survey.score])
    return (
        *key_rules(rows, survey.response),
        *_of_another_kind(rows, survey.kind),
        *presence_rules(rows, survey.person, survey.answered),
        Rule("nps_score_missing", survey.score, ~values.given(rows[survey.score]), "The answer has no score."),
        Rule("nps_score_not_a_number", survey.score, score.isnull(), "The score is no number."),
        Rule("nps_score_range", survey.score, (score < 0) | (score > 10), "The score lies outside 0 to 10."),
        Rule("nps_score_not_whole", survey.score, score % 1 != 0, "The score is no whole number."),
        *moment_rules(rows, desk.zone, survey.answered),
    )


def _of_another_kind(rows: ir.Table, column: str | None) -> tuple[Rule, ...]:
    if column is None:
        return ()
    kind = values.folded(rows[column]).lower()
    return (Rule("other_survey", column, kind.notnull() & (kind != "nps"), "It answers another kind of survey."),)


def _respondents(desk: Desk, rows: ir.Table, survey: Survey) -> ir.Table:
    """One record a person: of each attribute the latest value that says something."""
    created = desk.moment(rows, survey.answered, "response")
    order = ibis.coalesce(desk.moment(rows, survey.changed, "response"), created)
    timed = rows.mutate(_at=order, _created=created, _order=order.cast("string") + rows[survey.response])
    folded = timed.group_by(survey.person).agg(
        **{name: latest_usable(desk, name, timed[column], timed._order) for name, column in survey.attributes.items()},
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
        folded[survey.person],
        says={name: folded[name] for name in survey.attributes},
        knows={"created_at": folded._first, "updated_at": folded._last},
    )
