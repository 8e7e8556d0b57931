"""Account Engagement (Pardot): prospects are upserted by their address and are members of a static list.

Engagement Studio runs on the list. Objects of the API v5; each row is a call or two, so a large first list takes
its share of the day's calls. Who leaves is taken off the list; no prospect is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
OWN_FIELD = "__c"  # with which the names of a company's own fields end
FIELDS = (
    "email", "firstName", "lastName", "salutation", "company", "website", "jobTitle", "department", "industry",
    "annualRevenue", "employees", "yearsInBusiness", "addressOne", "addressTwo", "city", "state", "territory", "zip",
    "country", "phone", "fax", "source", "comments", "notes", "score", "isDoNotEmail", "isDoNotCall", "optedOut",
)  # fmt: skip


class AccountEngagement(NetworkDestination):
    """A static list; the connection is an External Client App's, with extra ``business_unit``."""

    host: ClassVar[str] = HOST
    batch_rows: ClassVar[int] = 100
    key_columns: ClassVar[tuple[str, ...]] = ("email",)
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
        """Make the changes, prospect by prospect."""
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
