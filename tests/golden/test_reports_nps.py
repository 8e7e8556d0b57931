"""The report `nps`: whose answers count, and once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from include.contracts import profiles, staged
from include.contracts.reports.nps import ASKED, FOLLOW_UP, GROUPS, MONTHS, RENEWALS
from include.reports import nps
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany

RECENT = AS_OF - timedelta(days=10)


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def scores(company: SmallCompany, part=GROUPS) -> list[dict]:
    with report_data(company) as data:
        rows = listed(nps.compute(data).parts[part.name], *part.key)
    return [row for row in rows if row.get("dimension", "all") == "all"]


def test_of_a_person_with_two_records_the_latest_answer_counts_once(company: SmallCompany):
    company.person("p", "nps.respondent:1", "nps.respondent:2")
    company.answer("nps.respondent:1", 2, RECENT - timedelta(days=5))
    company.answer("nps.respondent:2", 9, RECENT)
    (row,) = scores(company)
    assert (row["answered"], row["promoters"], row["detractors"], row["nps"]) == (1, 1, 0, 100)


def test_no_answer_and_an_old_one_are_outside_of_the_denominator(company: SmallCompany):
    company.person("silent")
    company.person("old")
    company.answer("old", 0, AS_OF - timedelta(days=366))
    company.person("new")
    company.answer("new", 7, RECENT)
    (row,) = scores(company)
    assert (row["answered"], row["passives"], row["nps"]) == (1, 1, 0)
    assert [r["month"] for r in scores(company, MONTHS)] == [date(2025, 11, 1), date(2026, 11, 1)]


def test_the_interval_is_that_of_a_difference_of_two_shares(company: SmallCompany):
    for n in range(100):
        company.person(f"p{n}")
        company.answer(f"p{n}", 10 if n < 50 else 8 if n < 70 else 3, RECENT)
    (row,) = scores(company)
    half = 196 * ((0.5 + 0.3 - 0.2**2) / 100) ** 0.5
    assert (row["nps"], row["nps_low"], row["nps_high"]) == pytest.approx((20, 20 - half, 20 + half))


def test_a_detractors_next_answer_tells_whether_it_got_better(company: SmallCompany):
    for person, second in (("better", 9), ("same", 4), ("silent", None)):
        company.person(person)
        company.answer(person, 3, date(2026, 2, 1))
        if second is not None:
            company.answer(person, second, date(2026, 3, 3))
    (row,) = scores(company, FOLLOW_UP)
    assert row == {
        "half_year": date(2026, 1, 1), "detractors": 3, "followed_up": None, "answered_again": 2, "recovered": 1,
        "median_days": 30,
    }  # fmt: skip


def test_a_detractor_is_followed_up_by_whoever_speaks_with_one_of_the_persons_records_in_time(company: SmallCompany):
    for person, days in (("soon", 30), ("late", 31), ("before", -1)):
        company.person(person, f"nps:{person}", f"lead:{person}")
        company.answer(f"nps:{person}", 3, date(2026, 2, 1))
        company.add(
            staged.CONVERSATION, conversation_id=person, record_id=f"lead:{person}", kind="call",
            on_date=date(2026, 2, 1) + timedelta(days=days),
        )  # fmt: skip
    (row,) = scores(company, FOLLOW_UP)
    assert (row["detractors"], row["followed_up"]) == (3, 1)


def test_the_response_rate_is_of_people_who_were_asked_and_who_never_is_asked_is_counted(company: SmallCompany):
    asked = {"answers": RECENT, "silent": RECENT, "long_ago": AS_OF - timedelta(days=366), "never": None}
    for person, day in asked.items():
        company.account(f"a-{person}")
        company.person(person, account_id=f"a-{person}")
        company.add(profiles.PROFILE_IDENTIFIER, profile_id=person, type="email", value=f"{person}@x.example")
        if day:
            company.add(staged.SURVEY_REQUEST, request_id=person, email=f"{person}@x.example", asked_on=day)
    company.answer("answers", 9, RECENT)
    company.answer("never", 9, RECENT)  # by a link that somebody passed on
    (row,) = scores(company, ASKED)
    told = ("people", "asked", "answered_asked", "response_rate", "never_asked")
    assert [row[name] for name in told] == [4, 2, 1, 0.5, 1]


def test_where_no_source_tells_who_was_asked_there_is_no_response_rate(company: SmallCompany):
    company.account("a")
    company.person("p", account_id="a")
    company.answer("p", 9, RECENT)
    assert scores(company, ASKED) == []


def test_what_was_said_a_quarter_before_a_contracts_end_is_held_against_what_became_of_it(company: SmallCompany):
    for account, score, renewed in (("a1", 9, True), ("a2", 2, False), ("a3", 2, True), ("a4", None, True)):
        company.account(account)
        company.person(account + "p", account_id=account)
        company.contract(account, "term", date(2025, 6, 1), date(2026, 5, 31))
        if renewed:
            company.contract(account, "term", date(2026, 6, 1), date(2027, 5, 31))
        if score is not None:
            company.answer(account + "p", score, date(2026, 2, 1))
            company.answer(account + "p", 10 - score, date(2026, 5, 1))  # too late to foretell anything
    found = {row["nps_class"]: (row["contracts"], row["renewed"]) for row in scores(company, RENEWALS)}
    assert found == {"promoter": (1, 1), "detractor": (2, 1), "unknown": (1, 1)}
