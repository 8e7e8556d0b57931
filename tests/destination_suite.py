"""What every destination has to keep: subclass ``DestinationSuite`` and say where your destination is.

    from tests.destination_suite import DestinationSuite

    class TestMailTool(DestinationSuite):
        @pytest.fixture
        def place(self, tmp_path): ...  # yields a Place

A destination that is spoken to over a network subclasses ``NetworkSuite``, whose place can make trouble, too.
"""

from __future__ import annotations

import logging
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import pytest

from include.activation.destinations import network
from include.activation.step import Report, activate
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError, FatalError, KindredError, RetryableError
from include.samples.servers.trouble import Kind
from include.storage.control.activation import rejected
from tests.audience import Audience, MovedClock

SECRET = "s3cr3t-of-the-tool"


class Place(Protocol):
    """A destination under test, empty at first."""

    file: Mapping[str, Any]  # what its file says: kind, connection, settings
    sync: Mapping[str, Any]  # what its sync says, beside what ``Audience.declare`` gives
    connection: Connection | None

    def held(self) -> dict[str, Any]:
        """What it holds now: by key, the first name that was sent."""

    def lose_field(self) -> None:
        """Let it lack a field that the sync names, or what the list stands in."""


class TroubledPlace(Place, Protocol):
    """A destination over a network, whose trouble a test plans."""

    applied: list[str]  # each call that changed something, by what tells it from others

    def trouble(self, kind: str, times: int = 1) -> None:
        """Let the next calls go wrong: throttled, broken, lost (accepted, then silence), reset, expired."""

    def refuse(self, key: str) -> None:
        """Refuse one row for good."""


class TroubledServer:
    """A place that is one of the servers of ``include/samples/servers``."""

    sync: ClassVar[Mapping[str, Any]] = {}
    kinds: ClassVar[Mapping[str, Kind]] = {
        "throttled": Kind.TOO_FAST, "broken": Kind.ERROR, "reset": Kind.CUT_OFF, "lost": Kind.RESET,
        "silent": Kind.SILENCE,
    }  # fmt: skip

    def __init__(self, server: Any) -> None:
        self.server = server

    def trouble(self, kind: str, times: int = 1) -> None:
        if not times:
            self.server.trouble.clear()
        elif kind == "expired":
            self.server.tokens.expire()
        else:
            self.server.trouble.plan(self.kinds[kind], times=times)


class SuiteBase:
    """How a sync is run in tests: on a segment of three people, with a clock that is moved, in processes that die."""

    name = "to_tool"

    @pytest.fixture(scope="class")
    @classmethod
    def _audience(
        cls, new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Audience]:
        with new_database() as url:
            audience = Audience(url, tmp_path_factory.mktemp("audience"))
            yield audience
            audience.project.close()

    @pytest.fixture
    def audience(self, _audience: Audience, place: Place) -> Audience:
        """A segment of three people, of whom none is at the destination."""
        _audience.clear()
        _audience.declare(name=self.name, **place.file, sync=dict(place.sync))
        for person in ("ann", "bob", "cleo"):
            _audience.person(person, first_name=person.title())
        self.audience_, self.place_, self.clock = _audience, place, MovedClock()
        if isinstance(place, TroubledServer):
            place.server.clock = self.clock
        return _audience

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    def run(self, watch: Callable[[str], None] = lambda step: None) -> Report:
        """Run the sync as often as it asks for, at most ten times."""
        for _ in range(10):
            try:
                return self.once(watch)
            except RetryableError:
                self.clock.sleep(600)
        return self.once(watch)

    def once(self, watch: Callable[[str], None] = lambda step: None) -> Report:
        return activate(
            self.audience_.project, self.name, lambda _: self.place_.connection, clock=self.clock, watch=watch
        )

    def key(self, person: str) -> str:
        """The key that the destination has a person by."""
        return f"{person}@acme.test"

    def expect(self, *people: str) -> None:
        """The destination has these people, the ledger says so, and every plan adds up."""
        held = self.place_.held()
        assert held == {self.key(person): person.title() for person in people}
        assert set(self.audience_.standing()) == set(held)
        for row in self.audience_.rows("SELECT * FROM control.activation_change WHERE state = 'pending'"):
            raise AssertionError(f"still pending: {row}")
        settled = "SELECT key, former_key FROM control.activation_change WHERE key IS NOT NULL"
        assert self.audience_.rows(settled) == []  # nobody's address stays in what is settled

    def _killed_at(self, number: int) -> bool:
        """Run in a process that is killed at a step; False where it came to its end before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of the server stay in the parent
            child = os.fork()
        if not child:
            self._die_at(number)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    def _die_at(self, number: int) -> None:
        steps = iter(range(100))

        def watch(step: str) -> None:
            if next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            mine = type(self.audience_.project)(self.audience_.project.settings)  # no connection of the parent's
            activate(mine, self.name, lambda _: self.place_.connection, clock=self.clock, watch=watch)
            os._exit(0)
        finally:
            os._exit(1)

    def _once_free(self) -> None:
        """Run once the server has noticed that the killed process is gone."""
        for _ in range(200):
            try:
                self.once()
                return
            except RetryableError as error:
                if "Another run" not in str(error):
                    self.clock.sleep(600)
                time.sleep(0.01)
        raise AssertionError("it is not free")


class DestinationSuite(SuiteBase):
    """The promises of a destination, on one list of three people."""

    has_schema: ClassVar[bool] = True  # it can be asked whether it has a field

    def test_everybody_is_added_once(self, audience: Audience) -> None:
        report = self.run()
        self.expect("ann", "bob", "cleo")
        assert report.counts == {"planned": 3, "sent": 3, "suppressed": 0, "rejected": 0, "pending": 0}
        assert self.run().counts["planned"] == 0

    def test_whoever_leaves_is_removed_and_whoever_enters_is_added(self, audience: Audience) -> None:
        self.run()
        audience.leave("bob")
        audience.erase("cleo")
        audience.person("dora", first_name="Dora")
        assert self.run().counts["sent"] == 3
        self.expect("ann", "dora")

    def test_a_changed_value_is_sent(self, audience: Audience) -> None:
        self.run()
        audience.set("bob", first_name="Robert")
        assert self.run().difference.actions == {"change": 1}
        assert self.place_.held()[self.key("bob")] == "Robert"

    def test_whoever_opts_out_or_bounces_is_removed(self, audience: Audience) -> None:
        self.run()
        audience.opt_out("bob")
        audience.bounce("cleo")
        report = self.run()
        self.expect("ann")
        assert report.difference.removed == {"opted out": 1, "undeliverable": 1}
        assert self.run().difference.withheld == {"opted out": 1, "undeliverable": 1}

    def test_a_merge_is_a_change_of_key_and_no_exit(self, audience: Audience) -> None:
        self.run()
        audience.set("ann", email="bob@acme.test", first_name="Bob")
        audience.merge("bob", into="ann")
        audience.leave("cleo")
        report = self.run()
        self.expect("bob")
        assert "left the segment" in report.difference.removed
        assert audience.standing() == {self.key("bob"): "ann"}

    def test_a_split_gives_each_part_its_own_row(self, audience: Audience) -> None:
        audience.leave("bob")
        audience.leave("cleo")
        self.run()
        audience.set("ann", email="dora@acme.test", first_name="Dora")  # who goes on by her own address
        audience.person("new", "ann@acme.test", first_name="Ann")
        self.run()
        self.expect("ann", "dora")

    def test_a_new_address_is_a_change_of_key(self, audience: Audience) -> None:
        self.run()
        audience.set("bob", email="dora@acme.test", first_name="Dora")
        report = self.run()
        self.expect("ann", "cleo", "dora")
        assert report.difference.actions["rekey"] == 1
        assert report.difference.removes == 0

    def test_an_opt_out_between_plan_and_delivery_is_obeyed(self, audience: Audience) -> None:
        report = self.run(lambda step: audience.opt_out("bob") if step == "planned" else None)
        self.expect("ann", "cleo")
        assert report.counts == {"planned": 3, "sent": 2, "suppressed": 1, "rejected": 0, "pending": 0}

    def test_what_the_destination_lacks_is_refused_before_anything_is_sent(self, audience: Audience) -> None:
        if not self.has_schema:
            pytest.skip("it says nothing of its fields")
        self.place_.lose_field()
        with pytest.raises(ConfigurationError, match=r"destinations/tool\.yaml, line \d+: .* Nothing was sent\."):
            self.once()
        assert audience.rows("SELECT * FROM control.activation_plan") == []

    def test_of_two_runs_at_once_one_waits_its_turn(self, audience: Audience) -> None:
        def meanwhile(step: str) -> None:
            if step == "planned":
                with pytest.raises(RetryableError, match="Another run of to_tool is at work"):
                    self.once()

        self.run(meanwhile)
        self.expect("ann", "bob", "cleo")

    def test_killed_at_every_step_it_ends_as_planned(self, audience: Audience) -> None:
        """SIGKILL before, amid and after each call; a run afterwards ends as planned.

        Each time one leaves, one changes her address and one enters; the next time all that is undone.
        """
        audience.person("erna", first_name="Erna", enters=False)
        self.run()
        for number in range(40):
            leaving, entering, moved = ("erna", "bob", "cleo") if number % 2 else ("bob", "erna", "dora")
            audience.leave(leaving)
            audience.enter(entering)
            audience.set("cleo", email=f"{moved}@acme.test", first_name=moved.title())
            was_killed = self._killed_at(number)
            self._once_free()
            self.expect("ann", moved, entering)
            if not was_killed:
                assert number > 5
                return
        raise AssertionError("it never came to its end")

    def test_no_log_and_no_message_names_anybody(self, audience: Audience, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            report = self.run()
        said = caplog.text + repr(report) + repr(self.place_.connection)
        assert "acme.test" not in said
        assert SECRET not in said


class NetworkSuite(DestinationSuite):
    """The promises of a destination over a network that fails in every way; its ``place`` is a TroubledPlace."""

    kinds: ClassVar[tuple[str, ...]] = ("throttled", "broken", "reset", "lost", "expired")

    def test_trouble_passes(self, audience: Audience) -> None:
        for kind in self.kinds:
            audience.set("ann", last_name=kind)
            self.place_.trouble(kind)
            self.run()
        self.expect("ann", "bob", "cleo")

    def test_it_waits_as_long_as_it_is_told(self, audience: Audience) -> None:
        self.place_.trouble("throttled")
        self.run()
        assert self.clock.slept >= 2

    def test_an_answer_that_is_lost_after_acceptance_doubles_nothing(self, audience: Audience) -> None:
        self.place_.trouble("lost")
        self.run()
        self.expect("ann", "bob", "cleo")
        assert len(self.place_.applied) == len(set(self.place_.applied))

    def test_silence_after_acceptance_doubles_nothing(
        self, audience: Audience, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(network, "PATIENCE", replace(network.PATIENCE, attempts=10, read_seconds=0.5))
        self.run()
        audience.set("ann", last_name="Li")
        audience.leave("bob")
        self.place_.trouble("silent")
        self.run()
        self.expect("ann", "cleo")
        assert len(self.place_.applied) == len(set(self.place_.applied))

    def test_a_poison_row_is_rejected_with_its_reason_and_stops_nobody(self, audience: Audience) -> None:
        self.place_.refuse(self.key("bob"))
        report = self.run()
        held = self.place_.held()
        assert held == {self.key("ann"): "Ann", self.key("cleo"): "Cleo"}
        assert (report.counts["sent"], report.counts["rejected"]) == (2, 1)
        (row,) = rejected(audience.project)
        assert row["member_id"] == "bob"
        assert row["reason"]
        assert "acme.test" not in row["reason"]

    def test_a_server_that_stays_broken_leaves_all_pending_and_the_next_run_goes_on(self, audience: Audience) -> None:
        def meanwhile(step: str) -> None:
            if step == "planned":
                self.place_.trouble("broken", times=100)

        with pytest.raises(KindredError) as caught:
            self.once(meanwhile)
        assert SECRET not in str(caught.value)
        assert not isinstance(caught.value, FatalError)
        (left,) = audience.rows("SELECT count(*) AS n FROM control.activation_change WHERE state = 'pending'")
        assert left["n"] == 3
        self.place_.trouble("broken", times=0)
        self.clock.sleep(600)
        self.run()
        self.expect("ann", "bob", "cleo")
