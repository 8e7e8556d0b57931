"""Google Ads audiences (Customer Match) by the Data Manager API, which takes new adopters since April 2026.

Members are sent hashed. What Google takes in it works on later, and is asked about by the next run. An audience cannot
be read back.

Source: developers.google.com/data-manager/api/reference/rest (audienceMembers, requestStatus).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from include.activation.destination import Batch, Change, Outcome, Worked
from include.activation.destinations.hashing import google_email, google_name, sha256
from include.activation.destinations.network import NetworkDestination, by_refresh_token, plain
from include.contracts.configuration import Strict
from include.contracts.nearest import nearest
from include.remote.budget import Allowance
from include.remote.http import SignIn

TOKENS = "https://oauth2.googleapis.com/token"
POINTS: Mapping[str, Callable[[str], str]] = MappingProxyType({"email": google_email, "phone": str.strip})
ADDRESS = ("given_name", "family_name", "region_code", "postal_code")  # all four, or none


class GoogleAudience(NetworkDestination):
    """One audience; the connection has login and password of an OAuth client, and extra ``refresh_token``."""

    host: ClassVar[str] = "https://datamanager.googleapis.com"
    batch_rows: ClassVar[int] = 10_000
    key_columns: ClassVar[tuple[str, ...]] = ("email", "phone")
    allowance: ClassVar[Allowance] = Allowance(a_day=100_000, a_second=5, at_once=1)  # 300 a minute

    class Settings(Strict):
        """Whose account."""

        account_id: str = Field(pattern=r"^\d+$", description="Google Ads account that has the audiences, digits only")
        login_account_id: str | None = Field(
            default=None, pattern=r"^\d+$", description="Manager account that the credential is of, where it is another"
        )

    class ListSettings(Strict):
        """Which audience."""

        audience_id: str = Field(pattern=r"^\d+$", description="Id of the audience (user list)")

    def sign_in(self) -> SignIn:
        """By a refresh token."""
        return by_refresh_token(TOKENS)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that the API does not know, and an audience that it does not take."""
        known = (*POINTS, *ADDRESS)
        for setting, name in self.sync.unknown(known):
            yield setting, f"Google takes no {name!r} of a member{nearest(name, known)}"
        given = {**self._request([]), "validateOnly": True}
        if self.accepts("POST", "/v1/audienceMembers:ingest", given) is False:
            yield "settings.audience_id", f"Google does not take members for the audience {self.list.audience_id}"

    def send(self, batch: Batch) -> Outcome:
        """Ingest or remove the members."""
        verb = "ingest" if batch.verb == "write" else "remove"
        members = [{"userData": {"userIdentifiers": self._identifiers(change)}} for change in batch.changes]
        answer = self.session.json("POST", f"/v1/audienceMembers:{verb}", json=self._request(members))
        return Outcome(receipts=(answer["requestId"],))

    def receipt(self, receipt: str) -> Worked | None:
        """Ask what became of a request. Of one that came true in part, Google does not say whose rows failed."""
        told = self.found("/v1/requestStatus:retrieve", params={"requestId": receipt})
        states = (told or {}).get("requestStatusPerDestination", [])
        if any(state["requestStatus"] == "PROCESSING" for state in states):
            return None
        failed = [state for state in states if state["requestStatus"] in ("FAILED", "PARTIAL_SUCCESS")]
        if not failed:
            return Worked()
        return Worked(plain(_reasons(failed[0])), in_part=failed[0]["requestStatus"] == "PARTIAL_SUCCESS")

    def _request(self, members: list[Any]) -> dict[str, Any]:
        account = {"accountType": "GOOGLE_ADS", "accountId": self.settings.account_id}
        destination: dict[str, Any] = {"operatingAccount": account, "productDestinationId": self.list.audience_id}
        if self.settings.login_account_id:
            destination["loginAccount"] = {**account, "accountId": self.settings.login_account_id}
        return {
            "destinations": [destination],
            "audienceMembers": members,
            "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
            "encoding": "HEX",
            "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
        }

    def _identifiers(self, change: Change) -> list[Any]:
        fields = {self.sync.key_field: change.key, **change.fields}
        names = {"email": "emailAddress", "phone": "phoneNumber"}
        found: list[Any] = [
            {names[name]: sha256(normal(fields[name]))} for name, normal in POINTS.items() if fields.get(name)
        ]
        if all(fields.get(name) for name in ADDRESS):
            given, family, region, code = (fields[name] for name in ADDRESS)
            address = {"givenName": sha256(google_name(given)), "familyName": sha256(google_name(family))}
            found.append({"address": {**address, "regionCode": region.upper(), "postalCode": code}})
        return found


def _reasons(state: Mapping[str, Any]) -> str:
    """What Google says of a request that failed: reasons with the number of records of each."""
    counts = state.get("errorInfo", {}).get("errorCounts", [])
    told = ", ".join(f"{one.get('reason', 'no reason given')}: {one.get('recordCount', '?')}" for one in counts)
    return f"{state['requestStatus']} {told}".strip()
