"""Who gets too much email, by what as many emails lead to in this company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts.measures import CUSTOMER_360
from include.contracts.metrics import EMAIL_CURVE
from include.contracts.segments import SEGMENT
from include.measures.step import measure
from include.segments.step import segment
from tests.small_company import AS_OF, SmallCompany, read

Rows = Mapping[str, Mapping[str, Any]]


def mailed(company: SmallCompany, record: str, sent: int, opened: int = 0, **opening: Any) -> None:
    """So many emails to a record, one a day, the latest of them opened."""
    for number in range(sent):
        day = AS_OF - timedelta(days=number + 1)
        company.mail(record, "sent", day, mailing=f"mail:{number}")
        if number < opened:
            company.mail(record, "open", day, mailing=f"mail:{number}", **opening)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SmallCompany:
    company = SmallCompany(tmp_path_factory.mktemp("frequency"))
    for number in range(200):  # this company's people open three of ten
        company.person(f"usual_{number}")
        mailed(company, f"usual_{number}", 10, 3)
    for person, sent, opened in (
        ("silent", 12, 0), ("silent_for_a_while", 5, 0), ("keen", 6, 6), ("keen_on_many", 30, 30), ("new", 4, 4),
    ):  # fmt: skip
        company.person(person)
        mailed(company, person, sent, opened)
    company.person("opened_by_machines")
    mailed(company, "opened_by_machines", 12, 12, is_machine=True)
    company.person("two_addresses", "email.prospect:1", "email.prospect:2")
    mailed(company, "email.prospect:1", 6)
    mailed(company, "email.prospect:2", 6)
    company.person("left")
    mailed(company, "left", 12)
    company.mail("left", "unsubscribe", AS_OF - timedelta(days=1))
    company.person("opted_out", email_consent="opted_out")
    company.person("never_mailed")
    return company


@pytest.fixture(scope="module")
def report(company: SmallCompany) -> Any:
    return measure(company.project, company.run(), company.save())


@pytest.fixture(scope="module")
def people(company: SmallCompany, report: Any) -> Rows:
    return {row["profile_id"]: row for row in read(company.project, CUSTOMER_360, report)}


@pytest.mark.parametrize(
    ("person", "frequency"),
    [
        ("usual_0", "on_target"),
        ("silent", "saturated"),  # of twelve, others open four
        ("silent_for_a_while", "insufficient_data"),  # none of five may be chance
        ("two_addresses", "saturated"),  # six to each of two addresses are twelve
        ("opened_by_machines", "saturated"),  # machines are no readers
        ("keen", "undersaturated"),
        ("keen_on_many", "on_target"),  # opens all, and gets more than others already
        ("new", "insufficient_data"),
        ("never_mailed", "insufficient_data"),
        ("left", "unsubscribed"),
        ("opted_out", "unsubscribed"),
    ],
)
def test_who_gets_too_much_email(people: Rows, person: str, frequency: str) -> None:
    assert people[person]["email_frequency"] == frequency


def test_nobody_is_on_target_who_never_opened_anything(people: Rows) -> None:
    on_target = [row for row in people.values() if row["email_frequency"] == "on_target"]
    assert on_target
    assert all(row["email_engaged_90"] > 0 for row in on_target)


def test_what_is_expected_is_the_companys_own_curve(company: SmallCompany, report: Any, people: Rows) -> None:
    curve = {row["sent_from"]: row for row in read(company.project, EMAIL_CURVE, report)}
    assert (curve[10]["sent_to"], curve[10]["people"], curve[10]["engaged"], curve[10]["unsubscribed"]) == (
        14, 204, 600, 1,
    )  # fmt: skip
    assert sum(row["sent"] for row in curve.values()) == sum(row["email_sent_90"] for row in people.values())
    assert people["silent"]["email_expected_90"] == pytest.approx(12 * curve[10]["engaged_rate"])
    assert curve[10]["engaged_rate"] == pytest.approx(0.3, abs=0.02)


def test_a_segment_of_opens_says_how_many_could_not_be_judged(tmp_path: Path) -> None:
    company = SmallCompany(tmp_path)
    for person, opening in (("read", {}), ("unclear", {"actor": "unknown"}), ("fetched", {"is_machine": True})):
        company.person(person)
        mailed(company, person, 4, 1, **opening)
    refs = company.save()
    refs |= {ref.dataset: ref for ref in measure(company.project, company.run(), refs).writes}
    rows = read(company.project, SEGMENT, segment(company.project, company.run(), refs))
    found = {row["segment_key"]: row["opens_unknown"] for row in rows}
    assert found["saturated"] == pytest.approx(1 / 3)
    assert found["outreach_grow"] == pytest.approx(1 / 3)  # as it leaves the saturated out
    assert found["lapsed"] is None
