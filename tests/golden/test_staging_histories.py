"""What the CRM's histories and tasks, and the survey tool's people, become."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.export_files import Company


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def change(number: int, field: str, new: str, day: str, *, old: str = "", lead: str = "00QA") -> dict[str, str]:
    """A row of LeadHistory.csv."""
    when = f"{day}T10:00:0{number}.000Z"
    return {"Id": f"017{number}", "LeadId": lead, "Field": field, "OldValue": old, "NewValue": new, "CreatedDate": when}


def test_a_lead_takes_its_steps_from_its_days_and_from_its_history_and_each_once(company: Company) -> None:
    company.write(
        "lead",
        {"Id": "00QA", "OwnerId": "005A", "MQL_Date__c": "2026-03-01", "Rejected_Date__c": "2026-03-09",
         "SQL_Date__c": "", "Recycled_Date__c": ""},
        {"Id": "00QB", "IsDeleted": "true", "MQL_Date__c": "2026-03-01", "Rejected_Date__c": ""},
    )  # fmt: skip
    company.write(
        "lead_history",
        change(1, "Status", "Working - Contacted", "2026-03-04"),
        change(2, "Status", "Rejected", "2026-03-09"),  # the day of the lead itself says so too
        change(3, "Status_Reason__c", "No need", "2026-03-09"),
        change(4, "Status_Reason__c", "No budget", "2026-03-09", old="No need"),
        change(5, "Status", "Rejected", "2026-02-01"),  # the lead itself knows the last time only
        change(6, "Rating", "Hot", "2026-03-09"),
        change(7, "Status", "Working - Contacted", "2026-03-04", lead="00QB"),
    )
    report = company.stage()
    steps = sorted((row["step"], row["on_date"], row["reason"], row["owner_id"]) for row in company.staged("lead_step"))
    assert steps == [
        ("mql", date(2026, 3, 1), None, "005A"),
        ("rejected", date(2026, 2, 1), None, "005A"),
        ("rejected", date(2026, 3, 9), "No budget", "005A"),
        ("sal", date(2026, 3, 4), None, "005A"),
    ]
    assert report.counts["crm.lead_history.staged"] == 7


def test_a_lead_that_was_rejected_and_sent_back_on_one_day_has_a_reason_for_each(company: Company) -> None:
    company.write("lead", {"Id": "00QA", "Rejected_Date__c": "2026-03-09", "Recycled_Date__c": "2026-03-09"})
    company.write(
        "lead_history",
        change(1, "Status_Reason__c", "No budget", "2026-03-09"),
        change(2, "Status_Reason__c", "Budget next year", "2026-03-09", old="No budget"),
    )
    company.stage()
    assert {row["step"]: row["reason"] for row in company.staged("lead_step")} == {
        "rejected": "No budget", "recycled": "Budget next year",
    }  # fmt: skip


def test_a_history_of_no_leads_is_counted_and_makes_no_step(company: Company) -> None:
    company.write("lead_history", change(1, "Status", "Working - Contacted", "2026-03-04"))
    report = company.stage()
    assert company.staged("lead_step") == []
    assert report.counts["crm.lead_history.staged"] == 1


def test_a_task_is_a_conversation_once_it_is_done_with_somebody(company: Company) -> None:
    company.write(
        "task",
        {"Id": "00T1", "WhoId": "003A", "Type": "Chat"},
        {"Id": "00T2", "WhoId": "00QA", "Type": "Phone Call"},
        {"Id": "00T3", "WhoId": "003A", "Type": "Send letter"},
        {"Id": "00T4", "WhoId": "003A", "Status": "Not Started"},
        {"Id": "00T5", "WhoId": ""},
        {"Id": "00T6", "WhoId": "003A", "ActivityDate": ""},
        {"Id": "00T7", "WhoId": "003A", "IsDeleted": "true"},
    )
    report = company.stage()
    found = sorted((row["record_id"], row["kind"]) for row in company.staged("conversation"))
    assert found == [("crm.contact:003A", "chat"), ("crm.contact:003A", "other"), ("crm.lead:00QA", "call")]
    assert report.counts["crm.task.no_conversation"] == 3


def test_a_contact_leaves_the_account_that_its_history_names(company: Company) -> None:
    company.write(
        "contact_history",
        {"Id": "017A", "Field": "Account", "OldValue": "0015g00000001Ie", "NewValue": ""},
        {"Id": "017B", "Field": "AccountId", "OldValue": "Norvik"},  # Salesforce tells of a lookup by name as well
        {"Id": "017C", "Field": "AccountId", "OldValue": "", "NewValue": "0015g00000001IeAAI"},
        {"Id": "017D", "Field": "Title", "OldValue": "CEO"},
    )
    company.stage()
    (row,) = company.staged("departure")
    assert (row["record_id"], row["account_id"]) == ("crm.contact:003A", "crm.account:0015g00000001IeAAI")


def test_only_addresses_that_were_asked_are_requests(company: Company) -> None:
    company.write(
        "person",
        {"Person ID": "1", "Email": " Nina@Norvik.example "},
        {"Person ID": "2", "Last Sent At": ""},
        {"Person ID": "3", "Email": "nobody"},
    )
    company.stage()
    assert [(r["email"], r["asked_on"]) for r in company.staged("survey_request")] == [
        ("nina@norvik.example", date(2026, 9, 1))
    ]
    assert company.staged("person_record") == []
