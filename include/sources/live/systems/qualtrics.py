"""Qualtrics: response exports of a survey, started, waited for, and fetched as one file of JSON lines."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.remote.answers import Fault, Told, Unreadable, by_status, word
from include.remote.budget import Allowance
from include.remote.http import LostPlaceError, Session
from include.remote.sign_in import header_key
from include.sources.live.asking import Asked
from include.sources.live.ndjson_pages import lines
from include.sources.live.system import Access, LiveKind

FIRST_POLL, LONGEST_POLL, JOB_HOURS = 1.0, 30.0, 2


class Qualtrics:
    """One survey of a brand."""

    def __init__(self, access: Access) -> None:
        options = access.settings.options
        for needed in ("survey", "question"):
            if not options.get(needed):
                raise ConfigurationError(f"{access.source}: live.options has no {needed}; see docs/connectors.md.")
        self._access, self._survey, self._options = access, options["survey"], options
        self._path = f"/API/v3/surveys/{self._survey}/export-responses"
        self._session = Session(
            access.connection, header_key("X-API-TOKEN"), access.budget, access.clock, patience=access.patience,
            explain=explain,
        )  # fmt: skip

    def close(self) -> None:
        """Give connections back."""
        self._session.close()

    def check(self, declared: ExportFile) -> None:  # noqa: ARG002 - there is one object
        """Ask for the survey's definition."""
        self._session.ask("GET", f"/API/v3/surveys/{self._survey}", as_result)

    def fields(self, declared: ExportFile) -> Mapping[str, str]:  # noqa: ARG002 - there is one object
        """Return nothing: what the columns are taken from is named by the options."""
        return {}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:  # noqa: ARG002 - there is one object
        """Yield the responses that were recorded in the time asked for."""
        bounds = {"startDate": asked.since, "endDate": asked.until}
        wanted = {name: _iso(edge) for name, edge in bounds.items() if edge is not None}
        file = self._run({"format": "ndjson", **wanted})
        responses = self._session.ask("GET", f"{self._path}/{file}/file", as_lines)
        yield lines(self._record(response) for response in responses)

    def _run(self, asked: Mapping[str, str]) -> str:
        """Start an export, wait for it, and return its file's id; raises LostPlaceError where it failed."""
        found = self._session.ask("POST", self._path, as_result, json=dict(asked))
        job, started = str(found["progressId"]), self._access.clock.seconds()
        for number in count():
            if found.get("status") == "complete" and found.get("fileId"):
                return str(found["fileId"])
            if found.get("status") == "failed" or self._access.clock.seconds() - started > JOB_HOURS * 3600:
                raise LostPlaceError(f"{self._access.source}: the export of responses failed.")
            self._access.clock.sleep(min(LONGEST_POLL, FIRST_POLL * 1.5**number))
            found = self._session.ask("GET", f"{self._path}/{job}", as_result)
        raise AssertionError("unreachable")

    def _record(self, response: Mapping[str, Any]) -> dict[str, Any]:
        said = response.get("values") or {}
        key, email = str(response["responseId"]), said.get("recipientEmail")
        name = " ".join(filter(None, (said.get("recipientFirstName"), said.get("recipientLastName"))))
        return {
            "response_id": key, "survey_id": self._survey, "recorded_at": said.get("recordedDate"),
            "person_id": said.get("externalDataReference") or email or key,
            "score": said.get(self._options["question"]), "comment": said.get(self._options.get("comment", "")),
            "email": email, "name": name or None, "phone": said.get("phone"), "company": said.get("company"),
            "values": said,
        }  # fmt: skip


def as_result(response: httpx.Response) -> dict[str, Any]:
    """Return the result of an answer; raises Unreadable where it has none."""
    try:
        found: dict[str, Any] = dict(response.json()["result"])
    except (ValueError, LookupError, TypeError):
        raise Unreadable("the answer has no result") from None
    return found


def as_lines(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the records of a file of JSON lines, zipped or not; raises Unreadable where it is not whole."""
    content = response.content
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(archive.namelist()[0])
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    except (ValueError, LookupError, zipfile.BadZipFile, EOFError):
        raise Unreadable("the file is not whole") from None


def explain(response: httpx.Response) -> Told:
    """Read Qualtrics' errors, `{meta: {error: {errorCode, errorMessage}}}`."""
    told = by_status(response)
    try:
        code = response.json()["meta"]["error"]["errorCode"]
    except (ValueError, LookupError, TypeError):
        return told
    is_gone = response.status_code in (400, 404) and response.request.url.path.endswith("/file")
    return Told(Fault.LOST_PLACE if is_gone else told.fault, word(code, response))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


KIND = LiveKind(
    open=Qualtrics,
    protocol="response exports as JSON lines, by the time of recording",
    allowance=Allowance(a_second=2, at_once=1),
    overlap=timedelta(minutes=60),
    credential="host: the data centre's, https://fra1.qualtrics.com; password: an API token that may export responses",
    options={
        "survey": "the survey's id, SV_… (needed)",
        "question": "id of the NPS question, QID1 (needed)",
        "comment": "id of the question in words, QID2_TEXT",
    },
)
