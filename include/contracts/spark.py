"""Which Spark does the work, as a setting or an Airflow connection says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from include.contracts.connections import Connection, Connections
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings

CONNECTION = "spark_default"  # as Airflow's provider for Spark calls it
PREFIX = "spark."  # of Spark's own options
ALONE = re.compile(r"yarn|local(-cluster)?(\[.*\])?")  # masters that are no machine's name
# What the provider reads from the connection's extras, as Spark calls it.
EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "queue": "spark.yarn.queue",
        "namespace": "spark.kubernetes.namespace",
        "principal": "spark.kerberos.principal",
        "keytab": "spark.kerberos.keytab",
    }
)


@dataclass(frozen=True, slots=True)
class Spark:
    """A Spark by its master, None where none is named, and the options of the work on it."""

    master: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def spark_of(settings: Settings, connections: Connections) -> Spark:
    """Return the Spark that ``KINDRED_SPARK_MASTER`` names, else that of the connection; raises ConfigurationError."""
    if settings.spark_master:
        return Spark(settings.spark_master)
    found = connections(CONNECTION)
    return Spark() if found is None else Spark(_master(found), _options(found))


def _master(connection: Connection) -> str | None:
    """The master that a connection's host and port name: ``spark://`` is what a host alone is taken for."""
    host = connection.host
    if not host:
        return None
    if connection.kind.replace("-", "_") == "spark_connect" and "://" not in host:
        host = f"sc://{host}"
    at = host if "://" in host or ALONE.fullmatch(host) else f"spark://{host}"
    return f"{at}:{connection.port}" if connection.port else at


def _options(connection: Connection) -> dict[str, str]:
    """The options among a connection's extras: those of Spark by their own names, and those that the provider reads."""
    extra = connection.extra
    if (mode := extra.get("deploy-mode", "client")) != "client":
        raise ConfigurationError(
            f"The connection {connection.name!r} has the deploy-mode {mode!r}: the task itself is the driver, "
            "so leave it out, or let it be 'client'."
        )
    named = {EXTRAS[name]: _text(value) for name, value in extra.items() if name in EXTRAS and value}
    return named | {name: _text(value) for name, value in extra.items() if name.startswith(PREFIX)}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
