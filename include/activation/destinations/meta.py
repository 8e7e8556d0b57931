"""Meta custom audiences: members are added and removed hashed (Marketing API). An audience cannot be read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import httpx
from pydantic import Field

from include.activation.destination import Batch, Change, Outcome
from include.activation.destinations import hashing
from include.activation.destinations.network import NetworkDestination
from include.contracts.configuration import Strict
from include.contracts.errors import RefusedError
from include.contracts.nearest import nearest
from include.remote.answers import Fault, Told, by_status, word

FIELDS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "EMAIL": hashing.meta_text,
        "PHONE": hashing.meta_digits,
        "FN": hashing.meta_name,
        "LN": hashing.meta_name,
        "CT": hashing.meta_name,
        "ST": hashing.meta_name,
        "ZIP": hashing.meta_postcode,
        "COUNTRY": hashing.meta_text,
    }
)
EXTERNAL = "EXTERN_ID"  # the only one that is not hashed
BLOCKED = 471  # an audience's state while Meta restricts it
_CODES: Mapping[int, Fault] = MappingProxyType(
    {190: Fault.EXPIRED, 200: Fault.PERMISSION, **dict.fromkeys((4, 17, 32, 613, 80003), Fault.THROTTLED)}
)
_SUBCODES: Mapping[int, Fault] = MappingProxyType({33: Fault.LOST_PLACE, 1713230: Fault.PERMISSION})


class MetaAudience(NetworkDestination):
    """One custom audience; the connection's password is the token of a system user."""

    host: ClassVar[str] = "https://graph.facebook.com"
    batch_rows: ClassVar[int] = 10_000

    class Settings(Strict):
        """Which version of the API."""

        version: str = Field(default="v25.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API")

    class ListSettings(Strict):
        """Which audience."""

        audience_id: str = Field(pattern=r"^\d+$", description="Id of the custom audience")

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield fields that Meta does not match by, and an audience that is not there or is restricted."""
        known = (*FIELDS, EXTERNAL)
        for setting, name in self.sync.unknown(known):
            yield setting, f"Meta matches by no {name!r}{nearest(name, known)}"
        wanted = self.list.audience_id
        found = self.found(f"/{self.settings.version}/{wanted}", params={"fields": "id,operation_status"})
        if found is None:
            yield "settings.audience_id", f"Meta has no audience {wanted}"
        elif found.get("operation_status", {}).get("code") == BLOCKED:
            yield "settings.audience_id", f"Meta restricts the audience {wanted}; resolve that in its Audience Manager"

    def send(self, batch: Batch) -> Outcome:
        """Add or remove the members; where Meta finds some invalid, it says how many and not which."""
        names = [*self.sync.mapping] if batch.verb == "write" else [self.sync.key_field]
        payload = {"schema": names, "data": [self._row(change, names) for change in batch.changes]}
        place = f"/{self.settings.version}/{self.list.audience_id}/users"
        verb = "POST" if batch.verb == "write" else "DELETE"
        answer = self.session.json(verb, place, json={"payload": payload})
        if batch.verb == "write" and int(answer.get("num_invalid_entries", 0)):
            raise RefusedError("Meta calls the entry invalid.")
        return Outcome()

    def explain(self, response: httpx.Response) -> Told:
        """Meta answers 400 to nearly all, and says by code and subcode what is wrong."""
        told = by_status(response)
        try:
            error = response.json()["error"]
            code, subcode = error.get("code"), error.get("error_subcode")
        except (ValueError, KeyError, AttributeError, TypeError):
            return told
        fault = _SUBCODES.get(subcode) or _CODES.get(code) or told.fault
        return Told(fault, word(f"code_{code}_{subcode}" if subcode else f"code_{code}", response))

    def _row(self, change: Change, names: list[str]) -> list[Any]:
        fields = {self.sync.key_field: change.key, **change.fields}
        return [_hashed(name, fields.get(name)) for name in names]


def _hashed(name: str, value: object) -> str:
    if value is None:
        return ""
    return f"{value}" if name == EXTERNAL else hashing.sha256(FIELDS[name](f"{value}"))
