"""Account Engagement (Pardot): its API v5, by export jobs for prospects and what they do, by queries for the rest.

An export covers a year at most, so a first extraction asks year by year. Times come in the zone of whoever asks, with
their offset. A row that was deleted comes once more with `isDeleted`. No query is paged by a token, which would end
after four hours or 100,000 rows: each asks for the ids above the last one. Procedures are called as
https://developer.salesforce.com/docs/marketing/pardot/guide/export-v5.html and its pages for older versions call them:
`filter_by_updated_at` of prospects, `filter_by_created_at` of visitor activities, from `..._after` to `..._before`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Any

import httpx

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.remote.account_engagement import HOST, explain
from include.remote.answers import Unreadable
from include.remote.budget import Allowance
from include.remote.http import LostPlaceError, Session
from include.remote.sign_in import oauth
from include.sources.live import csv_pages
from include.sources.live.asking import Asked
from include.sources.live.system import Access, LiveKind

LONGEST_RANGE = timedelta(days=364)
FIRST_YEAR = "2015"
FIRST_POLL, LONGEST_POLL, JOB_HOURS = 2.0, 60.0, 6
MOST = 1000  # rows of a query's answer


@dataclass(frozen=True, slots=True)
class Exported:
    """An object as the API calls it: name and place, the procedure that filters by time, fields by declared column."""

    name: str
    place: str
    procedure: str
    time: str
    fields: Mapping[str, str]


OBJECTS: Mapping[str, Exported] = MappingProxyType({
    "prospect": Exported("prospect", "prospects", "filter_by_updated_at", "updated", MappingProxyType({
        "Prospect Id": "id", "First Name": "firstName", "Last Name": "lastName", "Email": "email",
        "Company": "company", "Website": "website", "Job Title": "jobTitle", "Country": "country", "City": "city",
        "State": "state", "Address One": "addressOne", "Zip": "zip", "Phone": "phone", "Source": "source",
        "Do Not Email": "isDoNotEmail", "Do Not Call": "isDoNotCall", "Opted Out": "optedOut",
        "Email Bounced": "isEmailHardBounced", "Score": "score", "Grade": "grade", "Campaign": "campaign.name",
        "Created Date": "createdAt", "Updated Date": "updatedAt", "Last Activity At": "lastActivityAt",
        "CRM Contact FID": "salesforceContactId", "CRM Lead FID": "salesforceLeadId", "Is Deleted": "isDeleted",
    })),
    "visitor_activity": Exported("visitorActivity", "visitor-activities", "filter_by_created_at", "created",
    MappingProxyType({
        "id": "id", "prospect_id": "prospectId", "type": "type", "type_name": "typeName", "details": "details",
        "campaign_id": "campaignId", "list_email_id": "listEmailId", "created_at": "createdAt",
    })),
})  # fmt: skip


# those that are asked for by queries, and their places; their columns are called as the API calls them
QUERIED = MappingProxyType({"campaign": "campaigns", "list_membership": "list-memberships"})


class AccountEngagement:
    """One business unit."""

    def __init__(self, access: Access) -> None:
        self._access, self._clock = access, access.clock
        self._unit = {"Pardot-Business-Unit-Id": access.connection.needed("business_unit")}
        self._first = _year(access.settings.options.get("since_year", FIRST_YEAR))
        self._session = Session(
            access.connection, oauth("/services/oauth2/token", follow=False), access.budget, access.clock,
            patience=access.patience, explain=explain,
        )  # fmt: skip

    def close(self) -> None:
        """Give connections back."""
        self._session.close()

    def check(self, declared: ExportFile) -> None:
        """Ask for one row of the object."""
        place = QUERIED.get(declared.object) or OBJECTS[declared.object].place
        self._query(place, {"fields": "id", "limit": "1"})

    def fields(self, declared: ExportFile) -> Mapping[str, str]:  # noqa: ARG002 - a system that does not tell
        """Return nothing: the API does not describe what it exports, and refuses a field that is gone by its name."""
        return {}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the files of one export a year, or the pages of queries."""
        exported = OBJECTS.get(declared.object)
        told = exported.fields if exported else {name: name for name in declared.names}
        named = {**told, **self._access.settings.columns.get(declared.object, {})}
        columns = {column: named[column] for column in declared.names if column in named}
        yield csv_pages.header(list(columns))
        if exported is None:
            yield from self._queried(QUERIED[declared.object], list(columns.values()), asked)
            return
        for since, until in self._years(asked):
            for place in self._run(exported, list(columns.values()), since, until):
                yield self._file(place, list(columns.values()))

    def _queried(self, place: str, fields: list[str], asked: Asked) -> Iterator[bytes]:
        bounds = {"updatedAtAfterOrEqualTo": asked.since, "updatedAtBefore": asked.until}
        given = {name: _iso(edge) for name, edge in bounds.items() if edge is not None}
        given |= {
            "fields": ",".join(fields), "deleted": "all", "orderBy": "id", "limit": str(MOST), "idGreaterThan": "0",
        }  # fmt: skip
        while found := self._query(place, given):
            yield csv_pages.records([_said(row, field) for field in fields] for row in found)
            given["idGreaterThan"] = str(found[-1]["id"])

    def _query(self, place: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
        return self._session.ask("GET", f"/api/v5/objects/{place}", as_values, params=given, headers=self._unit)

    def _years(self, asked: Asked) -> Iterator[tuple[datetime, datetime | None]]:
        """Part what is asked for into ranges that an export may cover; the last has no end unless it was given."""
        start = asked.since or datetime(self._first, 1, 1, tzinfo=UTC)
        end = asked.until or self._clock.now()
        while end - start > LONGEST_RANGE:
            yield start, start + LONGEST_RANGE
            start += LONGEST_RANGE
        yield start, asked.until

    def _run(self, exported: Exported, fields: list[str], since: datetime, until: datetime | None) -> list[str]:
        """Start an export, wait for it, and return where its files are; raises LostPlaceError where it failed."""
        bounds = {f"{exported.time}_after": since, f"{exported.time}_before": until}
        arguments: dict[str, Any] = {name: _iso(edge) for name, edge in bounds.items() if edge is not None}
        if exported.name == "prospect":
            arguments["deleted"] = "all"
        job = {
            "object": exported.name, "fields": fields,
            "procedure": {"name": exported.procedure, "arguments": arguments},
        }  # fmt: skip
        told = {"params": {"fields": "id,state,isExpired,resultRefs"}, "headers": self._unit}
        found = self._session.ask("POST", "/api/v5/exports", as_export, json=job, **told)
        started = self._clock.seconds()
        for number in count():
            state = str(found["state"]).lower()
            if state == "complete" and not found.get("isExpired"):
                return [str(place) for place in found["resultRefs"]]
            if state not in ("waiting", "processing") or self._clock.seconds() - started > JOB_HOURS * 3600:
                ended = "expired" if found.get("isExpired") else state
                raise LostPlaceError(f"{self._access.source}: the export of {exported.name} ended as {ended}.")
            self._clock.sleep(min(LONGEST_POLL, FIRST_POLL * 1.5**number))
            found = self._session.ask("GET", f"/api/v5/exports/{found['id']}", as_export, **told)
        raise AssertionError("unreachable")

    def _file(self, place: str, fields: list[str]) -> bytes:
        def read(response: httpx.Response) -> bytes:
            return csv_pages.rows_of(response, fields, headed=True, ended=True)

        return self._session.ask("GET", place, read, headers=self._unit)


def as_export(response: httpx.Response) -> dict[str, Any]:
    """Return what is told of an export; raises Unreadable where it is something else."""
    try:
        found = response.json()
    except ValueError:
        raise Unreadable("the answer is no JSON") from None
    if not isinstance(found, dict) or not {"id", "state"} <= found.keys():
        raise Unreadable("the answer tells of no export")
    return found


def as_values(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the rows of a query's answer; raises Unreadable where it has none."""
    try:
        values: list[dict[str, Any]] = response.json()["values"]
        if all("id" in row for row in values):
            return values
    except (ValueError, LookupError, TypeError):
        pass
    raise Unreadable("the answer has no values")


def _said(row: Mapping[str, Any], field: str) -> object:
    """What a row says in a field; `folder.name` is a field of the folder in it."""
    said: Any = row
    for name in field.split("."):
        said = (said or {}).get(name)
    return said


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _year(given: str) -> int:
    if not (given.isdigit() and 2000 <= int(given) <= 2100):
        raise ConfigurationError("live.options.since_year of Account Engagement is no year; write it as 2015.")
    return int(given)


KIND = LiveKind(
    open=AccountEngagement,
    protocol="export jobs of API v5 (`filter_by_updated_at` with deleted ones, `filter_by_created_at`), a year each; "
    "campaigns and list memberships by its queries, above the last id",
    allowance=Allowance(a_day=25_000, at_once=3),
    overlap=timedelta(minutes=30),
    credential=f"host: {HOST}; login and password: client id and secret, or the JWT extras; extras `token_url`: My "
    "Domain of the Salesforce org, `business_unit`: its id, beginning with 0Uv",
    options={"since_year": f"the year from which a first extraction asks, {FIRST_YEAR}"},
)
