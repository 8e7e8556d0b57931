"""Salesforce: contacts or leads are upserted by Bulk API 2.0, and carry a checkbox of the segment while they are in it.

Whoever leaves has the checkbox cleared; no record is ever deleted. A job is repeated when its answer was lost: an
upsert by an external id changes nothing the second time. Records that fail come back row by row with their reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

import httpx
from pydantic import Field

from include.activation.destination import Batch, Change, Outcome
from include.activation.destinations.network import NetworkDestination, plain
from include.contracts.configuration import Strict
from include.contracts.errors import RefusedError
from include.contracts.nearest import nearest
from include.remote.answers import Told
from include.remote.http import SignIn, as_bytes
from include.remote.salesforce import VERSION, explain
from include.remote.sign_in import oauth

TOKENS, AUDIENCE = "/services/oauth2/token", "https://login.salesforce.com"
NULL = "#N/A"  # clears a field in a CSV of the Bulk API
PASSING = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG")
_NAME = r"^[A-Za-z]\w*$"


class Salesforce(NetworkDestination):
    """An object of an org; the connection is an External Client App's: My Domain as host, client id and secret."""

    batch_rows: ClassVar[int] = 10_000

    class Settings(Strict):
        """Which version of the API."""

        version: str = Field(default=VERSION, pattern=r"^\d+\.0$", description="Version of the API")

    class ListSettings(Strict):
        """What carries the segment."""

        object: Literal["Contact", "Lead"] = Field(default="Contact", description="Object whose records are upserted")
        flag: str = Field(pattern=_NAME, description="Checkbox field that says who is in the segment")

    def sign_in(self) -> SignIn:
        """By OAuth's client credentials, or a signed claim where the connection has a ``private_key``."""
        return oauth(TOKENS, AUDIENCE)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that the object has not or that may not be written, and a flag that is no checkbox."""
        fields = self._fields
        for name in self.sync.mapping:
            setting = self.sync.setting_of(name)
            known = fields.get(name)
            if known is None:
                yield setting, f"{self.list.object} has no field {name!r}{nearest(name, fields)}"
            elif name in self.sync.key and not (known.get("externalId") or known.get("idLookup")):
                yield setting, f"{name} of {self.list.object} is no external id"
            elif name not in self.sync.key and not known.get("updateable"):
                yield setting, f"{name} of {self.list.object} may not be written by this user"
        if fields.get(self.list.flag, {}).get("type") != "boolean":
            yield (
                "settings.flag",
                f"{self.list.object} has no checkbox {self.list.flag!r}{nearest(self.list.flag, fields)}",
            )

    def send(self, batch: Batch) -> Outcome:
        """Run one job."""
        place = f"{self._root}/jobs/ingest"
        job = self.session.json("POST", place, json=self._job())["id"]
        content = self._csv(batch)
        self.session.ask(
            "PUT", f"{place}/{job}/batches", as_bytes, content=content, headers={"Content-Type": "text/csv"}
        )
        self.session.json("PATCH", f"{place}/{job}", json={"state": "UploadComplete"})
        state = self.ended(
            "A job", lambda: self.session.json("GET", f"{place}/{job}"),
            lambda told: told["state"] in ("JobComplete", "Failed", "Aborted"),
        )  # fmt: skip
        if state["state"] != "JobComplete":
            raise RefusedError(plain(state.get("errorMessage") or state["state"]))
        if not int(state.get("numberRecordsFailed", 0)):
            return Outcome()
        failed = self.session.ask("GET", f"{place}/{job}/failedResults", as_bytes).text
        return self._outcome(list(csv.DictReader(io.StringIO(failed))), batch.changes)

    def present(self) -> Iterator[str]:
        """Yield the keys of the records that carry the flag."""
        key = self.sync.key_field
        question = f"SELECT {key} FROM {self.list.object} WHERE {self.list.flag} = true"
        page = self.session.json("GET", f"{self._root}/query", params={"q": question})
        while True:
            yield from (str(one[key]) for one in page["records"] if one[key] is not None)
            if page["done"]:
                return
            page = self.session.json("GET", page["nextRecordsUrl"])

    def explain(self, response: httpx.Response) -> Told:
        """Salesforce answers with a list of error codes."""
        return explain(response)

    @property
    def _root(self) -> str:
        return f"/services/data/v{self.settings.version}"

    @cached_property
    def _fields(self) -> Mapping[str, Mapping[str, Any]]:
        found = self.session.json("GET", f"{self._root}/sobjects/{self.list.object}/describe")
        return {field["name"]: field for field in found["fields"]}

    def _job(self) -> dict[str, str]:
        return {
            "object": self.list.object, "operation": "upsert", "externalIdFieldName": self.sync.key_field,
            "contentType": "CSV", "lineEnding": "LF",
        }  # fmt: skip

    def _csv(self, batch: Batch) -> bytes:
        """The rows of a job; who is removed only loses the flag."""
        names = [*self.sync.mapping] if batch.verb == "write" else [self.sync.key_field]
        sink = io.StringIO()
        rows = csv.writer(sink, lineterminator="\n")
        rows.writerow([*names, self.list.flag])
        is_member = "true" if batch.verb == "write" else "false"
        for change in batch.changes:
            fields = {**change.fields, self.sync.key_field: change.key}
            rows.writerow([*(self._cell(name, fields) for name in names), is_member])
        return sink.getvalue().encode()

    def _cell(self, name: str, fields: Mapping[str, Any]) -> str:
        """A value as the Bulk API reads it; an empty cell leaves the field as it is."""
        if name not in fields:
            return ""
        value = fields[name]
        if name in self.sync.consent_fields and self._fields[name]["type"] == "boolean":
            return "true"  # an opt-out; nothing else of a consent is ever sent
        if isinstance(value, bool):
            return "true" if value else "false"
        return NULL if value is None else f"{value}"

    def _outcome(self, failed: Sequence[Mapping[str, str]], changes: Sequence[Change]) -> Outcome:
        reasons = {row[self.sync.key_field]: row["sf__Error"] for row in failed}
        again = {key for key, reason in reasons.items() if reason.startswith(PASSING)}
        known = {change.key for change in changes}
        return Outcome(
            {key: plain(reason) for key, reason in reasons.items() if key in known - again},
            {key: plain(reason) for key, reason in reasons.items() if key in known & again},
        )
