"""Typeform: the responses to a form, newest first, page by page before a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.remote.answers import Fault, Told, Unreadable, by_status, word
from include.remote.budget import Allowance
from include.remote.http import Session
from include.remote.sign_in import bearer_key
from include.sources.live.asking import Asked
from include.sources.live.ndjson_pages import lines
from include.sources.live.system import Access, LiveKind

HOST = "https://api.typeform.com"
PAGE = 1000
SCORES = ("nps", "opinion_scale")


class Typeform:
    """One form of an account."""

    def __init__(self, access: Access) -> None:
        options = access.settings.options
        if not options.get("form"):
            raise ConfigurationError(f"{access.source}: live.options has no form; it is the id in the form's address.")
        self._path = f"/forms/{options['form']}/responses"
        self._form, self._person = options["form"], options.get("person_field", "person_id")
        self._size = int(options.get("page_size", PAGE))
        self._session = Session(
            access.connection, bearer_key, access.budget, access.clock, patience=access.patience, explain=explain
        )

    def close(self) -> None:
        """Give connections back."""
        self._session.close()

    def check(self, declared: ExportFile) -> None:  # noqa: ARG002 - there is one object
        """Ask for one response."""
        self._session.json("GET", self._path, params={"page_size": 1})

    def fields(self, declared: ExportFile) -> Mapping[str, str]:  # noqa: ARG002 - there is one object
        """Return nothing: what the columns are taken from is the same in every form."""
        return {}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:  # noqa: ARG002 - there is one object
        """Yield the responses of the time asked for, newest first."""
        bounds = {"since": asked.since, "until": asked.until}
        given: dict[str, Any] = {"page_size": self._size, "response_type": "completed"}
        given |= {name: _iso(edge) for name, edge in bounds.items() if edge is not None}
        while True:
            items = self._session.ask("GET", self._path, as_items, params=given)
            yield lines(self._record(item) for item in items)
            if len(items) < self._size:
                return
            given["before"] = items[-1]["token"]

    def _record(self, item: Mapping[str, Any]) -> dict[str, Any]:
        hidden, answers = item.get("hidden") or {}, item.get("answers") or []
        said = {kind: next((a[kind] for a in answers if a.get("type") == kind), None) for kind in _KINDS}
        scored = (answer for answer in answers if (answer.get("field") or {}).get("type") in SCORES)
        email = said["email"] or hidden.get("email")
        response = item.get("response_id") or item["token"]
        return {
            "response_id": response, "form_id": self._form, "landed_at": item.get("landed_at"),
            "submitted_at": item.get("submitted_at"), "person_id": hidden.get(self._person) or email or response,
            "score": next((answer.get("number") for answer in scored), None), "comment": said["text"],
            "email": email, "name": hidden.get("name"), "phone": said["phone_number"] or hidden.get("phone"),
            "company": hidden.get("company"), "hidden": hidden, "answers": answers,
        }  # fmt: skip


_KINDS = ("text", "email", "phone_number")


def as_items(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the responses of a page; raises Unreadable where there are none to be found."""
    try:
        items: list[dict[str, Any]] = response.json()["items"]
    except (ValueError, LookupError, TypeError):
        raise Unreadable("the answer has no items") from None
    return items


def explain(response: httpx.Response) -> Told:
    """Read Typeform's errors, `{code, description}`."""
    told = by_status(response)
    try:
        code = response.json().get("code")
    except (ValueError, AttributeError):
        return told
    if "before" in response.request.url.params and response.status_code in (400, 404):
        return Told(Fault.LOST_PLACE, word(code, response))
    fault = Fault.PERMISSION if response.status_code == 404 else told.fault
    return Told(fault, word(code, response))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


KIND = LiveKind(
    open=Typeform,
    protocol="the Responses API, completed responses since a time, pages before a token",
    allowance=Allowance(a_second=2, at_once=1),
    overlap=timedelta(minutes=60),  # a response is listed some time after it was submitted
    credential=f"host: {HOST} (or that of the EU data centre); password: an access token that may read responses",
    options={
        "form": "the form's id (needed)",
        "person_field": "the hidden field that tells who was asked, person_id",
        "page_size": f"responses a page, {PAGE:,} at most",
    },
)
