"""Members of a Salesforce campaign: contacts and leads are added to it and taken out of it, two hundred a call.

They are known by the ids that the CRM's export brought; somebody who is a member already counts as added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx
from pydantic import Field

from include.activation.destination import Batch, Outcome
from include.activation.destinations.network import NetworkDestination, by_rows
from include.activation.destinations.salesforce import AUDIENCE, PASSING, TOKENS
from include.contracts.configuration import Strict
from include.remote.answers import Told
from include.remote.http import SignIn
from include.remote.salesforce import VERSION, explain
from include.remote.sign_in import oauth

LEAD = "00Q"  # with which the ids of leads begin
THERE = "DUPLICATE_VALUE"


class SalesforceCampaign(NetworkDestination):
    """One campaign; the connection is that of ``salesforce``."""

    batch_rows: ClassVar[int] = 200
    key_columns: ClassVar[tuple[str, ...]] = ("crm_id",)

    class Settings(Strict):
        """Which version of the API."""

        version: str = Field(default=VERSION, pattern=r"^\d+\.0$", description="Version of the API")

    class ListSettings(Strict):
        """Which campaign."""

        campaign_id: str = Field(pattern=r"^701[A-Za-z0-9]{12,15}$", description="Id of the campaign")
        status: str | None = Field(default=None, description="Member status to begin with; none: the campaign's own")

    def sign_in(self) -> SignIn:
        """By OAuth's client credentials, or a signed claim where the connection has a ``private_key``."""
        return oauth(TOKENS, AUDIENCE)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield that the campaign is not there, and fields, for a member has none."""
        for name in self.sync.fields:
            yield f"fields.{name}", "a campaign's member has no fields here; send them with the kind salesforce"
        if self.found(f"{self._root}/sobjects/Campaign/{self.list.campaign_id}") is None:
            yield "settings.campaign_id", f"Salesforce has no campaign {self.list.campaign_id}"

    def send(self, batch: Batch) -> Outcome:
        """Add the members, or take them out."""
        if batch.verb == "remove":
            return self._remove(batch)
        status = {"Status": self.list.status} if self.list.status else {}
        records = [
            {"attributes": {"type": "CampaignMember"}, "CampaignId": self.list.campaign_id,
             "LeadId" if change.key.startswith(LEAD) else "ContactId": change.key, **status}
            for change in batch.changes
        ]  # fmt: skip
        given = {"allOrNone": False, "records": records}
        answer = self.session.json("POST", f"{self._root}/composite/sobjects", json=given)
        return by_rows(batch.changes, answer, _refusal, again=PASSING)

    def present(self) -> Iterator[str]:
        """Yield the contacts and leads that are members."""
        for member in self._members(""):
            yield member["ContactId"] or member["LeadId"]

    def explain(self, response: httpx.Response) -> Told:
        """Salesforce answers with a list of error codes."""
        return explain(response) if response.status_code != httpx.codes.NOT_FOUND else super().explain(response)

    @property
    def _root(self) -> str:
        return f"/services/data/v{self.settings.version}"

    def _remove(self, batch: Batch) -> Outcome:
        """Take members out; who is none has gone already."""
        listed = ", ".join(f"'{change.key}'" for change in batch.changes if change.key.isalnum())
        members = {
            member["ContactId"] or member["LeadId"]: member["Id"]
            for member in self._members(f" AND (ContactId IN ({listed}) OR LeadId IN ({listed}))")
        }
        there = [change for change in batch.changes if change.key in members]
        if not there:
            return Outcome()
        given = {"ids": ",".join(members[change.key] for change in there), "allOrNone": "false"}
        answer = self.session.json("DELETE", f"{self._root}/composite/sobjects", params=given)
        return by_rows(there, answer, _refusal, again=PASSING)

    def _members(self, condition: str) -> Iterator[Mapping[str, Any]]:
        where = f"CampaignId = '{self.list.campaign_id}'{condition}"
        question = f"SELECT Id, ContactId, LeadId FROM CampaignMember WHERE {where}"
        page = self.session.json("GET", f"{self._root}/query", params={"q": question})
        while True:
            yield from page["records"]
            if page["done"]:
                return
            page = self.session.json("GET", page["nextRecordsUrl"])


def _refusal(result: Mapping[str, Any]) -> str | None:
    if result.get("success"):
        return None
    errors: Sequence[Mapping[str, Any]] = result.get("errors") or [{}]
    code = str(errors[0].get("statusCode", "refused"))
    return None if code == THERE else f"{code} {errors[0].get('message', '')}"
