"""The pages and the API inside Airflow: mounted in its API server under `/kindred`, for its own users and roles.

Every process imports plugins, and only the API server needs the application: it is made at the first request.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from include.contracts.access import Scope

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Receive, Send
    from starlette.types import Scope as Connection

    from include.web.callers import Caller

PREFIX = "/kindred"
# Whoever may read the DAG that publishes sees what it publishes; people's names and addresses are for those who may
# read the DAG that resolves them, decisions for those who may run the one that asks for them, the log of reads for
# those who may read that DAG's audit log.
READ, RUN, AUDIT = ("GET", None), ("POST", "RUN"), ("GET", "AUDIT_LOG")
PERMISSIONS: Mapping[Scope, tuple[tuple[str, str | None], str]] = MappingProxyType(
    {
        Scope.SEGMENTS_READ: (READ, "build_segments"),
        Scope.PROFILES_READ: (READ, "build_segments"),
        Scope.PII_READ: (READ, "resolve_identities"),
        Scope.REVIEW_WRITE: (RUN, "approve_changes"),
        Scope.AUDIT_READ: (AUDIT, "resolve_identities"),
    }
)


async def identify(request: Request) -> Caller:
    """Return Airflow's user of a request as a caller; raises HTTPException as Airflow's own routes do."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from starlette.concurrency import run_in_threadpool

    from include.web.callers import Caller

    user = await get_user(request, None, await bearer_scheme(request))
    scopes = await run_in_threadpool(_scopes, user)
    return Caller(f"Airflow user {user.get_name()}", scopes)


def _scopes(user: Any) -> frozenset[Scope]:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

    manager = get_auth_manager()

    def may(method: str, entity: str | None, dag: str) -> bool:
        accessed = DagAccessEntity[entity] if entity else None
        return bool(
            manager.is_authorized_dag(method=method, access_entity=accessed, details=DagDetails(id=dag), user=user)
        )

    return frozenset(scope for scope, ((method, entity), dag) in PERMISSIONS.items() if may(method, entity, dag))


def _sign_in_at(request: Request) -> str:
    from airflow.api_fastapi.app import get_auth_manager

    return str(get_auth_manager().get_url_login(next_url=str(request.url)))


@functools.cache
def application() -> FastAPI:
    """Return the application on this installation, made once."""
    from airflow.configuration import conf
    from kindred_airflow import project

    from include.web.app import create_app

    return create_app(project(), identify, secret=conf.get("api", "secret_key"), sign_in_at=_sign_in_at)


async def made_when_called(scope: Connection, receive: Receive, send: Send) -> None:
    """Answer a request by the application."""
    await application()(scope, receive, send)


class KindredWebPlugin(AirflowPlugin):
    """What Airflow mounts, and its entry in the navigation."""

    name = "kindred_web"
    fastapi_apps = [{"app": made_when_called, "url_prefix": PREFIX, "name": "Kindred"}]  # noqa: RUF012 - Airflow's form
    external_views = [  # noqa: RUF012
        {
            "name": "Kindred",
            "href": f"{PREFIX.removeprefix('/')}/",
            "destination": "nav",
            "url_route": "kindred",
            "nav_top_level": True,
        }
    ]
