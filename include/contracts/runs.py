"""What stages hand on: references to dataset versions, never rows; and what the ledger keeps of each stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

CLI = "cli__"  # with which the names of runs begin that the command line starts


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """One immutable version of one dataset in the lake."""

    dataset: str
    version: str
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form, fit for XCom."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open time span [start, end) that an extraction covers, in UTC; no start means everything before end."""

    start: datetime | None
    end: datetime

    @property
    def key(self) -> str:
        """A name for the window, fit for a path."""
        stamp = "%Y%m%dT%H%M%SZ"
        return f"{self.start.strftime(stamp) if self.start else 'start'}_{self.end.strftime(stamp)}"


@dataclass(frozen=True, slots=True)
class Run:
    """The run a stage belongs to: its id, and the logical date that measures and segments are computed as of.

    One that ``rewinds`` takes the place of that day and of all later ones, which are forgotten.
    """

    run_id: str
    as_of: date
    rewinds: bool = False


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did: versions read and written, and counts that must add up."""

    stage: str
    reads: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[DatasetRef, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    engine: str = "duckdb"
    model_version: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form, fit for XCom and the ledger."""
        return asdict(self)


def fingerprint(*parts: object) -> str:
    """A short stable digest of JSON-able parts; the name of a version is the fingerprint of all that determines it."""
    encoded = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False).encode()
    return hashlib.sha256(encoded).hexdigest()[:16]
