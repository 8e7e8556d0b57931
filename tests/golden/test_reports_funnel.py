"""The reports `funnel`, `prospect_outcome` and `lifetime_value`: people once, and what came after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from include.contracts import identity, staged
from include.contracts.errors import ConfigurationError
from include.contracts.reports.funnel import COHORTS, MONTHS, PEOPLE, STAGES_PART
from include.contracts.reports.lifetime_value import ACCOUNTS, BACK_TEST
from include.contracts.reports.prospect_outcome import CONTRADICTED, GRADES_PART, JUDGEMENT
from include.contracts.traits import TRAIT_HISTORY
from include.measures.step import measure
from include.reports import funnel, lifetime_value, prospect_outcome
from include.reports.trial import try_criteria
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany, noon, publish


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def step(company: SmallCompany, record: str, kind: str, day: date, **more: Any) -> None:
    name = f"{record}/{kind}/{day}"
    company.add(staged.LEAD_STEP, step_id=name, record_id=record, step=kind, on_date=day, **more)


def parts(company: SmallCompany, report: Any) -> tuple[dict[str, list[dict[str, Any]]], dict[str, tuple[float, float]]]:
    """The rows of everything together by part, and the coverage."""
    with report_data(company) as data:
        found = report.compute(data)
        rows = {name: listed(part) for name, part in found.parts.items()}
        coverage = {row["subject"]: (row["judged"], row["total"]) for row in listed(found.coverage)}
    return {n: [r for r in told if r.get("dimension", "all") == "all"] for n, told in rows.items()}, coverage


def test_a_person_comes_to_each_stage_once_however_many_leads_say_so(company: SmallCompany):
    company.person("ann", "lead:1", "lead:2", "contact:1")
    step(company, "lead:1", "mql", date(2026, 3, 5))
    step(company, "lead:2", "mql", date(2026, 2, 1), owner_id="005A")
    step(company, "lead:1", "sql", date(2026, 3, 15), owner_id="005B")
    deal = {"opportunity_id": "o", "stage": "x", "is_closed": True, "is_won": True, "close_date": date(2026, 6, 1)}
    company.add(staged.OPPORTUNITY, created_at=noon(date(2026, 4, 1)), **deal)
    company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id="r", opportunity_id="o", record_id="contact:1")
    found, _ = parts(company, funnel)
    entered = {row["stage"]: (row["entered_on"], row["owner_id"], row["records"]) for row in found[PEOPLE.name]}
    assert entered == {
        "mql": (date(2026, 2, 1), "005A", 2), "sql": (date(2026, 3, 15), "005B", 1),
        "opportunity": (date(2026, 4, 1), None, 1), "customer": (date(2026, 6, 1), None, 1),
    }  # fmt: skip
    (mql,) = [row for row in found[STAGES_PART.name] if row["stage"] == "mql"]
    (sql,) = [row for row in found[STAGES_PART.name] if row["stage"] == "sql"]
    assert (mql["people"], mql["crm_count"]) == (1, 2)
    assert (sql["from_before"], sql["from_before_share"], sql["days_median"]) == (1, 1, 42)
    months = {row["month"]: (row["mqls"], row["crm_mqls"], row["sqls"]) for row in found[MONTHS.name]}
    assert months == {date(2026, 2, 1): (1, 1, 0), date(2026, 3, 1): (0, 1, 1)}


def test_a_cohort_counts_what_came_within_its_days_and_says_whether_all_have_had_them(company: SmallCompany):
    for name, mql, sql in (("a", date(2026, 5, 1), date(2026, 7, 30)), ("b", date(2026, 5, 31), date(2026, 8, 30)),
                           ("c", date(2026, 5, 10), None), ("d", date(2026, 10, 1), date(2026, 10, 1))):  # fmt: skip
        company.person(name)
        step(company, name, "mql", mql)
        if sql:
            step(company, name, "sql", sql)
    step(company, "c", "rejected", date(2026, 6, 1))
    step(company, "c", "recycled", date(2026, 6, 1), reason="No budget")  # both on one day: it was sent back
    found, coverage = parts(company, funnel)
    cohorts = {row["month"]: row for row in found[COHORTS.name]}
    may, october = cohorts[date(2026, 5, 1)], cohorts[date(2026, 10, 1)]
    assert (may["mqls"], may["sqls"], may["recycled"], may["rejected"], may["is_mature"]) == (3, 1, 1, 0, True)
    assert (october["mqls"], october["sqls"], october["is_mature"]) == (1, 1, False)
    assert coverage["rejected or recycled leads with a reason"] == (1, 1)
    (told,) = [row for row in found[PEOPLE.name] if row["profile_id"] == "c"]
    assert (told["outcome"], told["reason"]) == ("recycled", "No budget")


def test_an_sql_before_its_mql_is_counted_and_follows_from_none(company: SmallCompany):
    company.person("a")
    step(company, "a", "sql", date(2026, 5, 1))
    step(company, "a", "mql", date(2026, 6, 1))
    found, coverage = parts(company, funnel)
    (sql,) = [row for row in found[STAGES_PART.name] if row["stage"] == "sql"]
    assert (sql["people"], sql["from_before"], sql["days_median"]) == (1, 0, None)
    assert coverage["SQLs with an MQL before or on the day"] == (0, 1)


def judged(company: SmallCompany, name: str, mark: tuple[int, str], day: date, sql: date | None = None) -> None:
    company.person(name)
    score, grade = mark
    company.add(staged.PROSPECT_SCORE, record_id=name, score=score, grade=grade, scored_at=noon(day))
    if sql:
        step(company, name, "sql", sql)


def test_only_what_came_after_the_score_was_as_it_is_and_in_time_speaks_for_it(company: SmallCompany):
    then = date(2026, 3, 1)
    for n in range(40):  # of A every second becomes SQL, of B every tenth
        judged(company, f"a{n}", (100 + n, "A"), then, then + timedelta(days=10) if n % 2 else None)
        judged(company, f"b{n}", (n, "B"), then, then + timedelta(days=10) if n % 8 == 0 else None)
    judged(company, "before", (500, "C"), then, then - timedelta(days=1))
    judged(company, "late", (500, "C"), then, then + timedelta(days=91))
    judged(company, "young", (500, "C"), AS_OF - timedelta(days=30))
    for record in ("a38-2", "a38-3"):  # further leads of one person
        company.add(identity.CROSSWALK, record_id=record, profile_id="a38", confidence=0.9, home_id="a38")
    for record, owner, reason in (("a38", "005C", None), ("a38-2", "005B", "Student"), ("a38-3", "005A", "Too small")):
        step(company, record, "rejected", then + timedelta(days=5), owner_id=owner, reason=reason)
    found, coverage = parts(company, prospect_outcome)
    grades = {row["grade"]: row for row in found[GRADES_PART.name]}
    assert {g: (row["people"], row["sqls"]) for g, row in grades.items()} == {"A": (40, 20), "B": (40, 5), "C": (1, 0)}
    assert grades["A"]["lift"] == pytest.approx(0.5 / (25 / 81))
    assert (grades["A"]["deserved_grade"], grades["C"]["deserved_grade"]) == ("A", "none")
    judgement = {row["judge"]: row for row in found[JUDGEMENT.name]}
    assert judgement["grade"]["auc_low"] > 0.5
    assert judgement["grade"]["auc"] == pytest.approx((20 * (20 / 2 + 35 + 1) + 5 * (35 / 2 + 1)) / (25 * 56))
    told = [(row["profile_id"], row["owner_id"], row["reason"]) for row in found[CONTRADICTED.name]]
    assert told == [("a38", "005B", "Student")]
    assert coverage["judged people with time enough"] == (82, 83)


def test_a_grade_deserves_another_one_only_beyond_chance(company: SmallCompany):
    then = date(2026, 3, 1)
    for grade, sqls in (("A", 5), ("B", 20), ("C", 8), ("D", 10)):
        for n in range(40):
            judged(company, f"{grade}{n}", (n, grade), then, then + timedelta(days=10) if n < sqls else None)
    found, _ = parts(company, prospect_outcome)
    deserved = {row["grade"]: row["deserved_grade"] for row in found[GRADES_PART.name]}
    assert deserved == {"A": "A", "B": "A", "C": "C", "D": "B"}  # A is last, but not clearly below D


def lasting(company: SmallCompany, count: int, *, value: float, years: int) -> None:
    for n in range(count):
        company.contract(f"{years}-{n}", "auto_renew", date(2026 - years, 1 + n % 12, 1), None, annual_value=value)


def test_a_model_that_cannot_be_tested_is_not_published_and_says_why(company: SmallCompany):
    lasting(company, 5, value=100, years=4)
    with report_data(company) as data:
        found = lifetime_value.compute(data)
        assert set(found.parts) == {BACK_TEST.name}
    assert "Only 5 accounts were under contract a year ago" in found.refused


def test_a_model_that_loses_to_the_mean_is_not_published(company: SmallCompany):
    for n in range(40):  # who came before went after a year, so those who came later are expected to go as well
        company.contract(f"gone-{n}", "term", date(2022, 1, 1), date(2022, 12, 31), annual_value=1200.0)
        company.contract(f"stays-{n}", "auto_renew", date(2024, 9, 1), None, annual_value=1200.0)
    with report_data(company) as data:
        found = lifetime_value.compute(data)
        (test,) = listed(found.parts[BACK_TEST.name])
    assert (test["accounts"], test["error_of_mean"]) == (40, 0)
    assert test["error"] > 100
    assert found.refused.startswith("In the back-test the model's error is above that of the mean")
    assert set(found.parts) == {BACK_TEST.name}


def test_what_is_to_expect_of_customers_who_never_go_is_the_whole_horizon(company: SmallCompany):
    lasting(company, 40, value=1200, years=4)
    with report_data(company) as data:
        found = lifetime_value.compute(data)
        rows = listed(found.parts[ACCOUNTS.name])
    assert not found.refused
    assert all(row["expected_margin"] == pytest.approx(36 * 100 * 0.8) for row in rows)


def test_a_criterion_is_tried_on_months_that_are_over_by_what_had_happened_by_then(company: SmallCompany):
    """Ann responded in September, Ben in October; of Ann sales made an SQL; Cleo was one before."""
    for name, day in (("ann", date(2026, 9, 10)), ("ben", date(2026, 10, 10)), ("cleo", date(2026, 9, 10))):
        company.person(name, title="Head of Marketing")
        member = {"member_id": name, "campaign_id": "c", "record_id": name, "has_responded": True}
        company.add(staged.CAMPAIGN_MEMBER, first_responded_on=day, created_at=noon(day), **member)
    step(company, "ann", "sql", date(2026, 10, 5))
    step(company, "cleo", "sql", date(2026, 8, 1))
    step(company, "cleo", "mql", date(2026, 10, 2))
    for ref in (refs := company.save()).values():
        company.project.lake.point(ref)
    publish(company.project, measure(company.project, company.run(), refs))
    criteria = company.project.settings.home / "criteria.yaml"
    criteria.write_text("fit: seniority = 'director'\ninterest: campaign_responses > 0\n")
    september, october = try_criteria(company.project, criteria, months=2)
    assert (september["month"], september["people"], september["sqls"]) == (date(2026, 9, 1), 1, 1)
    assert (october["people"], october["sqls"], october["crm_mqls"], october["crm_sqls"]) == (1, 0, 1, 0)
    criteria.write_text("fit: in_segment('lapsed')\ninterest: campaign_responses > 0\n")
    with pytest.raises(ConfigurationError, match="on an earlier day is not known"):
        try_criteria(company.project, criteria, months=1)
    criteria.write_text("fit: seniority = 'director'\ninterest: interest_score > 10\n")
    with pytest.raises(ConfigurationError, match="'interest_score' was is kept not yet"):
        try_criteria(company.project, criteria, months=2)
    keep_score(company, {"ann": (date(2026, 8, 31), 4.0), "ben": (date(2026, 9, 5), 20.0), "cleo": (AS_OF, 90.0)})
    september, october = try_criteria(company.project, criteria, months=2)
    assert (september["people"], october["people"]) == (1, 0)  # Ben; of Cleo nothing is kept of a month's end
    criteria.write_text("fit: did('Email Sent')\ninterest: campaign_responses > 0\n")
    with pytest.raises(ConfigurationError, match=r"make a trait of times_did\('Email Sent'\)"):
        try_criteria(company.project, criteria, months=1)


def keep_score(company: SmallCompany, scores: Mapping[str, tuple[date, float]]) -> None:
    kept = [
        {"trait": "interest_score", "member_id": whose, "since": since, "is_present": True, "number": score}
        for whose, (since, score) in scores.items()
    ]
    rows = pa.Table.from_pylist(kept, schema=pa.schema(field.with_nullable(True) for field in TRAIT_HISTORY.schema))
    with company.project.engine() as engine:
        engine.write(TRAIT_HISTORY, ibis.memtable(rows), version="x")
