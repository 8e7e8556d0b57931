"""What of a person may leave: contact points that are refused or dead never, others only to who may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from include.contracts.profiles import PROFILE
from include.contracts.tables import Table
from include.segments.members import MASK

CONTACTS = MappingProxyType({"email": "email_consent", "phone": "phone_consent"})  # a contact point and its consent

Row = dict[str, Any]


def masked(table: Table, row: Mapping[str, Any]) -> Row:
    """Return a row with its personal values covered; what is unknown stays null."""
    personal = {column.name for column in table.columns if column.personal}
    return {name: MASK if name in personal and value is not None else value for name, value in row.items()}


def shown(record: Row, points: Sequence[Row], *, is_open: bool) -> Row:
    """Return a golden record and its contact points as a caller may see them, and how many were withheld, by reason.

    ``is_open``: the caller may see personal values; other callers get MASK in their place.
    """
    reasons = {(point["type"], point["value"]): _reason(point) for point in points}
    kept = dict(record) if is_open else masked(PROFILE, record)
    for name, consent in CONTACTS.items():
        if record.get(consent) == "opted_out" or reasons.get((name, record.get(name))):
            kept[name] = None
    told = [_point(point, is_open=is_open) for point in points]
    withheld = Counter(f"{point['type']}: {point['withheld']}" for point in told if point["withheld"])
    return {"record": kept, "contact_points": told, "withheld": dict(withheld), "masked": not is_open}


def _point(point: Row, *, is_open: bool) -> Row:
    reason = _reason(point)
    value = None if reason else point["value"] if is_open else MASK
    return {**point, "value": value, "withheld": reason}


def _reason(point: Row) -> str | None:
    """Why a contact point must not leave, if it must not."""
    return "opted out" if point["consent"] == "opted_out" else "bounced" if point["is_deliverable"] is False else None
