"""The application: routes, security headers, how errors are told. Whoever mounts it says how callers are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.storage.project import Project
from include.web import api, api_members, api_reports, api_segments
from include.web.callers import Identify
from include.web.document import document
from include.web.limits import Limiter
from include.web.pages import (
    access,
    accounts,
    deliveries,
    explorer,
    grid,
    known,
    overview,
    people,
    quality,
    reports,
    review,
    segments,
    sign_in,
)
from include.web.problems import NO_ROUTE, ProblemError, answer_problems
from include.web.render import bare_page, root_of

API = "/api/v1"
PAGES = (
    overview, segments, grid, explorer, known, reports, people, accounts, deliveries, review, quality, access,
)  # fmt: skip
STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# What answers anybody: none of it tells anything of anybody.
OPEN = frozenset({f"{API}/health", f"{API}/openapi.json", sign_in.PATH, "/static"})
TRIES_PER_SECOND, TRIES_AT_ONCE = 1.0, 20
# What a page of a refusal is headed by.
TITLES = {
    403: "You may not see this", 404: "This is not here", 405: "This is not here", 409: "This cannot be done now",
    422: "This cannot be used", 429: "Too many calls", 500: "Something went wrong", 503: "Not now",
}  # fmt: skip
NO_PAGE = "There is no page at this address."


def create_app(
    project: Project, identify: Identify, *, secret: str, sign_in_at: Callable[[Request], str] | None = None
) -> FastAPI:
    """Return the application on an installation.

    ``identify`` names the caller of a request or raises ProblemError; ``secret`` signs forms and sessions.
    ``sign_in_at`` says where a browser without a caller is sent; without it, sessions are the application's own.
    """
    app = FastAPI(
        title="Kindred", version="1", docs_url=None, redoc_url=None, openapi_url=f"{API}/openapi.json",
        description="Unified profiles and explained segments.",
    )  # fmt: skip
    project.keep_engine()
    app.openapi = partial(document, app, OPEN)  # type: ignore[method-assign]
    state = app.state
    state.project, state.identify, state.secret = project, identify, secret.encode()
    state.has_sessions, state.sign_in_at = sign_in_at is None, sign_in_at
    state.attempts = Limiter(TRIES_PER_SECOND, TRIES_AT_ONCE)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Secured)
    answer_problems(app, _page, API)
    own = (sign_in,) if state.has_sessions else ()
    for module in (api_segments, api_members, api_reports, api, *PAGES, *own):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _page(request: Request, problem: ProblemError) -> Response:
    """Tell a browser; one that nobody is known at is sent to sign in."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        elsewhere: Callable[[Request], str] | None = request.app.state.sign_in_at
        return RedirectResponse(elsewhere(request) if elsewhere else _sign_in(request), 303)
    title = TITLES.get(problem.status, HTTPStatus(problem.status).phrase)
    detail = NO_PAGE if problem.detail in NO_ROUTE.values() else problem.detail
    path, query = ("", "") if request.method == "GET" else _form_of(request)
    back = _own(request, path, query) if path else ""
    answer = bare_page(request, "problem.html", problem.status, title=title, detail=detail, back=back)
    answer.headers.update(problem.headers)
    return answer


def _sign_in(request: Request) -> str:
    """Where to sign in, and go on to the page that was asked for: that of the form, where a form was sent."""
    asked = (request.url.path, request.url.query) if request.method == "GET" else _form_of(request)
    return f"{root_of(request)}{sign_in.PATH}?next={quote(_own(request, *asked))}"


def _own(request: Request, path: str, query: str) -> str:
    """A page's address within the application, wherever that is mounted."""
    place = path.removeprefix(root_of(request)) or "/"
    return f"{place}?{query}" if query else place


def _form_of(request: Request) -> tuple[str, str]:
    """Path and query of the page whose form was sent; those of the first page where the browser does not say."""
    try:
        sent = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "", ""
    return ("", "") if sent.path.startswith("//") else (sent.path, sent.query)


class Secured:
    """Puts the security headers on every answer that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)
