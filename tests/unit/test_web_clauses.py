"""Clauses that the explorer puts together are ones that the segment language reads, and faults are told in place."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from include.contracts.errors import ConfigurationError
from include.contracts.events import read_events
from include.contracts.settings import SHIPPED
from include.segments.catalog import read_beside
from include.web.clauses import Picked
from include.web.definition import as_file, faults
from include.web.pages.explorer import Draft

EVENTS = read_events(SHIPPED)


def file_of(where: str, level: str = "person") -> str:
    return as_file({"key": "new_segment", "name": "n", "owner": "o", "purpose": "p", "level": level, "where": where})


def read(where: str, level: str = "person") -> str:
    segment, _ = read_beside("new_segment.yaml", file_of(where, level).encode(), SHIPPED)
    return str(segment.condition)


PICKED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("measure", {"measure": "nps_class", "value": "detractor"}, "nps_class = 'detractor'"),
    ("measure", {"measure": "nps_class", "comparison": "is one of", "value": "detractor, passive"},
     "nps_class in ('detractor', 'passive')"),
    ("measure", {"measure": "nps_score", "comparison": "is between", "value": "3 and 6"}, "nps_score between 3 and 6"),
    ("measure", {"measure": "renewal_date", "comparison": "in the next days", "value": "90"},
     "within_next(renewal_date, 90 days)"),
    ("measure", {"measure": "renewal_date", "comparison": "<", "value": "today + 30 days"},
     "renewal_date < today + 30 days"),
    ("measure", {"measure": "renewal_date", "comparison": "<", "value": "2026-12-31"},
     "renewal_date < date '2026-12-31'"),
    ("measure", {"measure": "title", "comparison": "contains", "value": "O'Brien"}, "title contains 'O''Brien'"),
    ("measure", {"measure": "title", "comparison": "is unknown"}, "title is null"),
    ("measure", {"measure": "usage_core_actions_28", "comparison": "in the top %", "value": "10"},
     "in_top(usage_core_actions_28, 10%)"),
    ("deed", {"event": "Signed In", "how_often": "at least", "times": "3", "when": "in the last days", "days": "14",
              "negated": True}, "not did('Signed In', at_least 3, within_last 14 days)"),
    ("deed", {"event": "Form Submitted", "how_often": "never", "property": "name", "property_value": "demo"},
     "not did('Form Submitted', where name contains 'demo')"),
    ("sequence", {"first": "Signed In", "then": "Report Published", "then_days": "7", "without": "Email Sent"},
     "did('Signed In') then within 7 days did('Report Published') without did('Email Sent') between"),
    ("change", {"changed": "nps_class", "changed_from": "promoter", "changed_to": "detractor", "changed_days": "90"},
     "changed(nps_class, from 'promoter' to 'detractor', within_last 90 days)"),
    ("change", {"changed": "usage_tier"}, "changed(usage_tier)"),
    ("related", {"whose": "account", "whose_measure": "nps", "whose_comparison": "<", "whose_value": "0"},
     "account(nps < 0)"),
    ("related", {"level": "account", "whose": "any_of_people", "whose_measure": "nps_class",
                 "whose_value": "detractor"}, "any_of_people(nps_class = 'detractor')"),
    ("among", {"among": "in_segment:lapsed"}, "in_segment('lapsed')"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "condition"), PICKED)
def test_what_is_picked_is_a_clause_of_the_language(kind: str, given: dict[str, Any], condition: str) -> None:
    picked = Picked(**given)
    assert read(picked.clause(kind, EVENTS), picked.level) == condition


@pytest.mark.parametrize(
    ("before", "joined", "condition"),
    [
        ("has_email", "and", "has_email and title is null"),
        ("has_email or has_phone", "and", "(has_email or has_phone) and title is null"),
        ("has_email and has_phone", "or", "(has_email and has_phone) or title is null"),
        ("title = 'Orchid or'", "and", "title = 'Orchid or' and title is null"),
    ],
)
def test_a_clause_that_is_added_leaves_what_stands_there_as_it_was_meant(
    before: str, joined: str, condition: str
) -> None:
    sent = {"where": before, "joined": joined, "measure": "title", "comparison": "is unknown", "action": "add"}
    assert read(Draft(**sent).extended(EVENTS).where) == read(condition)


def test_a_condition_stands_in_the_file_line_by_line_however_long_it_is() -> None:
    where = "nps_class = 'detractor'\r\nand did('Signed In') then within 7 days did('Report Published') without " * 1
    where += "did('Email Sent') between  \r\nand title contains 'Head of'"
    written = file_of(where)
    assert yaml.safe_load(written)["where"].splitlines() == [line.rstrip() for line in where.splitlines()]
    assert read(where).count("Email Sent") == 1


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nps_clas = 'detractor'", "In the condition, at “nps_clas = 'detractor'”: 'nps_clas' is no measure"),
        ("has_email\nand usage_tier = 'powr'", "Line 2, at “'powr'”: 'powr' is no value of usage_tier"),
        ("did('Signd In')", "at “'Signd In')”: There is no event 'Signd In' (did you mean 'Signed In'?)"),
    ],
)
def test_a_fault_is_told_at_the_words_that_it_is_about(where: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(where)
    (told,) = faults(str(refused.value), file_of(where))
    assert said in told and "yaml" not in told
