"""HubSpot: its date-versioned CRM API. Everything by list, changes by search, what was deleted by the archive's list.

A search gives 10,000 results at most, so no search is paged: each asks for the ids above the last one, in their order.
No row can slip through while others change, for a change moves no id. Merged records vanish; the record that they were
merged into names them. Marketing email events have an API of their own (``hubspot_events``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx

from include.contracts.exports import ExportFile
from include.remote.answers import Fault, Told, Unreadable, by_status, word
from include.remote.budget import Allowance
from include.remote.http import Session
from include.remote.sign_in import bearer_key
from include.sources.live.asking import Asked
from include.sources.live.ndjson_pages import lines
from include.sources.live.system import Access, LiveKind
from include.sources.live.systems import hubspot_events

HOST, VERSION = "https://api.hubapi.com", "2026-03"
LISTED, SEARCHED = 100, 200  # records a page
OBJECTS = MappingProxyType({"contact": "contacts", "company": "companies", "deal": "deals"})
MODIFIED = MappingProxyType(
    {"contact": "lastmodifieddate", "company": "hs_lastmodifieddate", "deal": "hs_lastmodifieddate"}
)
ASSOCIATED = MappingProxyType({"deal": ("companies", "contacts")})
OWN = ("id", "archived", "archivedAt", "changed", "companies", "contacts")  # columns that are no property
_KINDS = {"number": "number", "bool": "flag", "datetime": "moment", "date": "day"}


class HubSpot:
    """One portal."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._version = access.settings.options.get("version", VERSION)
        self._size = int(access.settings.options.get("page_size", LISTED))
        self._session = Session(
            access.connection, bearer_key, access.budget, access.clock, patience=access.patience, explain=explain
        )

    def close(self) -> None:
        """Give connections back."""
        self._session.close()

    def check(self, declared: ExportFile) -> None:
        """Ask for one record of the object."""
        if declared.object == hubspot_events.OBJECT:
            hubspot_events.check(self._session)
        else:
            self._results("GET", self._place(declared), params={"limit": 1})

    def fields(self, declared: ExportFile) -> Mapping[str, str]:
        """Return the object's properties with their kinds, and what each record has besides; events have none."""
        if declared.object == hubspot_events.OBJECT:
            return {}
        found, _ = self._results("GET", f"/crm/properties/{self._version}/{OBJECTS[declared.object]}")
        kinds = {str(each["name"]): _KINDS.get(str(each["type"]), "text") for each in found}
        renamed = {own: column for column, own in self._renamed(declared).items()}
        return {**{renamed.get(name, name): kind for name, kind in kinds.items()}, **dict.fromkeys(OWN, "text")}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the records that were changed, then those that were deleted, in the time asked for."""
        if declared.object == hubspot_events.OBJECT:
            yield from hubspot_events.pages(self._session, declared, asked)
            return
        living = self._listed(declared, archived=False) if asked.since is None else self._changed(declared, asked)
        for page in living:
            yield lines(self._records(declared, page))
        for page in self._listed(declared, archived=True):
            gone = self._records(declared, page)
            yield lines(record for record in gone if _is_in(record["changed"], asked))

    def _place(self, declared: ExportFile) -> str:
        return f"/crm/objects/{self._version}/{OBJECTS[declared.object]}"

    def _renamed(self, declared: ExportFile) -> Mapping[str, str]:
        return self._access.settings.columns.get(declared.object, {})

    def _properties(self, declared: ExportFile) -> list[str]:
        own = self._renamed(declared)
        return [own.get(name, name) for name in declared.names if name not in OWN]

    def _listed(self, declared: ExportFile, *, archived: bool) -> Iterator[Sequence[Mapping[str, Any]]]:
        given = {"limit": str(self._size), "archived": str(archived).lower()}
        given["properties"] = ",".join(self._properties(declared))
        while True:
            found, after = self._results("GET", self._place(declared), params=given)
            yield found
            if after is None:
                return
            given["after"] = after

    def _changed(self, declared: ExportFile, asked: Asked) -> Iterator[Sequence[Mapping[str, Any]]]:
        bounds = [("GTE", asked.since), ("LT", asked.until)]
        modified = MODIFIED[declared.object]
        filters = [_filter(modified, sign, str(_milliseconds(edge))) for sign, edge in bounds if edge is not None]
        body = {
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": self._properties(declared), "limit": SEARCHED,
        }  # fmt: skip
        last = "0"
        while True:
            groups = [{"filters": [*filters, _filter("hs_object_id", "GT", last)]}]
            found, _ = self._results("POST", f"{self._place(declared)}/search", json=body | {"filterGroups": groups})
            if not found:
                return
            yield found
            last = str(found[-1]["id"])

    def _records(self, declared: ExportFile, page: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The records of a page under the declared names, with what they are associated with."""
        own, modified = self._renamed(declared), MODIFIED[declared.object]
        linked = {name: self._linked(declared, name, page) for name in ASSOCIATED.get(declared.object, ())}
        records = []
        for record in page:
            said, key = record.get("properties") or {}, str(record["id"])
            named = {name: said.get(own.get(name, name)) for name in declared.names if name not in OWN}
            moments = [said.get(modified), record.get("updatedAt"), record.get("archivedAt")]
            state = {
                "archived": str(bool(record.get("archived"))).lower(), "archivedAt": record.get("archivedAt"),
                "changed": max((moment for moment in moments if moment), default=None),
            }  # fmt: skip
            records.append({"id": key, **named, **{name: found.get(key) for name, found in linked.items()}, **state})
        return records

    def _linked(self, declared: ExportFile, other: str, page: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str]]:
        """The ids that each record of a page is associated with."""
        if not page:
            return {}
        place = f"/crm/associations/{self._version}/{OBJECTS[declared.object]}/{other}/batch/read"
        inputs = [{"id": str(record["id"])} for record in page]
        found, _ = self._results("POST", place, json={"inputs": inputs})
        return {str(each["from"]["id"]): [str(to["toObjectId"]) for to in each["to"]] for each in found}

    def _results(self, method: str, path: str, **given: Any) -> tuple[list[Mapping[str, Any]], str | None]:
        return self._session.ask(method, path, as_results, **given)


def as_results(response: httpx.Response) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return the results of an answer and where they go on; raises Unreadable where it has none."""
    try:
        found = response.json()
        results: list[Mapping[str, Any]] = found["results"]
        return results, ((found.get("paging") or {}).get("next") or {}).get("after")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Unreadable("the answer has no results") from None


def explain(response: httpx.Response) -> Told:
    """Read HubSpot's errors, `{status, category, message, policyName}`."""
    told = by_status(response)
    try:
        found = response.json()
        category, policy = found.get("category"), found.get("policyName")
    except (ValueError, AttributeError):
        return told
    fault = Fault.USED_UP if response.status_code == 429 and policy == "DAILY" else told.fault
    if response.status_code == 400 and {"after", "offset"} & response.request.url.params.keys():
        fault = Fault.LOST_PLACE
    return Told(fault, word(policy or category, response))


def _filter(name: str, sign: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": sign, "value": value}


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _is_in(changed: str | None, asked: Asked) -> bool:
    if asked.since is None or changed is None:
        return True
    moment = datetime.fromisoformat(changed)
    return moment >= asked.since and (asked.until is None or moment < asked.until)


KIND = LiveKind(
    open=HubSpot,
    protocol="the date-versioned CRM API: lists, searches above the last id, the archive, associations in batches; "
    "events by `/email/public/v1/events`, the newest first",
    allowance=Allowance(a_second=4, at_once=2),
    overlap=timedelta(minutes=30),  # a search finds a change some time after it was made
    credential=f"host: {HOST}; password: a service key, or a private app's token, that may read the objects; for "
    "email_event with the scope `content`",
    options={"version": f"version of the API, {VERSION}", "page_size": f"records of a list's page, {LISTED} at most"},
)
