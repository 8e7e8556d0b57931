"""A Salesforce org in small: OAuth, describe, and query jobs of the Bulk API 2.0 with states, pages and errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import PurePosixPath

import pyarrow as pa

from include.contracts.exports.salesforce import SYSTEM
from include.samples.servers.frame import Answer, Request
from include.samples.servers.oauth import Tokens
from include.samples.servers.source import SourceServer
from include.samples.servers.tables import Rows, as_csv, moment_text
from include.samples.servers.trouble import Trouble

_ROOT = re.compile(r"/services/data/v[\d.]+/(?P<rest>.+)")
_QUERY = re.compile(r"SELECT (?P<fields>[\w, ]+) FROM (?P<object>\w+)(?: WHERE (?P<where>.+))?")
_BOUND = re.compile(r"(?P<field>\w+) (?P<sign>>=|<) (?P<moment>[\dT:-]+)Z")
TYPES = {"Id": "id", "IsDeleted": "boolean", "CreatedDate": "datetime", "SystemModstamp": "datetime"}
STATES = ("UploadComplete", "InProgress", "JobComplete")


@dataclass
class _Job:
    id: str
    resource: str
    fields: list[str]
    rows: pa.Table
    polls: int = 0
    failed: bool = False

    @property
    def state(self) -> str:
        return "Failed" if self.failed else STATES[min(self.polls, len(STATES) - 1)]


class SalesforceServer(SourceServer):
    """An org with the rows of its objects."""

    files = SYSTEM.files

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.tokens = Tokens()
        self.page_rows = 50_000
        self.requests_left = 100_000
        self._jobs: dict[str, _Job] = {}
        self._numbers = count(1)

    def delete(self, name: str, key: str, at: datetime) -> None:
        """Move a row into the recycle bin."""
        self.rows[name].put({**self.rows[name].row(key), "IsDeleted": "true", "SystemModstamp": moment_text(at)})

    def merge(self, name: str, loser: str, winner: str, at: datetime) -> None:
        """Merge a row into another."""
        gone = {"IsDeleted": "true", "MasterRecordId": winner, "SystemModstamp": moment_text(at)}
        self.rows[name].put({**self.rows[name].row(loser), **gone})

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.path == "/services/oauth2/token":
            return self.tokens.give(request, self.url, self.now)
        if not self.tokens.knows(request):
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self.requests_left -= 1
        if self.requests_left < 0:
            return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        match = _ROOT.fullmatch(request.path)
        parts = match["rest"].split("/") if match else []
        if len(parts) == 3 and parts[0] == "sobjects":
            return self._describe(parts[1])
        if parts[:2] == ["jobs", "query"]:
            return self._job(request, parts[2:])
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _of(self, resource: str) -> Rows | None:
        for file in SYSTEM.files:
            if PurePosixPath(file.path).stem == resource and file.object not in self.forbidden:
                return self.rows[file.object]
        return None

    def _describe(self, resource: str) -> Answer:
        rows = self._of(resource)
        if rows is None:
            return _error(404, "INVALID_TYPE", f"sObject type '{resource}' is not supported.")
        name = rows.declared.object
        kinds = {field: self.types.get((name, field), TYPES.get(field, "string")) for field in rows.names}
        fields = [{"name": field, "type": kind} for field, kind in kinds.items()]
        return Answer.of({"name": resource, "fields": fields})

    def _job(self, request: Request, parts: list[str]) -> Answer:
        if request.method == "POST" and not parts:
            return self._create(request.json)
        job = self._jobs.get(parts[0]) if parts else None
        if job is None:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        if parts[1:] == ["results"]:
            return self._results(job, request.query)
        job.polls += 1
        return Answer.of(_told(job))

    def _create(self, asked: Mapping[str, str]) -> Answer:
        match = _QUERY.fullmatch(asked["query"])
        rows = self._of(match["object"]) if match else None
        if match is None or rows is None:
            return _error(400, "INVALIDENTITY", "The query cannot be run.")
        fields = [field.strip() for field in match["fields"].split(",")]
        if unknown := [field for field in fields if field not in rows.names]:
            return _error(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{match['object']}'.")
        bounds = {found["sign"]: found["moment"] for found in _BOUND.finditer(match["where"] or "")}
        found = rows.changed(rows.declared.changed, bounds.get(">="), bounds.get("<")).select(fields)
        number = f"750{next(self._numbers):012d}AAA"
        job = _Job(number, match["object"], fields, found, failed=self.goes_wrong("failing_jobs"))
        self._jobs[job.id] = job
        return Answer.of(_told(job))

    def _results(self, job: _Job, query: Mapping[str, str]) -> Answer:
        start = int(query.get("locator") or 0)
        size = min(int(query.get("maxRecords") or self.page_rows), self.page_rows)
        if start and self.goes_wrong("lost_places"):
            return _error(400, "INVALID_LOCATOR", "The locator is not valid any more.")
        self.before_page()
        following = start + size
        if start and self.goes_wrong("repeated_pages"):
            start, following = start - size, start  # the page before once more, and then on
        page = job.rows.slice(start, size)
        headers = {
            "Sforce-NumberOfRecords": str(len(page)),
            "Sforce-Locator": str(following) if following < len(job.rows) else "null",
        }
        return Answer(as_csv(page, job.fields), headers=headers, kind="text/csv")


def _told(job: _Job) -> dict[str, object]:
    return {"id": job.id, "operation": "queryAll", "object": job.resource, "state": job.state, "contentType": "CSV"}


def _error(status: int, code: str, message: str) -> Answer:
    return Answer.of([{"message": message, "errorCode": code}], status)
