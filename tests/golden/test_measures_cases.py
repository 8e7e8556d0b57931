"""Known people and contracts, and what is true of them: the definitions of the measures, by example."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import profiles, staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, measures_of
from include.contracts.metrics import BASIS, CONTRACT_RENEWAL, COVERAGE, GRID, NPS_MONTH, RENEWAL_MONTH
from include.contracts.remarks import remarks
from include.measures.step import measure
from tests.small_company import AS_OF, SmallCompany, read

Rows = Mapping[str, Mapping[str, Any]]


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def ahead(days: int) -> date:
    return AS_OF + timedelta(days=days)


SCORES = (0, 6, 7, 8, 9, 10)
CONTRACTS: Mapping[str, tuple[str, date, date | None, dict[str, Any]]] = {
    "ends_today": ("term", days_ago(365), AS_OF, {}),
    "ended_yesterday": ("term", days_ago(366), days_ago(1), {"annual_value": 10.0}),
    "in_30": ("term", days_ago(300), ahead(30), {}),
    "in_31": ("term", days_ago(300), ahead(31), {}),
    "in_60": ("term", days_ago(300), ahead(60), {}),
    "in_61": ("term", days_ago(300), ahead(61), {}),
    "in_90": ("term", days_ago(300), ahead(90), {}),
    "in_91": ("term", days_ago(300), ahead(91), {}),
    "in_120": ("multi_year", days_ago(900), ahead(120), {}),
    "in_121": ("multi_year", days_ago(900), ahead(121), {}),
    "evergreen": ("evergreen", days_ago(900), None, {}),
    "monthly": ("month_to_month", days_ago(90), None, {}),
    "auto_notice_ahead": ("auto_renew", days_ago(300), ahead(100), {"notice_days": 60, "term_months": 12}),
    "auto_notice_past": ("auto_renew", date(2025, 12, 1), date(2026, 11, 30), {"notice_days": 30, "term_months": 12}),
    "auto_long_past": ("auto_renew", date(2019, 3, 1), date(2020, 2, 29), {"notice_days": 0, "term_months": 12}),
    "auto_no_term": ("auto_renew", date(2024, 1, 1), date(2024, 12, 31), {}),
    "leap_start": ("term", date(2024, 2, 29), None, {"term_months": 36}),
    "draft": ("term", days_ago(10), ahead(20), {"status": "draft"}),
    "cancelled": ("term", days_ago(300), ahead(20), {"status": "cancelled"}),
    "expired": ("term", days_ago(700), days_ago(335), {"status": "expired"}),
    "not_begun": ("term", ahead(10), ahead(375), {}),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    company = SmallCompany(tmp_path_factory.mktemp("golden"))
    for score in SCORES:
        company.person(f"score_{score}")
        company.answer(f"score_{score}", score, days_ago(10))
    answers_of_one_person(company)
    for name, (kind, start, end, more) in CONTRACTS.items():
        company.account(name)
        company.person(f"of_{name}", account_id=name)
        company.contract(name, kind, start, end, **more)
    several_contracts(company)
    users(company)
    addressees(company)
    return company


def answers_of_one_person(company: SmallCompany) -> None:
    company.person("silent")
    company.person("merged", "crm.contact:1", "nps.respondent:1")
    company.answer("crm.contact:1", 10, days_ago(40))
    company.answer("nps.respondent:1", 3, days_ago(4))
    company.person("merged_copies", "nps.respondent:2", "nps.respondent:3")
    company.answer("nps.respondent:2", 9, days_ago(4), "nps.response:a")
    company.answer("nps.respondent:3", 9, days_ago(4), "nps.response:b")
    company.person("old_answer")
    company.answer("old_answer", 10, days_ago(365))
    company.person("nearly_old_answer")
    company.answer("nearly_old_answer", 10, days_ago(364))
    company.person("future_answer")
    company.answer("future_answer", 10, ahead(1))
    company.account("mixed")
    for number, score in enumerate((9, 10, 10, 7, 2)):
        company.person(f"mixed_{number}", account_id="mixed")
        company.answer(f"mixed_{number}", score, days_ago(number))
    company.person("mixed_silent", account_id="mixed")


def several_contracts(company: SmallCompany) -> None:
    company.account("overlapping")
    company.contract("overlapping", "term", days_ago(300), ahead(65), annual_value=100.0)
    company.contract("overlapping", "evergreen", days_ago(300), None, annual_value=50.0)
    company.account("renewed")
    company.contract("renewed", "term", days_ago(400), days_ago(36), annual_value=100.0)
    company.contract("renewed", "term", days_ago(35), ahead(330), annual_value=120.0)
    company.account("add_on_overdue")
    company.contract("add_on_overdue", "term", days_ago(400), ahead(330))
    company.contract("add_on_overdue", "term", days_ago(300), days_ago(3))
    company.account("overdue_of_two")
    company.contract("overdue_of_two", "term", days_ago(400), days_ago(3), annual_value=100.0)
    company.contract("overdue_of_two", "evergreen", days_ago(500), None, annual_value=50.0)
    company.account("signed_ahead")
    company.contract("signed_ahead", "term", days_ago(345), ahead(20), annual_value=100.0)
    company.contract("signed_ahead", "term", ahead(21), ahead(386), annual_value=120.0)
    company.account("add_on_ahead")
    company.contract("add_on_ahead", "term", days_ago(165), ahead(200))
    company.contract("add_on_ahead", "term", ahead(5), ahead(370))
    company.account("linked")
    company.add(
        profiles.ACCOUNT_LINK,
        source_account_id="usage.group:9", account_id="linked", reason="domain",
    )  # fmt: skip


def users(company: SmallCompany) -> None:
    company.person("logs_in_only")
    company.use("logs_in_only", days_ago(1), is_core=False)
    company.person("gone_29")
    company.use("gone_29", days_ago(29))
    company.person("gone_30")
    company.use("gone_30", days_ago(30))
    company.person("power", "usage.user:1", "usage.user:2")
    company.use("usage.user:1", *(days_ago(n) for n in range(0, 12)), feature="a")
    company.use("usage.user:2", *(days_ago(n) for n in range(0, 2)), feature="b")
    company.use("usage.user:2", days_ago(27), feature="c")
    company.person("regular")
    company.use("regular", *(days_ago(n) for n in (0, 3, 9, 27)))
    company.person("half_logged_in")
    company.use("half_logged_in", days_ago(1), times=2)
    company.use("half_logged_in", days_ago(1), days_ago(40), times=3, is_stitched=True)
    company.person("future_use")
    company.use("future_use", ahead(1))
    company.account("falling")
    company.person("falls", account_id="falling")
    company.person("steady", account_id="falling")
    for week, times in enumerate((1, 2, 4, 8)):
        company.use("falls", days_ago(7 * week), times=times)
    company.person("rose_once")
    for week, times in enumerate((1, 2, 2, 8)):
        company.use("rose_once", days_ago(7 * week + 6), times=times)
    company.use("steady", *(days_ago(7 * week) for week in range(4)), account_id="usage.group:9")
    company.account("ungrouped")
    company.person("in_ungrouped", account_id="ungrouped")
    company.use("in_ungrouped", days_ago(2), times=3, account_id="usage.group:never-described")
    company.person("homeless")
    company.use("homeless", days_ago(2), times=2, account_id="usage.group:never-described")
    company.use(None, days_ago(2), account_id="usage.group:9")
    company.add(staged.ASSET, asset_id="crm.asset:1", account_id="falling", seats=4, status="Installed")
    company.add(staged.ASSET, asset_id="crm.asset:2", account_id="falling", seats=9, ends_on=days_ago(1))
    company.add(staged.ASSET, asset_id="crm.asset:3", account_id="falling", seats=9, status="Obsolete")
    company.add(staged.ACCOUNT, account_id="usage.group:9", seats=7)


def addressees(company: SmallCompany) -> None:
    for name, deliverable in (("bounced", False), ("reached", True), ("unsent", None)):
        company.person(name, email=f"{name}@x.test")
        company.add(profiles.PROFILE_IDENTIFIER, profile_id=name, type="email", value=f"{name}@x.test",
                    is_primary=True, is_deliverable=deliverable)  # fmt: skip
    company.person("opened_by_machines")
    company.mail("opened_by_machines", "sent", days_ago(3))
    company.mail("opened_by_machines", "open", days_ago(3), is_machine=True)
    company.mail("opened_by_machines", "click", days_ago(3), is_machine=True)
    company.mail("opened_by_machines", "unsubscribe", days_ago(3), is_machine=True)
    company.person("nobody_can_tell")
    company.mail("nobody_can_tell", "sent", days_ago(3))
    company.mail("nobody_can_tell", "open", days_ago(3), actor="unknown")
    company.mail("nobody_can_tell", "unsubscribe", days_ago(3), actor="unknown")
    company.person("two_addresses", "email.prospect:1", "email.prospect:2")
    for n in range(5):
        company.mail("email.prospect:1", "sent", days_ago(n))
        company.mail("email.prospect:2", "sent", days_ago(n))
    company.person("one_address")
    for n in range(5):
        company.mail("one_address", "sent", days_ago(n))
    company.mail("one_address", "click", days_ago(2))
    company.person("keen")
    for n in range(3):
        company.mail("keen", "sent", days_ago(n))
    company.mail("keen", "reply", days_ago(60))
    company.mail("keen", "open", days_ago(1))


@pytest.fixture(scope="module")
def report(company: SmallCompany) -> Any:
    return measure(company.project, company.run(), company.save())


@pytest.fixture(scope="module")
def people(company: SmallCompany, report: Any) -> Rows:
    return {row["profile_id"]: row for row in read(company.project, CUSTOMER_360, report)}


@pytest.fixture(scope="module")
def accounts(company: SmallCompany, report: Any) -> Rows:
    return {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_the_borders_of_the_nps_classes(people: Rows, score: int, expected: str) -> None:
    assert people[f"score_{score}"]["nps_class"] == expected


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("silent", (None, "unknown", 0, None)),
        ("merged", (3, "detractor", 2, -7)),  # the latest answer of the unified person
        ("merged_copies", (9, "promoter", 1, None)),  # one answer that two records had
        ("old_answer", (None, "unknown", 0, None)),  # the window of 365 days has closed
        ("nearly_old_answer", (10, "promoter", 1, None)),
        ("future_answer", (None, "unknown", 0, None)),  # not known yet on the logical date
    ],
)
def test_whose_answer_counts(people: Rows, person: str, expected: tuple[Any, ...]) -> None:
    row = people[person]
    assert (row["nps_score"], row["nps_class"], row["nps_answers"], row["nps_change"]) == expected


def test_an_accounts_nps_is_over_its_people_who_answered(accounts: Rows, people: Rows) -> None:
    row = accounts["mixed"]
    assert (row["nps"], row["nps_answered"], row["nps_promoters"], row["nps_detractors"]) == (40.0, 5, 3, 1)
    assert people["mixed_silent"]["account_nps"] == 40.0
    assert accounts["in_30"]["nps"] is None
    assert accounts["in_30"]["nps_answered"] == 0


@pytest.mark.parametrize(
    ("account", "bucket", "renewal_date", "kind"),
    [
        ("ends_today", "0-30", AS_OF, "term"),
        ("ended_yesterday", "overdue", days_ago(1), "term"),
        ("in_30", "0-30", ahead(30), "term"),
        ("in_31", "31-60", ahead(31), "term"),
        ("in_60", "31-60", ahead(60), "term"),
        ("in_61", "61-90", ahead(61), "term"),
        ("in_90", "61-90", ahead(90), "term"),
        ("in_91", "91-120", ahead(91), "term"),
        ("in_120", "91-120", ahead(120), "multi_year"),
        ("in_121", "later", ahead(121), "multi_year"),
        ("evergreen", "none", None, "evergreen"),
        ("monthly", "none", None, "month_to_month"),
        ("auto_notice_ahead", "31-60", ahead(40), "auto_renew"),  # 100 days to the end, 60 days' notice
        ("auto_notice_past", "later", date(2027, 10, 31), "auto_renew"),  # renewed to 30 Nov 2027, 30 days' notice
        ("auto_long_past", "91-120", date(2027, 2, 28), "auto_renew"),  # 29 February, and no leap year
        ("auto_no_term", "31-60", date(2026, 12, 31), "auto_renew"),  # no term named: twelve months
        ("leap_start", "91-120", date(2027, 2, 27), "term"),  # 36 months from 29 February, less a day
        ("draft", "none", None, "none"),
        ("cancelled", "none", None, "none"),
        ("expired", "none", None, "none"),
        ("not_begun", "later", ahead(375), "term"),
        ("overlapping", "61-90", ahead(65), "term"),
        ("renewed", "later", ahead(330), "term"),  # the older contract has a successor: not overdue
        ("add_on_overdue", "overdue", days_ago(3), "term"),  # the main contract began before it: no successor
        (
            "signed_ahead",
            "later",
            ahead(386),
            "term",
        ),  # the present one is renewed already
        ("add_on_ahead", "later", ahead(200), "term"),  # begins long before the main one ends: no renewal of it
    ],
)
def test_when_a_contract_comes_up(
    accounts: Rows, account: str, bucket: str, renewal_date: date | None, kind: str
) -> None:
    row = accounts[account]
    assert (row["renewal_bucket"], row["renewal_date"], row["contract_type"]) == (bucket, renewal_date, kind)
    assert row["renewal_days"] == (None if renewal_date is None else (renewal_date - AS_OF).days)


def test_a_person_has_the_renewal_of_its_account(people: Rows) -> None:
    row = people["of_auto_notice_ahead"]
    assert (row["renewal_bucket"], row["renewal_notice_on"], row["contract_end_on"]) == ("31-60", ahead(40), ahead(100))
    assert row["contract_auto_renews"]
    assert people["silent"]["renewal_bucket"] == "none"


def test_overlapping_contracts_add_up(accounts: Rows) -> None:
    row = accounts["overlapping"]
    assert (row["contracts_live"], row["contracts_overlap"], row["contract_value"]) == (2, True, 150.0)
    assert (accounts["renewed"]["contracts_live"], accounts["renewed"]["contract_value"]) == (1, 120.0)


@pytest.mark.parametrize(
    ("account", "live", "value", "overdue"),
    [
        ("ended_yesterday", 1, 10.0, 10.0),  # overdue: nobody has renewed or closed it
        ("overdue_of_two", 2, 150.0, 100.0),
        ("signed_ahead", 1, 100.0, None),  # what has not begun is no value of today
        ("not_begun", 0, None, None),
        ("expired", 0, None, None),
    ],
)
def test_an_overdue_contract_is_live_and_one_that_has_not_begun_is_not(
    accounts: Rows, account: str, live: int, value: float | None, overdue: float | None
) -> None:
    row = accounts[account]
    assert (row["contracts_live"], row["contract_value"]) == (live, value)
    assert row["contract_value_overdue"] == overdue
    assert not row["contracts_overlap"]


def test_accounts_and_contracts_mean_the_same_by_live(company: SmallCompany, report: Any, accounts: Rows) -> None:
    live: dict[str, list[float]] = {}
    for row in read(company.project, CONTRACT_RENEWAL, report):
        if row["is_live"]:
            live.setdefault(row["account_id"], []).append(row["annual_value"])
    assert {name: len(values) for name, values in live.items()} == {
        name: row["contracts_live"] for name, row in accounts.items() if row["contracts_live"]
    }
    for name, values in live.items():
        known = [value for value in values if value is not None]
        assert accounts[name]["contract_value"] == (sum(known) if known else None), name


def test_an_account_without_a_live_contract_knows_when_the_last_one_ended(accounts: Rows) -> None:
    assert accounts["expired"]["contract_ended_on"] == days_ago(335)
    assert accounts["in_30"]["contract_ended_on"] is None


def test_the_buckets_of_contracts_sum_to_all_contracts(company: SmallCompany, report: Any) -> None:
    rows = read(company.project, CONTRACT_RENEWAL, report)
    signed = [row for row in company.rows[staged.CONTRACT] if row["status"] != "draft"]
    assert len(rows) == len(signed)
    due = read(company.project, RENEWAL_MONTH, report)
    assert sum(row["contracts"] for row in due) == sum(row["renewal_bucket"] != "none" for row in rows)


@pytest.mark.parametrize(
    ("person", "tier", "days_28", "features"),
    [
        ("silent", "none", 0, 0),
        ("logs_in_only", "none", 0, 0),
        ("gone_29", "low", 0, 0),
        ("gone_30", "inactive", 0, 0),
        ("power", "power", 13, 3),  # two accounts of one person, days counted once
        ("regular", "regular", 4, 1),
        ("future_use", "none", 0, 0),
    ],
)
def test_usage_tiers(people: Rows, person: str, tier: str, days_28: int, features: int) -> None:
    row = people[person]
    assert (row["usage_tier"], row["usage_active_days_28"], row["usage_features_28"]) == (tier, days_28, features)


def test_who_never_did_a_thing_did_it_no_number_of_days_ago(people: Rows, accounts: Rows) -> None:
    for row, name in ((people["silent"], "usage_days_since"), (people["silent"], "engagement_days_since"),
                      (people["silent"], "tenure_days"), (accounts["in_30"], "usage_days_since"),
                      (accounts["in_30"], "tenure_days")):  # fmt: skip
        assert row[name] is None, name


def test_use_without_a_login_counts_and_says_so(company: SmallCompany, report: Any, people: Rows) -> None:
    row = people["half_logged_in"]
    assert (row["usage_core_actions_28"], row["usage_stitched_28"]) == (5, 3)
    assert people["regular"]["usage_stitched_28"] == 0
    assert report.counts["basis.usage_stitched"] == 3
    assert "usage_stitched_28" in measures_of("person")["usage_core_actions_28"].beside  # so why shows it


def test_the_windows_of_active_days(people: Rows) -> None:
    row = people["regular"]
    assert (row["usage_active_days_7"], row["usage_active_days_28"], row["usage_active_days_90"]) == (2, 4, 4)
    assert (people["gone_30"]["usage_active_days_90"], people["gone_30"]["usage_days_since"]) == (1, 30)


def test_three_falling_weeks_are_told_from_two(people: Rows) -> None:
    assert people["falls"]["usage_falling_weeks"] == 3
    assert people["rose_once"]["usage_falling_weeks"] == 1
    assert people["steady"]["usage_falling_weeks"] == 0
    assert people["falls"]["usage_trend"] == pytest.approx(3 / 12 - 1)


def test_an_accounts_usage(accounts: Rows) -> None:
    row = accounts["falling"]
    # steady acts in a workspace that another account stands for, so only the person that falls counts here
    assert (row["usage_falling_weeks"], row["usage_seats_used"], row["usage_core_actions_28"]) == (3, 1, 15)
    assert (row["usage_seats_bought"], row["usage_breadth"]) == (4, 0.25)  # assets in force only
    linked = accounts["linked"]
    assert (linked["usage_seats_used"], linked["usage_core_actions_28"], linked["usage_seats_bought"]) == (1, 5, 7)


def test_people_at_work_in_another_accounts_workspace_are_active_and_use_its_seats(
    accounts: Rows, people: Rows
) -> None:
    home, place = accounts["falling"], accounts["linked"]
    assert (home["usage_active_people"], home["usage_people_elsewhere"], home["usage_seats_used"]) == (2, 1, 1)
    assert (place["usage_active_people"], place["usage_people_elsewhere"], place["usage_seats_used"]) == (0, 0, 1)
    assert (people["steady"]["usage_account_id"], people["falls"]["usage_account_id"]) == ("linked", "falling")
    assert people["steady"]["account_active_people"] == 2


def test_use_in_a_workspace_that_nothing_describes_is_of_the_persons_account(
    company: SmallCompany, report: Any, accounts: Rows
) -> None:
    row = accounts["ungrouped"]
    assert (row["usage_core_actions_28"], row["usage_seats_used"], row["usage_tier"]) == (3, 1, "low")
    found = {row["basis"]: row["rows"] for row in read(company.project, BASIS, report)}
    assert found["usage_by_nowhere"] >= 2  # homeless belongs to no account
    assert found["usage_of_nobody"] == 1
    assert found["usage"] == sum(found[f"usage_by_{name}"] for name in ("workspace", "person", "nowhere"))
    assert report.counts["basis.usage_by_nowhere"] == found["usage_by_nowhere"]


def test_machines_are_no_engagement(people: Rows) -> None:
    row = people["opened_by_machines"]
    assert (row["email_opens_28"], row["email_clicks_28"], row["email_machine_28"]) == (0, 0, 2)
    assert row["engagement_last_on"] is None
    assert not row["email_unsubscribed_28"]


def test_what_may_be_a_machines_is_no_engagement_either_and_says_so(people: Rows, report: Any) -> None:
    row = people["nobody_can_tell"]
    assert (row["email_opens_28"], row["email_machine_28"], row["email_unknown_28"]) == (0, 0, 1)
    assert row["engagement_last_on"] is None
    assert row["email_unsubscribed_28"]  # of consent the strictest reading holds
    assert report.counts["basis.email_opens_unknown"] == 1
    assert remarks(report.counts)[-1].startswith("1 of 3 opens of 28 days may be a person's or a machine's")


def test_an_address_that_bounces_is_none_to_write_to(people: Rows) -> None:
    assert [people[name]["has_email"] for name in ("bounced", "reached", "unsent", "silent")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_sends_are_counted_over_all_addresses(people: Rows) -> None:
    assert (people["two_addresses"]["email_sent_28"], people["one_address"]["email_sent_28"]) == (10, 5)
    assert people["keen"]["engagement_last_on"] == days_ago(1)


def test_every_profile_is_in_exactly_one_cell_of_the_grid(company: SmallCompany, report: Any, people: Rows) -> None:
    cells = read(company.project, GRID, report)
    assert len(cells) == 4 * 5 * 7
    assert sum(cell["profiles"] for cell in cells) == len(people)
    assert sum(cell["share"] for cell in cells) == pytest.approx(1)


def test_coverage_and_nps_by_month(company: SmallCompany, report: Any, people: Rows) -> None:
    coverage = {row["family"]: row["profiles"] for row in read(company.project, COVERAGE, report)}
    assert coverage["nps"] == sum(row["nps_class"] != "unknown" for row in people.values())
    assert coverage["usage"] == sum(row["usage_tier"] != "none" for row in people.values())
    months = {row["month"]: row for row in read(company.project, NPS_MONTH, report)}
    assert months[date(2026, 10, 1)]["nps"] == 100.0  # the merged person's first answer
    assert months[date(2026, 11, 1)]["answered"] == 13


def test_a_day_is_one_of_the_companys_time_zone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """23:30 UTC on the 19th is the 20th in Berlin, and one day fewer ago."""
    company = SmallCompany(tmp_path_factory.mktemp("zone"), timezone="Europe/Berlin")
    company.person("late")
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    company.add(staged.NPS_RESPONSE, response_id="nps.response:late", record_id="late", score=9, at=late)
    report = measure(company.project, company.run(), company.save())
    assert read(company.project, CUSTOMER_360, report)[0]["nps_on"] == date(2026, 11, 20)


def test_what_no_source_tells_of_is_unknown_and_never_zero(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    company.lacking = {"contract", "usage_event", "email_activity"}
    company.account("a")
    company.person("p", account_id="a")
    company.answer("p", 10, AS_OF)
    report = measure(company.project, company.run(), company.save())
    (row,) = read(company.project, CUSTOMER_360, report)
    assert (row["nps_class"], row["opportunities_open"]) == ("promoter", 0)
    nobody_knows = (
        "usage_tier", "usage_active_days_28", "usage_through", "renewal_bucket", "contract_type", "contracts_live",
        "contract_auto_renews", "email_sent", "email_frequency", "engagement_through",
    )  # fmt: skip
    assert {row[name] for name in nobody_knows} == {None}
    (account,) = read(company.project, ACCOUNT_360, report)
    assert (account["nps_answered"], account["usage_active_people"], account["is_at_risk"]) == (1, None, None)
    cells = [row for row in read(company.project, GRID, report) if row["profiles"]]
    assert [(c["nps_class"], c["usage_tier"], c["renewal_bucket"]) for c in cells] == [
        ("promoter", "unknown", "unknown")
    ]
    shares = {row["family"]: row["share"] for row in read(company.project, COVERAGE, report)}
    assert (shares["nps"], shares["usage"], shares["contract"]) == (1, 0, 0)
    assert [text.split(":")[0] for text in remarks(report.counts)] == [
        "No source gives use of the product", "No source gives contracts", "No source gives email activity",
    ]  # fmt: skip
