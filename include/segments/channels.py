"""Channels: who of a segment's people may be contacted by which, for marketing, and why the others may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.storage.postgres.warehouse import READERS

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
            f'SELECT FROM "{place}".profile_identifier AS point WHERE point.profile_id = r.profile_id '
            f"AND point.type = '{self.name}' AND point.value = {value}"
        )
        return (
            f"CASE WHEN {value} IS NULL THEN 'no contact point' "
            f"WHEN r.{self.consent} = 'opted_out' OR EXISTS ({point} AND point.consent = 'opted_out') THEN 'opted out' "
            f"WHEN EXISTS ({point} AND NOT point.is_deliverable) THEN 'undeliverable' "
            f"WHEN r.{self.consent} = 'opted_in' THEN 'opted in' ELSE 'consent unknown' END"
        )


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


def contactable(connection: sa.Connection, key: str, *, holdout: bool) -> dict[str, dict[str, int]]:
    """Count the members of a published segment of people by channel and state, without those held out.

    With ``holdout`` they are counted too.
    """
    states = ", ".join(f"{channel.state()} AS {channel.name}" for channel in CHANNELS.values())
    counted = connection.execute(
        sa.text(
            f"SELECT {', '.join(CHANNELS)}, count(*) AS people FROM (SELECT {states} "
            f"FROM {READERS}.segment_membership AS m JOIN {READERS}.profile AS r ON r.profile_id = m.member_id "
            f"WHERE m.segment_key = :key AND (:holdout OR NOT m.is_holdout)) AS s GROUP BY {', '.join(CHANNELS)}"
        ),
        {"key": key, "holdout": holdout},
    ).mappings()
    found = {name: dict.fromkeys((*REACHABLE, *UNREACHABLE), 0) for name in CHANNELS}
    for row in counted:
        for name, states_of in found.items():
            states_of[row[name]] += row["people"]
    return found
