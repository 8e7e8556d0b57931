"""Signing in and out, where the application is by itself; within Airflow its own users are known already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from include.web import sessions
from include.web.callers import ANYBODY, NO_KEY, Call
from include.web.forms import require_same_origin
from include.web.keys import verified
from include.web.render import bare_page, root_of

router = APIRouter(include_in_schema=False)
PATH = "/sign-in"

LONGEST = 2000  # of an address that is gone on to
Text = Annotated[str, Form(max_length=LONGEST)]


@router.get(PATH)
def ask(request: Request, next: Annotated[str, Query(max_length=LONGEST)] = "/") -> Response:
    """Ask for a key."""
    return bare_page(request, "sign_in.html", next=next, refusal="")


@router.post(PATH)
def sign_in(request: Request, key: Text, next: Text = "/") -> Response:
    """Begin a session, and go on to the page that was asked for."""
    require_same_origin(request)
    request.app.state.attempts.take("sign-in")
    found = verified(request.app.state.project.warehouse(), key.strip(), datetime.now(UTC))
    if found is None:
        return bare_page(request, "sign_in.html", 401, next=next, refusal=NO_KEY)
    answer = RedirectResponse(root_of(request) + _own(next), 303)
    sessions.begin(request, answer, found)
    return answer


@router.post("/sign-out")
def sign_out(call: Call = ANYBODY) -> Response:
    """End the session."""
    answer = RedirectResponse(root_of(call.request) + PATH, 303)
    sessions.end(answer)
    return answer


def _own(place: str) -> str:
    """A path of this application; anything else leads to its first page, never to another host."""
    is_own = place.startswith("/") and not place.startswith(("//", "/\\")) and "\\" not in place
    return place if is_own and place.isprintable() else "/"
