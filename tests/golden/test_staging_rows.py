"""What raw rows become: one small company's exports, and the staged rows they give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.contracts.settings import ROOT, Settings
from include.storage.project import Project
from tests.export_files import Company, call


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def only(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_amounts_of_opportunities_are_in_the_companys_currency_where_rates_are_declared(tmp_path: Path) -> None:
    company, config = Company(tmp_path), tmp_path / "config"
    declared = yaml.safe_load((ROOT / "include" / "config" / "sources.yaml").read_text())
    declared["sources"]["crm"]["currencies"] = {"EUR": 1, "USD": 0.5}
    config.mkdir()
    (config / "sources.yaml").write_text(yaml.safe_dump(declared))
    company.project = Project(Settings(home=tmp_path / "home", data=tmp_path / "exports", config=config))
    company.write(
        "opportunity",
        *({"Id": f"006{code}", "Amount": "100", "CurrencyIsoCode": code} for code in ("EUR", "usd", "GBP", "")),
    )
    company.stage()
    found = {row["opportunity_id"]: only(row, "amount", "currency") for row in company.staged("opportunity")}
    assert found == {
        "crm.opportunity:006EUR": (100.0, None),
        "crm.opportunity:006usd": (50.0, None),
        "crm.opportunity:006GBP": (100.0, "GBP"),  # nobody says what it is worth
        "crm.opportunity:006": (100.0, None),
    }


def test_people_of_every_source(company: Company) -> None:
    company.write("account", {"Id": "001A", "Name": " Norvik&amp;Sons ", "Website": "https://www.norvik.example/"})
    company.write(
        "contact",
        {"Id": "003A", "AccountId": "001A", "FirstName": " Nina\u00a0", "LastName": "Berg",
         "Email": "NINA@norvik.example", "MobilePhone": "(030) 555-0123",
         "MailingCountry": "Germany", "Birthdate": "1980-02-30", "Title": "n/a"},
        {"Id": "003B", "LastName": "Berg", "IsDeleted": "1", "MasterRecordId": "003A"},
    )  # fmt: skip
    company.write(
        "lead",
        {"Id": "00QA", "FirstName": "王伟", "LastName": "-", "Company": "unknown", "Phone": "00000",
         "ConvertedContactId": "003A", "ConvertedAccountId": "001A"},
    )  # fmt: skip
    company.write("prospect", {"First Name": "Nina", "CRM Contact FID": "003A", "Phone": "+49 30 5550123"})
    company.write(
        "response",
        {
            "Response ID": "1",
            "Name": "N. Berg",
            "Email": "nina@norvik.example",
            "Updated At": "2026-09-02 08:00:00 UTC",
        },
        {"Response ID": "2", "Name": "Nina Berg", "Email": "", "Updated At": "2026-09-03 08:00:00 UTC"},
    )
    company.write_day(
        "2026-10-29",
        call("identify", 1, userId="u1", traits={"email": "nina@norvik.example", "firstName": "Nina", "title": "CMO"}),
        call("group", 2, userId="u1", groupId="ws1", traits={"name": "Norvik", "plan": "team", "seats": 12}),
    )
    company.write_day(
        "2026-10-30",
        call("identify", 3, userId="u1", timestamp="2026-10-30T11:00:00Z",
             traits={"title": "CEO", "firstName": "", "company": {"name": "Norvik"},
                     "createdAt": "2026-01-01T00:00:00Z"}),
        call("track", 4, userId="u2", event="Signed In"),
    )  # fmt: skip
    company.stage()
    people = {row["record_id"]: row for row in company.staged("person_record")}
    assert set(people) == {
        "crm.contact:003A", "crm.contact:003B", "crm.lead:00QA", "email.prospect:1", "nps.respondent:7",
        "usage.user:u1", "usage.user:u2",
    }  # fmt: skip
    nina = people["crm.contact:003A"]
    assert only(nina, "first_name", "email", "phone", "company", "title", "birth_date", "crm_id", "account_id") == (
        "Nina", "nina@norvik.example", "+49305550123", "Norvik&Sons", None, None, "003A", "crm.account:001A",
    )  # fmt: skip
    assert only(nina, "first_name_received", "email_received", "phone_received", "company_received") == (
        " Nina\u00a0", "NINA@norvik.example", "(030) 555-0123", " Norvik&amp;Sons ",
    )  # fmt: skip
    assert only(people["crm.contact:003B"], "is_deleted", "crm_id") == (True, "003A")
    lead = people["crm.lead:00QA"]
    assert only(lead, "first_name", "last_name", "company", "phone", "phone_received", "crm_id", "account_id") == (
        "王伟", None, None, None, "00000", "003A", "crm.account:001A",
    )  # fmt: skip
    assert only(people["email.prospect:1"], "phone", "crm_id") == ("+49305550123", "003A")
    respondent = people["nps.respondent:7"]
    assert only(respondent, "full_name", "email", "first_name") == ("Nina Berg", "nina@norvik.example", None)
    user = people["usage.user:u1"]
    assert only(user, "first_name", "title", "company", "account_id", "created_at") == (
        "Nina", "CEO", "Norvik", "usage.group:ws1", datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert only(people["usage.user:u2"], "email", "created_at") == (None, datetime(2026, 10, 30, 10, tzinfo=UTC))
    accounts = {row["account_id"]: row for row in company.staged("account")}
    assert only(accounts["crm.account:001A"], "name", "domain", "crm_id") == ("Norvik&Sons", "norvik.example", "001A")
    assert only(accounts["usage.group:ws1"], "name", "plan", "seats") == ("Norvik", "team", 12)


def test_all_addresses_and_numbers_of_a_record_are_staged_and_refused_together(company: Company) -> None:
    company.write(
        "contact",
        {"Id": "003A", "LastName": "Berg", "Email": "MAX@power.io; m.power@gmail.com", "MobilePhone": "+49 151 5550123",
         "Phone": "030 5550124 ext. 12", "MailingCountry": "Germany", "HasOptedOutOfEmail": "1", "DoNotCall": "1"},
        {"Id": "003B", "LastName": "Moss", "Email": "none@none.com, e.moss@quux.org", "MobilePhone": "n/a",
         "Phone": "+49 30 5550125"},
    )  # fmt: skip
    company.stage()
    both = {row["record_id"]: row for row in company.staged("person_record")}
    assert only(both["crm.contact:003A"], "email", "other_emails", "phone", "other_phones", "phone_received") == (
        "max@power.io", "m.power@gmail.com", "+491515550123", "+49305550124 x12",
        "+49 151 5550123\n030 5550124 ext. 12",
    )  # fmt: skip
    assert only(both["crm.contact:003B"], "email", "other_emails", "phone", "other_phones") == (
        None, "e.moss@quux.org", "+49305550125", None,
    )  # fmt: skip
    refused = {(row["point_type"], row["point"]) for row in company.staged("consent") if row["status"] == "opted_out"}
    assert refused == {
        ("email", "max@power.io"), ("email", "m.power@gmail.com"),
        ("phone", "+491515550123"), ("phone", "+49305550124"),
    }  # fmt: skip


CONTRACTS = [
    # Id, given, (contract_type, end_date, term_months, auto_renew)
    ("fixed", {}, ("term", date(2026, 12, 31), 12, False)),
    ("renews", {"Auto_Renew__c": "true"}, ("auto_renew", date(2026, 12, 31), 12, True)),
    ("named", {"Contract_Type__c": "Auto-Renew"}, ("auto_renew", date(2026, 12, 31), 12, True)),
    ("long", {"ContractTerm": "36", "EndDate": "2028-12-31"}, ("multi_year", date(2028, 12, 31), 36, False)),
    ("reckoned", {"ContractTerm": "13", "EndDate": ""}, ("multi_year", date(2027, 1, 31), 13, False)),
    ("leap", {"StartDate": "2024-02-29", "ContractTerm": "12", "EndDate": ""}, ("term", date(2025, 2, 27), 12, False)),
    ("monthly", {"ContractTerm": "1", "EndDate": "2026-01-31"}, ("month_to_month", date(2026, 1, 31), 1, True)),
    ("endless", {"ContractTerm": "", "EndDate": ""}, ("evergreen", None, None, False)),
    ("evergreen", {"Contract_Type__c": "Evergreen", "EndDate": "2026-12-31"}, ("evergreen", None, None, False)),
]


def test_contract_types_follow_the_type_field_else_the_terms(company: Company) -> None:
    company.write("contract", *({"Id": name, **given} for name, given, _ in CONTRACTS))
    company.stage()
    staged = {row["contract_id"].split(":")[1]: row for row in company.staged("contract")}
    for name, _, expected in CONTRACTS:
        assert only(staged[name], "contract_type", "end_date", "term_months", "auto_renew") == expected, name


FAULTS = [
    ("contract", {"Status": "Reheated"}, "unknown_value", "Status", "text"),
    ("contract", {"Contract_Type__c": "12"}, "unknown_value", "Contract_Type__c", "number"),
    ("contract", {"StartDate": "2026-02-30"}, "invalid_date", "StartDate", "date-like"),
    ("contract", {"StartDate": ""}, "missing_value", "StartDate", "empty"),
    ("contract", {"EndDate": "2025-12-31"}, "ends_before_start", "EndDate", "date-like"),
    ("contract", {"ContractTerm": "-3"}, "invalid_number", "ContractTerm", "negative"),
    ("contract", {"Annual_Value__c": "-3"}, "invalid_number", "Annual_Value__c", "negative"),
    ("contact", {"CreatedDate": "2025-13-01"}, "invalid_time", "CreatedDate", "date-like"),
    ("contact", {"Id": ""}, "missing_key", "Id", "empty"),
    ("contact", {"IsDeleted": "perhaps"}, "unknown_value", "IsDeleted", "text"),
    ("campaign_member", {"ContactId": ""}, "missing_value", "ContactId", "empty"),
    ("opportunity", {"Amount": "lots"}, "invalid_number", "Amount", "text"),
    ("lead_history", {"Field": ""}, "missing_value", "Field", "empty"),
    ("lead_history", {"CreatedDate": "2026-02-30"}, "invalid_time", "CreatedDate", "date-like"),
    ("contact_history", {"ContactId": ""}, "missing_value", "ContactId", "empty"),
    ("opportunity_history", {"StageName": ""}, "missing_value", "StageName", "empty"),
    ("opportunity_history", {"CreatedDate": "soon"}, "invalid_time", "CreatedDate", "text"),
    ("task", {"ActivityDate": "2026-02-30"}, "invalid_date", "ActivityDate", "date-like"),
    ("person", {"Last Sent At": "soon"}, "invalid_time", "Last Sent At", "text"),
    ("visitor_activity", {"type": ""}, "missing_value", "type", "empty"),
    ("visitor_activity", {"created_at": "soon"}, "invalid_time", "created_at", "text"),
    ("response", {"Score": "11"}, "nps_score_range", "Score", "number"),
    ("response", {"Score": "-1"}, "nps_score_range", "Score", "negative"),
    ("response", {"Score": "7.5"}, "nps_score_not_whole", "Score", "fractional"),
    ("response", {"Score": "ten"}, "nps_score_not_a_number", "Score", "text"),
    ("response", {"Score": ""}, "nps_score_missing", "Score", "empty"),
    ("response", {"Survey Type": "csat"}, "other_survey", "Survey Type", "text"),
]


def test_a_row_that_breaks_a_rule_is_set_aside_with_its_reason_and_without_its_value(company: Company) -> None:
    by_object: dict[str, list[dict[str, str]]] = {}
    for number, (name, fault, *_) in enumerate(FAULTS):
        key = {"response": "Response ID", "visitor_activity": "id", "person": "Person ID"}.get(name, "Id")
        by_object.setdefault(name, []).append({key: f"k{number}", **fault})
    for name, rows in by_object.items():
        company.write(name, *rows)
    report = company.stage()
    found = {(row["object"], row["line"]): row for row in company.staged("quarantine")}
    assert len(found) == len(FAULTS)
    seen: dict[str, int] = {}
    for name, fault, rule, column, kind in FAULTS:
        line = seen[name] = seen.get(name, 1) + 1
        row = found[name, line]
        assert only(row, "rule", "column", "value_class", "stage") == (rule, column, kind, "stage")
        value = next(iter(fault.values()))
        assert len(value) < 3 or value not in row["reason"]
        assert column in row["row_received"]
    assert report.counts["crm.contract.quarantined"] == 7
    assert company.staged("contract") == []


def test_an_optional_value_that_cannot_be_read_is_null_and_keeps_its_row(company: Company) -> None:
    company.write("account", {"NumberOfEmployees": "many", "AnnualRevenue": "1.5e6", "Website": "n/a"})
    company.stage()
    (account,) = company.staged("account")
    assert only(account, "employees", "annual_revenue", "domain") == (None, 1_500_000.0, None)


def test_one_row_a_key_is_current_and_the_others_are_superseded(company: Company) -> None:
    same = {"Id": "003A", "Email": "a@norvik.example"}
    company.write(
        "contact",
        {**same, "SystemModstamp": "2026-03-01T00:00:00.000Z", "Title": "new"},
        {**same, "SystemModstamp": "2026-02-01T00:00:00.000Z", "Title": "old"},
        {"Id": "003B", "Title": "same"},
        {"Id": "003B", "Title": "same"},
        {"Id": "003C", "Title": "upper"},
        {"Id": "003C", "Title": "lower"},
    )
    company.write_day("2026-10-30", call("track", 1, event="Run"), call("track", 1, event="Run"))
    report = company.stage()
    assert {row["source_key"]: row["title"] for row in company.staged("person_record")} == {
        "003A": "new", "003B": "same", "003C": "lower",
    }  # fmt: skip
    counts = {kind: report.counts[f"crm.contact.{kind}"] for kind in ("raw", "staged", "superseded", "quarantined")}
    assert counts == {"raw": 6, "staged": 3, "superseded": 3, "quarantined": 0}
    assert report.counts["usage.event.superseded"] == 1


def test_a_newer_export_takes_the_place_of_the_older_whole(company: Company) -> None:
    company.write("contact", {"Id": "003A"}, {"Id": "003B"}, {"Id": ""})
    company.stage()
    company.write("contact", {"Id": "003B"}, {"Id": "003C"})
    report = company.stage()
    assert sorted(row["source_key"] for row in company.staged("person_record")) == ["003B", "003C"]
    counts = {kind: report.counts[f"crm.contact.{kind}"] for kind in ("raw", "staged", "superseded", "quarantined")}
    assert counts == {"raw": 5, "staged": 2, "superseded": 3, "quarantined": 0}


def test_every_row_is_accounted_for(company: Company) -> None:
    company.write("contact", {"Id": "003A"}, {"Id": "003A"}, {"Id": ""}, {"Id": "003B", "IsDeleted": "1"})
    company.write("asset", {"Id": "02iA"}, {"Id": "02iB", "IsDeleted": "true"}, {"Id": "02iC", "Quantity": "some"})
    company.write_day(
        "2026-10-30", call("track", 1, event="Run"), "{", call("page", 2), call("alias", 3), call("tarck", 4)
    )
    report = company.stage()
    objects = {name.rsplit(".", 1)[0] for name in report.counts}
    for name in objects:
        count = {kind: report.counts[f"{name}.{kind}"] for kind in ("raw", "staged", "superseded", "quarantined")}
        assert count["raw"] == count["staged"] + count["superseded"] + count["quarantined"], name
    assert report.counts["crm.asset.superseded"] == 1
    assert report.counts["usage.event.quarantined"] == 2
    assert len(company.staged("quarantine")) == sum(
        n for key, n in report.counts.items() if key.endswith("quarantined")
    )


def test_staging_again_what_did_not_change_gives_the_same_version(company: Company) -> None:
    company.write("contact", {"Id": "003A"}, {"Id": ""})
    first = company.stage()
    assert company.stage() == first


def test_usage_is_ascribed_to_people_and_workspaces(company: Company) -> None:
    company.write_day(
        "2026-10-30",
        call("track", 1, anonymousId="a1", event="Report Published", timestamp="2026-10-30T08:00:00Z"),
        call("identify", 2, anonymousId="a1", userId="u1"),
        call("identify", 3, anonymousId="shared", userId="u1"),
        call("identify", 4, anonymousId="shared", userId="u2"),
        call("track", 5, anonymousId="shared", event="Run"),
        call("group", 6, userId="u1", groupId="ws1", traits={}),
        call("track", 7, userId="u1", event="Signed In", context={"groupId": "ws2"}),
        call("page", 8, userId="u1"),
    )
    company.stage()
    events = {row["event_id"]: row for row in company.staged("usage_event")}
    assert only(events["usage.track:m1"], "record_id", "account_id", "feature", "is_core") == (
        "usage.user:u1", "usage.group:ws1", "Report Published", True,
    )  # fmt: skip
    stitched = {name for name, row in events.items() if row["is_stitched"]}
    assert stitched == {"usage.track:m1"}  # nobody logged in: only u1 was ever known by its anonymous id
    assert events["usage.track:m5"]["record_id"] is None  # two people share the browser: no evidence of either
    assert only(events["usage.track:m7"], "account_id", "feature", "is_core") == ("usage.group:ws2", None, False)
    assert only(events["usage.track:m8"], "event", "is_core") == ("Page Viewed", False)


APPLE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


def test_machines_are_told_from_people(company: Company) -> None:
    sent = "2026-09-01 08:00:00"
    company.write("prospect", *({"Prospect Id": number} for number in "12345"))
    company.write(
        "visitor_activity",
        *({"id": f"sent{number}", "prospect_id": number, "type": "6", "created_at": sent} for number in "12345"),
        {"id": "prefetch", "prospect_id": "1", "type": "11", "user_agent": APPLE, "created_at": "2026-09-01 08:30:00"},
        {"id": "gmail", "prospect_id": "2", "type": "11", "user_agent": GMAIL, "created_at": "2026-09-01 08:30:00"},
        {"id": "scan", "prospect_id": "3", "type": "1", "user_agent": CHROME, "created_at": "2026-09-01 08:00:04"},
        {"id": "scan-out", "prospect_id": "3", "type": "12", "created_at": "2026-09-01 08:00:06"},
        {"id": "burst5", "prospect_id": "4", "type": "1", "created_at": "2026-09-01 09:05:00"},
        *({"id": f"burst{n}", "prospect_id": "4", "type": "1", "created_at": f"2026-09-01 09:00:0{n}"} for n in "012"),
        {"id": "script", "prospect_id": "5", "type": "1", "user_agent": "python-requests/2.31",
         "created_at": "2026-09-02 08:00:00"},
        {"id": "click", "prospect_id": "5", "type": "1", "user_agent": CHROME, "created_at": "2026-09-02 08:00:00"},
        {"id": "leave", "prospect_id": "5", "type": "12", "user_agent": CHROME, "created_at": "2026-09-02 08:01:00"},
    )  # fmt: skip
    company.stage()
    verdicts = {row["activity_id"].split(":")[1]: row["machine_reason"] for row in company.staged("email_activity")}
    assert {name: reason for name, reason in verdicts.items() if not name.startswith("sent")} == {
        "prefetch": "prefetch_agent", "gmail": None, "scan": "at_once_after_delivery",
        "scan-out": "at_once_after_delivery", "burst0": "burst_of_links", "burst1": "burst_of_links",
        "burst2": "burst_of_links", "burst5": None, "script": "scanner_agent", "click": None, "leave": None,
    }  # fmt: skip
    assert [row["record_id"] for row in company.staged("consent")] == [
        "email.prospect:5"
    ]  # a machine unsubscribes nobody


def mails(
    prospect: str, opened: Mapping[int, str], sent: int = 1, clicked: tuple[str, ...] = ()
) -> list[dict[str, str]]:
    """Activities without a user agent: so many mails sent at eight, those opened, and clicks on the first."""
    day = "2026-09-01"
    acts = [{"id": f"{prospect}-sent{n}", "type": "6", "created_at": f"{day} 08:00:00", "list_email_id": str(n)}
            for n in range(sent)]  # fmt: skip
    acts += [{"id": f"{prospect}-open{n}", "type": "11", "created_at": f"{day} {time}", "list_email_id": str(n)}
             for n, time in opened.items()]  # fmt: skip
    acts += [{"id": f"{prospect}-click{n}", "type": "1", "created_at": f"{day} {time}", "list_email_id": "0"}
             for n, time in enumerate(clicked)]  # fmt: skip
    return [{**act, "prospect_id": prospect} for act in acts]


def test_without_user_agents_time_domain_and_habits_tell_and_the_rest_is_unknown(company: Company) -> None:
    scan = tuple(f"08:00:0{n}" for n in range(5))
    scanned = [f"s{n}" for n in range(10)]
    company.write(
        "prospect",
        *({"Prospect Id": name, "Email": f"{name}@own-{name}.example"} for name in "abcdef"),
        *({"Prospect Id": name, "Email": f"{name}@scanned.example"} for name in scanned),
    )
    company.write(
        "visitor_activity",
        *mails("a", dict.fromkeys(range(5), "09:30:00"), sent=5),
        *mails("b", {1: "09:30:00", 3: "11:30:00"}, sent=5),
        *mails("c", {0: "09:30:00"}),
        *mails("d", {0: "09:30:00"}, clicked=("09:31:00",)),
        *mails("e", {0: "08:00:05"}),
        *mails("f", {0: "09:30:03"}, clicked=("09:30:00", "09:30:01", "09:30:02")),
        *(act for name in scanned[:8] for act in mails(name, {}, clicked=scan)),
        *mails("s8", {0: "08:03:00"}, clicked=("15:00:00",)),
        *mails("s9", {0: "08:03:00"}),
    )
    company.stage()
    rows = {row["activity_id"].split(":")[1]: row for row in company.staged("email_activity")}
    judged = {name: (row["actor"], row["machine_reason"]) for name, row in rows.items() if "open" in name}
    assert judged == {
        **{f"a-open{n}": ("machine", "opens_every_mail") for n in range(5)},  # as prefetching does
        "b-open1": ("human", None), "b-open3": ("human", None),  # who leaves some alone is a person
        "c-open0": ("unknown", None),
        "d-open0": ("human", None),  # who clicks has read
        "e-open0": ("machine", "at_once_after_delivery"),
        "f-open0": ("machine", "beside_a_scan"),
        "s8-open0": ("human", None),
        "s9-open0": ("machine", "scanned_domain"),
    }  # fmt: skip
    assert {rows[f"s8-{kind}"]["actor"] for kind in ("click0", "sent0")} == {"human", None}
    assert {rows[f"s1-click{n}"]["actor"] for n in range(5)} == {"machine"}


def test_opt_outs_of_fields_and_of_people(company: Company) -> None:
    company.write(
        "contact",
        {"Id": "003A", "Email": "a@norvik.example", "HasOptedOutOfEmail": "1", "IsDeleted": "1"},
        {"Id": "003B", "Email": "b@norvik.example", "HasOptedOutOfEmail": "maybe", "DoNotCall": "false"},
        {"Id": "003C", "DoNotCall": "true", "HasOptedOutOfEmail": ""},
        {"Id": "003D", "Email": "D@norvik.example", "HasOptedOutOfEmail": "true", "CreatedDate": "2025-02-30"},
    )
    company.write("lead", {"Id": "00QA", "Email": "l@norvik.example", "HasOptedOutOfEmail": "true"})
    company.write("prospect", {"Prospect Id": "1", "Opted Out": "Yes", "Do Not Email": "Yes"})
    company.write(
        "visitor_activity",
        {"id": "1", "type": "12", "created_at": "2026-09-01 08:00:00"},
        {"id": "2", "type": "4", "details": "Newsletter subscription", "created_at": "2026-09-05 08:00:00"},
        {"id": "3", "type": "4", "details": "Demo request", "created_at": "2026-09-06 08:00:00"},
    )
    company.stage()
    said = sorted(
        only(row, "record_id", "point", "purpose", "status", "is_explicit") for row in company.staged("consent")
    )
    mail, phone = "email_marketing", "phone_marketing"
    assert sorted(said, key=str) == sorted(
        [
            ("crm.contact:003A", "a@norvik.example", mail, "opted_out", False),  # deleted, and still opted out
            ("crm.contact:003B", "b@norvik.example", mail, "opted_out", False),  # neither yes nor no: taken as no
            ("crm.contact:003C", None, phone, "opted_out", False),
            ("crm.contact:003D", "d@norvik.example", mail, "opted_out", False),  # set aside, and still opted out
            ("crm.lead:00QA", "l@norvik.example", mail, "opted_out", False),
            ("email.prospect:1", "nina@norvik.example", mail, "opted_out", False),
            ("email.prospect:1", "nina@norvik.example", mail, "opted_out", True),
            ("email.prospect:1", "nina@norvik.example", mail, "opted_in", True),
        ],
        key=str,
    )
