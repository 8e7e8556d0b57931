"""One object of a source, as an extraction found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.contracts.exports import ExportFile
from include.sources.loads import Load
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

    @property
    def current(self) -> dict[str, Load]:
        """What holds the object now."""
        return {**(self.before if self.adds else {}), **self.taken}
