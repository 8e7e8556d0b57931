"""Problem documents (RFC 9457): every refusal says in one sentence what is wrong and what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.contracts.errors import ConfigurationError, KindredError, RetryableError, UnknownError
from include.contracts.faults import explained

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def document(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


REFUSALS = MappingProxyType(
    {
        400: "A cursor that no answer gave",
        401: "No key, or one that is not in force",
        403: "A scope is missing",
        404: "There is no such segment, report, profile or account",
        410: "The version of a cursor is not kept any more",
        422: "What was given cannot be used; each part is named",
        429: "Too many calls; Retry-After says when to try again",
        503: "The warehouse is away, or nothing is published yet; Retry-After says when to try again",
    }
)
_DOCUMENT = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do, in one sentence"},
    },
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {  # what any route may answer, for the OpenAPI document
    status: {"description": why, "content": {MEDIA_TYPE: {"schema": _DOCUMENT}}} for status, why in REFUSALS.items()
}

INVALID: Mapping[str, str] = MappingProxyType(  # what Pydantic says to whoever writes the model
    {
        "extra_forbidden": "there is nothing of this name here",
        "json_invalid": "this cannot be read as JSON",
        "missing": "this is required",
        "model_attributes_type": "a JSON object belongs here (Content-Type: application/json)",
    }
)
Told = Callable[[Any], ProblemError]
NO_TEXT = "What was given holds a character or a number that no value here can have."
SOON = {"Retry-After": "5"}
NO_ROUTE: Mapping[int, str] = MappingProxyType(
    {
        404: "There is nothing at this address; the API has its routes in /api/v1/openapi.json.",
        405: "This address takes no such request; /api/v1/openapi.json says which it takes.",
    }
)
KINDS: Mapping[type[Exception], Told] = MappingProxyType(
    {
        ProblemError: lambda error: error,
        HTTPException: lambda error: ProblemError(error.status_code, _said(error), error.headers),
        RequestValidationError: lambda error: ProblemError(422, _invalid(error.errors())),
        DataError: lambda _: ProblemError(422, NO_TEXT),
        UnicodeError: lambda _: ProblemError(422, NO_TEXT),
        RetryableError: lambda error: ProblemError(503, str(error), SOON),
        UnknownError: lambda error: ProblemError(404, str(error)),
        ConfigurationError: lambda error: ProblemError(422, str(error)),
        KindredError: lambda error: ProblemError(409, str(error)),
    }
)
Page = Callable[[Request, ProblemError], Response]


def answer_problems(app: FastAPI, page: Page, documents: str) -> None:
    """Let the application tell every error by the nearest of its kinds.

    Under the path ``documents`` with a problem document, elsewhere with a ``page``.
    """

    def tell(request: Request, problem: ProblemError) -> Response:
        within = request.url.path.removeprefix(request.scope.get("root_path", ""))
        if within.startswith(documents):
            return document(problem.status, problem.detail, problem.headers)
        return page(request, problem)

    async def told(request: Request, error: Exception) -> Response:
        return tell(request, _problem(error))

    for kind in KINDS:
        app.add_exception_handler(kind, told)
    app.add_middleware(Guarded, tell=tell)


class Guarded:
    """Tells of a fault by its kind alone: its text, and a traceback in a server's log, may quote a row."""

    def __init__(self, app: ASGIApp, tell: Page) -> None:
        self._app, self._tell = app, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for it where that fails."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the last line before the server
            log.error("A request failed with %s.", type(error).__name__)
            if scope["type"] == "http" and not begun:
                await self._tell(Request(scope), _problem(explained(error) or error))(scope, receive, send)


def _problem(error: Exception) -> ProblemError:
    told = next((KINDS[kind] for kind in type(error).__mro__ if kind in KINDS), None)
    if told is not None:
        return told(error)
    return ProblemError(500, f"A fault of Kindred's own ({type(error).__name__}). Please report it.")


def _said(error: HTTPException) -> str:
    """What Starlette says of a route by the status's phrase alone, in a sentence."""
    is_plain = error.detail == HTTPStatus(error.status_code).phrase
    return NO_ROUTE.get(error.status_code, error.detail) if is_plain else str(error.detail)


def _invalid(errors: Any) -> str:
    """Name each part of a request that cannot be used, without its value, which may be personal."""
    parts = [f"{_place(error)}: {INVALID.get(error['type'], error['msg'].removeprefix('Value error, '))}"
             for error in errors]  # fmt: skip
    return "; ".join(parts) + "."


def _place(error: Any) -> str:
    """Where a part stands, as body.email; of what is no JSON, the whole body."""
    return "body" if error["type"] == "json_invalid" else ".".join(str(step) for step in error["loc"])
