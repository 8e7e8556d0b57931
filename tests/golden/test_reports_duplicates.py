"""The reports `duplicates` and `engagement`: records against people, machines against people."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.reports.duplicates import FIGURES_PART
from include.contracts.reports.engagement import EVIDENCE, MACHINES, MONTHS, SIGNS
from include.reports import account_stages, duplicates, engagement
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany

YESTERDAY = AS_OF - timedelta(days=1)


@pytest.fixture
def company(tmp_path: Path) -> SmallCompany:
    return SmallCompany(tmp_path)


def record(company: SmallCompany, record_id: str, part: str = "crm", kind: str = "lead", **more: Any) -> None:
    company.add(staged.PERSON_RECORD, record_id=record_id, part=part, object=kind, **more)


def figures(company: SmallCompany) -> dict[str, tuple[float, float]]:
    with report_data(company) as data:
        rows = listed(duplicates.compute(data).parts[FIGURES_PART.name])
    return {row["measured"]: (row["as_counted"], row["on_people"]) for row in rows}


def test_one_person_is_one_lead_and_one_mql_however_many_the_crm_has(company: SmallCompany):
    company.person("ann", "crm.lead:1", "crm.lead:2", "crm.contact:1")
    company.person("ben", "crm.lead:3")
    for name in ("crm.lead:1", "crm.lead:2", "crm.lead:3"):
        record(company, name)
        company.add(staged.LEAD_STEP, step_id=f"{name}/mql", record_id=name, step="mql", on_date=YESTERDAY)
    record(company, "crm.lead:4", is_deleted=True)
    record(company, "crm.contact:1", kind="contact")
    company.add(
        staged.LEAD_STEP, step_id="c", record_id="crm.lead:1", step="converted", on_date=YESTERDAY
    )  # of Ann's two leads one
    company.add(
        staged.LEAD_STEP, step_id="late", record_id="crm.lead:3", step="converted", on_date=AS_OF + timedelta(days=1)
    )
    found = figures(company)
    assert found["leads"] == (3, 2)
    assert found["mqls"] == (3, 2)
    assert found["contacts"] == (1, 1)
    assert found["conversion"] == (pytest.approx(1 / 3), pytest.approx(1 / 2))


def test_two_addresses_of_a_person_are_two_mails_to_one_and_a_machine_opens_nothing(company: SmallCompany):
    company.person("ann", "email.prospect:1", "email.prospect:2")
    for name in ("email.prospect:1", "email.prospect:2"):
        record(company, name, part="mail", kind="prospect")
        company.mail(name, "sent", YESTERDAY, mailing="news")
    company.mail("email.prospect:1", "open", YESTERDAY, mailing="news")
    company.mail("email.prospect:1", "open", YESTERDAY, mailing="news")  # twice: one mail opened
    company.mail(
        "email.prospect:2", "open", YESTERDAY, mailing="news", is_machine=True, machine_reason="prefetch_agent"
    )
    found = figures(company)
    assert found["mails_per_addressee"] == (1, 2)
    assert found["open_rate"] == (1, 0.5)
    with report_data(company) as data:
        parts = engagement.compute(data).parts
        (month,) = [r for r in listed(parts[MONTHS.name]) if (r["dimension"], r["kind"]) == ("all", "open")]
        (machine,) = listed(parts[MACHINES.name])
    assert (month["raw"], month["by_people"], month["by_machines"], month["sent"]) == (3, 2, 1, 2)
    assert (month["raw_rate"], month["true_rate"], month["month"]) == (1, 0.5, date(2026, 11, 1))
    assert (machine["machine_reason"], machine["share"]) == ("prefetch_agent", pytest.approx(1 / 3))


def test_the_same_answer_of_two_records_counts_once(company: SmallCompany):
    company.person("ann", "nps.respondent:1", "nps.respondent:2")
    company.person("ben")
    company.answer("nps.respondent:1", 10, YESTERDAY)
    company.answer("nps.respondent:2", 9, YESTERDAY - timedelta(days=3))
    company.answer("ben", 0, YESTERDAY)
    found = figures(company)
    assert found["nps"] == (pytest.approx(100 / 3), 0)
    assert found["nps_answers"] == (3, 2)


def test_what_somebody_did_beside_opening_is_a_sign_and_what_nobody_knows_is_none(company: SmallCompany):
    company.person("ann", "email.prospect:1", "usage.user:1")
    company.person("ben", "email.prospect:2")
    company.mail("email.prospect:1", "form", YESTERDAY)
    company.use("usage.user:1", YESTERDAY)
    company.mail("email.prospect:2", "open", YESTERDAY, actor="unknown")
    company.add(
        staged.CAMPAIGN_MEMBER, member_id="m", campaign_id="c", record_id="email.prospect:1", has_responded=True,
        first_responded_on=YESTERDAY,
    )  # fmt: skip
    company.add(staged.CONVERSATION, conversation_id="t", record_id="email.prospect:2", kind="chat", on_date=YESTERDAY)
    with report_data(company) as data:
        found = {row["sign"]: row["people"] for row in listed(engagement.compute(data).parts[EVIDENCE.name])}
    assert found == {"form": 1, "core_action": 1, "response": 1, "chat": 1}
    assert set(account_stages.ENGAGING) < set(SIGNS)
