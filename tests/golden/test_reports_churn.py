"""The ledger of contract movements and what follows from it: one account an example of a trap."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.reports import churn, contracts, due, warnings
from include.reports.data import Data
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def day(months: int, of_month: int = 1) -> date:
    """A day so many months before November 2026."""
    month = 2026 * 12 + 10 - months
    return date(month // 12, month % 12 + 1, of_month)


def moved(company: SmallCompany, as_of: date = AS_OF) -> list[tuple[Any, ...]]:
    """(account, month, movement, before, after) of the company's ledger."""
    with report_data(company, as_of) as data:
        _, ledger = churn.movements(data, contracts.spans(data))
        rows = listed(ledger, "account_id", "month")
    names = ("account_id", "month", "movement", "value_before", "value_after")
    return [tuple(row[name] for name in names) for row in rows]


def retained(company: SmallCompany, month: date) -> dict[str, Any]:
    """The row of one month, over all accounts."""
    with report_data(company) as data:
        (row,) = [row for row in retention_of(data) if row["month"] == month]
    return row


def retention_of(data: Data) -> list[dict[str, Any]]:
    spans = contracts.spans(data)
    states, ledger = churn.movements(data, spans)
    groups = data.sql("SELECT DISTINCT account_id, 'all' AS dimension, 'all' AS category FROM {spans}", spans=spans)
    return listed(churn.retention(data, states, ledger, groups), "month")


def test_a_contract_that_another_replaces_goes_on_in_it_and_its_value_is_not_counted_twice(company: SmallCompany):
    company.contract("early", "term", day(16), day(2, 28), annual_value=100.0)
    company.contract("early", "term", day(4), day(-8), annual_value=120.0)  # signed while the first still runs
    company.contract("late", "term", day(16), day(4, 28), annual_value=100.0)
    company.contract("late", "term", day(3, 20), day(-8), annual_value=80.0)  # begun three weeks after its end
    assert moved(company) == [
        ("early", day(16), "new", 0, 100), ("early", day(4), "expansion", 100, 120),
        ("late", day(16), "new", 0, 100), ("late", day(3), "contraction", 100, 80),
    ]  # fmt: skip


def test_who_went_and_came_back_is_a_churn_and_a_reactivation_never_an_expansion(company: SmallCompany):
    company.contract("back", "term", day(20), day(9, 28), annual_value=100.0)
    company.contract("back", "term", day(3), day(-9), annual_value=900.0)
    assert moved(company) == [
        ("back", day(20), "new", 0, 100), ("back", day(8), "churn", 100, 0), ("back", day(3), "reactivation", 0, 900),
    ]  # fmt: skip
    (last,) = [retained(company, day(1))]
    assert (last["grr"], last["nrr"], last["logo_retention"]) == (0, 0, 0)


def test_new_accounts_are_in_neither_retention_and_more_value_only_in_the_net_one(company: SmallCompany):
    company.contract("stays", "term", day(20), day(10, 28), annual_value=100.0)
    company.contract("stays", "term", day(9), day(-3), annual_value=150.0)
    company.contract("less", "term", day(20), day(10, 28), annual_value=100.0)
    company.contract("less", "term", day(9), day(-3), annual_value=60.0)
    company.contract("gone", "term", day(20), day(10, 28), annual_value=50.0)
    company.contract("new", "term", day(5), day(-7), annual_value=1000.0)
    last = retained(company, day(1))
    assert last["base_accounts"] == 3
    assert last["grr"] == pytest.approx((100 + 60) / 250, abs=1e-6)
    assert last["nrr"] == pytest.approx((150 + 60) / 250, abs=1e-6)
    assert last["logo_retention"] == pytest.approx(2 / 3, abs=1e-6)
    assert last["end_value"] == 150 + 60 + 1000


@pytest.mark.parametrize(
    ("terms", "ends"),
    [
        ({"contract_type": "auto_renew", "end": day(6, 28), "term_months": 12}, None),
        ({"contract_type": "evergreen", "end": None}, None),
        ({"contract_type": "month_to_month", "end": day(6, 28), "auto_renew": True}, None),
        ({"contract_type": "term", "end": AS_OF - timedelta(days=30)}, None),  # undecided: it may be renewed late
        ({"contract_type": "term", "end": AS_OF - timedelta(days=31)}, AS_OF - timedelta(days=31)),
        ({"contract_type": "term", "end": AS_OF - timedelta(days=5), "status": "expired"}, AS_OF - timedelta(days=5)),
        ({"contract_type": "auto_renew", "end": day(6, 28), "status": "cancelled"}, day(6, 28)),
        ({"contract_type": "multi_year", "end": date(2024, 2, 29)}, date(2024, 2, 29)),
    ],
    ids=[
        "renews itself",
        "evergreen",
        "month to month",
        "within grace",
        "past grace",
        "closed",
        "notice given",
        "leap",
    ],
)
def test_until_when_a_contract_goes_on(company: SmallCompany, terms: dict[str, Any], ends: date | None):
    company.contract("a", terms.pop("contract_type"), date(2022, 3, 1), terms.pop("end"), **terms)
    with report_data(company) as data:
        (span,) = listed(contracts.spans(data))
    assert span["until"] == ends


def test_what_ended_on_no_known_day_is_in_no_month_and_counted(company: SmallCompany):
    company.contract("a", "evergreen", day(20), None, status="cancelled", annual_value=100.0)
    company.contract("b", "term", day(20), day(-4), annual_value=None)
    with report_data(company) as data:
        assert [row["account_id"] for row in listed(contracts.spans(data))] == ["b"]
        rows = {row["subject"]: (row["judged"], row["total"]) for row in listed(churn.compute(data).coverage)}
    assert rows["contracts"] == (1, 2)
    assert rows["contracts with a value"] == (1, 2)


def test_each_contract_that_is_due_has_one_decision(company: SmallCompany):
    near, far = AS_OF + timedelta(days=40), AS_OF + timedelta(days=110)
    for account, end in (("missing", near), ("open", near), ("lost", near), ("later", far), ("signed", near)):
        company.account(account, owner_id="005A")
        company.contract(account, "term", date(2025, 1, 1), end, annual_value=10.0)
    company.account("auto")
    company.contract("auto", "auto_renew", date(2025, 1, 1), near, annual_value=10.0)
    company.account("overdue")
    company.contract("overdue", "term", date(2025, 1, 1), AS_OF - timedelta(days=10), annual_value=10.0)
    company.contract("signed", "term", near + timedelta(days=1), near + timedelta(days=300), annual_value=10.0)
    for account, closed in (("open", False), ("lost", True)):
        company.add(
            staged.OPPORTUNITY, opportunity_id=f"crm.opportunity:{account}", account_id=account, type="Renewal",
            stage="x", is_closed=closed, is_won=False, close_date=near if not closed else AS_OF,
        )  # fmt: skip
    with report_data(company) as data:
        renewals = due.all_due(data, contracts.spans(data))
        decided = {row["account_id"]: row["decision"] for row in listed(renewals)}
        unworked = [row["account_id"] for row in listed(due.missing(data, renewals), "account_id")]
        months = listed(due.by_month(data, renewals))
    assert decided == {
        "missing": "missing", "open": "open", "lost": "lost", "later": "later", "signed": "renewed",
        "auto": "automatic", "overdue": "missing",
    }  # fmt: skip
    assert unworked == ["missing", "overdue"]
    assert sum(row["contracts"] for row in months) == len(decided)


def test_what_foretells_losses_with_a_known_strength_is_found_with_it_and_what_foretells_none_is_not(
    company: SmallCompany,
):
    """Of accounts whose people are unhappy 60 in 100 are lost, of others 20: three times as many."""
    for n in range(400):
        account, end = f"a{n}", AS_OF - timedelta(days=60 + n % 300)
        unhappy, number = n % 2 == 0, n // 2 % 100
        company.account(account)
        company.person(f"p{n}", account_id=account)
        company.answer(f"p{n}", 2 if unhappy else 9, end - timedelta(days=90))
        company.contract(account, "term", end - timedelta(days=364), end)
        if number >= (60 if unhappy else 20):
            company.contract(account, "term", end + timedelta(days=1), end + timedelta(days=365))
        if n % 3:
            company.use(f"p{n}", end - timedelta(days=40), times=12)
    with report_data(company) as data:
        found = warnings.measured(data, contracts.spans(data))
        shown = listed(found.better)
    assert {(row["signal"], row["lead_days"]) for row in shown} == {("nps_negative", lead) for lead in (14, 30, 45, 60)}
    assert all(row["ratio_low"] < 3 < row["ratio_high"] for row in shown)
    assert [row["risk_ratio"] for row in shown] == [pytest.approx(3)] * 4


def seen(company: SmallCompany, signal: str, lead: int = 30) -> tuple[int, int, int, int]:
    """Contracts with the signal, lost ones of them, contracts without it, lost ones of them."""
    with report_data(company) as data:
        counts = {(row["signal"], row["lead_days"]): row for row in warnings.counted(data, contracts.spans(data))}
    row = counts[signal, lead]
    return row["with_signal"], row["lost_with"], row["without_signal"], row["lost_without"]


def test_a_champion_left_who_had_a_role_in_a_won_opportunity_and_went_in_the_months_before(company: SmallCompany):
    end = AS_OF - timedelta(days=60)
    for account, days in (("gone", 40), ("too late", 20), ("long ago", 300), ("stays", None)):
        company.account(account)
        company.person(f"{account} p", account_id=account)
        company.contract(account, "term", end - timedelta(days=364), end)
        deal = {"is_closed": True, "is_won": True, "close_date": end - timedelta(days=400), "stage": "Won"}
        company.add(staged.OPPORTUNITY, opportunity_id=account, account_id=account, **deal)
        company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id=account, opportunity_id=account, record_id=f"{account} p")
        if days:
            left = {"departure_id": account, "record_id": f"{account} p", "account_id": account}
            company.add(staged.DEPARTURE, on_date=end - timedelta(days=days), **left)
    company.account("no champion")
    company.contract("no champion", "term", end - timedelta(days=364), end)
    assert seen(company, "champion_left") == (1, 1, 3, 3)


def test_an_account_fell_silent_that_spoke_with_us_before_and_of_others_nobody_knows(company: SmallCompany):
    end = AS_OF - timedelta(days=60)
    for account, days in (("silent", 200), ("speaks", 40), ("never spoke", None)):
        company.account(account)
        company.person(f"{account} p", account_id=account)
        company.contract(account, "term", end - timedelta(days=364), end)
        if days:
            company.add(
                staged.CONVERSATION, conversation_id=account, record_id=f"{account} p", kind="call",
                on_date=end - timedelta(days=days),
            )  # fmt: skip
    assert seen(company, "silence") == (1, 1, 1, 1)
