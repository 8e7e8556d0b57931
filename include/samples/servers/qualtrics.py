"""Qualtrics in small: response exports of one survey, with their progress and their zipped file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.contracts.exports import qualtrics
from include.samples.servers.frame import Answer, Request
from include.samples.servers.source import SourceServer
from include.samples.servers.trouble import Trouble

SURVEY, KEY = "SV_9ypbLwEbSGcMSzP", "qualtrics-token"
QUESTION, COMMENT = "QID1", "QID2_TEXT"


@dataclass
class _Export:
    content: bytes
    polls: int = 0
    failed: bool = False


class QualtricsServer(SourceServer):
    """A brand with one survey."""

    files = (qualtrics.RESPONSES,)

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self._exports: dict[str, _Export] = {}

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.headers.get("X-Api-Token", request.headers.get("X-API-TOKEN")) != KEY:
            return _error(401, "AUTH_6", "Unrecognized X-API-TOKEN.")
        if "response" in self.forbidden:
            return _error(403, "AUTH_40", "The required permission is missing.")
        rest = request.path.removeprefix(f"/API/v3/surveys/{SURVEY}").strip("/").split("/")
        if rest == [""]:
            return Answer.of({"result": {"id": SURVEY}, "meta": {"httpStatus": "200 - OK"}})
        if rest[0] != "export-responses":
            return _error(404, "SURVEY_0", "The survey was not found.")
        return self._start(request.json) if len(rest) == 1 else self._export(rest[1], rest[2:])

    def _start(self, asked: Mapping[str, str]) -> Answer:
        rows = self.rows["response"].changed("recorded_at", asked.get("startDate"), asked.get("endDate")).to_pylist()
        twice = rows[:1] if self.goes_wrong("repeated_pages") else []
        content = "".join(f"{json.dumps(_response(row))}\n" for row in [*twice, *rows])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("NPS.ndjson", content)
        name = f"ES_{len(self._exports)}"
        self._exports[name] = _Export(archive.getvalue(), failed=self.goes_wrong("failing_jobs"))
        return Answer.of({"result": {"progressId": name, "status": "inProgress", "percentComplete": 0.0}})

    def _export(self, name: str, rest: list[str]) -> Answer:
        export = self._exports.get(name.removesuffix("-file"))
        if export is None or (rest and self.goes_wrong("lost_places")):
            return _error(404, "EXPORT_0", "The file is not there any more.")
        if rest:
            self.before_page()
            return Answer(export.content, kind="application/zip")
        export.polls += 1
        if export.failed:
            return Answer.of({"result": {"status": "failed", "percentComplete": 0.0, "fileId": None}})
        if export.polls < 2:
            return Answer.of({"result": {"status": "inProgress", "percentComplete": 50.0, "fileId": None}})
        return Answer.of({"result": {"status": "complete", "percentComplete": 100.0, "fileId": f"{name}-file"}})


def _response(row: Mapping[str, str | None]) -> dict[str, Any]:
    first, _, last = (row["name"] or "").partition(" ")
    score = row["score"]
    values = {
        "recordedDate": row["recorded_at"], "externalDataReference": row["person_id"], "recipientEmail": row["email"],
        "recipientFirstName": first, "recipientLastName": last, "phone": row["phone"], "company": row["company"],
        QUESTION: int(score) if score and score.isdigit() else score, COMMENT: row["comment"],
    }  # fmt: skip
    return {"responseId": row["response_id"], "values": values, "labels": {}}


def _error(status: int, code: str, message: str) -> Answer:
    error = {"errorCode": code, "errorMessage": message}
    return Answer.of({"meta": {"httpStatus": f"{status}", "error": error}}, status)
