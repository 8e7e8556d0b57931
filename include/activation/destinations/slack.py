"""Slack: a message in a channel for each entry into a segment, such as an alert for sales.

A message cannot be taken back by sending it again, so none is: each carries an id as metadata, and where the answer of
a call was lost, the channel's history tells whether it was posted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator

from include.activation.destination import Batch, Outcome
from include.activation.destinations.network import NetworkDestination, plain
from include.contracts.configuration import Strict
from include.contracts.errors import ConfigurationError, CredentialError, ThrottledError
from include.remote.budget import Allowance

EVENT = "kindred_activation"
PAGE = 200
LOOK_BACK = timedelta(minutes=10)  # before the moment of the search, for clocks that differ and calls that took long
_CREDENTIAL = ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope")
_PLACE = ("channel_not_found", "not_in_channel", "is_archived")
_ROW = ("msg_too_long", "no_text", "invalid_metadata_format")


class Slack(NetworkDestination):
    """A channel; the connection's password is a bot's token (``chat:write``, ``channels:history``)."""

    host: ClassVar[str] = "https://slack.com"
    repeatable: ClassVar[bool] = False
    removes: ClassVar[bool] = False
    appends: ClassVar[bool] = True
    batch_rows: ClassVar[int] = 1
    allowance: ClassVar[Allowance] = Allowance(a_second=1, at_once=1)  # one message a second and channel

    class ListSettings(Strict):
        """Where, and what."""

        channel: str = Field(pattern=r"^[CG][A-Z0-9]+$", description="Id of the channel")
        text: str = Field(min_length=1, description="The message; {field} stands for the value of a field of the sync")

        @field_validator("text")
        @classmethod
        def _formed(cls, text: str) -> str:
            try:
                text.format_map(_Blanks())
            except (ValueError, IndexError, AttributeError):
                raise ValueError("a brace stands for a field, as in {company}; write {{ for a brace") from None
            return text

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields of the text that the sync does not have, and a channel that may not be read."""
        wanted = _Blanks()
        self.list.text.format_map(wanted)
        for name in wanted.names:
            if name not in self.sync.mapping:
                yield "settings.text", f"the text asks for {name!r}, which is no field of the sync"
        answer = self.session.json("GET", "/api/conversations.info", params={"channel": self.list.channel})
        if not answer.get("ok"):
            self._require_credential(answer)
            yield "settings.channel", f"Slack says of the channel: {plain(answer.get('error'))}"

    def send(self, batch: Batch) -> Outcome:
        """Post the message."""
        (change,) = batch.changes
        values = {name: "–" if value is None else value for name, value in change.fields.items()}
        given = {
            "channel": self.list.channel,
            "text": self.list.text.format_map(values),
            "unfurl_links": False,
            "metadata": {"event_type": EVENT, "event_payload": {"id": batch.batch_id}},
        }
        answer = self.session.json("POST", "/api/chat.postMessage", json=given)
        if answer.get("ok"):
            return Outcome()
        self._require_credential(answer)
        error = str(answer.get("error"))
        if error in _PLACE:
            raise ConfigurationError(f"{self.declared.destination}: Slack says of the channel: {error}.")
        if error in _ROW:
            return Outcome(rejected={change.key: error})
        if error == "ratelimited":
            raise ThrottledError(f"{self.declared.destination} asks for a slower pace; run again later.")
        return Outcome(again={change.key: plain(error)})

    def settled(self, batch: Batch) -> Outcome:
        """Look for the message in the channel's history; one that is not there was not posted."""
        oldest = self.clock.now() - self._age(batch)
        cursor: str | None = None
        while True:
            given: dict[str, Any] = {"channel": self.list.channel, "limit": PAGE, "include_all_metadata": "true"}
            given |= {"oldest": f"{oldest.timestamp():.6f}", **({"cursor": cursor} if cursor else {})}
            page = self.session.json("GET", "/api/conversations.history", params=given)
            self._require_credential(page)
            for message in page.get("messages", ()):
                if message.get("metadata", {}).get("event_payload", {}).get("id") == batch.batch_id:
                    return Outcome()
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return Outcome(again={batch.changes[0].key: "it was not posted"})

    def _age(self, batch: Batch) -> timedelta:
        started = batch.started_at
        return (self.clock.now() - started if started else timedelta(days=1)) + LOOK_BACK

    def _require_credential(self, answer: Any) -> None:
        if not answer.get("ok") and answer.get("error") in _CREDENTIAL:
            name = self.connection.name
            raise CredentialError(f"Slack refuses the credential of the connection {name!r} ({answer['error']}).")


class _Blanks(dict[str, str]):
    """Says which fields a text asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, name: str) -> str:
        self.names.append(name)
        return ""
