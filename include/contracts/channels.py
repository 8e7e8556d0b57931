"""Channels: ways to contact people for marketing, and the SQL that says who may be contacted by which, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REACHABLE = ("opted in", "consent unknown")
UNREACHABLE = ("opted out", "undeliverable", "no contact point")


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to contact people: a type of contact point, the profile's column that has it, and its consent's."""

    name: str
    purpose: str
    consent: str

    def state(self, points: str, value: str = "") -> str:
        """Return SQL that says of profile ``r`` one of REACHABLE or UNREACHABLE; ``points``: where contact points are.

        ``value``: SQL of another contact point of the profile than the one that its golden record has.
        """
        value = value or f"r.{self.name}"
        point = (
            f"EXISTS (SELECT 1 FROM {points} AS point WHERE point.profile_id = r.profile_id "
            f"AND point.type = '{self.name}' AND point.value = {value}"
        )
        return self._state(value, f"{point} AND point.consent = 'opted_out')", f"{point} AND NOT point.is_deliverable)")

    @property
    def joined_state(self) -> str:
        """SQL of the same for many profiles at once, where ``join`` is among the joins."""
        point = f"{self.name}_point"
        return self._state(f"r.{self.name}", f"{point}.consent = 'opted_out'", f"NOT {point}.is_deliverable")

    def join(self, points: str) -> str:
        """Return SQL that joins to profiles ``r`` the contact point that ``joined_state`` reads."""
        point = f"{self.name}_point"
        return (
            f"LEFT JOIN {points} AS {point} ON {point}.profile_id = r.profile_id "
            f"AND {point}.type = '{self.name}' AND {point}.value = r.{self.name}"
        )

    def _state(self, value: str, opted_out: str, dead: str) -> str:
        return (
            f"CASE WHEN {value} IS NULL THEN 'no contact point' "
            f"WHEN r.{self.consent} = 'opted_out' OR {opted_out} THEN 'opted out' "
            f"WHEN {dead} THEN 'undeliverable' "
            f"WHEN r.{self.consent} = 'opted_in' THEN 'opted in' ELSE 'consent unknown' END"
        )


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        channel.name: channel
        for channel in (
            Channel("email", "email_marketing", "email_consent"),
            Channel("phone", "phone_marketing", "phone_consent"),
        )
    }
)


def state_of_point(point: str, points: str) -> str:
    """Return SQL that says the same of any contact point of profile ``r``, a row ``point``; null for a source's key."""
    cases = " ".join(
        f"WHEN '{channel.name}' THEN {channel.state(points, f'{point}.value')}" for channel in CHANNELS.values()
    )
    return f"CASE {point}.type {cases} END"
