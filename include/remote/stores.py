"""How fsspec opens a store elsewhere (`s3://`, `gs://`, `abfs://`, `sftp://`) with the facts of a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from include.contracts.connections import Connection
from include.remote.http import Patience


def _s3(connection: Connection | None, patience: Patience) -> dict[str, Any]:
    config = {
        "connect_timeout": patience.connect_seconds, "read_timeout": patience.read_seconds,
        "retries": {"max_attempts": 1},
    }  # fmt: skip
    if connection is None:
        return {"config_kwargs": config, "use_listings_cache": False}
    client = {"region_name": connection.extra.get("region_name")} if connection.extra.get("region_name") else {}
    return {
        "key": connection.login or None, "secret": connection.password or None, "client_kwargs": client,
        "token": connection.extra.get("aws_session_token"), "config_kwargs": config, "use_listings_cache": False,
        "endpoint_url": connection.extra.get("endpoint_url"),
    }  # fmt: skip


def _gs(connection: Connection | None, _patience: Patience) -> dict[str, Any]:
    """For gcsfs: the service account's key, and the address of what is not Google's own."""
    extra = connection.extra if connection else {}
    given = {
        "token": extra.get("keyfile_dict"),
        "project": extra.get("project"),
        "endpoint_url": extra.get("endpoint_url"),
    }
    return {"use_listings_cache": False, **{name: value for name, value in given.items() if value}}


_AZURE = ("connection_string", "sas_token", "tenant_id", "client_id", "client_secret", "account_host")


def _abfs(connection: Connection | None, _patience: Patience) -> dict[str, Any]:
    """For adlfs: the account's name and key, or one of the other ways in which Azure lets somebody in."""
    if connection is None:
        return {"use_listings_cache": False}
    own = {"account_name": connection.login, "account_key": connection.password}
    given = {**own, **{name: connection.extra.get(name) for name in _AZURE}}
    return {"use_listings_cache": False, **{name: value for name, value in given.items() if value}}


def _sftp(connection: Connection | None, patience: Patience) -> dict[str, Any]:
    if connection is None:
        return {}
    given: dict[str, Any] = {"username": connection.login, "password": connection.password or None}
    return {
        **given, "host": connection.host, "port": connection.port or 22, "timeout": patience.connect_seconds,
        "allow_agent": False, "look_for_keys": False,
    }  # fmt: skip


OPTIONS: Mapping[str, Callable[[Connection | None, Patience], dict[str, Any]]] = MappingProxyType(
    {"s3": _s3, "gs": _gs, "abfs": _abfs, "sftp": _sftp}
)

# Their libraries ask again by themselves, so long (Azure's three times, up to a minute) that nobody else need to.
PERSISTENT = frozenset({"abfs"})
