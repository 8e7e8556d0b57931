"""Marketing Cloud Engagement: rows of a data extension, upserted asynchronously and deleted; entries into a journey.

Its REST API deletes no rows, so a removal is a call of its SOAP API. A journey that begins with the data extension runs
on it; one that begins with an API event gets an event at each entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import httpx
from pydantic import Field

from include.activation.destination import Batch, Outcome
from include.activation.destinations import marketing_cloud_soap as soap
from include.activation.destinations.network import NetworkDestination, by_rows, token_fault
from include.contracts.configuration import Strict
from include.contracts.connections import Connection
from include.contracts.errors import CredentialError
from include.contracts.nearest import nearest
from include.remote.answers import Fault, Told
from include.remote.clock import Clock
from include.remote.http import SignIn, Token, as_bytes

PAGE = 2500


class _MarketingCloud(NetworkDestination):
    """A business unit; the connection's host is that of its authentication, extra ``account_id`` its MID."""

    soap_url = ""

    def sign_in(self) -> SignIn:
        """By OAuth's client credentials, as JSON; the answer says where to ask."""

        def sign_in(connection: Connection, ask: Callable[..., Any], clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
            given = {
                "grant_type": "client_credentials",
                "client_id": connection.needed("login"),
                "client_secret": connection.needed("password"),
            }
            unit = connection.extra.get("account_id")
            answer = ask(f"{connection.url}/v2/token", {**given, "account_id": unit} if unit else given, token_fault,
                         in_json=True)  # fmt: skip
            self.soap_url = f"{answer['soap_instance_url'].rstrip('/')}/Service.asmx"
            return Token({"Authorization": f"Bearer {answer['access_token']}"}, answer["rest_instance_url"])

        return sign_in


class DataExtension(_MarketingCloud):
    """One data extension with a primary key of one field."""

    patience: ClassVar[timedelta] = timedelta(hours=1)
    batch_rows: ClassVar[int] = 2_000

    class ListSettings(Strict):
        """Which data extension."""

        external_key: str = Field(min_length=1, description="External key of the data extension")

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that the data extension has not, and a key that is not its primary one."""
        fields, wanted = self._fields, self.list.external_key
        if not fields:
            yield "settings.external_key", f"Marketing Cloud has no data extension {wanted!r}"
            return
        for setting, name in self.sync.unknown(fields):
            yield setting, f"{wanted} has no field {name!r}{nearest(name, fields)}"
        if [name for name, is_key in fields.items() if is_key] != [self.sync.key_field]:
            yield "key", f"{self.sync.key_field} is not the primary key of {wanted}"

    def send(self, batch: Batch) -> Outcome:
        """Upsert the rows and wait for the results, or delete them."""
        if batch.verb == "remove":
            return self._delete(batch)
        place = f"/data/v1/async/dataextensions/key:{self.list.external_key}/rows"
        items = [{self.sync.key_field: change.key, **change.fields} for change in batch.changes]
        request = self.session.json("PUT", place, json={"items": items})["requestId"]
        status = self.ended(
            "A request", lambda: self.session.json("GET", f"/data/v1/async/{request}/status")["status"],
            lambda told: told["requestStatus"] in ("Complete", "Error"),
        )  # fmt: skip
        if not status["hasErrors"]:
            return Outcome()
        results = self.session.json("GET", f"/data/v1/async/{request}/results")["items"]
        return by_rows(batch.changes, results, _refusal)

    def present(self) -> Iterator[str]:
        """Yield the keys of all rows."""
        place, page, seen = f"/data/v1/customobjectdata/key/{self.list.external_key}/rowset", 1, 0
        while True:
            found = self.session.json("GET", place, params={"$page": page, "$pagesize": PAGE})
            for one in found.get("items", ()):
                yield str(one["keys"][self.sync.key_field.lower()])
            seen += len(found.get("items", ()))
            if not found.get("items") or seen >= found["count"]:
                return
            page += 1

    def explain(self, response: httpx.Response) -> Told:
        """SOAP answers a token that no longer holds with a fault of its own."""
        if soap.is_expired(response.text):
            return Told(Fault.EXPIRED, f"HTTP {response.status_code}")
        return super().explain(response)

    @cached_property
    def _fields(self) -> Mapping[str, bool]:
        key = self.list.external_key
        return soap.fields_answered(self._soap("Retrieve", lambda token: soap.fields_request(token, key)))

    def _delete(self, batch: Batch) -> Outcome:
        key, name = self.list.external_key, self.sync.key_field
        keys = [change.key for change in batch.changes]
        answer = self._soap("Delete", lambda token: soap.delete_request(token, key, name, keys))
        return by_rows(batch.changes, soap.deletions_answered(answer), lambda reason: reason)

    def _soap(self, action: str, request: Callable[[str], bytes]) -> str:
        """Ask by SOAP; the token stands in the body, so a new one needs a new body."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
        for is_last in (False, True):
            token = self.session.token().headers["Authorization"].removeprefix("Bearer ")
            try:
                return self.session.ask("POST", self.soap_url, as_bytes, content=request(token), headers=headers).text
            except CredentialError:
                if is_last:
                    raise
        raise AssertionError("unreachable")


class Journey(_MarketingCloud):
    """A journey that begins with an API event; whoever enters the segment enters it, with the fields as data.

    An event cannot be taken back or looked for, so one whose answer was lost is not sent again: it is rejected.
    """

    repeatable: ClassVar[bool] = False
    removes: ClassVar[bool] = False
    appends: ClassVar[bool] = True
    batch_rows: ClassVar[int] = 1

    class ListSettings(Strict):
        """Which journey."""

        event_definition_key: str = Field(min_length=1, description="Key of the journey's entry event")

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield that the entry event is not there."""
        wanted = self.list.event_definition_key
        if self.found(f"/interaction/v1/eventDefinitions/key:{wanted}") is None:
            yield "settings.event_definition_key", f"Marketing Cloud has no entry event {wanted!r}"

    def send(self, batch: Batch) -> Outcome:
        """Send the event."""
        (change,) = batch.changes
        given = {
            "ContactKey": change.key,
            "EventDefinitionKey": self.list.event_definition_key,
            "Data": {self.sync.key_field: change.key, **change.fields},
        }
        self.session.json("POST", "/interaction/v1/events", json=given)
        return Outcome()


def _refusal(result: Mapping[str, Any]) -> str | None:
    if str(result.get("status", "")).upper() == "OK":
        return None
    return str(result.get("message") or result.get("errorMessage") or "refused")
