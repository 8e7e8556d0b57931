"""The application: routes, security headers, problem documents. Whoever mounts it says how callers are known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.middleware.gzip import GZipMiddleware

from include.storage.project import Project
from include.web import api, api_segments
from include.web.callers import Identify
from include.web.problems import answer_in_problem_documents

VERSION = "1"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
OPEN = frozenset({"/api/v1/health", "/api/v1/openapi.json"})  # what answers anybody: neither tells anything of anybody


def create_app(project: Project, identify: Identify) -> FastAPI:
    """Return the application on an installation; ``identify`` names the caller of a request or raises ProblemError."""
    app = FastAPI(
        title="Kindred", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        description="Unified profiles and explained segments.",
    )  # fmt: skip
    app.state.project, app.state.identify = project, identify
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.middleware("http")(_secured)
    answer_in_problem_documents(app)
    for router in (api.health, api.router, api_segments.router):
        app.include_router(router)
    return app


async def _secured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
