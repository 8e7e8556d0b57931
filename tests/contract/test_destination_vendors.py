"""HubSpot and the audiences of ad networks keep the promises of destinations, each against a server with state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from include.activation.destinations import hashing
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.samples.servers.trouble import Kind
from include.storage.control.activation import rejected
from tests.audience import Audience
from tests.destination_suite import NetworkSuite, TroubledServer
from tests.vendor_servers import (
    TOKEN,
    GoogleServer,
    HubSpotServer,
    LinkedInServer,
    MetaServer,
    PardotServer,
    SalesforceServer,
    Vendor,
)

pytestmark = pytest.mark.slow
PEOPLE = ("ann", "bob", "cleo", "dora", "erna", "new")
NAMES = ("Ann", "Bob", "Cleo", "Dora", "Erna", "Robert", "New")


class VendorPlace(TroubledServer):
    """A vendor's server; where it holds digests, they are told by those of the people and names of these tests."""

    server: Vendor
    applied: ClassVar[list[str]] = []

    @property
    def connection(self) -> Connection:
        return Connection("tool", host=self.server.url, login="client", password=TOKEN,
                          extra={"refresh_token": "refresh", "token_url": f"{self.server.url}/token"})  # fmt: skip

    def trouble(self, kind: str, times: int = 1) -> None:
        if kind == "expired":
            self.server.expired = True
        else:
            super().trouble(kind, times)

    def lose_field(self) -> None:
        self.server.gone = True

    def refuse(self, key: str) -> None:
        self.server.poison.add(self.stored(key))

    def stored(self, key: str) -> str:
        """How the vendor has a key."""
        return hashing.sha256(key)

    def plain(self) -> dict[str, str]:
        """The plain text of digests."""
        emails = {self.stored(f"{person}@acme.test"): f"{person}@acme.test" for person in PEOPLE}
        return emails | {hashing.sha256(name.lower()): name for name in NAMES} | {name: name for name in NAMES}


class HubSpotPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "hubspot", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {"fields": {"firstname": "first_name"}, "settings": {"list_id": "7"}}
    server: HubSpotServer

    def held(self) -> dict[str, Any]:
        contacts = [self.server.contacts[id_] for id_ in self.server.members]
        return {one["email"]: one["firstname"] for one in contacts}

    def stored(self, key: str) -> str:
        return key


class TestHubSpot(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[HubSpotPlace]:
        with HubSpotServer() as server:
            yield HubSpotPlace(server)

    def test_a_property_that_is_not_there_is_named_with_the_nearest(self, audience: Audience) -> None:
        sync = {**self.place_.sync, "fields": {"fistname": "first_name"}}
        audience.declare(**self.place_.file, sync=sync)
        with pytest.raises(
            ConfigurationError, match=r"line \d+: HubSpot has no writable property 'fistname' .*'firstn"
        ):
            self.once()

    def test_a_list_that_is_deleted_amid_a_run_stops_it_and_rejects_nobody(self, audience: Audience) -> None:
        def meanwhile(step: str) -> None:
            if step == "planned":
                self.place_.server.gone = True

        with pytest.raises(ConfigurationError, match="See that the list is still there"):
            self.once(meanwhile)
        (left,) = audience.rows("SELECT count(*) AS n FROM control.activation_change WHERE state = 'pending'")
        assert left["n"] == 3
        self.place_.server.gone = False
        self.run()
        self.expect("ann", "bob", "cleo")

    def test_what_others_change_is_found_page_by_page_and_mended(self, audience: Audience) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "drift": "ours wins"})
        self.run()
        server = self.place_.server
        server.contacts["999"] = {"email": "stranger@acme.test", "firstname": "Stranger"}
        server.members = [*server.members[1:], "999"]
        report = self.run()
        assert (report.drift.removed, report.drift.added) == (1, 1)
        self.expect("ann", "bob", "cleo")

    def test_a_contact_that_leaves_is_never_deleted(self, audience: Audience) -> None:
        self.run()
        audience.leave("bob")
        self.run()
        assert {one["email"] for one in self.place_.server.contacts.values()} >= {"bob@acme.test"}


class GooglePlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {
        "kind": "google_audience", "connection": "tool", "settings": {"account_id": "1234567890"},
    }  # fmt: skip
    sync: ClassVar[dict[str, Any]] = {
        "settings": {"audience_id": "55"},
        "fields": {
            "given_name": "first_name", "family_name": "last_name", "region_code": "country", "postal_code": "postcode",
        },
    }  # fmt: skip
    server: GoogleServer

    def held(self) -> dict[str, Any]:
        plain = self.plain()
        return {plain[key]: plain[one["address"]["givenName"]] for key, one in self.server.members.items()}


class TestGoogleAudience(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[GooglePlace]:
        with GoogleServer() as server:
            yield GooglePlace(server)

    def test_what_google_took_in_and_could_not_use_is_sent_again(self, audience: Audience) -> None:
        server = self.place_.server
        server.becomes = "FAILED"
        assert self.run().counts["sent"] == 3
        assert self.run().later == []  # it is still worked on
        server.becomes = "SUCCESS"
        told = self.run()
        assert told.later == [
            "3 rows that it had taken in came to nothing, and are sent again "
            "(FAILED PROCESSING_ERROR_REASON_INTERNAL_ERROR: 1)"
        ]
        assert told.difference.actions == {"change": 3}
        self.run()
        assert self.run().counts["planned"] == 0
        self.expect("ann", "bob", "cleo")
        assert audience.rows("SELECT * FROM control.activation_batch") == []

    def test_a_removal_that_came_to_nothing_is_made_again(self, audience: Audience) -> None:
        self.run()
        self.run()
        self.run()
        audience.leave("bob")
        self.place_.server.becomes = "FAILED"
        assert self.run().difference.actions == {"remove": 1}
        self.run()
        self.place_.server.becomes = "SUCCESS"
        assert self.run().difference.actions == {"remove": 1}
        self.expect("ann", "cleo")

    def test_of_what_came_true_in_part_is_told_and_nothing_is_repeated(self, audience: Audience) -> None:
        self.place_.server.becomes = "PARTIAL_SUCCESS"
        self.run()
        self.run()
        (told,) = self.run().later
        assert told.startswith("of 3 rows that it had taken in some came to nothing")
        assert self.run().counts["planned"] == 0


class MetaPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "meta_audience", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {
        "key": {"EMAIL": "email"}, "fields": {"FN": "first_name"}, "settings": {"audience_id": "77"},
    }  # fmt: skip
    server: MetaServer

    def held(self) -> dict[str, Any]:
        plain = self.plain()
        return {plain[key]: plain[row["FN"]] for key, row in self.server.members.items()}


class TestMetaAudience(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[MetaPlace]:
        with MetaServer() as server:
            yield MetaPlace(server)

    def test_a_restricted_audience_is_told_before_anything_is_sent(self, audience: Audience) -> None:
        self.place_.server.status = 471
        with pytest.raises(ConfigurationError, match="Meta restricts the audience 77"):
            self.once()


class LinkedInPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "linkedin_audience", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {"fields": {"firstName": "first_name"}, "settings": {"segment_id": "88"}}
    server: LinkedInServer

    def held(self) -> dict[str, Any]:
        plain = self.plain()
        return {plain[key]: one["firstName"] for key, one in self.server.members.items()}


class TestLinkedInAudience(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[LinkedInPlace]:
        with LinkedInServer() as server:
            yield LinkedInPlace(server)

    def test_trouble_with_the_answer_is_asked_again(self, audience: Audience) -> None:
        self.place_.server.trouble.plan(Kind.GARBLED, path="users")
        self.run()
        self.expect("ann", "bob", "cleo")


class SalesforcePlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "salesforce", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {
        "key": {"Email__c": "email"}, "fields": {"FirstName": "first_name"}, "settings": {"flag": "In_Renewing__c"},
    }  # fmt: skip
    server: SalesforceServer

    @property
    def connection(self) -> Connection:
        return Connection("tool", host=self.server.url, login="client", password=TOKEN)

    def held(self) -> dict[str, Any]:
        contacts = self.server.contacts.items()
        return {key: one["FirstName"] for key, one in contacts if one.get("In_Renewing__c") == "true"}

    def stored(self, key: str) -> str:
        return key


class TestSalesforce(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[SalesforcePlace]:
        with SalesforceServer() as server:
            yield SalesforcePlace(server)

    def test_whoever_leaves_loses_the_flag_and_stays_a_contact(self, audience: Audience) -> None:
        self.run()
        audience.leave("bob")
        self.run()
        assert self.place_.server.contacts["bob@acme.test"]["In_Renewing__c"] == "false"

    def test_what_others_change_is_found_and_mended(self, audience: Audience) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "drift": "ours wins"})
        self.run()
        contacts = self.place_.server.contacts
        contacts["bob@acme.test"]["In_Renewing__c"] = "false"
        contacts["stranger@acme.test"] = {"FirstName": "Stranger", "In_Renewing__c": "true"}
        report = self.run()
        assert (report.drift.removed, report.drift.added) == (1, 1)
        self.expect("ann", "bob", "cleo")

    @pytest.mark.parametrize(
        ("sync", "said"),
        [
            (
                {"fields": {"FristName": "first_name"}},
                r"Contact has no field 'FristName' \(did you mean 'FirstName'\?\)",
            ),
            ({"key": {"FirstName": "email"}, "fields": {}}, "FirstName of Contact is no external id"),
            ({"fields": {"Id": "crm_id"}}, "Id of Contact may not be written by this user"),
            ({"settings": {"flag": "FirstName"}}, "Contact has no checkbox 'FirstName'"),
        ],
    )
    def test_what_the_object_lacks_is_named(self, audience: Audience, sync: dict[str, Any], said: str) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, **sync})
        with pytest.raises(ConfigurationError, match=said):
            self.once()

    def test_an_opt_out_is_written_and_an_opt_in_never(self, audience: Audience) -> None:
        fields = {"FirstName": "first_name", "HasOptedOutOfEmail": "email_consent"}
        audience.declare(**self.place_.file, sync={**self.place_.sync, "fields": fields})
        self.place_.server.contacts["ann@acme.test"] = {"HasOptedOutOfEmail": "true"}
        audience.set("ann", email_consent="opted_in")
        self.run()
        assert self.place_.server.contacts["ann@acme.test"]["HasOptedOutOfEmail"] == "true"
        assert "HasOptedOutOfEmail" not in self.place_.server.contacts["bob@acme.test"]


class PardotPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "account_engagement", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {"fields": {"firstName": "first_name"}, "settings": {"list_id": 9}}
    server: PardotServer

    @property
    def connection(self) -> Connection:
        extra = {"business_unit": "0Uv", "token_url": self.server.url}
        return Connection("tool", host=self.server.url, login="client", password=TOKEN, extra=extra)

    def held(self) -> dict[str, Any]:
        prospects = [self.server.prospects[id_] for id_ in self.server.members.values()]
        return {one["email"]: one["firstName"] for one in prospects}

    def stored(self, key: str) -> str:
        return key


class TestAccountEngagement(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[PardotPlace]:
        with PardotServer() as server:
            yield PardotPlace(server)

    def test_a_membership_whose_answer_was_lost_is_no_fault(self, audience: Audience) -> None:
        self.place_.server.trouble.plan(Kind.RESET, path="list-memberships$")
        report = self.run(lambda step: None)
        assert report.counts["rejected"] == 0
        self.expect("ann", "bob", "cleo")

    def test_what_others_change_is_found_page_by_page_and_mended(self, audience: Audience) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "drift": "ours wins"})
        self.run()
        server = self.place_.server
        server.prospects[99] = {"email": "stranger@acme.test", "firstName": "Stranger"}
        del server.members[min(server.members)]
        server.members[999] = 99
        report = self.run()
        assert (report.drift.removed, report.drift.added) == (1, 1)
        self.expect("ann", "bob", "cleo")

    def test_many_changes_are_one_import(self, audience: Audience) -> None:
        """Row by row, forty people would be eighty of a day's calls."""
        for number in range(37):
            audience.person(f"p{number}", first_name="Ann")
        self.place_.refuse("p7@acme.test")
        report = self.run()
        assert (report.counts["sent"], report.counts["rejected"]) == (39, 1)
        assert self.place_.held().keys() == audience.standing().keys()
        assert [job["status"] for job in self.place_.server.imports] == ["Complete"]
        (row,) = rejected(audience.project)
        assert row["reason"] == "4 … is no address"
        for number in range(37):
            audience.leave(f"p{number}")
        self.run()
        self.expect("ann", "bob", "cleo")
        assert self.place_.server.prospects  # nobody is deleted

    def test_an_import_takes_no_opt_out_back(self, audience: Audience) -> None:
        fields = {"firstName": "first_name", "optedOut": "email_consent"}
        audience.declare(**self.place_.file, sync={**self.place_.sync, "fields": fields, "mode": "upsert"})
        for number in range(37):
            audience.person(f"p{number}", first_name="Ann")
        self.run()
        server = self.place_.server
        for prospect in server.prospects.values():
            prospect["optedOut"] = "true"  # by their own hand, and not yet known here
        for person in ("bob", *(f"p{number}" for number in range(37))):
            audience.set(person, first_name="Anna")
        self.run()
        assert {one["firstName"] for one in server.prospects.values()} == {"Ann", "Anna", "Cleo"}
        assert {one["optedOut"] for one in server.prospects.values()} == {"true"}

    def test_a_field_that_prospects_have_not_is_named_and_own_ones_pass(self, audience: Audience) -> None:
        fields = {"fristName": "first_name", "renewal__c": "renewal_date"}
        audience.declare(**self.place_.file, sync={**self.place_.sync, "fields": fields})
        with pytest.raises(ConfigurationError, match=r"no field 'fristName' \(did you mean 'firstName'\?\)\. Nothing"):
            self.once()
