"""A HubSpot portal in small: properties, lists with their archive, search with its limit, associations, events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from include.contracts.exports.hubspot import SYSTEM
from include.samples.servers.frame import Answer, Request
from include.samples.servers.source import SourceServer
from include.samples.servers.tables import moment_text
from include.samples.servers.trouble import Trouble

KEY = "pat-simulated-key"
MOST_RESULTS = 10_000
_OBJECTS = {"contacts": "contact", "companies": "company", "deals": "deal"}
_OWN = ("id", "archived", "archivedAt", "changed", "companies", "contacts")
_EVENT_NUMBERS, _EVENT_OBJECTS = ("emailCampaignId",), ("browser", "location", "subscriptions")
_MODIFIED = {"contact": "lastmodifieddate", "company": "hs_lastmodifieddate", "deal": "hs_lastmodifieddate"}
_Place = tuple[int, str]  # of an event in the order of time


class HubSpotServer(SourceServer):
    """A portal with its contacts, companies, deals and marketing email events."""

    files = SYSTEM.files

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.page_rows = 100
        self.most_results = MOST_RESULTS
        self._offsets: dict[str, tuple[_Place | None, _Place]] = {}  # given out: where a page began, and the next does

    def delete(self, name: str, key: str, at: datetime) -> None:
        """Move a record into the archive."""
        gone = {"archived": "true", "changed": moment_text(at)}
        self.rows[name].put({**self.rows[name].row(key), **gone})

    def merge(self, name: str, loser: str, winner: str, at: datetime) -> None:
        """Merge a record into another: it is gone, and the other one names it."""
        row = self.rows[name].row(winner)
        merged = ";".join(filter(None, [row["hs_merged_object_ids"], loser]))
        self.rows[name].without(loser)
        self.rows[name].put({**row, "hs_merged_object_ids": merged, "changed": moment_text(at)})

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        parts = request.path.strip("/").split("/")
        if parts == ["email", "public", "v1", "events"]:
            return self._events(request.query)
        return self._crm(request, parts)

    def _crm(self, request: Request, parts: list[str]) -> Answer:
        name = _OBJECTS.get(parts[3], "") if len(parts) > 3 else ""
        if parts[0] != "crm" or not name:
            return _error(404, "OBJECT_NOT_FOUND", "Unable to infer object type")
        if name in self.forbidden:
            return _error(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes")
        if parts[1] == "properties":
            return self._properties(name)
        if parts[1] == "associations":
            return self._associations(name, parts[4], request.json)
        return self._search(name, request.json) if parts[4:] == ["search"] else self._list(name, request.query)

    def _events(self, query: Mapping[str, str]) -> Answer:
        """Events from the newest on; an offset stands for a place among them, however many come before it."""
        if "email_event" in self.forbidden:
            return _error(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes")
        offset = query.get("offset", "")
        if offset and (self.goes_wrong("lost_places") or offset not in self._offsets):
            return _error(400, "VALIDATION_ERROR", "The offset is not valid any more")
        before, start = self._offsets.get(offset, (None, None))
        if offset and self.goes_wrong("repeated_pages"):
            start = before
        self.before_page()
        found = [event for event in self._newest(query) if start is None or _place(event) < start]
        page = found[: min(int(query.get("limit", 10)), self.page_rows)]
        following = f"offset-{len(self._offsets) + 1}"
        if page:
            self._offsets[following] = (start, _place(page[-1]))
        return Answer.of({"hasMore": len(found) > len(page), "offset": following, "events": page})

    def _newest(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        since, until = int(query.get("startTimestamp", 0)), int(query.get("endTimestamp", 1 << 60))
        events = map(_event, self.rows["email_event"].table.to_pylist())
        return sorted((each for each in events if since <= each["created"] <= until), key=_place, reverse=True)

    def _properties(self, name: str) -> Answer:
        named = [column for column in self.rows[name].names if column not in _OWN]
        return Answer.of({"results": [{"name": n, "type": self.types.get((name, n), "string")} for n in named]})

    def _list(self, name: str, query: Mapping[str, str]) -> Answer:
        after = int(query.get("after") or 0)
        if after and self.goes_wrong("lost_places"):
            return _error(400, "VALIDATION_ERROR", "The after token is not valid")
        wanted = query.get("archived") == "true"
        found = [row for row in self._by_id(name) if (row["archived"] == "true") is wanted]
        size = min(int(query.get("limit", 10)), self.page_rows)
        start = after
        if after and self.goes_wrong("repeated_pages"):
            start = after - size
        self.before_page()
        following = start + size
        page = [_record(name, row) for row in found[start:following]]
        paging = {"paging": {"next": {"after": str(following)}}} if following < len(found) else {}
        return Answer.of({"results": page, **paging})

    def _search(self, name: str, asked: Mapping[str, Any]) -> Answer:
        if int(asked.get("after") or 0) >= self.most_results:
            return _error(400, "VALIDATION_ERROR", "Paging past the limit")
        (group,) = asked["filterGroups"]
        found = [row for row in self._by_id(name) if row["archived"] != "true" and _fits(name, row, group["filters"])]
        self.before_page()
        page = found[: min(int(asked["limit"]), self.page_rows)]
        return Answer.of({"total": len(found), "results": [_record(name, row) for row in page]})

    def _associations(self, name: str, other: str, asked: Mapping[str, Any]) -> Answer:
        wanted = {str(each["id"]) for each in asked["inputs"]}
        results = [
            {"from": {"id": row["id"]}, "to": [{"toObjectId": int(to)} for to in json.loads(row[other] or "[]")]}
            for row in self._by_id(name)
            if row["id"] in wanted and row[other]
        ]
        return Answer.of({"status": "COMPLETE", "results": results})

    def _by_id(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.rows[name].table.to_pylist()
        return sorted(rows, key=lambda row: int(row["id"]))


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event as it is told: what it has not is not there."""
    told = {column: value for column, value in row.items() if value is not None and column != "changed"}
    told |= {column: int(told[column]) for column in _EVENT_NUMBERS if column in told}
    told |= {column: json.loads(told[column]) for column in _EVENT_OBJECTS if column in told}
    created = (datetime.fromisoformat(row["changed"]) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return {**told, "created": created, "filteredEvent": row["filteredEvent"] == "true"}


def _place(event: Mapping[str, Any]) -> _Place:
    return event["created"], event["id"]


def _record(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    is_gone = row["archived"] == "true"
    properties = {column: value for column, value in row.items() if column not in _OWN}
    return {
        "id": row["id"], "properties": {**properties, _MODIFIED[name]: row["changed"]}, "createdAt": row["createdate"],
        "updatedAt": row["changed"], "archived": is_gone, **({"archivedAt": row["changed"]} if is_gone else {}),
    }  # fmt: skip


def _fits(name: str, row: Mapping[str, Any], filters: Iterable[Mapping[str, str]]) -> bool:
    changed = datetime.fromisoformat(row["changed"]).astimezone(UTC).timestamp() * 1000
    held = {"hs_object_id": int(row["id"]), _MODIFIED[name]: int(changed)}
    signs: Mapping[str, Callable[[int, int], bool]] = {
        "GT": lambda a, b: a > b, "GTE": lambda a, b: a >= b, "LT": lambda a, b: a < b,
    }  # fmt: skip
    return all(signs[each["operator"]](held[each["propertyName"]], int(each["value"])) for each in filters)


def _error(status: int, category: str, message: str) -> Answer:
    return Answer.of({"status": "error", "message": message, "category": category}, status)
