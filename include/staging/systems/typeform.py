"""Typeform: responses to an NPS form, and the people who gave them."""

from __future__ import annotations

from types import MappingProxyType

from include.staging.desk import Desk, Staged
from include.staging.surveys import Survey, stage_survey

SURVEY = Survey(
    response="response_id", person="person_id", score="score", comment="comment", answered="submitted_at",
    changed="submitted_at", company="company",
    attributes=MappingProxyType({"full_name": "name", "email": "email", "phone": "phone", "company": "company"}),
)  # fmt: skip


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Typeform form gives to the staged tables."""
    yield from stage_survey(desk, SURVEY)
