"""Which accounts are at risk, and that contracts, months and the segment mean the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import CONTRACT_RENEWAL, RENEWAL_MONTH
from include.measures.step import measure
from tests.small_company import AS_OF, SmallCompany, read

Rows = Mapping[str, Mapping[str, Any]]


def customer(company: SmallCompany, name: str, *scores: int, signed: int | None = 200, uses: bool = True) -> None:
    """An account of as many people as scores, under contract for ``signed`` days, that acts daily or never."""
    company.account(name)
    for number, score in enumerate(scores or (None,)):
        person = f"{name}_{number}"
        company.person(person, account_id=name)
        if score is not None:
            company.answer(person, score, AS_OF - timedelta(days=9))
        if uses:
            company.use(person, *(AS_OF - timedelta(days=n) for n in range(90)))
    if signed is not None:
        start = AS_OF - timedelta(days=signed)
        company.contract(name, "term", start, start + timedelta(days=364), annual_value=100.0)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    company = SmallCompany(tmp_path_factory.mktemp("risk"))
    customer(company, "content", 9, 9, 8)
    customer(company, "one_detractor", 2)
    customer(company, "three_detractors", 2, 2, 2)
    customer(company, "never_used", uses=False)
    customer(company, "just_signed", signed=10, uses=False)
    customer(company, "no_contract", 1, 1, 1, signed=None)
    customer(company, "overdue", 1, 1, 1, signed=370)
    customer(company, "stopped", uses=False)
    company.use("stopped_0", *(AS_OF - timedelta(days=n) for n in range(29, 90)), times=2)
    customer(company, "few_seats")
    company.add(staged.ASSET, asset_id="crm.asset:1", account_id="few_seats", seats=11, status="Installed")
    return company


@pytest.fixture(scope="module")
def report(company: SmallCompany) -> Any:
    return measure(company.project, company.run(), company.save())


@pytest.fixture(scope="module")
def accounts(company: SmallCompany, report: Any) -> Rows:
    return {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}


@pytest.mark.parametrize(
    ("account", "is_at_risk", "reasons"),
    [
        ("content", False, None),
        ("one_detractor", False, None),  # one answer says nothing of an account
        ("three_detractors", True, "unhappy"),
        ("never_used", True, "silent"),
        ("just_signed", None, None),  # has yet to begin, and nobody was asked
        ("no_contract", None, None),  # nothing to lose
        ("overdue", True, "unhappy"),
        ("stopped", True, "declining"),  # 29 days ago: not silent yet
        ("few_seats", True, "unused"),
    ],
)
def test_who_is_at_risk_and_why(accounts: Rows, account: str, is_at_risk: bool | None, reasons: str | None) -> None:
    row = accounts[account]
    assert (row["is_at_risk"], row["risk_reasons"]) == (is_at_risk, reasons)


def test_contracts_people_and_months_mean_the_same_by_risk(company: SmallCompany, report: Any, accounts: Rows) -> None:
    contracts = [row for row in read(company.project, CONTRACT_RENEWAL, report) if row["is_live"]]
    assert len(contracts) == 8
    assert all(row["is_at_risk"] == accounts[row["account_id"]]["is_at_risk"] for row in contracts)
    for person in read(company.project, CUSTOMER_360, report):
        account = accounts[person["account_id"]]
        assert (person["account_is_at_risk"], person["account_nps_answered"]) == (
            account["is_at_risk"], account["nps_answered"],
        )  # fmt: skip
    months = read(company.project, RENEWAL_MONTH, report)
    value = sum(row["contract_value"] for row in accounts.values() if row["is_at_risk"])
    assert sum(month["value_at_risk"] for month in months) == value == 500.0


def test_without_exports_of_the_product_nobody_is_silent(tmp_path_factory: pytest.TempPathFactory) -> None:
    company = SmallCompany(tmp_path_factory.mktemp("no_product"))
    customer(company, "asked", 9, 9, 9, uses=False)
    customer(company, "unasked", uses=False)
    report = measure(company.project, company.run(), company.save())
    found = {row["account_id"]: row["is_at_risk"] for row in read(company.project, ACCOUNT_360, report)}
    assert found == {"asked": False, "unasked": None}
