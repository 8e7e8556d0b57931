"""Who asks a system and where it is, as an Airflow connection says; the project keeps no credential of its own.

The DAGs hand connections over as Airflow has them, from whatever secrets backend. The command line reads the same
AIRFLOW_CONN_<NAME> variables that Airflow does, as a URI or as JSON.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from include.contracts.errors import ConfigurationError

VARIABLE = "AIRFLOW_CONN_"
_TWICE = re.compile(r"([\w.+-]+)://([\w.+-]+)://")
ID = r"^[A-Za-z0-9_.-]+$"  # what Airflow may name a connection


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection; what is secret in it is never shown."""

    name: str
    kind: str = ""
    host: str = ""
    port: int | None = None
    schema: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The base URL of the system, without a slash at its end; ``https`` where nothing says otherwise."""
        scheme, _, rest = self.host.rpartition("://")
        scheme = scheme or (self.schema if self.schema in ("http", "https") else "https")
        return f"{scheme}://{rest.rstrip('/')}" + (f":{self.port}" if self.port else "")

    def needed(self, field_name: str) -> str:
        """Return a field, or a key of the extras, that a system cannot do without; raises ConfigurationError."""
        value = getattr(self, field_name) if field_name in ("host", "login", "password") else self.extra.get(field_name)
        if not value:
            where = field_name if field_name in ("host", "login", "password") else f"extra {field_name!r}"
            raise ConfigurationError(
                f"The connection {self.name!r} has no {where}; docs/connectors.md says what it is."
            )
        return str(value)


Connections = Callable[[str], Connection | None]


def from_environment(name: str, environment: Mapping[str, str] | None = None) -> Connection | None:
    """Return the connection that AIRFLOW_CONN_<NAME> gives, None where there is none; raises ConfigurationError."""
    given = (os.environ if environment is None else environment).get(VARIABLE + name.upper())
    if not given:
        return None
    try:
        return _of_json(name, given) if given.lstrip().startswith("{") else _of_uri(name, given)
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{VARIABLE}{name.upper()} is neither a URI nor JSON as Airflow writes connections."
        ) from None


CONNECTIONS: Connections = partial(from_environment, environment=None)


def _of_json(name: str, given: str) -> Connection:
    found = json.loads(given)
    extra = found.get("extra") or {}
    return Connection(
        name, str(found.get("conn_type") or ""), str(found.get("host") or ""),
        int(found["port"]) if found.get("port") else None, str(found.get("schema") or ""),
        str(found.get("login") or ""), str(found.get("password") or ""),
        json.loads(extra) if isinstance(extra, str) else dict(extra),
    )  # fmt: skip


def _of_uri(name: str, given: str) -> Connection:
    """Read ``kind://host``, and ``kind://protocol://host``, as Airflow writes a host that says its own protocol."""
    protocol = ""
    if twice := _TWICE.match(given):
        protocol, given = f"{twice[2]}://", f"{twice[1]}://{given[twice.end() :]}"
    parts = urlsplit(given)
    if not parts.scheme:
        raise ValueError(name)
    extra: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "__extra__" in extra:
        extra = json.loads(extra["__extra__"])
    return Connection(
        name, parts.scheme, protocol + unquote(parts.hostname or ""), parts.port, unquote(parts.path.lstrip("/")),
        unquote(parts.username or ""), unquote(parts.password or ""), extra,
    )  # fmt: skip
