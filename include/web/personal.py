"""What of a person may leave: contact points that are refused or dead never, others only to who may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from include.contracts.profiles import PROFILE
from include.contracts.tables import Table

MASK = "***"
CONTACTS = {"email": "email_consent", "phone": "phone_consent"}  # a profile's contact point, and what decides on it

Row = dict[str, Any]


def masked(table: Table, row: Mapping[str, Any]) -> Row:
    """Return a row with its personal values covered; what is unknown stays null."""
    personal = {column.name for column in table.columns if column.personal}
    return {name: MASK if name in personal and value is not None else value for name, value in row.items()}


def record(row: Mapping[str, Any], *, open_: bool, withheld: Counter[str]) -> Row:
    """Return a golden record without the contact points that must not leave, which are counted in ``withheld``."""
    shown = dict(row) if open_ else masked(PROFILE, row)
    for point, consent in CONTACTS.items():
        if row.get(consent) == "opted_out" and row.get(point) is not None:
            shown[point] = None
            withheld[f"{point}: opted out"] += 1
    return shown


def points(rows: list[Row], *, open_: bool, withheld: Counter[str]) -> list[Row]:
    """Return contact points and keys; of one that must not leave, only what it is and why it is withheld."""
    return [_point(row, open_=open_, withheld=withheld) for row in rows]


def _point(row: Row, *, open_: bool, withheld: Counter[str]) -> Row:
    why = "opted out" if row["consent"] == "opted_out" else "bounced" if row["is_deliverable"] is False else None
    shown = {**row, "withheld": why}
    if why:
        withheld[f"{row['type']}: {why}"] += 1
        shown["value"] = None
    elif not open_:
        shown["value"] = MASK
    return shown
