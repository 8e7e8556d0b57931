"""One installation opened: its settings, its lake, its engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from include.contracts.settings import Settings
from include.storage.engine import Engine
from include.storage.lake import Lake


@dataclass(frozen=True)
class Project:
    """What every stage is handed."""

    settings: Settings

    @cached_property
    def lake(self) -> Lake:
        """The lake at the settings' root."""
        return Lake(self.settings.lake_root)

    def engine(self) -> Engine:
        """A new engine session on the lake; close it by using it as a context manager."""
        spill = self.settings.home / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        return Engine(self.lake, memory_limit=self.settings.memory_limit, threads=self.settings.threads, temp=spill)
