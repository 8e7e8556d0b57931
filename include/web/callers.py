"""Who calls, and what that caller may do: every route names the scopes it needs, and nothing answers without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from include.contracts.access import Scope
from include.storage.warehouse import Warehouse
from include.web.keys import verified
from include.web.limits import Limiter
from include.web.problems import Problem

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
    """Return how callers are known by an API key in ``Authorization: Bearer``; raises Problem 401 or 429."""

    async def identify(request: Request) -> Caller:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Problem(401, "Give an API key as 'Authorization: Bearer KEY'; `python -m include keys create` makes one.", CHALLENGE)
        key = await run_in_threadpool(verified, warehouse(), presented.strip(), datetime.now(UTC))
        if key is None:
            raise Problem(401, "This API key is unknown, has ended or was taken back; ask for a new one.", CHALLENGE)
        limiter.take(key.key_id)
        return Caller(f"key {key.key_id} ({key.name})", key.scopes)

    return identify


def needs(*scopes: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """Return a dependency that gives a route its caller; raises Problem 403 where a scope is missing."""

    async def known(request: Request) -> Caller:
        identify: Identify = request.app.state.identify
        caller = await identify(request)
        missing = [scope.value for scope in scopes if not caller.may(scope)]
        if missing:
            raise Problem(403, f"This needs the scope {', '.join(missing)}, which {caller.name} does not have.")
        return caller

    known.needed = scopes  # type: ignore[attr-defined]  # a test walks the routes and reads it
    return known


READ_SEGMENTS = Depends(needs(Scope.SEGMENTS_READ))
READ_PROFILES = Depends(needs(Scope.PROFILES_READ))
READ_BOTH = Depends(needs(Scope.SEGMENTS_READ, Scope.PROFILES_READ))
