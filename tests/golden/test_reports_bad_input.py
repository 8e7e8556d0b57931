"""What reports do with rows that lack something: it is in no figure, counted, and never guessed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.contracts import staged
from include.contracts.errors import ConfigurationError
from include.contracts.reports.campaign_influence import CAMPAIGNS
from include.contracts.reports.churn import MISSING, RENEWALS
from include.contracts.reports.funnel import PEOPLE
from include.contracts.settings import ROOT
from include.reports import campaign_influence, churn, funnel
from include.reports.settings import read_settings
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany, noon


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def computed(company: SmallCompany, report: Any, part: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with report_data(company) as data:
        found = report.compute(data)
        rows = listed(found.parts[part.name])
        coverage = {row["subject"]: (row["judged"], row["total"]) for row in listed(found.coverage)}
    return rows, coverage


@pytest.mark.parametrize("setting", ["funnel.fit", "funnel.interest", "account_stages.intent"])
def test_a_criterion_that_names_an_unknown_measure_is_refused_with_its_place(tmp_path: Path, setting: str):
    section, name = setting.split(".")
    settings = yaml.safe_load((ROOT / "include" / "config" / "reports.yaml").read_text("utf-8"))
    settings[section][name] = "shoe_size > 40"
    (tmp_path / "reports.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(ConfigurationError, match=r"shoe_size.* is no measure of"):
        read_settings(tmp_path)


def test_a_won_opportunity_without_amount_currency_or_close_is_counted_and_no_revenue(company: SmallCompany):
    company.person("p")
    deals: dict[str, dict[str, Any]] = {
        "whole": {"amount": 100.0, "currency": "EUR", "close_date": AS_OF},
        "no amount": {"currency": "EUR", "close_date": AS_OF},
        "no currency": {"amount": 10.0, "close_date": AS_OF},
        "no close": {"amount": 1.0, "currency": "EUR"},
    }
    for name, values in deals.items():
        deal = {"stage": "Won", "is_closed": True, "is_won": True, "created_at": noon(date(2026, 1, 1)), **values}
        company.add(staged.OPPORTUNITY, opportunity_id=name, **deal)
    company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id="r", opportunity_id="no close", record_id="p")
    company.add(staged.LEAD_STEP, step_id="s", record_id="p", step="mql", on_date=date(2026, 1, 1))
    rows, coverage = computed(company, campaign_influence, CAMPAIGNS)
    assert {(r["currency"], r["amount"]) for r in rows if r["model"] == "even"} == {("EUR", 100), ("company", 10)}
    assert coverage["won opportunities with amount and close date"] == (2, 4)
    assert coverage["won opportunities with a currency"] == (1, 2)
    people, coverage = computed(company, funnel, PEOPLE)
    assert {row["stage"] for row in people} == {"mql", "opportunity"}
    assert coverage["won opportunities with a day of close"] == (3, 4)


def test_a_renewal_without_a_close_is_held_against_no_contract_and_counted(company: SmallCompany):
    company.account("a")
    company.contract("a", "term", date(2026, 1, 1), date(2026, 12, 31))
    values = {"account_id": "a", "type": "Renewal", "stage": "x", "is_closed": False, "is_won": False}
    company.add(staged.OPPORTUNITY, opportunity_id="o", **values)
    rows, coverage = computed(company, churn, MISSING)
    assert [row["account_id"] for row in rows] == ["a"]
    assert coverage["renewal opportunities with account and day of close"] == (0, 1)


def test_a_campaign_member_without_a_day_is_a_touch_of_nothing_and_counted(company: SmallCompany):
    company.person("p")
    deal = {"stage": "Won", "is_closed": True, "is_won": True, "close_date": AS_OF, "amount": 100.0}
    company.add(staged.OPPORTUNITY, opportunity_id="o", **deal)
    company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id="r", opportunity_id="o", record_id="p")
    company.add(staged.CAMPAIGN_MEMBER, member_id="m", campaign_id="c", record_id="p", has_responded=True)
    rows, coverage = computed(company, campaign_influence, CAMPAIGNS)
    assert {row["campaign_id"] for row in rows} == {"unattributed"}
    assert coverage["responses with a day"] == (0, 1)


def test_where_no_opportunity_is_called_a_renewal_none_is_missing_for_nobody_can_say(company: SmallCompany):
    company.account("a")
    company.contract("a", "term", date(2026, 1, 1), AS_OF + timedelta(days=40))
    values = {"account_id": "a", "type": "existingbusiness", "stage": "x", "is_closed": False, "is_won": False}
    company.add(staged.OPPORTUNITY, opportunity_id="o", close_date=AS_OF + timedelta(days=40), **values)
    with report_data(company) as data:
        found = churn.compute(data)
        assert listed(found.parts[MISSING.name]) == []
        assert [row["decision"] for row in listed(found.parts[RENEWALS.name])] == ["not_told"]
