"""Qualtrics: responses to an NPS survey, and the people who gave them."""

from __future__ import annotations

from types import MappingProxyType

from include.staging.desk import Desk, Staged
from include.staging.surveys import Survey, stage_survey

SURVEY = Survey(
    response="response_id", person="person_id", score="score", comment="comment", answered="recorded_at",
    changed="recorded_at", company="company",
    attributes=MappingProxyType({"full_name": "name", "email": "email", "phone": "phone", "company": "company"}),
)  # fmt: skip


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Qualtrics survey gives to the staged tables."""
    yield from stage_survey(desk, SURVEY)
