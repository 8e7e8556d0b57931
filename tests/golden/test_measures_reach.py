"""What is staged can be asked: opportunities of an account, campaigns, addresses and mail of a person."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import profiles, staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.remarks import remarks
from include.measures.step import measure
from tests.small_company import AS_OF, SmallCompany, noon, read


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


CREATED = ago(90)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    company = SmallCompany(tmp_path_factory.mktemp("reach"))
    company.account("a1")
    company.account("a2")
    for child, parent in (("a3", "crm.a1"), ("a4", "a3"), ("a5", "a4"), ("b1", "b2"), ("b2", "b1"), ("b3", "b1")):
        company.account(child, parent_id=parent)
    company.add(profiles.ACCOUNT_LINK, source_account_id="crm.a1", account_id="a1", reason="crm_id")
    company.person("p3", email="dead@firm.test")
    company.add(profiles.PROFILE_IDENTIFIER, profile_id="p3", type="email", value="dead@firm.test", source="crm",
                records=1, is_primary=True, is_deliverable=False)  # fmt: skip
    company.person("p4")
    company.person("p1", "crm.contact:1", "nps.respondent:1", account_id="a1", email="Ann@GMail.com", phone="+4930123",
                   phone_consent="opted_out", city="Bonn", region="NRW",
                time_zone="Europe/Berlin", sources=2)  # fmt: skip
    company.person("p2", "crm.lead:2", account_id="a2", email="bo@firm.test")

    def opportunity(name: str, stage: str, close: date, created: date = CREATED, **more: Any) -> None:
        company.add(staged.OPPORTUNITY, opportunity_id=name, account_id="a1", stage=stage, close_date=close,
                    created_at=noon(created), **{"is_closed": False, "is_won": False, **more})  # fmt: skip

    opportunity("o1", "Proposal", ago(-30), amount=500.0)
    opportunity("o2", "Discovery", ago(-10), amount=300.0, type="Expansion")
    opportunity("o3", "Closed Won", ago(20), is_closed=True, is_won=True, amount=1000.0)
    opportunity("o4", "Closed Lost", ago(40), is_closed=True)
    opportunity("o5", "Prospecting", ago(-60), created=ago(-1))  # tomorrow's
    opportunity("o6", "Closed Won", ago(-5), is_closed=True, is_won=True, amount=50.0)  # closed later: open still
    for number, (record, campaign, day, status) in enumerate(
        [("crm.contact:1", "c1", 30, "Registered"), ("nps.respondent:1", "c1", 40, "Sent"),
         ("crm.contact:1", "c2", 50, "Attended"), ("crm.contact:1", "c2", -1, "Attended")]
    ):  # fmt: skip
        company.add(staged.CAMPAIGN_MEMBER, member_id=f"m{number}", campaign_id=campaign, record_id=record,
                    status=status, created_at=noon(ago(day)), has_responded=status == "Attended",
                    first_responded_on=ago(day) if status == "Attended" else None)  # fmt: skip
    company.add(staged.CAMPAIGN, campaign_id="c1", name="Autumn webinar")
    company.add(staged.CAMPAIGN, campaign_id="c2", name="Fair")
    for day in (200, 100, 50):
        company.mail("crm.contact:1", "sent", ago(day))
    company.mail("nps.respondent:1", "sent", ago(60))
    company.mail("crm.contact:1", "open", ago(99))
    company.mail("crm.contact:1", "open", ago(49), is_machine=True)
    company.mail("crm.contact:1", "click", ago(98))
    report = measure(company.project, company.run(), company.save())
    rows = {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}
    return rows | {row["profile_id"]: row for row in read(company.project, CUSTOMER_360, report)}


def chosen(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_open_opportunities_are_counted_and_the_first_to_close_is_shown(measured: dict[str, Any]) -> None:
    for member in ("a1", "p1"):  # a person has those of the account
        row = measured[member]
        assert chosen(row, "opportunities_open", "opportunities_open_amount") == (3, 850.0)
        assert chosen(row, "opportunity_id", "opportunity_stage", "opportunity_close_on") == (
            "o6",
            "Closed Won",
            ago(-5),
        )
    assert chosen(measured["a2"], "opportunities_open", "opportunity_stage") == (0, None)


def test_won_and_lost_are_counted_with_their_latest_day(measured: dict[str, Any]) -> None:
    row = measured["a1"]
    assert chosen(row, "opportunities_won", "opportunities_won_amount", "opportunity_won_on") == (1, 1000.0, ago(20))
    assert chosen(row, "opportunities_lost", "opportunity_lost_on") == (1, ago(40))


def test_amounts_of_several_currencies_are_not_added_up_and_it_is_told(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    won = {"stage": "Closed Won", "is_closed": True, "is_won": True, "close_date": ago(20), "created_at": noon(CREATED)}
    for account, *told in (("mixed", "EUR", "USD"), ("one", "USD", "USD"), ("own", None, None)):
        company.account(account)
        for number, currency in enumerate(told):
            company.add(staged.OPPORTUNITY, opportunity_id=f"{account}{number}", account_id=account, amount=100.0,
                        currency=currency, **won)  # fmt: skip
    report = measure(company.project, company.run(), company.save())
    rows = {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}
    assert {name: row["opportunities_won_amount"] for name, row in rows.items()} == {
        "mixed": None, "one": 200.0, "own": 200.0,
    }  # fmt: skip
    assert rows["mixed"]["opportunities_won"] == 2
    (told,) = [remark for remark in remarks(report.counts) if "currencies" in remark]
    assert told.startswith("1 account has opportunities in several currencies, which cannot be added up: its sums")


def test_campaigns_are_those_of_all_records_and_each_once(measured: dict[str, Any]) -> None:
    row = measured["p1"]
    assert chosen(row, "campaigns", "campaign_responses", "campaign_responded_on") == (2, 1, ago(50))
    assert chosen(row, "campaign_last", "campaign_last_status", "campaign_last_on") == (
        "Autumn webinar", "Registered", ago(30),
    )  # fmt: skip
    assert chosen(measured["p2"], "campaigns", "campaign_last") == (0, None)


def test_an_address_is_private_where_its_domain_is_a_providers(measured: dict[str, Any]) -> None:
    names = ("email_domain", "email_is_private", "has_phone", "phone_consent", "city", "region", "time_zone")
    assert chosen(measured["p1"], *names) == ("gmail.com", True, True, "opted_out", "Bonn", "NRW", "Europe/Berlin")
    assert chosen(measured["p2"], *names) == ("firm.test", False, False, None, None, None, None)


def test_it_is_known_which_sources_know_a_person(measured: dict[str, Any]) -> None:
    assert chosen(measured["p1"], "source_names", "identity_sources") == ("crm, nps", 2)
    assert chosen(measured["p2"], "source_names", "identity_sources") == ("crm", 1)


def test_mail_of_all_time_counts_humans_alone(measured: dict[str, Any]) -> None:
    names = ("email_sent", "email_opens", "email_clicks", "email_sent_on", "email_opened_on", "email_engaged_on")
    assert chosen(measured["p1"], *names) == (4, 1, 1, ago(50), ago(99), ago(98))
    assert chosen(measured["p2"], *names) == (0, 0, 0, None, None, None)


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("a1", (None, "a1", 0, 3)),
        ("a3", ("a1", "a1", 1, 2)),  # its parent is a source's account that stands for a1
        ("a5", ("a4", "a1", 3, 0)),
        ("a2", (None, "a2", 0, 0)),
        ("b1", (None, "b1", 0, 1)),  # b1 and b2 are each other's parents, which says nothing
        ("b2", (None, "b2", 0, 0)),
        ("b3", ("b1", "b1", 1, 0)),
    ],
)
def test_accounts_stand_in_a_hierarchy_of_any_depth(
    measured: dict[str, dict[str, Any]], account: str, told: tuple[str | None, str, int, int]
) -> None:
    names = ("parent_account_id", "top_account_id", "accounts_above", "accounts_below")
    assert tuple(measured[account][name] for name in names) == told


def test_whether_the_addresses_have_bounced_is_unknown_without_one(measured: dict[str, dict[str, Any]]) -> None:
    assert [measured[id]["email_bounced"] for id in ("p1", "p3", "p4")] == [False, True, None]
