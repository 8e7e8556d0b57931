"""The report `campaign_influence`: which touches count, how models share, and that every sum is the revenue won."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.reports.campaign_influence import CAMPAIGNS, MENDING, MODELS, OPPORTUNITIES
from include.reports import campaign_influence
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany

CLOSE = AS_OF - timedelta(days=10)


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def won(company: SmallCompany, name: str, *contacts: str, **more: Any) -> None:
    values = {"amount": 1000.0, "is_closed": True, "is_won": True, "close_date": CLOSE, "stage": "Closed Won", **more}
    company.add(staged.OPPORTUNITY, opportunity_id=name, **values)
    for contact in contacts:
        company.add(
            staged.OPPORTUNITY_CONTACT_ROLE, role_id=f"{name}-{contact}", opportunity_id=name, record_id=contact
        )


def responded(company: SmallCompany, record: str, campaign: str, days_before: int | None, **more: Any) -> None:
    day = None if days_before is None else CLOSE - timedelta(days=days_before)
    company.add(
        staged.CAMPAIGN_MEMBER, member_id=f"{record}-{campaign}-{days_before}", campaign_id=campaign, record_id=record,
        **{"has_responded": True, "first_responded_on": day, **more},
    )  # fmt: skip


def weights(company: SmallCompany, opportunity: str = "o") -> dict[str, dict[str, float]]:
    with report_data(company) as data:
        rows = listed(campaign_influence.compute(data).parts[OPPORTUNITIES.name])
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["opportunity_id"] == opportunity:
            found[row["model"]][row["campaign_id"]] = pytest.approx(row["weight"])
    return found


def test_five_models_share_the_touches_before_the_close(company: SmallCompany):
    company.person("p", "contact")
    won(company, "o", "contact", campaign_id="web")
    for campaign, days in (("fair", 90), ("web", 60), ("mail", 30), ("call", 0)):
        responded(company, "contact", campaign, days)
    responded(company, "contact", "after", -1)
    found = weights(company)
    assert found["first_touch"] == {"fair": 1}
    assert found["last_touch"] == {"call": 1}
    assert found["even"] == {"fair": 0.25, "web": 0.25, "mail": 0.25, "call": 0.25}
    assert found["u_shaped"] == {"fair": 0.4, "web": 0.1, "mail": 0.1, "call": 0.4}
    assert found["time_decay"] == {"fair": 1 / 15, "web": 2 / 15, "mail": 4 / 15, "call": 8 / 15}
    assert found["primary_campaign"] == {"web": 1}


def test_a_response_of_the_same_person_as_a_lead_counts_and_of_a_colleague_without_a_role_does_not(
    company: SmallCompany,
):
    company.person("p", "contact", "lead")
    company.person("q", "colleague")
    won(company, "o", "contact")
    responded(company, "lead", "fair", 90)
    responded(company, "contact", "fair", 10)  # again: of a campaign the first one counts
    responded(company, "colleague", "mail", 5)
    found = weights(company)
    assert found["last_touch"] == found["even"] == found["u_shaped"] == {"fair": 1}


def test_touches_of_one_day_share_alike(company: SmallCompany):
    company.person("p", "contact")
    won(company, "o", "contact")
    for campaign in ("a", "b"):
        responded(company, "contact", campaign, 20)
    responded(company, "contact", "c", 10)
    found = weights(company)
    assert found["first_touch"] == {"a": 0.5, "b": 0.5}
    assert found["u_shaped"] == {"a": 0.25, "b": 0.25, "c": 0.5}


def test_what_nobody_can_say_is_unattributed_and_every_model_sums_to_the_revenue_in_each_currency(
    company: SmallCompany,
):
    company.person("p", "contact")
    company.add(staged.CAMPAIGN, campaign_id="fair", name="The fair")
    won(company, "o", "contact")
    responded(company, "contact", "fair", 10)
    responded(company, "contact", "undated", None)
    responded(company, "contact", "sent", 10, has_responded=False)
    won(company, "roles-only", "stranger", amount=300.0)
    won(company, "bare", amount=200.0, owner_id="005A")
    won(company, "euro", amount=50.0, currency="EUR", owner_id="005A")
    won(company, "no-amount", amount=None)
    won(company, "no-close", close_date=None)
    won(company, "tomorrow", close_date=AS_OF + timedelta(days=1))
    won(company, "lost", is_won=False)
    with report_data(company) as data:
        found = campaign_influence.compute(data)
        rows, owners = listed(found.parts[CAMPAIGNS.name]), listed(found.parts[MENDING.name])
        coverage = {row["subject"]: (row["judged"], row["total"]) for row in listed(found.coverage)}
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        sums[row["model"], row["currency"]] += row["amount"]
    assert sums == {(model, c): pytest.approx(s) for model in MODELS for c, s in (("company", 1500), ("EUR", 50))}
    even = {
        row["campaign_name"]: row["amount"] for row in rows if (row["model"], row["currency"]) == ("even", "company")
    }
    assert even == {"The fair": 1000, "unattributed": 500}
    assert next(r for r in owners if (r["owner_id"], r["currency"]) == ("005A", "EUR"))["without_roles"] == 1
    assert coverage["won opportunities with amount and close date"] == (4, 6)
    assert coverage["responses with a day"] == (1, 2)


def test_of_every_opportunity_and_model_the_shares_sum_to_one(company: SmallCompany):
    for n in range(30):
        company.person(f"p{n}", f"contact{n}", f"lead{n}")
        for k in range(n % 5):
            responded(company, f"contact{n}" if k % 2 else f"lead{n}", f"c{(n + k) % 7}", (n * k) % 40)
        won(company, f"o{n}", f"contact{n}", f"contact{(n + 7) % 30}", amount=10.0 * n, campaign_id=f"c{n % 3}")
    with report_data(company) as data:
        rows = listed(campaign_influence.compute(data).parts[OPPORTUNITIES.name])
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        sums[row["opportunity_id"], row["model"]] += row["weight"]
    assert set(sums) == {(f"o{n}", model) for n in range(30) for model in MODELS}
    assert all(total == pytest.approx(1) for total in sums.values())


def test_a_credit_note_takes_its_share_back_and_stops_nothing(company: SmallCompany):
    company.person("p", "contact")
    for campaign in ("a", "b"):
        responded(company, "contact", campaign, 10)
    won(company, "o", "contact", amount=1000.0)
    won(company, "note", amount=-400.0)
    with report_data(company) as data:
        found = campaign_influence.compute(data).parts[CAMPAIGNS.name]
        rows = listed(found)
        written = data.engine.write(CAMPAIGNS.table, found, version="v")
    even = {row["campaign_id"]: (row["amount"], row["share"]) for row in rows if row["model"] == "even"}
    assert even == {"a": (500, 500 / 600), "b": (500, 500 / 600), "unattributed": (-400, pytest.approx(-400 / 600))}
    assert written.rows == len(rows)
