"""What is counted over all members of segments: once for each published version, within which nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa

from include.segments.channels import contactable
from include.web.reading import Row, Version

VERSIONS = 2  # the current one, and the one that readers who began before it finish on

T = TypeVar("T")


class Counts:
    """Counts of the latest versions, by version and by what was counted; kept in this process."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[Hashable, Any]] = {}
        self._lock = Lock()

    def of(self, version: Version, what: Hashable, count: Callable[[], T]) -> T:
        """Return what was counted in a version, or count it now; others that ask meanwhile wait for it."""
        with self._lock:
            if version.name not in self._kept and len(self._kept) == VERSIONS:
                del self._kept[next(iter(self._kept))]
            kept = self._kept.setdefault(version.name, {})
            if what not in kept:
                kept[what] = count()
            found: T = kept[what]
            return found

    def contactable(
        self, connection: sa.Connection, version: Version, segment: Row, *, holdout: bool = False
    ) -> dict[str, dict[str, int]]:
        """Count a segment's members of a version by channel and state; empty where they are accounts.

        Those held out are counted with ``holdout`` only.
        """
        key = segment["segment_key"]
        if segment["level"] != "person":
            return {}
        count = partial(contactable, connection, key, holdout=holdout, place=version.schema)
        return self.of(version, ("contactable", key, holdout), count)
