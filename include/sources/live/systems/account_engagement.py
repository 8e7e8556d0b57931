"""Account Engagement (Pardot): export jobs of its API v5, for prospects and for what they do.

An export covers a year at most, so a first extraction asks year by year. Times come in the zone of whoever asks, with
their offset. A prospect that was deleted comes once more with `isDeleted`.
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


@dataclass(frozen=True, slots=True)
class Exported:
    """An object as the API calls it: its name, the procedure that filters by time, its fields by declared column."""

    name: str
    procedure: str
    time: str
    fields: Mapping[str, str]


OBJECTS: Mapping[str, Exported] = MappingProxyType({
    "prospect": Exported("prospect", "filter_by_updated_at", "updated", MappingProxyType({
        "Prospect Id": "id", "First Name": "firstName", "Last Name": "lastName", "Email": "email",
        "Company": "company", "Website": "website", "Job Title": "jobTitle", "Country": "country", "City": "city",
        "State": "state", "Address One": "addressOne", "Zip": "zip", "Phone": "phone", "Source": "source",
        "Do Not Email": "isDoNotEmail", "Do Not Call": "isDoNotCall", "Opted Out": "optedOut",
        "Email Bounced": "isEmailHardBounced", "Score": "score", "Grade": "grade", "Campaign": "campaign.name",
        "Created Date": "createdAt", "Updated Date": "updatedAt", "Last Activity At": "lastActivityAt",
        "CRM Contact FID": "salesforceContactId", "CRM Lead FID": "salesforceLeadId", "Is Deleted": "isDeleted",
    })),
    "visitor_activity": Exported("visitorActivity", "filter_by_created_at", "created", MappingProxyType({
        "id": "id", "prospect_id": "prospectId", "type": "type", "type_name": "typeName", "details": "details",
        "campaign_id": "campaignId", "list_email_id": "listEmailId", "created_at": "createdAt",
    })),
})  # fmt: skip


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
        plural = {"prospect": "prospects", "visitorActivity": "visitor-activities"}[OBJECTS[declared.object].name]
        given = {"fields": "id", "limit": "1"}
        self._session.json("GET", f"/api/v5/objects/{plural}", params=given, headers=self._unit)

    def fields(self, declared: ExportFile) -> Mapping[str, str]:  # noqa: ARG002 - a system that does not tell
        """Return nothing: the API does not describe what it exports, and refuses a field that is gone by its name."""
        return {}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the files of one export a year."""
        exported = OBJECTS[declared.object]
        named = {**exported.fields, **self._access.settings.columns.get(declared.object, {})}
        columns = {column: named[column] for column in declared.names if column in named}
        yield csv_pages.header(list(columns))
        for since, until in self._years(asked):
            for place in self._run(exported, list(columns.values()), since, until):
                yield self._file(place, list(columns.values()))

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


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _year(given: str) -> int:
    if not (given.isdigit() and 2000 <= int(given) <= 2100):
        raise ConfigurationError("live.options.since_year of Account Engagement is no year; write it as 2015.")
    return int(given)


KIND = LiveKind(
    open=AccountEngagement,
    protocol="export jobs of API v5 (`filter_by_updated_at` with deleted ones, `filter_by_created_at`), a year each",
    allowance=Allowance(a_day=25_000, at_once=3),
    overlap=timedelta(minutes=30),
    credential=f"host: {HOST}; login and password: client id and secret, or the JWT extras; extras `token_url`: My "
    "Domain of the Salesforce org, `business_unit`: its id, beginning with 0Uv",
    options={"since_year": f"the year from which a first extraction asks, {FIRST_YEAR}"},
)
