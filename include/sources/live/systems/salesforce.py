"""Salesforce: describe over REST, rows by query jobs of the Bulk API 2.0, deleted and merged ones among them.

A row that was deleted keeps its Id and comes once more with IsDeleted, one that was merged with MasterRecordId besides,
so both reach the lake as any other change does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import PurePosixPath
from typing import Any

import httpx

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.remote.budget import Allowance
from include.remote.http import LostPlaceError, Session
from include.remote.salesforce import VERSION, explain
from include.remote.sign_in import oauth
from include.sources.live import csv_pages
from include.sources.live.asking import Asked
from include.sources.live.system import Access, LiveKind

PAGE_ROWS = 20_000
FIRST_POLL, LONGEST_POLL, JOB_HOURS = 1.0, 30.0, 2

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("int", "double", "currency", "percent", "long"), "number"),
    **{"boolean": "flag", "date": "day", "datetime": "moment", "address": "other", "location": "other"},
}


class Salesforce:
    """One org."""

    def __init__(self, access: Access) -> None:
        self._access, self._clock = access, access.clock
        self._root = f"/services/data/v{access.settings.options.get('version', VERSION)}"
        self._rows = _whole(access.settings.options.get("page_rows", PAGE_ROWS))
        self._session = Session(
            access.connection, oauth("/services/oauth2/token", "https://login.salesforce.com"), access.budget,
            access.clock, patience=access.patience, explain=explain,
        )  # fmt: skip
        self._described: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Give connections back."""
        self._session.close()

    def check(self, declared: ExportFile) -> None:
        """Ask for the description of the object."""
        self.fields(declared)

    def fields(self, declared: ExportFile) -> Mapping[str, str]:
        """Return the fields that the org has, under their declared names where they have one."""
        found = self._session.json("GET", f"{self._root}/sobjects/{_resource(declared)}/describe")
        kinds = {field["name"]: _KINDS.get(field["type"], "text") for field in found["fields"]}
        own = self._own_names(declared)
        self._described[declared.object] = {
            column: field for column in declared.names if (field := own.get(column, column)) in kinds
        }
        renamed = {field: column for column, field in own.items()}
        return {renamed.get(name, name): kind for name, kind in kinds.items()}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the rows of a query job, page by page."""
        if declared.object not in self._described:
            self.fields(declared)
        columns = self._described[declared.object]
        job = self._run(_query(declared, list(columns.values()), asked), declared)
        yield csv_pages.header(list(columns))
        locator: str | None = None
        while locator != "null":
            rows, locator = self._page(job, list(columns.values()), locator)
            yield rows

    def _own_names(self, declared: ExportFile) -> Mapping[str, str]:
        return self._access.settings.columns.get(declared.object, {})

    def _run(self, query: str, declared: ExportFile) -> str:
        """Start a query job, wait until it is done, and return its path; raises LostPlaceError where it failed."""
        asked = {"operation": "queryAll", "query": query, "columnDelimiter": "COMMA", "lineEnding": "LF"}
        job = self._session.json("POST", f"{self._root}/jobs/query", json=asked)
        path, since = f"{self._root}/jobs/query/{job['id']}", self._clock.seconds()
        for number in count():
            if job["state"] == "JobComplete":
                return path
            if job["state"] in ("Failed", "Aborted") or self._clock.seconds() - since > JOB_HOURS * 3600:
                what = f"{self._access.source}: the query job of {_resource(declared)} ended as {job['state']}."
                raise LostPlaceError(what)
            self._clock.sleep(min(LONGEST_POLL, FIRST_POLL * 1.5**number))
            job = self._session.json("GET", path)
        raise AssertionError("unreachable")

    def _page(self, job: str, fields: list[str], locator: str | None) -> tuple[bytes, str]:
        given: dict[str, Any] = {"maxRecords": self._rows} | ({"locator": locator} if locator else {})

        def read(response: httpx.Response) -> tuple[bytes, str]:
            told = response.headers.get("Sforce-NumberOfRecords", "")
            records = int(told) if told.isdigit() else None
            rows = csv_pages.rows_of(response, fields, records=records, headed=locator is None)
            return rows, response.headers.get("Sforce-Locator", "null")

        return self._session.ask("GET", f"{job}/results", read, params=given, headers={"Accept": "text/csv"})


def _query(declared: ExportFile, fields: list[str], asked: Asked) -> str:
    edges = [(">=", asked.since), ("<", asked.until)]
    bounds = [f"{declared.changed} {sign} {_literal(edge)}" for sign, edge in edges if edge is not None]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"SELECT {', '.join(fields)} FROM {_resource(declared)}{where}"


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _resource(declared: ExportFile) -> str:
    """Salesforce's own name of an object, which is that of its export file."""
    return PurePosixPath(declared.path).stem


def _whole(given: object) -> int:
    if not f"{given}".isdigit() or int(f"{given}") < 1:
        raise ConfigurationError("live.options.page_rows of Salesforce is no whole number above 0.")
    return int(f"{given}")


KIND = LiveKind(
    open=Salesforce,
    protocol="REST describe and Bulk API 2.0 query jobs (queryAll)",
    allowance=Allowance(at_once=4),
    overlap=timedelta(minutes=10),
    credential="host: My Domain; login and password: client id and secret of an external client app; "
    "or extras private_key (PEM) and username, for the JWT flow",
    options={"version": f"API version, {VERSION}", "page_rows": f"rows a page, {PAGE_ROWS:,}"},
)
