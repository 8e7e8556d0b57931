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
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from include.contracts.errors import ConfigurationError, KindredError, RetryableError

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


def _fault(error: Exception) -> ProblemError:
    """What is nobody's to know is named by its kind alone: its text may quote a row."""
    log.error("A request failed with %s.", type(error).__name__)
    return ProblemError(500, f"A fault of Kindred's own ({type(error).__name__}). Please report it.")


Told = Callable[[Any], ProblemError]
AWAY = "The warehouse does not answer; try again, and see that PostgreSQL runs."
SOON = {"Retry-After": "5"}
KINDS: Mapping[type[Exception], Told] = MappingProxyType(
    {
        ProblemError: lambda error: error,
        HTTPException: lambda error: ProblemError(error.status_code, str(error.detail), error.headers),
        RequestValidationError: lambda error: ProblemError(422, _invalid(error.errors())),
        RetryableError: lambda error: ProblemError(503, str(error), SOON),
        ConfigurationError: lambda error: ProblemError(422, str(error)),
        KindredError: lambda error: ProblemError(409, str(error)),
        OperationalError: lambda _: ProblemError(503, AWAY, SOON),
        InterfaceError: lambda _: ProblemError(503, AWAY, SOON),
        Exception: _fault,
    }
)


def answer_in_problem_documents(app: FastAPI) -> None:
    """Let the application answer every error with a problem document, by the nearest of its kinds."""
    for kind in KINDS:
        app.add_exception_handler(kind, _answered)


async def _answered(_: Request, error: Exception) -> Response:
    problem = next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)(error)
    return document(problem.status, problem.detail, problem.headers)


def _invalid(errors: Any) -> str:
    """Name each part of a request that cannot be used, without its value, which may be personal."""
    parts = [f"{'.'.join(str(step) for step in error['loc'])}: {error['msg']}" for error in errors]
    return "; ".join(parts) + "."
