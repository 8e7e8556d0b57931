"""The reports `account_stages` and `sales_alerts`: one stage an account from the bottom up, one alert a week."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.errors import ConfigurationError
from include.contracts.reports.account_stages import ACCOUNTS, GROUPS, PILLARS_PART, SUMMARY, TRANSITIONS
from include.contracts.reports.sales_alerts import ALERTS_PART
from include.contracts.runs import DatasetRef
from include.contracts.settings import ROOT
from include.measures.step import measure
from include.reports import account_stages, sales_alerts
from include.reports.settings import read_settings
from include.reports.step import open_data, report
from tests.report_data import listed
from tests.small_company import AS_OF, SmallCompany, noon, publish

MONDAY = AS_OF - timedelta(days=AS_OF.weekday())


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


@contextmanager
def measured(company: SmallCompany, as_of: date = AS_OF) -> Iterator[Any]:
    refs: dict[str, DatasetRef] = company.save()
    refs |= publish(company.project, measure(company.project, company.run(as_of), refs))
    with company.project.engine() as engine:
        yield open_data(company.project, engine, company.run(as_of), refs)


def target(company: SmallCompany, account_id: str, **more: Any) -> None:
    """An account that fits and has somebody who is interested."""
    company.account(account_id, **{"employees": 500, "owner_id": "005A", **more})
    person(company, account_id, "first", date(2026, 1, 10))


def person(company: SmallCompany, account_id: str, name: str, day: date | None = None, **more: Any) -> str:
    key = f"{account_id}-{name}"
    seen = {"first_seen_at": noon(date(2025, 1, 1))} | more
    company.person(key, account_id=account_id, **seen)
    if day is not None:
        company.mail(key, "click", day, mailing="news")
    return key


def opportunity(company: SmallCompany, account_id: str, stage: str, **more: Any) -> str:
    name = f"crm.opportunity:{account_id}-{len(company.rows.get(staged.OPPORTUNITY, []))}"
    values = {"is_closed": False, "is_won": False, "created_at": noon(date(2026, 10, 1)), **more}
    company.add(staged.OPPORTUNITY, opportunity_id=name, account_id=account_id, stage=stage, **values)
    return name


def stages(company: SmallCompany) -> dict[str, tuple[str, str]]:
    with measured(company) as data:
        rows = listed(account_stages.compute(data).parts[ACCOUNTS.name])
    return {row["account_id"]: (row["stage"], row["pillar"]) for row in rows}


def test_an_account_stands_in_the_last_stage_that_holds_and_the_crm_beats_activity(company: SmallCompany):
    company.account("small", employees=2)
    company.account("unknown")
    target(company, "target")
    for name in ("engaged", "opened"):
        target(company, name)
        for number in range(2):
            person(company, name, str(number), AS_OF - timedelta(days=3))
    target(company, "looked")
    for number in range(2):
        company.mail(person(company, "looked", str(number)), "open", AS_OF - timedelta(days=3))  # opens carry nothing
    opportunity(company, "opened", "Qualification")
    company.account("late")
    opportunity(company, "late", "Negotiation/Review")
    company.account("customer")
    company.contract("customer", "term", date(2026, 1, 1), date(2027, 12, 31))
    company.account("more")
    company.contract("more", "term", date(2026, 1, 1), AS_OF + timedelta(days=60))
    opportunity(company, "more", "Prospecting", type="Renewal")
    company.account("gone")
    company.contract("gone", "term", date(2025, 1, 1), date(2025, 12, 31))
    opportunity(company, "gone", "Closed Lost", is_closed=True, close_date=date(2026, 1, 1))
    assert stages(company) == {
        "small": ("untargeted", "none"), "unknown": ("untargeted", "none"), "gone": ("untargeted", "none"),
        "target": ("target", "new_business"), "looked": ("target", "new_business"),
        "engaged": ("engaged", "new_business"), "opened": ("opportunity", "new_business"),
        "late": ("pipeline", "pipeline_acceleration"), "customer": ("customer", "expansion"),
        "more": ("retention_expansion", "retention"),
    }  # fmt: skip


def test_moves_and_dwell_are_from_our_own_history_and_what_stood_before_it_is_not_guessed(company: SmallCompany):
    days = [AS_OF, AS_OF + timedelta(days=10), AS_OF + timedelta(days=40)]
    company.account("a")
    opportunity(company, "a", "Prospecting")
    told = reported(company, days[0])
    company.rows[staged.OPPORTUNITY][0]["stage"] = "Negotiation/Review"
    told = reported(company, days[1])
    company.contract("a", "term", days[2] - timedelta(days=1), date(2028, 1, 1), annual_value=900.0)
    company.rows[staged.OPPORTUNITY][0].update(is_closed=True, is_won=True, close_date=days[2])
    told = reported(company, days[2])
    assert reported(company, days[2]).writes == told.writes  # a second run of a day knows no more than the first
    moves = {(r["from_stage"], r["to_stage"]): r for r in rows(company, TRANSITIONS, told)}
    assert set(moves) == {("opportunity", "pipeline"), ("pipeline", "customer")}
    assert moves["opportunity", "pipeline"]["median_days"] is None  # when it began was not seen
    assert moves["pipeline", "customer"]["median_days"] == 30
    assert moves["opportunity", "pipeline"]["moves_28"] == 0
    (customer,) = [row for row in rows(company, SUMMARY, told) if row["stage"] == "customer"]
    assert (customer["accounts"], customer["entered"], customer["value"], customer["median_days"]) == (1, 1, 900, 0)
    pillars = {row["pillar"]: row for row in rows(company, PILLARS_PART, told)}
    assert [(n, pillars[n]["accounts_before"], pillars[n]["accounts"], pillars[n]["came"], pillars[n]["went"])
            for n in ("pipeline_acceleration", "expansion")] == [
        ("pipeline_acceleration", 1, 0, 0, 1), ("expansion", 0, 1, 1, 0),
    ]  # fmt: skip


def reported(company: SmallCompany, as_of: date) -> Any:
    refs: dict[str, DatasetRef] = company.save()
    refs |= publish(company.project, measure(company.project, company.run(as_of), refs))
    told = report(company.project, company.run(as_of), refs)
    publish(company.project, told)
    return told


def rows(company: SmallCompany, part: Any, told: Any) -> list[dict[str, Any]]:
    (ref,) = [ref for ref in told.writes if ref.dataset == part.name]
    with company.project.engine() as engine:
        found: list[dict[str, Any]] = engine.read(part.table, ref).to_pyarrow().to_pylist()
    return found


def test_who_is_missing_from_a_buying_group_is_told(company: SmallCompany):
    company.account("a")
    deal = opportunity(company, "a", "Prospecting")
    for name, role, day in (("x", "Decision Maker", AS_OF), ("y", "Evaluator", None), ("z", None, AS_OF)):
        key = person(company, "a", name, day)
        if role:
            company.add(staged.OPPORTUNITY_CONTACT_ROLE, role_id=name, opportunity_id=deal, record_id=key, role=role)
    with measured(company) as data:
        (row,) = listed(account_stages.compute(data).parts[GROUPS.name])
    assert (row["people"], row["engaged_people"], row["roles_known"], row["roles_engaged"]) == (3, 2, 2, 1)
    assert "economic buyer" in json.loads(row["roles_missing"])
    assert "decision maker" not in json.loads(row["roles_missing"])


def alerts(company: SmallCompany) -> dict[tuple[str, str], dict[str, Any]]:
    with measured(company) as data:
        found = listed(sales_alerts.compute(data).parts[ALERTS_PART.name])
    assert len({row["alert_id"] for row in found}) == len(found)
    return {(row["account_id"], row["alert"]): row for row in found}


def test_several_forms_of_one_week_are_one_alert_with_all_who_sent_them_and_their_evidence(company: SmallCompany):
    company.account("a", owner_id="005B")
    for name in ("x", "y"):
        key = person(company, "a", name)
        company.mail(key, "form", MONDAY)
        company.mail(key, "form", MONDAY + timedelta(days=1))
    company.mail(person(company, "a", "z"), "form", MONDAY - timedelta(days=60))
    found = alerts(company)
    assert set(found) == {("a", "hand_raise")}
    row = found["a", "hand_raise"]
    assert (row["people"], row["window_on"], row["owner_id"]) == (2, MONDAY, "005B")
    assert json.loads(row["who"]) == ["a-x", "a-y"] and len(json.loads(row["evidence"])) == 2
    assert row["what"] == "2 people raised a hand."


def test_a_surge_is_of_a_target_and_beyond_what_is_usual_there(company: SmallCompany):
    for account in ("new", "always"):
        target(company, account)
        for number in range(4):
            key = person(company, account, str(number), MONDAY)
            for week in range(1, 9) if account == "always" else ():
                company.mail(key, "click", MONDAY - timedelta(days=7 * week), mailing=f"news {week}")
    company.account("other", employees=2)
    for number in range(4):
        person(company, "other", str(number), MONDAY)
    assert [key for key in alerts(company) if key[1] == "surge"] == [("new", "surge")]


def test_a_new_person_at_a_target_and_a_champion_gone_quiet(company: SmallCompany):
    target(company, "t")
    person(company, "t", "new", first_seen_at=noon(MONDAY))
    company.account("c", owner_id="005A")
    company.contract("c", "term", date(2026, 1, 1), date(2027, 12, 31))
    deal = opportunity(company, "c", "Closed Won", is_closed=True, is_won=True, close_date=date(2026, 1, 1))
    champion = person(company, "c", "champion", AS_OF - timedelta(days=31))
    person(company, "c", "colleague", AS_OF - timedelta(days=31))
    role = {"role_id": "r", "opportunity_id": deal, "record_id": champion, "role": "Decision Maker"}
    company.add(staged.OPPORTUNITY_CONTACT_ROLE, **role)
    found = alerts(company)
    assert set(found) == {("t", "new_person"), ("c", "champion_quiet")}
    assert json.loads(found["c", "champion_quiet"]["who"]) == ["c-champion"]


def test_a_criterion_that_names_no_measure_is_refused_with_the_nearest(tmp_path: Path):
    (tmp_path / "reports.yaml").write_text("account_stages: {fit: employes > 20}\n")
    with pytest.raises(ConfigurationError, match=r"'employes' is no measure of an account \(did you mean 'employees'"):
        read_settings(tmp_path)
    assert read_settings(ROOT / "include" / "config").account_stages.fit
