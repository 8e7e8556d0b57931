"""Problem documents (RFC 9457): every refusal says in one sentence what is wrong and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from include.contracts.errors import ConfigurationError, KindredError, RetryableError

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


class Problem(Exception):
    """A request that is refused."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def document(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return how an error is told to a caller; one that is nobody's to know is named by its kind alone."""
    match error:
        case Problem():
            return error
        case HTTPException():
            return Problem(error.status_code, str(error.detail), error.headers)
        case RequestValidationError():
            return Problem(422, _invalid(error.errors()))
        case RetryableError():
            return Problem(503, str(error), {"Retry-After": str(RETRY_SECONDS)})
        case OperationalError() | InterfaceError():
            detail = "The warehouse does not answer; try again, and see that PostgreSQL runs."
            return Problem(503, detail, {"Retry-After": str(RETRY_SECONDS)})
        case ConfigurationError():
            return Problem(422, str(error))
        case KindredError():
            return Problem(409, str(error))
    log.error("A request failed with %s.", type(error).__name__)
    return Problem(500, f"A fault of Kindred's own ({type(error).__name__}). Please report it.")


def answer_in_problem_documents(app: FastAPI) -> None:
    """Let the application answer every error with a problem document."""
    kinds: tuple[type[Exception] | int, ...] = (
        Problem, HTTPException, RequestValidationError, KindredError, OperationalError, InterfaceError, 500
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, _told)


async def _told(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    return document(problem.status, problem.detail, problem.headers)


def _invalid(errors: Any) -> str:
    """Name each part of a request that cannot be used, without its value, which may be personal."""
    parts = [f"{'.'.join(str(step) for step in error['loc'])}: {error['msg']}" for error in errors]
    return "; ".join(parts) + "."
