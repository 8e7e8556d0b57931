"""What the histories of leads and opportunities add to `funnel` and `prospect_outcome`, and what they leave open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.reports.funnel import COHORTS, DEALS, PEOPLE, REASONS, STAGES_PART
from include.contracts.reports.prospect_outcome import GRADES_PART, LOSSES
from include.reports import funnel, prospect_outcome
from tests.report_data import listed, report_data
from tests.small_company import SmallCompany, noon

MAY = date(2026, 5, 1)


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def step(company: SmallCompany, record: str, kind: str, days: int, **more: Any) -> None:
    name = f"{record}/{kind}/{days}"
    company.add(staged.LEAD_STEP, step_id=name, record_id=record, step=kind, on_date=MAY + timedelta(days=days), **more)


def deal(company: SmallCompany, name: str, *changes: tuple[int, str], **more: Any) -> None:
    """An opportunity, and its changes of stage: days after its creation, stage."""
    values = {"stage": "x", "is_closed": False, "is_won": False, "created_at": noon(MAY), **more}
    company.add(staged.OPPORTUNITY, opportunity_id=name, **values)
    for number, (days, stage) in enumerate(changes):
        at: datetime = noon(MAY + timedelta(days=days))
        company.add(staged.OPPORTUNITY_STAGE, change_id=f"{name}/{number}", opportunity_id=name, stage=stage, at=at)


def parts(company: SmallCompany, report: Any) -> tuple[dict[str, list[dict[str, Any]]], dict[str, tuple[float, float]]]:
    """The rows of everything together by part, and the coverage."""
    with report_data(company) as data:
        found = report.compute(data)
        rows = {name: listed(part) for name, part in found.parts.items()}
        coverage = {row["subject"]: (row["judged"], row["total"]) for row in listed(found.coverage)}
    return {n: [r for r in told if r.get("dimension", "all") == "all"] for n, told in rows.items()}, coverage


def test_sales_acceptance_is_a_stage_of_its_own_where_the_history_tells_of_it(company: SmallCompany):
    for person, steps in (
        ("a", {"mql": 0, "sal": 3, "sql": 10}), ("b", {"mql": 0, "sal": 5}), ("c", {"mql": 0, "sal": 5, "rejected": 9}),
        ("d", {"mql": 0, "rejected": 4}), ("e", {"mql": 0}),
    ):  # fmt: skip
        company.person(person)
        for kind, days in steps.items():
            step(company, person, kind, days)
    found, _ = parts(company, funnel)
    stages = {row["stage"]: (row["people"], row["from_before"], row["days_median"]) for row in found[STAGES_PART.name]}
    assert stages == {"mql": (5, 0, None), "sal": (3, 3, 5), "sql": (1, 1, 7)}
    outcomes = {row["profile_id"]: row["outcome"] for row in found[PEOPLE.name] if row["stage"] == "mql"}
    assert outcomes == {"a": "accepted", "b": "accepted", "c": "rejected", "d": "rejected", "e": "open"}
    (cohort,) = found[COHORTS.name]
    assert (cohort["mqls"], cohort["sals"], cohort["sqls"], cohort["rejected"], cohort["undecided"]) == (5, 3, 1, 2, 1)


def test_without_a_history_an_sql_is_measured_from_its_mql(company: SmallCompany):
    company.person("a")
    step(company, "a", "mql", 0)
    step(company, "a", "sql", 10)
    found, coverage = parts(company, funnel)
    (sql,) = [row for row in found[STAGES_PART.name] if row["stage"] == "sql"]
    assert (sql["from_before"], sql["from_before_share"], sql["days_median"]) == (1, 1, 10)
    assert found[DEALS.name] == []
    assert coverage["changes of stage whose order is known"] == (0, 0)


def test_who_chats_raises_a_hand_and_who_is_called_does_not(company: SmallCompany):
    for person, kind in (("chats", "chat"), ("called", "call")):
        company.person(person)
        step(company, person, "mql", 9)
        company.add(staged.CONVERSATION, conversation_id=person, record_id=person, kind=kind, on_date=MAY)
    found, _ = parts(company, funnel)
    raised = [(row["profile_id"], row["rule"]) for row in found[PEOPLE.name] if row["stage"] == "raised_hand"]
    assert raised == [("chats", "a chat")]


def test_a_stage_lasts_until_another_one_whatever_else_was_changed_in_between(company: SmallCompany):
    step(company, "nobody", "mql", 0)
    deal(company, "won", (0, "New"), (4, "New"), (10, "Offer"), (30, "Won"), is_closed=True, is_won=True)
    deal(company, "lost", (0, "New"), (20, "Lost"), is_closed=True)
    deal(company, "open", (0, "New"), (40, "Offer"))
    found, _ = parts(company, funnel)
    rows = {row["stage"]: row for row in found[DEALS.name]}
    told = ("opportunities", "moved_on", "waiting", "days_median", "won_share")
    assert [rows["New"][name] for name in told] == [3, 3, 0, 20, 0.5]
    assert [rows["Offer"][name] for name in told] == [2, 1, 1, 20, 1]


def test_what_is_won_is_closed_whatever_its_source_says_of_that(company: SmallCompany):
    step(company, "nobody", "mql", 0)
    deal(company, "won", (0, "New"), (5, "Won"), is_won=True)
    deal(company, "lost", (0, "New"), (5, "Lost"), is_closed=True)
    found, _ = parts(company, funnel)
    assert {r["stage"]: (r["waiting"], r["won_share"]) for r in found[DEALS.name]} == {
        "New": (0, 0.5), "Won": (0, 1), "Lost": (0, 0),
    }  # fmt: skip


def test_of_two_stages_at_one_instant_neither_has_lasted_a_known_time_and_both_are_counted(company: SmallCompany):
    step(company, "nobody", "mql", 0)
    deal(company, "o", (0, "New"), (10, "Offer"), (10, "Terms"), (30, "Won"), is_closed=True, is_won=True)
    found, coverage = parts(company, funnel)
    rows = {row["stage"]: row["days_median"] for row in found[DEALS.name]}
    assert rows == {"New": 10, "Offer": None, "Terms": None, "Won": None}
    assert coverage["changes of stage whose order is known"] == (2, 4)


def test_reasons_are_told_with_how_many_have_none(company: SmallCompany):
    company.person("a", "lead:1", "lead:2")
    step(company, "lead:1", "rejected", 1, reason="No budget")
    step(company, "lead:2", "rejected", 2, reason="No budget")
    step(company, "lead:2", "recycled", 3)
    deal(company, "o", loss_reason="Price", is_closed=True, close_date=MAY)
    company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id="r", opportunity_id="o", record_id="lead:1")
    found, coverage = parts(company, funnel)
    told = {(r["outcome"], r["reason"]): (r["records"], r["people"]) for r in found[REASONS.name]}
    assert told == {
        ("rejected", "No budget"): (2, 1), ("recycled", "not said"): (1, 1), ("lost", "Price"): (1, 1),
    }  # fmt: skip
    assert coverage["lost opportunities with a reason"] == (1, 1)


def test_a_grade_is_held_against_what_was_won_and_lost_each_opportunity_once_and_one_currency(company: SmallCompany):
    closed = {"is_closed": True, "close_date": MAY + timedelta(days=60), "created_at": noon(MAY + timedelta(days=5))}
    for person in ("a", "b"):
        company.person(person)
        company.add(staged.PROSPECT_SCORE, record_id=person, score=50, grade="A", scored_at=noon(MAY))
    deal(company, "both", amount=1000.0, currency="EUR", **{**closed, "is_won": True})
    deal(company, "more", amount=500.0, currency="EUR", **{**closed, "is_won": True})
    deal(company, "other money", amount=70.0, currency="USD", **{**closed, "is_won": True})
    deal(company, "no amount", **{**closed, "is_won": True, "currency": "EUR"})
    deal(company, "gone", loss_reason="Price", **closed)
    for name, person in (("both", "a"), ("both", "b"), ("more", "a"), ("other money", "a"), ("no amount", "a"),
                         ("gone", "b")):  # fmt: skip
        company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id=f"{name}/{person}", opportunity_id=name, record_id=person)
    found, coverage = parts(company, prospect_outcome)
    (grade,) = found[GRADES_PART.name]
    assert (grade["people"], grade["won"], grade["lost"], grade["won_value"]) == (2, 2, 1, 1500)
    assert found[LOSSES.name] == [{"grade": "A", "reason": "Price", "opportunities": 1}]
    assert coverage["won opportunities with an amount in the main currency"] == (2, 4)
