"""The signed webhook keeps the promises of destinations over a network, and whoever receives it takes nothing twice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
import pytest

from include.activation.destinations.webhook import refused_by
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.samples.servers.trouble import Kind
from include.samples.servers.webhook import WebhookReceiver
from tests.audience import Audience, MovedClock
from tests.destination_suite import NetworkSuite, TroubledServer

SECRET = b"0123456789abcdef0123456789abcdef"
WRITTEN = f"whsec_{base64.b64encode(SECRET).decode()}"


class Receiver(WebhookReceiver):
    """A receiver with the test's own clock."""

    clock: MovedClock
    ahead = timedelta()

    @property
    def now(self) -> datetime:
        return self.clock.now() + self.ahead


class WebhookPlace(TroubledServer):
    """A receiver on this machine."""

    file: ClassVar[dict[str, Any]] = {"kind": "webhook", "connection": "hook"}
    server: Receiver
    given: Connection | None = None

    @property
    def connection(self) -> Connection:
        return self.given or Connection("hook", host=self.server.url, password=WRITTEN)

    def held(self) -> dict[str, Any]:
        return {key: row["first_name"] for key, row in self.server.rows.items()}

    @property
    def applied(self) -> list[str]:
        return self.server.applied

    def refuse(self, key: str) -> None:
        self.server.refusals[key] = None


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (httpx.Response(200, json={"rejected": {"a": "no such field"}}), {"a": "no such field"}),
        (httpx.Response(200, json={"rejected": ["a", 5]}), {"a": "no reason given", "5": "no reason given"}),
        (httpx.Response(200, json={"rejected": 3}), {}),
        (httpx.Response(200, json=[]), {}),
        (httpx.Response(200, text="ok"), {}),
        (httpx.Response(204, headers={"Content-Type": "application/json"}), {}),
    ],
)
def test_an_answer_refuses_rows_by_key_or_in_a_list(answer: httpx.Response, refused: dict[str, str]) -> None:
    assert refused_by(answer) == refused


class TestWebhook(NetworkSuite):
    kinds = ("throttled", "broken", "reset", "lost")
    has_schema = False  # whoever receives it says nothing of fields

    @pytest.fixture
    def place(self) -> Iterator[WebhookPlace]:
        with Receiver(SECRET) as server:
            yield WebhookPlace(server)

    def test_both_secrets_hold_while_one_is_changed(self, audience: Audience) -> None:
        new = base64.b64encode(b"another secret of 32 bytes......").decode()
        connection = Connection(
            "hook", host=self.place_.server.url, password=new, extra={"previous_secret": WRITTEN, "path": "/in"}
        )
        self.place_.given = connection
        assert self.run().counts["sent"] == 3

    def test_a_wrong_secret_is_refused_and_says_so(self, audience: Audience) -> None:
        self.place_.server.secret = b"another"
        with pytest.raises(ConfigurationError, match="refuses the credential of the connection 'hook'"):
            self.once()
        assert self.place_.held() == {}

    def test_an_old_message_is_not_taken(self, audience: Audience) -> None:
        self.place_.server.ahead = timedelta(hours=1)
        with pytest.raises(ConfigurationError):
            self.once()

    def test_a_refusal_in_an_answer_that_cannot_be_read_is_heard(self, audience: Audience) -> None:
        self.place_.refuse(self.key("bob"))
        self.place_.server.trouble.plan(Kind.GARBLED)
        assert self.run().counts["rejected"] == 1
        self.expect("ann", "cleo")

    def test_trouble_that_answers_after_the_fact_is_taken_once(self, audience: Audience) -> None:
        for kind in (Kind.CUT_OFF, Kind.RESET, Kind.GARBLED):
            self.place_.server.trouble.plan(kind)
        self.run()
        self.expect("ann", "bob", "cleo")
        assert len(self.place_.applied) == 1
