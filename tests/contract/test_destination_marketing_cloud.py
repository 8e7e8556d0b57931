"""Marketing Cloud: rows of a data extension keep the promises of destinations; no entry of a journey is sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.samples.servers.trouble import Kind
from tests.audience import Audience
from tests.contract.test_destination_vendors import VendorPlace
from tests.destination_suite import NetworkSuite, SuiteBase
from tests.vendor_servers import TOKEN, MarketingCloudServer


class CloudPlace(VendorPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "marketing_cloud", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {
        "key": {"Email": "email"}, "fields": {"FirstName": "first_name"}, "settings": {"external_key": "renewing"},
    }  # fmt: skip
    server: MarketingCloudServer

    @property
    def connection(self) -> Connection:
        return Connection("tool", host=self.server.url, login="client", password=TOKEN)

    def held(self) -> dict[str, Any]:
        return {key: row["FirstName"] for key, row in self.server.rows.items()}

    def stored(self, key: str) -> str:
        return key


class TestDataExtension(NetworkSuite):
    @pytest.fixture
    def place(self) -> Iterator[CloudPlace]:
        with MarketingCloudServer() as server:
            yield CloudPlace(server)

    def test_a_token_that_ends_before_a_deletion_is_renewed_in_its_body(self, audience: Audience) -> None:
        self.run()
        audience.leave("bob")

        def meanwhile(step: str) -> None:
            if step == "planned":
                self.place_.server.expired = True

        self.run(meanwhile)
        self.expect("ann", "cleo")

    def test_what_others_change_is_found_page_by_page_and_mended(self, audience: Audience) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "drift": "ours wins"})
        self.run()
        del self.place_.server.rows["bob@acme.test"]
        self.place_.server.rows["stranger@acme.test"] = {"FirstName": "Stranger"}
        report = self.run()
        assert (report.drift.removed, report.drift.added) == (1, 1)
        self.expect("ann", "bob", "cleo")

    def test_a_field_and_a_key_that_do_not_fit_are_named(self, audience: Audience) -> None:
        wrong = {"key": {"FirstName": "email"}, "fields": {"Emial": "first_name"}}
        audience.declare(**self.place_.file, sync={**self.place_.sync, **wrong})
        with pytest.raises(
            ConfigurationError, match=r"no field 'Emial' .*'Email'.*; .*FirstName is not the primary key"
        ):
            self.once()


class JourneyPlace(CloudPlace):
    file: ClassVar[dict[str, Any]] = {"kind": "marketing_cloud_journey", "connection": "tool"}
    sync: ClassVar[dict[str, Any]] = {
        "mode": "append", "key": {"Email": "email"}, "fields": {"FirstName": "first_name"},
        "settings": {"event_definition_key": "entry"},
    }  # fmt: skip


class TestJourney(SuiteBase):
    """An entry is an event: what a list promises, it does not."""

    @pytest.fixture
    def place(self) -> Iterator[JourneyPlace]:
        with MarketingCloudServer() as server:
            yield JourneyPlace(server)

    def entered(self) -> list[str]:
        return sorted(event["ContactKey"] for event in self.place_.server.events)

    def test_each_entry_is_one_event_with_its_data(self, audience: Audience) -> None:
        self.run()
        assert self.entered() == [self.key(person) for person in ("ann", "bob", "cleo")]
        assert self.place_.server.events[0]["EventDefinitionKey"] == "entry"
        assert self.run().counts["planned"] == 0

    @pytest.mark.parametrize("kind", [Kind.RESET, Kind.CUT_OFF, Kind.ERROR])
    def test_an_event_whose_answer_was_lost_is_rejected_and_never_sent_twice(
        self, audience: Audience, kind: Kind
    ) -> None:
        self.place_.server.trouble.plan(kind, path="events")
        report = self.run()
        assert len(self.entered()) == len(set(self.entered())) >= 2
        (row,) = audience.rows("SELECT reason FROM control.activation_change WHERE state = 'rejected'")
        assert row["reason"] == "its answer was lost, and it may not be sent twice"
        assert report.counts["rejected"] == 1

    def test_killed_at_every_step_no_event_is_sent_twice(self, audience: Audience) -> None:
        for number in range(40):
            audience.clear()
            self.place_.server.events.clear()
            for person in ("ann", "bob", "cleo"):
                audience.person(person)
            was_killed = self._killed_at(number)
            self._once_free()
            assert len(self.entered()) == len(set(self.entered())) >= 2
            if not was_killed:
                assert number > 8
                return
        raise AssertionError("it never came to its end")

    def test_whoever_opts_out_between_plan_and_delivery_does_not_enter(self, audience: Audience) -> None:
        self.run(lambda step: audience.opt_out("bob") if step == "planned" else None)
        assert self.entered() == [self.key("ann"), self.key("cleo")]

    def test_an_entry_event_that_is_not_there_is_told(self, audience: Audience) -> None:
        self.place_.server.gone = True
        with pytest.raises(ConfigurationError, match="Marketing Cloud has no entry event 'entry'"):
            self.once()
