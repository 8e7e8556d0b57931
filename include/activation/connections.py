"""Connections as Airflow's environment variables define them, for whoever runs a sync without Airflow."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from include.activation.destination import Connection
from include.contracts.errors import ConfigurationError

PREFIX = "AIRFLOW_CONN_"


def from_environment(name: str) -> Connection:
    """Return the connection that AIRFLOW_CONN_<NAME> defines, as JSON or as a URI; raises ConfigurationError."""
    variable = PREFIX + name.upper()
    text = os.environ.get(variable, "").strip()
    if not text:
        raise ConfigurationError(f"There is no connection {name!r}; define it in Airflow, or set {variable}.")
    try:
        return _of_json(json.loads(text)) if text.startswith("{") else _of_uri(text)
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"{variable} is neither a URI nor Airflow's JSON form.") from None


def _of_json(given: dict[str, Any]) -> Connection:
    extra = given.get("extra") or {}
    return Connection(
        host=given.get("host") or "",
        login=given.get("login") or "",
        password=given.get("password") or "",
        schema=given.get("schema") or "",
        port=int(given["port"]) if given.get("port") else None,
        kind=given.get("conn_type") or "",
        extra=json.loads(extra) if isinstance(extra, str) else extra,
    )


def _of_uri(text: str) -> Connection:
    url = urlsplit(text)
    extra: dict[str, Any] = dict(parse_qsl(url.query))
    if "__extra__" in extra:
        extra = json.loads(extra["__extra__"])
    return Connection(
        host=unquote(url.hostname or ""), login=unquote(url.username or ""), password=unquote(url.password or ""),
        schema=unquote(url.path.removeprefix("/")), port=url.port, kind=url.scheme, extra=extra,
    )  # fmt: skip
