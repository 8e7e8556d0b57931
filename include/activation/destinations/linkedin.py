"""LinkedIn matched audiences (DMP segments): users by hashed address, companies by domain, streamed and removed.

A segment cannot be read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from include.activation.destination import Batch, Change, Outcome
from include.activation.destinations.hashing import linkedin_email, sha256
from include.activation.destinations.network import NetworkDestination, by_rows
from include.contracts.configuration import Strict
from include.contracts.nearest import nearest
from include.remote.budget import Allowance

OF_USER = ("email", "firstName", "lastName", "title", "company", "country")
OF_COMPANY = ("companyWebsiteDomain", "companyName", "companyEmailDomain", "industries", "city", "country")
CREATED = 300


class LinkedInAudience(NetworkDestination):
    """One DMP segment; the connection's password is an access token with the scope ``rw_dmp_segments``."""

    host: ClassVar[str] = "https://api.linkedin.com"
    batch_rows: ClassVar[int] = 5_000
    key_columns: ClassVar[tuple[str, ...]] = ("email", "domain")
    allowance: ClassVar[Allowance] = Allowance(a_second=10, at_once=1)  # 600 a minute

    class Settings(Strict):
        """Which version of the API."""

        version: str = Field(default="202609", pattern=r"^\d{6}$", description="LinkedIn-Version, a year and month")

    class ListSettings(Strict):
        """Which segment."""

        segment_id: str = Field(pattern=r"^\d+$", description="Id of the DMP segment")

    @property
    def _headers(self) -> Mapping[str, str]:
        return MappingProxyType({"LinkedIn-Version": self.settings.version, "X-Restli-Protocol-Version": "2.0.0"})

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that LinkedIn does not match by, and a segment that is not there."""
        known = OF_USER if self.sync.level == "person" else OF_COMPANY
        for setting, name in self.sync.unknown(known):
            yield setting, f"LinkedIn matches by no {name!r}{nearest(name, known)}"
        if self.found(f"/rest/dmpSegments/{self.list.segment_id}", headers=self._headers) is None:
            yield "settings.segment_id", f"LinkedIn has no segment {self.list.segment_id}"

    def send(self, batch: Batch) -> Outcome:
        """Add or remove the members; the answer has a status for each."""
        action = "ADD" if batch.verb == "write" else "REMOVE"
        what = "users" if self.sync.level == "person" else "companies"
        answer = self.session.json(
            "POST",
            f"/rest/dmpSegments/{self.list.segment_id}/{what}",
            json={"elements": [{"action": action, **self._element(change)} for change in batch.changes]},
            headers={**self._headers, "X-RestLi-Method": "BATCH_CREATE"},
        )
        return by_rows(batch.changes, answer["elements"], _refusal, again=("429", "500", "503"))

    def _element(self, change: Change) -> dict[str, Any]:
        fields = {name: value for name, value in change.fields.items() if value is not None}
        if self.sync.level == "account":
            return {**fields, self.sync.key_field: change.key}
        ids = [{"idType": "SHA256_EMAIL", "idValue": sha256(linkedin_email(change.key))}]
        return {"userIds": ids, **{name: value for name, value in fields.items() if name != self.sync.key_field}}


def _refusal(element: Mapping[str, Any]) -> str | None:
    status = int(element.get("status", 0))
    if status < CREATED:
        return None
    return f"{status} {element.get('message') or element.get('error', {}).get('message', '')}"
