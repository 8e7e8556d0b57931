"""Every live system keeps the suite's promises, and each what is its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from include.contracts.connections import Connection
from include.contracts.errors import CredentialError, HeldError, ThrottledError
from include.contracts.exports import SYSTEMS
from include.samples.servers import hubspot, qualtrics
from include.samples.servers.account_engagement import UNIT, AccountEngagementServer
from include.samples.servers.salesforce import SalesforceServer
from include.samples.servers.tables import Rows
from include.samples.servers.typeform import FORM, KEY, TypeformServer
from tests.live_suite import MORNING, PERSON, SECRET, SOURCE, JobSuite, LiveSuite, SchemaSuite, TokenSuite, Tried


class TestSalesforce(JobSuite, TokenSuite, SchemaSuite, LiveSuite):
    kind = "salesforce_export"
    object = "contact"
    person_column = "LastName"
    paged = "/results"
    lost_column = "Title"
    other_type = "double"

    def serve(self) -> SalesforceServer:
        server = SalesforceServer()
        server.page_rows = 3
        return server

    def key(self, number: int) -> str:
        return f"0035g{number:010d}AAA"

    def test_a_deleted_row_comes_once_more_and_is_staged_as_gone(self, tried: Tried) -> None:
        tried.extract()
        tried.server.delete("contact", self.key(2), MORNING + timedelta(days=1))  # type: ignore[attr-defined]
        assert tried.extract().counts["contact.rows"] == 1
        tried.check()
        tried.stage()
        gone = {row["source_key"] for row in staged(tried, "person_record") if row["is_deleted"]}
        assert gone == {self.key(2)}

    def test_a_merged_contact_points_at_the_one_it_became(self, tried: Tried) -> None:
        tried.extract()
        at = MORNING + timedelta(days=1)
        tried.server.merge("contact", self.key(2), self.key(1), at)  # type: ignore[attr-defined]
        tried.extract()
        counts = tried.stage().counts
        (loser,) = [row for row in staged(tried, "person_record") if row["source_key"] == self.key(2)]
        assert loser["is_deleted"] and loser["crm_id"] == self.key(1)
        assert loser["merged_into"] == f"{SOURCE}.contact:{self.key(1)}"
        assert counts[f"{SOURCE}.contact.deleted"] == counts[f"{SOURCE}.contact.merged"] == 1

    def test_a_whole_extraction_is_held_against_the_keys_that_were_there(
        self, tried: Tried, warehouse_url: str
    ) -> None:
        tried.warehouse(warehouse_url)  # where approvals would be
        tried.limits = {"at_least": 3}
        tried.extract()
        for day in range(1, 5):  # each of the seven has five states now
            tried.rows.put(*(self.usual(n, MORNING + timedelta(days=day)) for n in range(1, 8)))
            tried.extract()
        tried.extract(whole=True)
        tried.rows.without(*(self.key(n) for n in range(1, 5)))
        with pytest.raises(HeldError, match="holds 3 rows, 4 fewer than the 7"):
            tried.extract(whole=True)

    def test_the_orgs_own_limit_is_told(self, tried: Tried) -> None:
        tried.server.requests_left = 2  # type: ignore[attr-defined]
        with pytest.raises(ThrottledError, match=r"no more requests today.*REQUEST_LIMIT_EXCEEDED"):
            tried.extract()

    def test_it_signs_in_by_a_signed_claim(self, tried: Tried) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        tried.server.tokens.public_key = key.public_key()  # type: ignore[attr-defined]
        extra = {"private_key": pem, "username": "kindred@norvik.example"}
        tried.connection = Connection("its", host=tried.server.url, login="client", extra=extra)
        tried.extract()
        tried.check()

    def test_a_claim_that_is_too_old_by_the_servers_clock_is_refused(self, tried: Tried) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        tried.server.tokens.public_key = key.public_key()  # type: ignore[attr-defined]
        tried.server.skew = timedelta(hours=1)
        extra = {"private_key": pem, "username": "kindred@norvik.example"}
        tried.connection = Connection("its", host=tried.server.url, login="client", extra=extra)
        with pytest.raises(CredentialError, match="invalid_grant"):
            tried.extract()


class BusinessUnit:
    """How Account Engagement is asked, and how what it says is compared, whichever the object."""

    kind = "pardot_export"
    options: ClassVar = {"since_year": "2026"}

    def serve(self) -> AccountEngagementServer:
        server = AccountEngagementServer()
        server.page_rows = 3
        return server

    def connection(self, server: AccountEngagementServer) -> Connection:
        extra = {"business_unit": UNIT, "token_url": server.url}
        return Connection("its", host=server.url, login="client", password=SECRET, extra=extra)

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """The API says true and false where an export says Yes and No, and writes times with their offset."""
        words = {"Yes": "true", "No": "false"}
        return all(
            (held[name] or "").replace("T", " ").removesuffix("+00:00")
            == words.get(given[name] or "", (given[name] or "").replace("T", " ").removesuffix(".000Z"))
            for name in held
        )


class TestAccountEngagement(BusinessUnit, JobSuite, TokenSuite, LiveSuite):
    object = "prospect"
    person_column = "Last Name"
    paged = "/results/"

    def key(self, number: int) -> str:
        return f"{10_000_000 + number}"

    def test_a_first_extraction_asks_year_by_year_up_to_now(self, tried: Tried) -> None:
        tried.options = {"since_year": "2015"}
        tried.extract()
        started = [asked for asked in tried.server.asked if asked.startswith("POST /api/v5/exports")]
        assert len(started) == tried.clock.now().year - 2015 + 1

    def test_times_that_come_with_an_offset_lose_nothing(self, tried: Tried) -> None:
        tried.server.offset = "-07:00"  # type: ignore[attr-defined]
        tried.rows.put(self.usual(8, MORNING + timedelta(days=2)))
        tried.extract()
        assert tried.mark() == MORNING + timedelta(days=2, hours=7)

    def test_a_deleted_prospect_comes_once_more_and_is_staged_as_gone(self, tried: Tried) -> None:
        tried.extract()
        tried.rows.put({**self.usual(2, MORNING + timedelta(days=1)), "Is Deleted": "Yes"})
        tried.extract()
        tried.stage()
        assert {row["source_key"] for row in staged(tried, "person_record") if row["is_deleted"]} == {self.key(2)}


class TestAccountEngagementCampaigns(BusinessUnit, TokenSuite, LiveSuite):
    object = "campaign"
    person_column = "name"
    paged = "/objects/campaigns"

    def key(self, number: int) -> str:
        return f"{4_000 + number}"

    def test_a_deleted_campaign_comes_once_more_and_is_none_any_more(self, tried: Tried) -> None:
        tried.extract()
        tried.rows.put({**self.usual(2, MORNING + timedelta(days=1)), "isDeleted": "true"})
        assert tried.extract().counts["campaign.rows"] == 1
        tried.stage()
        found = {row["campaign_id"] for row in staged(tried, "campaign")}
        assert found == {f"{SOURCE}.campaign:{self.key(n)}" for n in (1, 3, 4, 5, 6, 7)}


class Lists(TestAccountEngagementCampaigns):
    __test__ = False
    object = "list_membership"
    person_column = "optedOut"

    def usual(self, number: int, changed: datetime) -> dict[str, str]:
        return {**super().usual(number, changed), "optedOut": "false"}


def test_list_memberships_are_taken_in_with_what_has_changed_and_stay_raw(tmp_path: Path) -> None:
    lists = Lists()
    with lists.serve() as server:
        tried = Tried(lists, server, tmp_path)
        tried.rows.put(*(lists.usual(n, MORNING + timedelta(hours=n)) for n in range(1, 8)))
        tried.extract()
        tried.rows.put({**lists.usual(2, MORNING + timedelta(days=1)), "isDeleted": "true"})
        assert tried.extract().counts["list_membership.rows"] == 1
        tried.check()
        counts = tried.stage().counts
    assert counts[f"{SOURCE}.list_membership.raw"] == 8
    assert counts[f"{SOURCE}.list_membership.superseded"] == 2
    assert staged(tried, "campaign_member") == []


class TestTypeform(LiveSuite):
    kind = "typeform"
    object = "response"
    person_column = "name"
    paged = "/responses"
    secret = KEY
    options = {"form": FORM, "page_size": "3"}  # noqa: RUF012

    def serve(self) -> TypeformServer:
        server = TypeformServer()
        server.page_rows = 3
        return server

    def connection(self, server: TypeformServer) -> Connection:
        return Connection("its", host=server.url, password=KEY)

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """What the columns are drawn from comes as received beside them."""
        drawn = [name for name in held if name not in ("hidden", "answers", "form_id")]
        return json.loads(held["answers"])[0]["number"] == 9 and all(held[name] == given[name] for name in drawn)

    def test_who_answered_is_known_by_address_where_nothing_else_tells(self, tried: Tried) -> None:
        tried.rows.put({**self.usual(8, MORNING), "person_id": None})
        tried.extract()
        assert "nina.berg@norvik.example" in {row["person_id"] for row in tried.raw()}


class TestQualtrics(JobSuite, LiveSuite):
    kind = "qualtrics"
    object = "response"
    person_column = "name"
    paged = "/file"
    secret = qualtrics.KEY
    options = {"survey": qualtrics.SURVEY, "question": qualtrics.QUESTION, "comment": qualtrics.COMMENT}  # noqa: RUF012

    def serve(self) -> qualtrics.QualtricsServer:
        return qualtrics.QualtricsServer()

    def connection(self, server: qualtrics.QualtricsServer) -> Connection:
        return Connection("its", host=server.url, password=qualtrics.KEY)

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        return all(held[name] == given[name] for name in held if name not in ("values", "survey_id"))


class TestHubSpot(SchemaSuite, LiveSuite):
    kind = "hubspot"
    object = "contact"
    person_column = "lastname"
    paged = "/crm/objects/"
    secret = hubspot.KEY
    options = {"page_size": "3"}  # noqa: RUF012
    lost_column = "jobtitle"
    other_type = "number"

    def serve(self) -> hubspot.HubSpotServer:
        server = hubspot.HubSpotServer()
        server.page_rows = 3
        return server

    def connection(self, server: hubspot.HubSpotServer) -> Connection:
        return Connection("its", host=server.url, password=hubspot.KEY)

    def key(self, number: int) -> str:
        return f"{12_345_000_000 + number}"

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """When it was modified is when it was changed, whatever else the sample says."""
        return all(held[name] == given[name] for name in held if name not in ("lastmodifieddate", "archivedAt"))

    def test_changes_beyond_what_a_search_gives_are_all_found(self, tried: Tried) -> None:
        tried.extract()
        tried.server.most_results = 5  # type: ignore[attr-defined]
        at = MORNING + timedelta(days=1)  # one moment for all, as an import leaves it
        tried.rows.put(*(self.usual(n, at) for n in range(20, 40)))
        tried.extract()
        tried.check()

    def test_a_deleted_contact_comes_once_more_and_is_staged_as_gone(self, tried: Tried) -> None:
        tried.extract()
        tried.server.delete("contact", self.key(2), MORNING + timedelta(days=1))  # type: ignore[attr-defined]
        assert tried.extract().counts["contact.rows"] == 1
        assert tried.extract().counts["contact.rows"] == 0
        tried.stage()
        assert {row["source_key"] for row in staged(tried, "person_record") if row["is_deleted"]} == {self.key(2)}

    def test_a_merged_contact_vanishes_and_is_staged_as_merged(self, tried: Tried) -> None:
        tried.extract()
        at = MORNING + timedelta(days=1)
        tried.server.merge("contact", self.key(2), self.key(1), at)  # type: ignore[attr-defined]
        tried.extract()
        tried.stage()
        (loser,) = [row for row in staged(tried, "person_record") if row["source_key"] == self.key(2)]
        assert loser["is_deleted"] and loser["merged_into"] == f"{SOURCE}.contact:{self.key(1)}"


class TestHubSpotEmailEvents(LiveSuite):
    kind = "hubspot"
    object = "email_event"
    person_column = "recipient"
    paged = "/email/public/v1/events"
    secret = hubspot.KEY

    def serve(self) -> hubspot.HubSpotServer:
        server = hubspot.HubSpotServer()
        server.page_rows = 3
        return server

    def connection(self, server: hubspot.HubSpotServer) -> Connection:
        return Connection("its", host=server.url, password=hubspot.KEY)

    def usual(self, number: int, changed: datetime) -> dict[str, str]:
        created = str(int(changed.timestamp() * 1000))
        return {**super().usual(number, changed), "recipient": f"{PERSON}@norvik.example", "created": created}

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        told = all(json.loads(held[name]) == json.loads(given[name]) for name in ("browser", "location"))
        return told and all(held[name] == given[name] for name in held if name not in ("browser", "location"))

    def with_contacts(self, tried: Tried, **said: str) -> None:
        """Let the portal have a contact that the usual events were sent to, and take contacts in as well."""
        contact = {column.name: column.example for column in SYSTEMS["hubspot"].file("contact").columns}
        tried.server.rows["contact"].put({**contact, "email": f"{PERSON}@Norvik.example", **said})
        tried.objects.append("contact")

    def test_its_rows_are_staged(self, tried: Tried) -> None:
        self.with_contacts(tried)
        super().test_its_rows_are_staged(tried)
        activities = staged(tried, "email_activity")
        assert {row["record_id"] for row in activities} == {f"{SOURCE}.contact:12345678901"}
        assert {(row["kind"], row["mailing"], row["machine_reason"]) for row in activities} == {
            ("open", "8107", "prefetch_agent")
        }

    def test_whoever_has_the_address_as_a_further_one_is_who_it_happened_to(self, tried: Tried) -> None:
        self.with_contacts(
            tried, email="nina@norvik.example", hs_additional_emails=f"x@y.example;{PERSON}@norvik.example"
        )
        super().test_its_rows_are_staged(tried)

    def test_what_happened_to_an_address_that_is_no_contacts_is_set_aside(self, tried: Tried) -> None:
        self.with_contacts(tried)
        tried.rows.put({**self.usual(8, MORNING), "recipient": "gone@norvik.example"})
        tried.extract()
        counts = tried.stage().counts
        assert counts[f"{SOURCE}.email_event.staged"] == 7 and counts[f"{SOURCE}.email_event.quarantined"] == 1

    def test_each_type_is_what_it_means_and_no_other_is_taken(self, tried: Tried) -> None:
        self.with_contacts(tried)
        status = "portalSubscriptionStatus"
        meant: list[tuple[str | None, dict[str, str]]] = [
            ("sent", {"type": "SENT"}), ("click", {"type": "CLICK"}), ("bounce", {"type": "BOUNCE"}),
            ("complaint", {"type": "SPAMREPORT"}), (None, {"type": "DELIVERED"}), (None, {"type": "STATUSCHANGE"}),
            ("unsubscribe", {"type": "STATUSCHANGE", status: "UNSUBSCRIBED", "source": "SOURCE_CUSTOMER"}),
            ("resubscribe", {"type": "STATUSCHANGE", status: "SUBSCRIBED", "source": "SOURCE_RECIPIENT"}),
            (None, {"type": "STATUSCHANGE", status: "SUBSCRIBED", "source": "SOURCE_CUSTOMER"}),
            (None, {"type": "UNBOUNCE", "recipient": ""}), (None, {"type": "TELEPATHY"}),
        ]  # fmt: skip
        tried.server.rows[self.object] = Rows.of(tried.rows.declared)
        tried.rows.put(*({**self.usual(n, MORNING + timedelta(hours=n)), **says} for n, (_, says) in enumerate(meant)))
        tried.extract()
        counts = tried.stage().counts
        assert counts[f"{SOURCE}.email_event.of_no_known_type"] == 1
        found = {row["activity_id"]: row["kind"] for row in staged(tried, "email_activity")}
        assert found == {f"{SOURCE}.email_event:{self.key(n)}": kind for n, (kind, _) in enumerate(meant) if kind}


class Deals(TestHubSpot):
    __test__ = False
    object = "deal"
    person_column = "dealname"

    def same(self, held: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        linked = all(json.loads(held[name]) == json.loads(given[name]) for name in ("companies", "contacts"))
        rest = [name for name in held if name not in ("hs_lastmodifieddate", "archivedAt", "companies", "contacts")]
        return linked and all(held[name] == given[name] for name in rest)


def test_deals_bring_whom_they_are_associated_with_and_a_deleted_one_is_none_any_more(tmp_path: Path) -> None:
    deals = Deals()
    with deals.serve() as server:
        tried = Tried(deals, server, tmp_path)
        tried.rows.put(*(deals.usual(n, MORNING + timedelta(hours=n)) for n in range(1, 8)))
        tried.extract()
        tried.check()
        server.delete("deal", deals.key(2), MORNING + timedelta(days=1))
        tried.extract()
        tried.stage()
    assert len(staged(tried, "opportunity")) == len(staged(tried, "opportunity_contact_role")) == 6


def staged(tried: Tried, table: str) -> list[dict[str, Any]]:
    manifest = tried.project.lake.current(f"staged/{table}")
    assert manifest is not None
    return [row for file in tried.project.lake.urls(manifest) for row in pq.read_table(file).to_pylist()]
