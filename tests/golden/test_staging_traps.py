"""What real exports hold and no specification says: short ids, ids that are none, hidden values, times to come.

One company has it all, and is staged once; each test looks at one thing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.contracts.errors import SourceError
from include.contracts.runs import StageReport
from tests.export_files import Company, call

LONG, SHORT = "0015g00000ABCdeAAH", "0015g00000ABCde"
NONE = ("null", "undefined", "Anonymous", "", " ", "0", "#N/A")  # user ids that are none
NO_IDS = ("5.01E+15", "Norvik", "001A; 001B", "0015g00000ABCdeAAHX", "null")  # account ids; what may be one is none
NO_PHONES = ("n/a", "0", "-", "000000", "none", "123456789")
GOOD_PHONE = "+49 30 5550123"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("traps"))
    company.write("account", {"Id": LONG, "Name": "Norvik"})
    company.write(
        "contact",
        {"Id": "0035g00000AbCdE", "AccountId": SHORT, "SystemModstamp": "2099-01-01T00:00:00.000Z"},
        {"Id": "003B", "AccountId": f" {LONG} "},
        {"Id": "003C", "AccountId": "001X"},
        *({"Id": f"003M{n}", "AccountId": none} for n, none in enumerate(NO_IDS)),
        *({"Id": f"003P{n}", "MobilePhone": none, "Phone": GOOD_PHONE} for n, none in enumerate(NO_PHONES)),
    )
    company.write("lead", *({"Id": f"00Q{n}", "MobilePhone": none} for n, none in enumerate(NO_PHONES)))
    company.write(
        "contract", {"Id": "800A", "AccountId": SHORT}, {"Id": "800B", "AccountId": "001X"},
        {"Id": "800C", "AccountId": "null"},
    )  # fmt: skip
    company.write("opportunity", {"Id": "006A"})
    company.write("campaign", {"Id": "701A"})
    company.write(
        "opportunity_contact_role", {"Id": "00KA", "ContactId": "003B"}, {"Id": "00KB", "ContactId": "003X"},
        {"Id": "00KC", "ContactId": "003B", "OpportunityId": "006X"},
    )  # fmt: skip
    company.write(
        "campaign_member", {"Id": "00vA", "ContactId": "003B"}, {"Id": "00vB", "ContactId": "", "LeadId": "00QX"},
        {"Id": "00vC", "ContactId": "003B", "CampaignId": "701X"},
    )  # fmt: skip
    company.write(
        "prospect", {"CRM Contact FID": "0035g00000AbCdE"}, {"Prospect Id": "2", "CRM Lead FID": "00QX"},
        {"Prospect Id": "3", "CRM Lead FID": "lost"},
    )  # fmt: skip
    acts = {"12": "2026-09-01 08:00:00", "16": "2026-09-02 08:00:00", "37": "2026-09-03 08:00:00"}
    acts |= dict.fromkeys(("22", "33", "99"), "2026-09-04 08:00:00")
    gone = {"id": "7", "prospect_id": "8", "type": "11"}  # in the recycle bin
    company.write(
        "visitor_activity", gone, *({"id": kind, "type": kind, "created_at": at} for kind, at in acts.items())
    )
    company.write(
        "response",
        {"Response ID": "1", "Name": "Nina Berg", "Phone Number": GOOD_PHONE, "Created At": "2026-09-02 20:11:12 -0700",
         "Updated At": "2026-09-02 08:00:00 UTC"},
        {"Response ID": "2", "Name": "n/a", "Phone Number": "0", "Created At": "2026-09-02 20:11:12 +05:30",
         "Updated At": "2026-09-03 08:00:00 UTC"},
        {"Response ID": "3", "Person ID": "8", "Created At": "2030-01-01 08:00:00 UTC",
         "Updated At": "2030-01-01 08:00:00 UTC"},
    )  # fmt: skip
    _write_usage(company)
    return company


def _write_usage(company: Company) -> None:
    early = {"timestamp": "2027-10-29T10:00:00Z", "receivedAt": "2026-10-29T10:00:00Z"}
    late = {"timestamp": "2026-10-30T11:00:00Z"}
    company.write_day("2026-10-29", call("identify", 100, userId="ceo", traits={"title": "CMO"}, **early))
    lists = {"company": ["Arrayco"], "title": [], "email": [{"value": "nina@norvik.example"}]}
    company.write_day(
        "2026-10-30",
        call("identify", 101, userId="ceo", traits={"title": "CEO"}),
        call("group", 102, groupId="ws1", userId="ceo", traits={"salesforceId": SHORT}),
        call("track", 103, userId="ceo", event="Run", timestamp="2031-01-01T00:00:00Z"),
        call("identify", 104, userId="lists", traits=lists),
        call("identify", 105, userId="said", traits={"firstName": "Nina", "email": "nina@norvik.example"}),
        call("identify", 106, userId="said", traits={"firstName": "unknown", "email": "n/a"}, **late),
        *(call("identify", 200 + n, userId="kiosk", traits={"email": f"p{n}@norvik.example"}) for n in range(4)),
        *(call("identify", 300 + n, userId="moved", traits={"email": f"n{n}@norvik.example"}) for n in range(3)),
        call("track", 400, userId="kiosk", event="Run"),
        *(call("identify", 500 + n, userId=n_, anonymousId="a1", traits={"email": f"x{n}@norvik.example"})
          for n, n_ in enumerate(NONE)),
        *(call("track", 600 + n, userId=n_, anonymousId=n_, event="Run") for n, n_ in enumerate(NONE)),
        *(call("identify", 700 + n, userId="ghost", anonymousId=n_) for n, n_ in enumerate(NONE)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def report(company: Company) -> StageReport:
    return company.stage()


def set_aside(company: Company, rule: str) -> set[tuple[str, str]]:
    return {(row["source_key"], row["column"]) for row in company.staged("quarantine") if row["rule"] == rule}


@pytest.fixture(scope="module")
def people(company: Company, report: StageReport) -> dict[str, dict[str, Any]]:
    return {row["record_id"]: row for row in company.staged("person_record")}


@pytest.fixture(scope="module")
def events(company: Company, report: StageReport) -> dict[str, dict[str, Any]]:
    return {row["event_id"].removeprefix("usage.track:m"): row for row in company.staged("usage_event")}


def test_ids_of_fifteen_characters_are_those_of_eighteen(company: Company, people: dict[str, dict[str, Any]]) -> None:
    nina = people["crm.contact:0035g00000AbCdEAAV"]
    assert (nina["account_id"], nina["company"], nina["crm_id"]) == (
        f"crm.account:{LONG}", "Norvik", "0035g00000AbCdEAAV",
    )  # fmt: skip
    assert people["crm.contact:003B"]["account_id"] == f"crm.account:{LONG}"
    assert people["email.prospect:1"]["crm_id"] == "0035g00000AbCdEAAV"
    assert {row["crm_id"] for row in company.staged("account")} == {LONG}


def test_a_user_id_that_is_none_fuses_nobody(people: dict[str, Any], events: dict[str, dict[str, Any]]) -> None:
    assert {name for name in people if name.startswith("usage.user:")} == {
        f"usage.user:{name}" for name in ("ceo", "lists", "said", "moved", "ghost")
    }
    assert {events[f"{600 + n}"]["record_id"] for n in range(len(NONE))} == {None}


def test_a_user_id_that_many_addresses_share_is_nobodys(report: StageReport, events: dict[str, Any]) -> None:
    assert report.counts["usage.event.shared_users"] == 1
    assert events["400"]["record_id"] is None


def test_a_number_that_is_none_hides_no_other(people: dict[str, dict[str, Any]]) -> None:
    for n, none in enumerate(NO_PHONES):
        lead = people[f"crm.lead:00Q{n}"]
        assert people[f"crm.contact:003P{n}"]["phone"] == "+49305550123", none
        assert (lead["phone"], lead["phone_received"]) == (None, none)


def test_a_later_placeholder_does_not_undo_what_was_said(people: dict[str, dict[str, Any]]) -> None:
    respondent, user = people["nps.respondent:7"], people["usage.user:said"]
    assert (respondent["full_name"], respondent["phone"]) == ("Nina Berg", "+49305550123")
    assert (user["first_name"], user["email"]) == ("Nina", "nina@norvik.example")


def test_a_list_says_what_its_first_item_says(people: dict[str, dict[str, Any]]) -> None:
    user = people["usage.user:lists"]
    assert (user["company"], user["title"], user["email"]) == ("Arrayco", None, None)


def test_who_subscribes_again_is_in_again(company: Company, report: StageReport) -> None:
    said = [(row["status"], row["at"].day, row["is_explicit"]) for row in company.staged("consent")]
    assert sorted(said) == [("opted_in", 2, True), ("opted_in", 3, True), ("opted_out", 1, True)]


def test_activities_that_mean_nothing_are_passed_over_and_new_ones_counted(report: StageReport) -> None:
    assert report.counts["email.visitor_activity.superseded"] == 3
    assert report.counts["email.visitor_activity.quarantined"] == 1  # of a prospect that is gone
    assert report.counts["email.visitor_activity.of_no_known_type"] == 1


def test_what_has_not_happened_yet_wins_nothing(
    company: Company, people: dict[str, dict[str, Any]], events: dict[str, dict[str, Any]]
) -> None:
    end = datetime(2026, 11, 1, tzinfo=UTC)
    assert people["usage.user:ceo"]["title"] == "CEO"
    assert events["103"]["at"] == datetime(2026, 10, 31, tzinfo=UTC)
    assert people["crm.contact:0035g00000AbCdEAAV"]["updated_at"] == end
    assert max(row["at"] for row in company.staged("nps_response")) == end


def test_a_time_may_have_its_offset_apart(company: Company, report: StageReport) -> None:
    said = {row["response_id"]: row["at"] for row in company.staged("nps_response")}
    assert said["nps.response:1"] == datetime(2026, 9, 3, 3, 11, 12, tzinfo=UTC)
    assert said["nps.response:2"] == datetime(2026, 9, 2, 14, 41, 12, tzinfo=UTC)


def test_a_row_without_the_one_that_it_needs_is_set_aside_and_other_references_are_counted(
    company: Company, report: StageReport
) -> None:
    assert set_aside(company, "dangling_reference") == {
        ("800B", "AccountId"), ("00KB", "ContactId"), ("00KC", "OpportunityId"), ("00vB", "LeadId"),
        ("00vC", "CampaignId"), ("7", "prospect_id"),
    }  # fmt: skip
    assert set_aside(company, "missing_value") == {("800C", "AccountId")}
    assert [row["contract_id"] for row in company.staged("contract")] == ["crm.contract:800A"]
    assert report.counts["crm.contact.dangling.AccountId"] == 2
    assert report.counts["email.prospect.dangling.crm_id"] == 2


def test_a_reference_that_cannot_be_an_id_sets_its_row_aside(
    company: Company, people: dict[str, dict[str, Any]], report: StageReport
) -> None:
    assert set_aside(company, "invalid_id") == {("003M0", "AccountId"), ("003M2", "AccountId"), ("003M3", "AccountId")}
    assert people["crm.contact:003M4"]["account_id"] is None  # a placeholder stands for an empty cell


def test_many_contracts_of_no_account_stop_with_a_sentence_that_names_some(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.write("account", {"Id": "001A"})
    company.write("contract", *({"Id": f"800{n}", "AccountId": "001X"} for n in range(30)))
    with pytest.raises(SourceError, match=r"^crm/Contract\.csv, column AccountId: 30 of 30 rows .* \(lines 2, 3, 4\)"):
        company.stage()
