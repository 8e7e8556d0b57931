"""The kinds of destinations, each imported only when it is used, and what is checked of a sync before one is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

from pydantic import ValidationError

from include.activation.destination import Destination
from include.activation.syncs import Declared
from include.contracts.configuration import Strict, told
from include.contracts.connections import Connection, Connections
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.remote.clock import Clock

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "account_engagement": "include.activation.destinations.account_engagement:AccountEngagement",
        "files": "include.activation.destinations.files:Files",
        "google_audience": "include.activation.destinations.google:GoogleAudience",
        "hubspot": "include.activation.destinations.hubspot:HubSpot",
        "linkedin_audience": "include.activation.destinations.linkedin:LinkedInAudience",
        "marketing_cloud": "include.activation.destinations.marketing_cloud:DataExtension",
        "marketing_cloud_journey": "include.activation.destinations.marketing_cloud:Journey",
        "meta_audience": "include.activation.destinations.meta:MetaAudience",
        "postgres": "include.activation.destinations.postgres_table:PostgresTable",
        "salesforce": "include.activation.destinations.salesforce:Salesforce",
        "salesforce_campaign": "include.activation.destinations.salesforce_campaign:SalesforceCampaign",
        "slack": "include.activation.destinations.slack:Slack",
        "webhook": "include.activation.destinations.webhook:Webhook",
    }
)


def kind_of(declared: Declared) -> type[Destination]:
    """Return the class of a sync's destination; raises ConfigurationError."""
    if declared.kind not in KINDS:
        place = declared.place_of_destination("kind")
        hint = nearest(declared.kind, KINDS)
        raise ConfigurationError(f"{place}: there is no kind of destination {declared.kind!r}{hint}.")
    module, name = KINDS[declared.kind].split(":")
    kind: type[Destination] = getattr(import_module(module), name)
    return kind


def check_declared(declared: Declared) -> type[Destination]:
    """Return the kind of a sync's destination; raises ConfigurationError naming all that does not fit it."""
    kind = kind_of(declared)
    if faults := [*_faults(declared, kind)]:
        raise ConfigurationError("; ".join(faults) + ".")
    return kind


def open_destination(declared: Declared, connections: Connections, clock: Clock) -> Destination:
    """Open a sync's destination; raises ConfigurationError."""
    kind = check_declared(declared)
    return kind(declared, _connection(declared, connections), clock)


def _connection(declared: Declared, connections: Connections) -> Connection:
    if declared.connection is None:
        return Connection("")
    found = connections(declared.connection)
    if found is None:
        place, name = declared.place_of_destination("connection"), declared.connection
        raise ConfigurationError(
            f"{place}: there is no connection {name!r}; define it in Airflow, or set AIRFLOW_CONN_{name.upper()}."
        )
    return found


def _faults(declared: Declared, kind: type[Destination]) -> Iterator[str]:
    sync = declared.sync
    columns = sync.members.columns
    for name, column in sync.fields.items():
        if column not in columns:
            yield f"{declared.place('fields', name)}: there is no column {column!r}{nearest(column, columns)}"
    if sync.mode == "mirror" and not kind.removes:
        yield f"{declared.place('mode')}: {declared.kind} cannot remove anybody, which a mirror needs; use upsert"
    if sync.mode == "append" and not kind.appends:
        yield f"{declared.place('mode')}: {declared.kind} takes no events; use mirror or upsert"
    if kind.key_columns and sync.key_column not in kind.key_columns:
        known = ", ".join(kind.key_columns)
        yield f"{declared.place('key')}: {declared.kind} knows people by {known}, not by {sync.key_column}"
    yield from _unfit(kind.Settings, declared.settings, declared, "settings")
    yield from _unfit(kind.ListSettings, sync.settings, declared, "syncs", declared.name, "settings")


def _unfit(model: type[Strict], given: Mapping[str, object], declared: Declared, *path: str) -> Iterator[str]:
    try:
        model.model_validate(given)
    except ValidationError as error:
        for fault in error.errors():
            place = declared.place_of_destination(*path, *map(str, fault["loc"]))
            yield f"{place}: {told(fault, model)}"
