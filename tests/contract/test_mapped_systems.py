"""Every shipped mapping keeps the promises of a system, on rows as its vendor writes them."""

from __future__ import annotations

from include.contracts.mapping import read_mapped
from include.contracts.settings import SHIPPED
from tests.system_suite import SystemSuite

NINA = "nina.berg@norvik.example"


class TestHubSpot(SystemSuite):
    kind = "hubspot_export"
    rows = {  # noqa: RUF012
        "contact": [
            {"Record ID": "101", "First Name": "Nina", "Last Name": "Berg", "Email": NINA,
             "Additional email addresses": "nina@berg.example", "Mobile Phone Number": "+49 151 5550123",
             "Phone Number": "+49 30 5550124", "Company": "Norvik", "Company IDs": "202;201",
             "Primary Company ID": "201", "Create Date": "2025-03-04 09:12", "Last Modified Date": "2026-10-01 08:00",
             "First Conversion Date": "2025-03-05 10:00", "Became a Marketing Qualified Lead Date": "2025-04-01 10:00",
             'Date entered "Sales Qualified Lead (Lifecycle Stage Pipeline)"': "2025-04-20 10:00",
             "Became a Sales Qualified Lead Date": "2025-04-19 10:00", "HubSpot Score": "42", "Contact owner": "Ana",
             "Time Zone": "UTC +02:00 Europe Berlin"},
        ],
        "company": [
            {"Record ID": "201", "Company name": "Norvik", "Domain": "norvik.example", "Number of Employees": "1,240",
             "Create Date": "2025-03-04 09:12"},
        ],
        "deal": [
            {"Record ID": "301", "Deal Name": "Norvik - New", "Deal Stage": "Closed Won (Sales Pipeline)",
             "Amount": "48000", "Currency": "EUR", "Company IDs": "201", "Contact IDs": "101;102",
             "Close Date": "2026-02-27 00:00", "Create Date": "2025-03-04 09:12", "Deal owner": "Ana",
             'Date entered "Contract Sent (Sales Pipeline)"': "2026-02-01 09:00",
             'Date entered "Closed Won (Sales Pipeline)"': "2026-02-27 12:00"},
            {"Record ID": "302", "Deal Name": "Norvik - More", "Deal Stage": "Closed Lost", "Is Closed": "true",
             "Is Closed Won": "false", "Amount": "100", "Company IDs": "201", "Create Date": "2025-03-04 09:12",
             "Closed Lost Reason": "Price"},
        ],
    }  # fmt: skip

    def test_a_deal_is_won_by_its_stage_and_is_with_its_company(self, staged) -> None:
        deal, lost = sorted(staged.rows("opportunity"), key=lambda row: row["opportunity_id"])
        assert (lost["is_won"], lost["is_closed"], lost["loss_reason"]) == (False, True, "Price")
        assert (deal["is_won"], deal["is_closed"], deal["account_id"]) == (True, True, "tried.company:201")
        (contact,) = staged.rows("person_record")
        assert (contact["account_id"], contact["email"]) == ("tried.company:201", NINA)
        assert (contact["other_emails"], contact["phone"]) == ("nina@berg.example", "+491515550123")
        assert contact["other_phones"] == "+49305550124"
        assert (contact["time_zone"], contact["time_zone_received"]) == ("Europe/Berlin", "UTC +02:00 Europe Berlin")
        (account,) = staged.rows("account")
        assert account["employees"] == 1240

    def test_its_dates_are_the_steps_of_people_and_the_stages_of_deals(self, staged) -> None:
        steps = {row["step"]: (str(row["on_date"]), row["owner_id"]) for row in staged.rows("lead_step")}
        assert steps == {
            "hand_raised": ("2025-03-05", "Ana"), "mql": ("2025-04-01", "Ana"), "sql": ("2025-04-20", "Ana"),
        }  # fmt: skip
        changes = sorted((row["at"], row["opportunity_id"], row["stage"]) for row in staged.rows("opportunity_stage"))
        assert [(sale, stage) for _, sale, stage in changes] == [
            ("tried.deal:301", "Contract Sent"), ("tried.deal:301", "Closed Won"),
        ]  # fmt: skip
        parts = {row["record_id"] for row in staged.rows("opportunity_contact_role")}
        assert parts == {"tried.contact:101", "tried.contact:102"}
        assert [row["score"] for row in staged.rows("prospect_score")] == [42]


class TestTypeform(SystemSuite):
    kind = "typeform_export"
    rows = {  # noqa: RUF012
        "response": [
            {"#": "t1", "Email": "Nina.Berg@norvik.example", "Name": "Nina Berg", "Company": "Norvik", "Score": "9",
             "Comment": "Saves us hours.", "Submit Date (UTC)": "2026-10-01 08:02:00", "Network ID": "n1"},
            {"#": "t2", "Email": NINA, "Score": "6", "Submit Date (UTC)": "2026-10-05 08:02:00", "Network ID": "n2"},
        ]
    }  # fmt: skip

    def test_answers_of_one_address_are_of_one_respondent(self, staged) -> None:
        (person,) = staged.rows("person_record")
        assert (person["email"], person["full_name"]) == (NINA, "Nina Berg")
        assert {row["record_id"] for row in staged.rows("nps_response")} == {person["record_id"]}


class TestSurveyMonkey(SystemSuite):
    kind = "surveymonkey_export"
    rows = {  # noqa: RUF012
        "response": [
            {"Score": "", "Comment": "Open-Ended Response"},
            {"Respondent ID": "s1", "Collector ID": "c1", "Date Created": "10/31/2026 08:00:00 AM",
             "Date Modified": "10/31/2026 08:05:00 AM", "Email Address": NINA, "First Name": "Nina",
             "Last Name": "Berg", "Score": "10", "Comment": "Good"},
        ]
    }  # fmt: skip


class TestQualtrics(SystemSuite):
    kind = "qualtrics_export"
    rows = {  # noqa: RUF012
        "response": [
            {"ResponseId": "Response ID", "RecordedDate": "Recorded Date", "Score": "How likely are you to recommend"},
            {"ResponseId": '{"ImportId":"_recordId"}', "RecordedDate": '{"ImportId":"recordedDate"}'},
            {"ResponseId": "R_1", "StartDate": "2026-10-01 08:00:00", "RecordedDate": "2026-10-01 08:05:00",
             "RecipientEmail": NINA, "RecipientFirstName": "Nina", "RecipientLastName": "Berg", "Score": "3"},
        ]
    }  # fmt: skip


class TestMailchimp(SystemSuite):
    kind = "mailchimp_export"
    rows = {  # noqa: RUF012
        "member": [
            {"Email Address": NINA, "First Name": "Nina", "Last Name": "Berg", "OPTIN_TIME": "2025-03-04 09:12:44",
             "LAST_CHANGED": "2026-10-01 08:00:00", "LEID": "1", "EUID": "a1", "TIMEZONE": "America/New_york"},
        ],
        "unsubscribed": [
            {"Email Address": "ola@strand.example", "UNSUB_TIME": "2026-09-01 08:00:00", "LEID": "2", "EUID": "a2"},
        ],
        "cleaned": [
            {"Email Address": "gone@strand.example", "CLEAN_TIME": "2026-09-02 08:00:00", "LEID": "3", "EUID": "a3"},
        ],
        "activity": [
            {"Email": NINA, "Action": "open", "Timestamp": "2026-10-02 08:00:00", "Campaign": "October"},
        ],
    }  # fmt: skip

    def test_who_has_unsubscribed_is_opted_out(self, staged) -> None:
        (said,) = staged.rows("consent")
        assert (said["status"], said["point"], said["is_explicit"]) == ("opted_out", "ola@strand.example", True)
        assert {row["time_zone"] for row in staged.rows("person_record")} == {"America/New_York", None}


class TestMarketingCloud(SystemSuite):
    kind = "marketing_cloud_extract"
    rows = {  # noqa: RUF012
        "event": [
            {"SendID": "7", "SubscriberKey": "003A", "EmailAddress": NINA, "EventDate": "10/31/2026 8:02:03 AM",
             "EventType": event}
            for event in ("Sent", "Open", "Bounce")
        ]
    }  # fmt: skip

    def test_what_became_of_a_mail_is_in_its_event_type(self, staged) -> None:
        (person,) = staged.rows("person_record")
        assert (person["source_key"], person["email"]) == ("003A", NINA)
        assert sorted(row["kind"] for row in staged.rows("email_activity")) == ["bounce", "open", "sent"]


class TestPeopleSheet(SystemSuite):
    kind = "people_sheet"
    rows = {  # noqa: RUF012
        "person": [
            {"Email": "Nina.Berg@norvik.example", "First name": "Nina", "Last name": "Berg", "Phone": "030 5550123",
             "Company": "Norvik", "Born": "04.03.1985"},
        ]
    }  # fmt: skip


class TestMixpanel(SystemSuite):
    kind = "mixpanel_export"
    rows = {  # noqa: RUF012
        "event": [
            {"event": "Report Run", "properties": {"time": 1793354400, "distinct_id": "u1", "$insert_id": "i1",
                                                   "$email": NINA}},
        ]
    }  # fmt: skip


class TestAmplitude(SystemSuite):
    kind = "amplitude_export"
    rows = {  # noqa: RUF012
        "event": [
            {"$insert_id": "i1", "uuid": "x1", "user_id": "user-1", "event_type": "Report Run", "amplitude_id": 7,
             "event_time": "2026-10-30 10:00:00.000000", "user_properties": {"email": NINA}, "city": "Berlin"},
        ]
    }  # fmt: skip


class TestStripe(SystemSuite):
    kind = "stripe_export"
    rows = {  # noqa: RUF012
        "subscription": [
            {"id": "sub_1", "Customer ID": "cus_1", "Customer Name": "Norvik", "Customer Email": NINA,
             "Status": "active", "Start Date": "2026-01-31 10:00", "Created": "2026-01-30 09:00",
             "End": "2027-01-31 10:00", "Cancel At Period End": "false"},
        ]
    }  # fmt: skip


class TestSalesforceReport(SystemSuite):
    kind = "salesforce_report"
    rows = {  # noqa: RUF012
        "contact": [
            {"Contact ID": "0035g00000XyZ12", "First Name": "Nina", "Last Name": "Berg", "Email": NINA,
             "Title": "CEO", "Account Name": "Norvik", "Mobile": "+49 151 5550123", "Opt Out": "0",
             "Last Modified Date": "12/31/2025"},
        ],
        "lead": [{"Lead ID": "00Q5g00000XyZ12", "Last Name": "Lund", "Account Name": "Norvik"}],
        "opportunity": [
            {"Account Name": "NORVIK", "Opportunity Name": "More", "Stage": "Closed Won", "Amount": "12,000.00",
             "Close Date": "10/28/2026"},
        ],
    }  # fmt: skip

    def test_companies_are_told_by_their_names(self, staged) -> None:
        (account,), (deal,) = staged.rows("account"), staged.rows("opportunity")
        people = {row["last_name"]: row for row in staged.rows("person_record")}
        assert account["account_id"] == "tried.contact:norvik"
        assert {people["Berg"]["account_id"], people["Lund"]["account_id"], deal["account_id"]} == {
            account["account_id"]
        }
        assert people["Berg"]["title"] == "CEO"
        assert (deal["is_won"], deal["amount"], str(deal["close_date"])) == (True, 12000, "2026-10-28")


class TestContractsSheet(SystemSuite):
    kind = "contracts_sheet"
    rows = {  # noqa: RUF012
        "contract": [
            {"Customer": "Norvik Logistics", "Website": "norvik.example", "Number": "C-1", "Status": "Signed",
             "Start": "2026-01-01", "Term": "12", "Renews": "yes", "Notice": "30", "Value": "€ 12,000.00"},
        ]
    }  # fmt: skip

    def test_its_terms_are_read(self, staged) -> None:
        (contract,) = staged.rows("contract")
        found = {name: contract[name] for name in ("account_id", "status", "contract_type", "annual_value")}
        assert found == {
            "account_id": "tried.contract:norvik logistics", "status": "active", "contract_type": "auto_renew",
            "annual_value": 12000.0,
        }  # fmt: skip
        assert str(contract["end_date"]) == "2026-12-31"


def test_every_shipped_mapping_is_under_the_suite() -> None:
    suites = {suite.kind for suite in SystemSuite.__subclasses__()}
    assert suites >= set(read_mapped(SHIPPED))
