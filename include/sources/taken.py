"""One object of a source, as an extraction found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from include.contracts.exports import ExportFile
from include.sources.loads import Load
from include.sources.span import key_order
from include.storage.lake import Manifest


@dataclass(frozen=True, slots=True)
class Taken:
    """One object: what held it before, and what this extraction found, by file, each with its load.

    What ``adds`` stands beside what was there: files of a day, and answers of a live system since the last one.
    """

    declared: ExportFile
    manifest: Manifest
    before: Mapping[str, Load]
    taken: Mapping[str, Load]
    adds: bool
    rows_before: int | None = None  # that were there, each key once, where what held it has them several times

    @property
    def current(self) -> dict[str, Load]:
        """What holds the object now."""
        return {**(self.before if self.adds else {}), **self.taken}

    @property
    def measure(self) -> Mapping[str, Load]:
        """What an extraction is held against: the loads before, or one that has as many rows as there were keys."""
        if self.rows_before is None or not self.before:
            return self.before
        last = max(self.before.values(), key=lambda load: (load.extracted_at, load.load_id))
        ends = (end for load in self.before.values() for end in (load.least_key, load.greatest_key))
        keys = sorted(filter(None, ends), key=key_order)
        least, greatest = (keys[0], keys[-1]) if keys else (None, None)
        one = replace(last, load_id="", rows=self.rows_before, rejected=0, least_key=least, greatest_key=greatest)
        return {"": one}
