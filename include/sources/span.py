"""From where to where the rows of a file reach: their newest change, their lowest and their highest key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports import ExportFile

_MOMENT = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_OFFSET = _MOMENT + r"(\.\d+)?[+-]\d\d:?\d\d$"


@dataclass
class Span:
    """What has been seen so far of a file's rows; keys are ordered by their length, then as text."""

    declared: ExportFile
    _newest: str = ""
    least_key: str | None = None
    greatest_key: str | None = None

    def add(self, rows: pa.Table) -> None:
        """Widen it by a block of rows."""
        if self.declared.changed in rows.column_names:
            self._newest = max(self._newest, _latest(rows[self.declared.changed].drop_null()))
        keys = rows[self.declared.key].drop_null() if self.declared.key in rows.column_names else pa.array([])
        if len(keys):
            least, greatest = _outermost(keys, pc.min), _outermost(keys, pc.max)
            self.least_key = min(filter(None, (self.least_key, least)), key=key_order)
            self.greatest_key = max(filter(None, (self.greatest_key, greatest)), key=key_order)

    @property
    def newest(self) -> datetime | None:
        """The latest change that the rows carry; None when they carry none that the calendar knows."""
        try:
            return datetime.fromisoformat(self._newest).replace(tzinfo=UTC)
        except ValueError:
            return None


def key_order(key: str) -> tuple[int, str]:
    """What keys are ordered by: numbers without leading zeros fall into their order, and so do ids of one length."""
    return len(key), key


def _latest(changes: pa.ChunkedArray) -> str:
    """The latest of some times, in UTC, to the second; empty where there is none."""
    changes = changes.filter(pc.match_substring_regex(changes, _MOMENT))
    away = pc.match_substring_regex(changes, _OFFSET)
    if not pc.any(away).as_py():
        return (pc.max(changes).as_py() or "").replace("T", " ")[:19]
    try:
        moments = changes.filter(away).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:  # a 30th of February among them
        return max(map(_in_utc, changes.filter(away).to_pylist()))
    return max(f"{pc.max(moments).as_py():%Y-%m-%d %H:%M:%S}", _latest(changes.filter(pc.invert(away))))


def _in_utc(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return ""


def _outermost(keys: pa.ChunkedArray, end: Callable[[pa.ChunkedArray], pa.Scalar]) -> str:
    lengths = pc.utf8_length(keys)
    found: str = end(keys.filter(pc.equal(lengths, end(lengths)))).as_py()
    return found
