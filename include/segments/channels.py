"""Channels: who of a segment's people may be contacted by which, for marketing, and why the others may not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import sqlalchemy as sa

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER
from include.storage.postgres.warehouse import READERS
from include.storage.readers import Reader

REACHABLE = ("opted in", "consent unknown")
UNREACHABLE = ("opted out", "undeliverable", "no contact point")


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to contact people: a type of contact point, the profile's column that has it, and its consent's."""

    name: str
    purpose: str
    consent: str

    def state(self, place: str = READERS, value: str = "") -> str:
        """Return SQL that says of profile ``r`` one of REACHABLE or UNREACHABLE, by the tables in a schema.

        ``value``: SQL of another contact point of the profile than the one that its golden record has.
        """
        value = value or f"r.{self.name}"
        point = (
            f'EXISTS (SELECT FROM "{place}".profile_identifier AS point WHERE point.profile_id = r.profile_id '
            f"AND point.type = '{self.name}' AND point.value = {value}"
        )
        return self._state(value, f"{point} AND point.consent = 'opted_out')", f"{point} AND NOT point.is_deliverable)")

    @property
    def joined_state(self) -> str:
        """SQL of the same for many profiles at once, where ``join`` is among the joins."""
        point = f"{self.name}_point"
        return self._state(f"r.{self.name}", f"{point}.consent = 'opted_out'", f"NOT {point}.is_deliverable")

    def join(self, place: str = READERS) -> str:
        """Return SQL that joins to profiles ``r`` the contact point that ``joined_state`` reads."""
        point = f"{self.name}_point"
        return (
            f'LEFT JOIN "{place}".profile_identifier AS {point} ON {point}.profile_id = r.profile_id '
            f"AND {point}.type = '{self.name}' AND {point}.value = r.{self.name}"
        )

    def _state(self, value: str, opted_out: str, dead: str) -> str:
        return (
            f"CASE WHEN {value} IS NULL THEN 'no contact point' "
            f"WHEN r.{self.consent} = 'opted_out' OR {opted_out} THEN 'opted out' "
            f"WHEN {dead} THEN 'undeliverable' "
            f"WHEN r.{self.consent} = 'opted_in' THEN 'opted in' ELSE 'consent unknown' END"
        )

    def states(self, reader: Reader) -> ir.Table:
        """Return the same of every profile, for either engine: profile_id and a column named after the channel."""
        profiles, points = reader.table(PROFILE), reader.table(PROFILE_IDENTIFIER)
        points = points.filter(points.type == self.name)
        points = points.select(_profile="profile_id", _point="value", _consent="consent", _delivers="is_deliverable")
        rows = profiles.left_join(points, [("profile_id", "_profile"), (self.name, "_point")])
        state = ibis.cases(
            (rows[self.name].isnull(), "no contact point"),
            ((rows[self.consent] == "opted_out") | (rows._consent == "opted_out"), "opted out"),
            (~rows._delivers, "undeliverable"),
            (rows[self.consent] == "opted_in", "opted in"),
            else_="consent unknown",
        )
        return rows.select("profile_id", **{self.name: state})


CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("email", "email_marketing", "email_consent"),
        Channel("phone", "phone_marketing", "phone_consent"),
    )
}


def state_of_point(point: str) -> str:
    """Return SQL that says the same of any contact point of profile ``r``, a row ``point``; null for a source's key."""
    cases = " ".join(
        f"WHEN '{channel.name}' THEN {channel.state(value=f'{point}.value')}" for channel in CHANNELS.values()
    )
    return f"CASE {point}.type {cases} END"


def find_channel(name: str) -> Channel:
    """Return the channel of that name; raises ConfigurationError."""
    if name not in CHANNELS:
        raise ConfigurationError(f"There is no channel {name!r}{nearest(name, CHANNELS)}.")
    return CHANNELS[name]


def contactable(
    connection: sa.Connection, key: str, *, holdout: bool, place: str = READERS
) -> dict[str, dict[str, int]]:
    """Count the members of a segment of people by channel and state, by the tables in a schema.

    Those held out are counted with ``holdout`` only.
    """
    held = "" if holdout else " AND NOT m.is_holdout"
    return _counted(connection, f"m.segment_key = :key{held}", place, key=key)[key]


def contactable_each(connection: sa.Connection) -> Mapping[str, dict[str, dict[str, int]]]:
    """Count the same of every published segment of people, by key, without those held out."""
    return _counted(connection, "NOT m.is_holdout", READERS)


def contactable_among(reader: Reader, members: ir.Table) -> dict[str, dict[str, int]]:
    """Count the people of a table with a ``profile_id`` by channel and state, published or not."""
    rows = members.select("profile_id")
    for channel in CHANNELS.values():
        rows = rows.join(channel.states(reader), "profile_id")
    counted = rows.group_by(*CHANNELS).aggregate(people=rows.count())
    return _counts(counted.to_pyarrow().to_pylist())


def _counted(
    connection: sa.Connection, which: str, place: str, **given: object
) -> Mapping[str, dict[str, dict[str, int]]]:
    """Count memberships ``m`` by segment, channel and state."""
    states = ", ".join(f"{channel.joined_state} AS {channel.name}" for channel in CHANNELS.values())
    joins = " ".join(channel.join(place) for channel in CHANNELS.values())
    shown = f"segment_key, {', '.join(CHANNELS)}"
    counted = connection.execute(
        sa.text(
            f"SELECT {shown}, count(*) AS people FROM (SELECT m.segment_key, {states} "
            f'FROM "{place}".segment_membership AS m JOIN "{place}".profile AS r ON r.profile_id = m.member_id {joins} '
            f"WHERE {which}) AS s GROUP BY {shown}"
        ),
        given,
    ).mappings()
    rows = defaultdict[str, list[Mapping[str, Any]]](list)
    for row in counted:
        rows[row["segment_key"]].append(dict(row))
    return defaultdict(lambda: _counts(()), {key: _counts(found) for key, found in rows.items()})


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Add up ``people`` of rows that have a state a channel."""
    found = {name: dict.fromkeys((*REACHABLE, *UNREACHABLE), 0) for name in CHANNELS}
    for row in rows:
        for name, states in found.items():
            states[row[name]] += row["people"]
    return found


def reachable(states: Mapping[str, int]) -> int:
    """How many may be contacted, of people counted by state."""
    return sum(states[state] for state in REACHABLE)
