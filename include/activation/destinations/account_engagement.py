"""Account Engagement (Pardot): prospects are upserted by their address and are members of a static list.

Engagement Studio runs on the list. Few changes are made row by row with the objects of the API v5, a call or two each;
more are imports, for a business unit's calls a day are few. Who leaves is taken off the list, and nobody is deleted.

Source: developer.salesforce.com/docs/marketing/pardot/guide/import-v5.html. The import's states and the columns of its
errors are written after what is remembered of that page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import httpx
from pydantic import Field

from include.activation.destination import Batch, Change, Outcome
from include.activation.destinations.network import NetworkDestination, plain
from include.contracts.configuration import Strict
from include.contracts.errors import RefusedError
from include.contracts.nearest import nearest
from include.remote.account_engagement import HOST, explain
from include.remote.answers import Fault, Told
from include.remote.budget import Allowance
from include.remote.http import LostPlaceError, SignIn, as_bytes
from include.remote.sign_in import oauth

PAGE = 1000
FEW = 25  # changes that are made row by row; an import costs about as many calls, and its minutes
OWN_FIELD = "__c"  # with which the names of a company's own fields end
FIELDS = (
    "email", "firstName", "lastName", "salutation", "company", "website", "jobTitle", "department", "industry",
    "annualRevenue", "employees", "yearsInBusiness", "addressOne", "addressTwo", "city", "state", "territory", "zip",
    "country", "phone", "fax", "source", "comments", "notes", "score", "isDoNotEmail", "isDoNotCall", "optedOut",
)  # fmt: skip


class AccountEngagement(NetworkDestination):
    """A static list; the connection is an External Client App's, with extra ``business_unit``."""

    host: ClassVar[str] = HOST
    batch_rows: ClassVar[int] = 10_000
    key_columns: ClassVar[tuple[str, ...]] = ("email",)
    first_poll: ClassVar[float] = 2.0
    longest_poll: ClassVar[float] = 60.0
    allowance: ClassVar[Allowance] = Allowance(at_once=1)  # five at once is all that a business unit has

    class ListSettings(Strict):
        """Which list."""

        list_id: int = Field(ge=1, description="Id of a static list")

    def sign_in(self) -> SignIn:
        """By Salesforce's OAuth."""
        return oauth("/services/oauth2/token", follow=False)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that prospects have not, and a list that is not there or fills itself."""
        for setting, name in self.sync.unknown(FIELDS):
            if not name.endswith(OWN_FIELD):
                yield setting, f"prospects have no field {name!r}{nearest(name, FIELDS)}"
        wanted = self.list.list_id
        found = self.found(f"/api/v5/objects/lists/{wanted}", params={"fields": "id,isDynamic"}, headers=self._unit)
        if found is None:
            yield "settings.list_id", f"Account Engagement has no list {wanted}"
        elif found.get("isDynamic"):
            yield "settings.list_id", f"the list {wanted} fills itself; take a static one"

    def send(self, batch: Batch) -> Outcome:
        """Make the changes, prospect by prospect where they are few, else by one import."""
        if len(batch.changes) > FEW:
            return self._imports(batch)
        rejected: dict[str, str] = {}
        for change in batch.changes:
            try:
                self._remove(change.key) if batch.verb == "remove" else self._write(change)
            except RefusedError as error:
                rejected[change.key] = plain(error)
        return Outcome(rejected)

    def present(self) -> Iterator[str]:
        """Yield the addresses of the list's members."""
        yield from self._members

    def explain(self, response: httpx.Response) -> Told:
        """Account Engagement says what is wrong by a number in the body."""
        if response.status_code == httpx.codes.NOT_FOUND:
            return Told(Fault.LOST_PLACE, f"HTTP {response.status_code}")
        return explain(response)

    @property
    def _unit(self) -> Mapping[str, str]:
        return MappingProxyType({"Pardot-Business-Unit-Id": self.connection.needed("business_unit")})

    @cached_property
    def _members(self) -> dict[str, int]:
        """The list's memberships, by address."""
        found: dict[str, int] = {}
        fields = {"fields": "id,prospect.email"}
        given: dict[str, Any] = {**fields, "listId": self.list.list_id, "limit": PAGE}
        while True:
            page = self.session.json("GET", "/api/v5/objects/list-memberships", params=given, headers=self._unit)
            found |= {one["prospect"]["email"].lower(): one["id"] for one in page["values"] if one.get("prospect")}
            if not page.get("nextPageToken"):
                return found
            given = {**fields, "nextPageToken": page["nextPageToken"]}

    def _write(self, change: Change) -> None:
        given = {"matchEmail": change.key, "prospect": self._prospect(change), "fields": ["id"]}
        place = "/api/v5/objects/prospects/do/upsertLatestByEmail"
        prospect = self.session.json("POST", place, json=given, headers=self._unit)["id"]
        if change.key in self._members:
            return
        membership = {"listId": self.list.list_id, "prospectId": prospect}
        place = "/api/v5/objects/list-memberships"
        try:
            made = self.session.json("POST", place, json=membership, params={"fields": "id"}, headers=self._unit)
            self._members[change.key] = made["id"]
        except RefusedError:
            del self._members  # a call whose answer was lost has put them on the list already, or somebody else has
            if change.key not in self._members:
                raise

    def _remove(self, key: str) -> None:
        membership = self._members.pop(key, None)
        if membership is None:
            return
        place = f"/api/v5/objects/list-memberships/{membership}"
        try:
            self.session.ask("DELETE", place, as_bytes, headers=self._unit)
        except LostPlaceError:
            return  # somebody has taken them off already

    def _prospect(self, change: Change) -> dict[str, Any]:
        """The fields of a prospect; an opt-out is a flag here, and nothing else of a consent is ever sent."""
        told = {name: True if name in self.sync.consent_fields else v for name, v in change.fields.items()}
        return {**told, "email": change.key}

    def _imports(self, batch: Batch) -> Outcome:
        """Make the changes by imports, one for those with the same fields: an empty cell would take an opt-out back."""
        parts: dict[tuple[str, ...], list[Change]] = {}
        for change in batch.changes:
            parts.setdefault(tuple(sorted(change.fields)), []).append(change)
        rejected: dict[str, str] = {}
        for changes in parts.values():
            rejected |= self._imported(replace(batch, changes=tuple(changes)))
        return Outcome(rejected)

    def _imported(self, batch: Batch) -> dict[str, str]:
        """Make changes of the same fields by one import, and return why rows were refused.

        Repeating it changes nothing, for it matches by address.
        """
        place = "/api/v5/imports"
        wanted = {"operation": "Upsert", "object": "Prospect", "createOnNoMatch": batch.verb == "write"}
        made = self.session.json("POST", place, json=wanted, params={"fields": "id"}, headers=self._unit)
        place = f"{place}/{made['id']}"
        content = {"importFile": ("rows.csv", self._csv(batch), "text/csv")}
        self.session.ask("POST", f"{place}/batches", as_bytes, files=content, headers=self._unit)
        self.session.ask("PATCH", place, as_bytes, json={"status": "Ready"}, headers=self._unit)
        looked = {"params": {"fields": "id,status,errorCount"}, "headers": self._unit}
        state = self.ended(
            "An import", lambda: self.session.json("GET", place, **looked),
            lambda told: told["status"] in ("Complete", "Failed", "Cancelled"),
        )  # fmt: skip
        self.__dict__.pop("_members", None)
        if state["status"] != "Complete":
            raise RefusedError(f"the import has ended as {state['status']}")
        if not state.get("errorCount"):
            return {}
        return self._refused(self.session.ask("GET", f"{place}/errors", as_bytes, headers=self._unit).text, batch)

    def _csv(self, batch: Batch) -> bytes:
        """The rows of an import; who is removed is only taken off the list."""
        writes = batch.verb == "write"
        names = ["email", *sorted({*batch.changes[0].fields} - {"email"})] if writes else []
        sink = io.StringIO()
        rows = csv.writer(sink, lineterminator="\n")
        rows.writerow(["matchEmail", *names, "addToList" if writes else "removeFromList"])
        for change in batch.changes:
            told = self._prospect(change)
            rows.writerow([change.key, *(_cell(told.get(name)) for name in names), self.list.list_id])
        return sink.getvalue().encode()

    def _refused(self, errors: str, batch: Batch) -> dict[str, str]:
        """Return which rows of an import failed: they come back with their own columns and what was wrong."""
        keys = {change.key for change in batch.changes}
        rows = [row for row in csv.DictReader(io.StringIO(errors)) if row.get("matchEmail") in keys]
        own = {"matchEmail", "email", "addToList", "removeFromList", *self.sync.mapping}
        return {row["matchEmail"]: plain(" ".join(v for k, v in row.items() if k not in own and v)) for row in rows}


def _cell(value: Any) -> str:
    """A value in an import's CSV."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else f"{value}"
