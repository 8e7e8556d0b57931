"""How many of a segment's people may be contacted by which channel, and why the others may not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import sqlalchemy as sa

from include.contracts.channels import CHANNELS, REACHABLE, UNREACHABLE, Channel
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER
from include.contracts.segments import SEGMENT_REACH
from include.storage.postgres.warehouse import READERS
from include.storage.readers import Reader


def find_channel(name: str) -> Channel:
    """Return the channel of that name; raises ConfigurationError."""
    if name not in CHANNELS:
        raise ConfigurationError(f"There is no channel {name!r}{nearest(name, CHANNELS)}.")
    return CHANNELS[name]


def require_people(segment: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for a row of ``segment`` whose members no channel reaches, as they are accounts."""
    if segment["level"] != "person":
        key = segment["segment_key"]
        raise ConfigurationError(f"{key} is a segment of accounts, and a channel reaches people; leave it out.")


def contactable(
    connection: sa.Connection, key: str, *, holdout: bool, place: str = READERS
) -> dict[str, dict[str, int]]:
    """Return the members of a segment of people by channel and state, as counted in a schema.

    Those held out are counted with ``holdout`` only.
    """
    held = "" if holdout else " AND NOT is_holdout"
    return _counted(connection, f"segment_key = :key{held}", place, key=key)[key]


def contactable_each(connection: sa.Connection) -> Mapping[str, dict[str, dict[str, int]]]:
    """Return the same of every published segment of people, by key, without those held out."""
    return _counted(connection, "NOT is_holdout", READERS)


def contactable_among(reader: Reader, members: ir.Table) -> dict[str, dict[str, int]]:
    """Count the people of a table with a ``profile_id`` by channel and state, published or not."""
    rows = reader.table(PROFILE).semi_join(members, "profile_id")
    for channel in CHANNELS.values():
        rows = _with_state(channel, rows, reader.table(PROFILE_IDENTIFIER))
    rows = rows.select(**{name: rows[_state_of(name)] for name in CHANNELS})
    counted = rows.group_by(*CHANNELS).aggregate(people=rows.count())
    found = _nobody()
    for row in counted.to_pyarrow().to_pylist():
        for name, states in found.items():
            states[row[name]] += row["people"]
    return found


def reachable(states: Mapping[str, int]) -> int:
    """How many may be contacted, of people counted by state."""
    return sum(states[state] for state in REACHABLE)


def _with_state(channel: Channel, profiles: ir.Table, points: ir.Table) -> ir.Table:
    """Add to profiles the state of a channel, for either engine."""
    points = points.filter(points.type == channel.name)
    points = points.select(_profile="profile_id", _point="value", _consent="consent", _delivers="is_deliverable")
    rows = profiles.left_join(points, [("profile_id", "_profile"), (channel.name, "_point")])
    state = ibis.cases(
        (rows[channel.name].isnull(), "no contact point"),
        ((rows[channel.consent] == "opted_out") | (rows["_consent"] == "opted_out"), "opted out"),
        (~rows["_delivers"], "undeliverable"),
        (rows[channel.consent] == "opted_in", "opted in"),
        else_="consent unknown",
    )
    return rows.mutate(**{_state_of(channel.name): state}).drop(points.columns)


def _state_of(channel: str) -> str:
    return f"_{channel}_state"


def _counted(
    connection: sa.Connection, which: str, place: str, **given: object
) -> Mapping[str, dict[str, dict[str, int]]]:
    query = (
        f'SELECT segment_key, channel, state, sum(members)::bigint AS people FROM "{place}".{SEGMENT_REACH.name} '
        f"WHERE {which} GROUP BY segment_key, channel, state"
    )
    found = defaultdict[str, dict[str, dict[str, int]]](_nobody)
    for row in connection.execute(sa.text(query), given).mappings():
        found[row["segment_key"]][row["channel"]][row["state"]] = row["people"]
    return found


def _nobody() -> dict[str, dict[str, int]]:
    return {name: dict.fromkeys((*REACHABLE, *UNREACHABLE), 0) for name in CHANNELS}
