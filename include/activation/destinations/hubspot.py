"""HubSpot: contacts are upserted by their address, and are members of a static list while they are in the segment.

Versioned paths as of 2026-03 (developers.hubspot.com). A contact that leaves is taken off the list, never deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, ClassVar

import httpx
from pydantic import Field

from include.activation.destination import Batch, Outcome
from include.activation.destinations.network import NetworkDestination, plain
from include.contracts.configuration import Strict
from include.contracts.nearest import nearest
from include.remote.answers import Told, word
from include.remote.budget import Allowance

HOST, VERSION = "https://api.hubapi.com", "2026-03"
BATCH = 100
STATIC = ("MANUAL", "SNAPSHOT")


class HubSpot(NetworkDestination):
    """A static list; the connection's password is a service key or an access token."""

    host: ClassVar[str] = HOST
    batch_rows: ClassVar[int] = BATCH
    key_columns: ClassVar[tuple[str, ...]] = ("email",)
    allowance: ClassVar[Allowance] = Allowance(a_second=10, at_once=1)  # 100 in 10 seconds

    class Settings(Strict):
        """Which version of the API."""

        version: str = Field(default=VERSION, pattern=r"^\d{4}-\d{2}$", description="Version of the API, by its date")

    class ListSettings(Strict):
        """Which list."""

        list_id: str = Field(pattern=r"^\d+$", description="Id of a static list of contacts")

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield properties that contacts have not or that are read only, and a list that is none of theirs to fill."""
        found = self.session.json("GET", f"/crm/properties/{self.settings.version}/contacts")["results"]
        writable = {one["name"] for one in found if not one.get("modificationMetadata", {}).get("readOnlyValue")}
        for setting, name in self.sync.unknown(writable):
            yield setting, f"HubSpot has no writable property {name!r} of contacts{nearest(name, writable)}"
        wanted = self.list.list_id
        kind = self.found(f"/crm/lists/{self.settings.version}/{wanted}")
        if kind is None:
            yield "settings.list_id", f"HubSpot has no list {wanted}"
        elif kind.get("list", kind).get("processingType") not in STATIC:
            yield "settings.list_id", f"the list {wanted} fills itself; take a static one"

    def send(self, batch: Batch) -> Outcome:
        """Upsert the contacts and put them on the list, or take them off it."""
        if batch.verb == "remove":
            self._memberships("remove", self._ids(change.key for change in batch.changes).values())
            return Outcome()
        inputs = [
            {"id": change.key, "idProperty": "email", "properties": _properties(change.fields)}
            for change in batch.changes
        ]
        answer = self.session.json("POST", self._objects("upsert"), json={"inputs": inputs})
        rejected = dict(_refused(answer, [change.key for change in batch.changes]))
        ids = {one["properties"]["email"].lower(): one["id"] for one in answer["results"]}
        gone = self._memberships("add", [ids[change.key] for change in batch.changes if change.key in ids])
        rejected |= {key: "HubSpot no longer has the contact" for key, id_ in ids.items() if id_ in gone}
        return Outcome({change.key: rejected[change.key] for change in batch.changes if change.key in rejected})

    def present(self) -> Iterator[str]:
        """Yield the addresses of the list's members."""
        place = f"/crm/lists/{self.settings.version}/{self.list.list_id}/memberships"
        after: str | None = None
        while True:
            given = {"limit": BATCH, **({"after": after} if after else {})}
            page = self.session.json("GET", place, params=given)
            yield from self._addresses([one["recordId"] for one in page["results"]])
            after = page.get("paging", {}).get("next", {}).get("after")
            if not after:
                return

    def explain(self, response: httpx.Response) -> Told:
        """HubSpot says what is wrong as a category."""
        told = super().explain(response)
        try:
            category = response.json().get("category")
        except (ValueError, AttributeError):
            category = None
        return Told(told.fault, word(category, response))

    def _objects(self, what: str) -> str:
        return f"/crm/objects/{self.settings.version}/contacts/batch/{what}"

    def _memberships(self, verb: str, ids: Iterable[str]) -> set[str]:
        """Put records on the list or take them off; returns those that are missing in HubSpot."""
        if not (records := list(ids)):
            return set()
        place = f"/crm/lists/{self.settings.version}/{self.list.list_id}/memberships/{verb}"
        return set(self.session.json("PUT", place, json=records).get("recordIdsMissing", ()))

    def _ids(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the record of each address that HubSpot has."""
        given = {"idProperty": "email", "properties": ["email"], "inputs": [{"id": key} for key in keys]}
        found = self.session.json("POST", self._objects("read"), json=given)["results"]
        return {one["properties"]["email"].lower(): one["id"] for one in found}

    def _addresses(self, ids: Collection[str]) -> Iterator[str]:
        if not ids:
            return
        given = {"properties": ["email"], "inputs": [{"id": id_} for id_ in ids]}
        for one in self.session.json("POST", self._objects("read"), json=given)["results"]:
            yield one["properties"]["email"].lower()


def _properties(fields: Any) -> dict[str, str]:
    """Values as HubSpot takes them: text, an empty one to clear."""
    return {name: _text(value) for name, value in fields.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value}"


def _refused(answer: Any, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the addresses that an answer with errors names in their contexts, each with the reason."""
    known = set(keys)
    for error in answer.get("errors", ()):
        for named in error.get("context", {}).get("ids", ()):
            if named in known:
                yield named, plain(error.get("message", error.get("category")))
