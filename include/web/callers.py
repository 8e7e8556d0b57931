"""Who calls, and what that caller may do: every route names the scopes it needs, and nothing answers without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from include.contracts.access import Scope
from include.contracts.nearest import nearest
from include.storage.postgres.warehouse import Warehouse
from include.storage.project import Project
from include.web import audit, sessions
from include.web.answers import answer
from include.web.forms import require_own_form
from include.web.keys import Key, verified
from include.web.limits import Limiter
from include.web.problems import ProblemError

API = "/api/"  # what answers tools; all else are pages for people
GIVE_A_KEY = "Give an API key as 'Authorization: Bearer KEY'; `python -m include keys create` makes one."
NO_KEY = "This API key is unknown, has ended or was taken back; ask for a new one."
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kindred"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call: ``name`` as the access log writes it."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether a scope is among the caller's."""
        return scope in self.scopes


Identify = Callable[[Request], Awaitable[Caller]]


def by_key(warehouse: Callable[[], Warehouse], limiter: Limiter) -> Identify:
    """Return how callers are known by an API key, or by the session that was begun with one.

    The result raises ProblemError 401 for anybody else, 429 for who calls too often.
    """

    async def identify(request: Request) -> Caller:
        key = await run_in_threadpool(_presented, request, warehouse())
        limiter.take(key.key_id)
        return Caller(f"key {key.key_id} ({key.name})", key.scopes)

    return identify


def _presented(request: Request, warehouse: Warehouse) -> Key:
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = verified(warehouse, presented.strip(), datetime.now(UTC))
    else:
        key = sessions.holder(request, warehouse)
    if key is None:
        raise ProblemError(401, NO_KEY if scheme else GIVE_A_KEY, CHALLENGE)
    return key


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known caller: what a route works with."""

    request: Request
    project: Project
    caller: Caller
    reason: str | None

    @property
    def sees_people(self) -> bool:
        """The caller may see personal values."""
        return self.caller.may(Scope.PII_READ)

    def answer(self, value: Any) -> Response:
        """Return a value as JSON."""
        return answer(self.request, value)

    def read(self, action: str, subject: str, profiles: int = 1) -> None:
        """Note in the access log that personal values of so many profiles are given out."""
        audit.note(
            self.project.warehouse(), caller=self.caller.name, action=action, subject=subject, profiles=profiles,
            reason=self.reason,
        )  # fmt: skip


Reason = Annotated[
    str | None, Header(alias="X-Reason", description="Why personal data is read; kept in the access log.")
]


def needs(*scopes: Scope) -> Callable[..., Awaitable[Call]]:
    """Return a dependency that gives a route its call; raises ProblemError 403.

    That is where a scope is missing, or a page was sent a form that is not the caller's own.
    """

    async def known(request: Request, reason: Reason = None) -> Call:
        state = request.app.state
        caller: Caller = await state.identify(request)
        is_api = request.scope["route"].path.startswith(API)
        if not is_api:
            await require_own_form(request, caller.name)
        missing = [scope.value for scope in scopes if not caller.may(scope)]
        if missing:
            raise ProblemError(403, f"This needs the scope {', '.join(missing)}, which {caller.name} does not have.")
        if is_api:
            _require_named(request)
        return Call(request, state.project, caller, reason)

    return known


def _require_named(request: Request) -> None:
    """Raise ProblemError 422 for a parameter that the route does not have: passed over, it would seem to be obeyed."""
    documented = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = sorted(one["name"] for one in documented.get("parameters", ()) if one["in"] == "query")
    for name in request.query_params:
        if name not in known:
            near = nearest(name, known) if known else "; it takes none"
            raise ProblemError(422, f"There is no parameter {name!r} here{near}.")


ANYBODY = Depends(needs())
READ_SEGMENTS = Depends(needs(Scope.SEGMENTS_READ))
READ_PROFILES = Depends(needs(Scope.PROFILES_READ))
READ_BOTH = Depends(needs(Scope.SEGMENTS_READ, Scope.PROFILES_READ))
READ_PEOPLE = Depends(needs(Scope.SEGMENTS_READ, Scope.PROFILES_READ, Scope.PII_READ))
