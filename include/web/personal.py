"""What of a person may leave: contact points that are refused or dead never, others only to who may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from include.contracts.channels import CHANNELS, UNREACHABLE
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import PROFILE
from include.contracts.tables import MASK, Table
from include.segments.preview import Preview

Row = dict[str, Any]


def masked(table: Table, row: Mapping[str, Any]) -> Row:
    """Return a row with its personal values covered; what is unknown stays null."""
    known = {column.name: column for column in table.columns}
    return {name: known[name].told(value) if name in known else value for name, value in row.items()}


def measured(table: Table, row: Row, *, is_open: bool) -> Row | None:
    """Return the measures of a profile or an account as a caller may see them; None where there are none."""
    measures: Row | None = row["measures"]
    return measures if is_open or measures is None else masked(table, measures)


def sample_of(found: Preview, *, is_open: bool) -> list[Row]:
    """Return the sample of a preview as a caller may see it."""
    table = CUSTOMER_360 if found.level == "person" else ACCOUNT_360
    return [dict(row) if is_open else masked(table, row) for row in found.sample]


def shown(profile: Row, *, is_open: bool) -> Row:
    """Return a profile's golden record and contact points as a caller may see them, and how many were withheld, by why.

    ``profile``: as ``reading.profile`` returns it. ``is_open``: the caller may see personal values; other callers get
    MASK in their place.
    """
    record, points = profile["record"], profile["points"]
    kept = dict(record) if is_open else masked(PROFILE, record)
    kept |= {name: None for name in CHANNELS if profile["reach"][name] in UNREACHABLE}
    told = [_point(point, is_open=is_open) for point in points]
    withheld = Counter(f"{point['type']}: {point['withheld']}" for point in told if point["withheld"])
    return {"record": kept, "contact_points": told, "withheld": dict(withheld), "masked": not is_open}


def _point(point: Row, *, is_open: bool) -> Row:
    told = {name: value for name, value in point.items() if name != "state"}
    reason = point["state"] if point["state"] in UNREACHABLE else None
    value = None if reason else point["value"] if is_open else MASK
    return {**told, "value": value, "withheld": reason}
