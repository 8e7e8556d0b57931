"""A CRM of one's own by a mapping: steps of leads, stages of deals, responses, conversations, as reports need them."""

from __future__ import annotations

from typing import Any

import pytest

from include.contracts.sources import known_systems
from tests.system_suite import Staged

MAPPING = """
title: Our CRM
part: crm
files:
  lead:
    row: a lead
    path: leads.csv
    key: id
    person: {key: id, email: mail}
    lead: {person: id, mql: qualified, rejected: refused, recycled: returned, reason: why, owner: seller}
    score: {person: id, score: points, grade: letter}
  deal:
    row: a deal
    path: deals.csv
    key: id
    opportunity: {stage: state, people: {column: buyer, of: lead}, loss_reason: why, close_date: closed}
  history:
    row: a change of a deal
    path: history.csv
    change: {opportunity: {column: deal, of: deal}, stage: state, at: moment}
  response:
    row: an answer to a campaign
    path: responses.csv
    response: {person: {column: who, of: lead}, campaign: campaign, status: said, day: day}
  talk:
    row: a talk
    path: talks.csv
    conversation:
      person: {column: who, of: lead}
      day: day
      kind: {column: how, values: {chat: [web chat], call: [rang]}}
"""
LEADS = [
    {"id": "1", "mail": "nina@norvik.example", "qualified": "2026-03-01", "refused": "2026-03-09", "why": "No budget",
     "seller": "Ana", "points": "70", "letter": "A"},
    {"id": "2", "mail": "ola@norvik.example", "points": "", "letter": ""},
]  # fmt: skip


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    folder = tmp_path_factory.mktemp("mapped")
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "config" / "sources" / "our_crm.yaml").write_text(MAPPING)
    return Staged(known_systems(folder / "config")["our_crm"], folder, {
        "lead": LEADS,
        "deal": [{"id": "7", "state": "Lost", "buyer": "1", "why": "Price", "closed": "2026-05-01"}],
        "history": [{"deal": "7", "state": state, "moment": f"2026-04-0{n} 10:00"}
                    for n, state in enumerate(("New", "Lost"), 1)],
        "response": [{"who": "1", "campaign": "Fair", "said": "Came", "day": "2026-02-03"},
                     {"who": "2", "campaign": "Fair", "said": "Invited", "day": ""},
                     {"who": "2", "campaign": "Fair", "said": "Came", "day": "2026-02-31"}],
        "talk": [{"who": "2", "day": "2026-02-05", "how": "rang"}],
    })  # fmt: skip


def rows(staged: Staged, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(str(row[name]) for name in columns) for row in staged.rows(table))


def test_each_day_of_a_lead_is_a_step_and_a_no_has_its_reason(staged: Staged) -> None:
    assert rows(staged, "lead_step", "record_id", "step", "on_date", "reason", "owner_id") == [
        ("tried.lead:1", "mql", "2026-03-01", "None", "Ana"),
        ("tried.lead:1", "rejected", "2026-03-09", "No budget", "Ana"),
    ]
    assert rows(staged, "prospect_score", "record_id", "score", "grade") == [("tried.lead:1", "70", "A")]


def test_a_history_of_deals_is_their_changes_of_stage(staged: Staged) -> None:
    changes = rows(staged, "opportunity_stage", "at", "opportunity_id", "stage")
    assert [change[1:] for change in changes] == [("tried.deal:7", "New"), ("tried.deal:7", "Lost")]
    assert rows(staged, "opportunity_contact_role", "opportunity_id", "record_id") == [("tried.deal:7", "tried.lead:1")]
    assert rows(staged, "opportunity", "loss_reason", "close_date") == [("Price", "2026-05-01")]


def test_whoever_has_a_day_of_response_has_responded_and_a_day_that_is_none_is_set_aside(staged: Staged) -> None:
    assert rows(staged, "campaign_member", "record_id", "campaign_id", "has_responded", "first_responded_on") == [
        ("tried.lead:1", "tried.response:Fair", "True", "2026-02-03"),
        ("tried.lead:2", "tried.response:Fair", "False", "None"),
    ]
    assert rows(staged, "campaign", "campaign_id", "name") == [("tried.response:Fair", "Fair")]
    assert rows(staged, "quarantine", "object", "rule") == [("response", "invalid_date")]
    assert rows(staged, "conversation", "record_id", "kind") == [("tried.lead:2", "call")]
