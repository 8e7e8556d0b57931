"""Delighted: survey responses, and the people who gave them."""

from __future__ import annotations

from types import MappingProxyType

from include.staging.desk import Desk, Staged
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
