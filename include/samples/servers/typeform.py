"""Typeform in small: the Responses API of one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports import delighted, typeform
from include.samples.servers.frame import Answer, Request
from include.samples.servers.source import SourceServer
from include.samples.servers.tables import Rows
from include.samples.servers.trouble import Trouble

FORM, KEY = "lT4Z3j", "tfp_key"
_COLUMNS = {
    "response_id": "Response ID", "submitted_at": "Created At", "person_id": "Person ID", "score": "Score",
    "comment": "Comment", "email": "Email", "name": "Name", "phone": "Phone Number", "company": "Company",
}  # fmt: skip


class TypeformServer(SourceServer):
    """An account with one form."""

    files = (typeform.RESPONSES,)

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.key = KEY
        self.page_rows = 1000

    @classmethod
    def of_exports(cls, exports: Path, trouble: Trouble | None = None) -> Self:
        """An account in which the people who answered the surveys of an export answered the form."""
        server = cls(trouble)
        given = Rows.read(delighted.RESPONSES, exports).table
        at = pc.replace_substring(pc.replace_substring(given["Created At"], " UTC", "Z"), " ", "T")
        columns = {name: at if name == "submitted_at" else given[column] for name, column in _COLUMNS.items()}
        rest = [name for name in typeform.RESPONSES.names if name not in columns]
        nothing = {name: pa.nulls(len(given), pa.string()) for name in rest}
        server.rows["response"] = replace(server.rows["response"], table=pa.table({**columns, **nothing}))
        return server

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "AUTHENTICATION_FAILED", "Authentication failed")
        if "response" in self.forbidden:
            return _error(403, "FORBIDDEN", "Token has no access to responses:read")
        if request.path != f"/forms/{FORM}/responses":
            return _error(404, "FORM_NOT_FOUND", "Form not found")
        return self._page(request.query)

    def _page(self, query: Mapping[str, str]) -> Answer:
        rows = self.rows["response"].changed("submitted_at", query.get("since"), query.get("until"))
        rows = rows.sort_by([("submitted_at", "descending"), ("response_id", "ascending")])
        total, size = len(rows), min(int(query.get("page_size", 25)), self.page_rows)
        if token := query.get("before"):
            if self.goes_wrong("lost_places"):
                return _error(400, "INVALID_TOKEN", "The token is not valid")
            place = pc.index(rows["response_id"], pa.scalar(token)).as_py()
            rows = rows.slice(place + 1 - (size if self.goes_wrong("repeated_pages") else 0))
        self.before_page()
        items = [_item(row) for row in rows.slice(0, size).to_pylist()]
        return Answer.of({"total_items": total, "page_count": -(-total // size), "items": items})


def _item(row: Mapping[str, str | None]) -> dict[str, Any]:
    score = row["score"]
    answers: list[dict[str, Any]] = [{
        "field": {"id": "a1", "ref": "nps", "type": "nps"}, "type": "number",
        "number": int(score) if score is not None and score.isdigit() else score,
    }]  # fmt: skip
    if row["comment"]:
        field = {"id": "a2", "ref": "why", "type": "long_text"}
        answers.append({"field": field, "type": "text", "text": row["comment"]})
    hidden = {name: row[name] for name in ("person_id", "email", "name", "phone", "company") if row[name]}
    return {
        "token": row["response_id"], "response_id": row["response_id"], "landed_at": row["landed_at"],
        "submitted_at": row["submitted_at"], "hidden": hidden, "answers": answers,
    }  # fmt: skip


def _error(status: int, code: str, message: str) -> Answer:
    return Answer.of({"code": code, "description": message}, status)
