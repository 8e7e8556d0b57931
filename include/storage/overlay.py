"""A project that is only tried: it reads the lake of another and keeps what it writes in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from include.storage.home import open_home
from include.storage.lake import POINTER, Lake, Manifest
from include.storage.postgres.warehouse import Warehouse
from include.storage.project import Project
from include.storage.spill import spill_folder
from include.storage.suppression import Suppressed


class Overlay(Lake):
    """A lake over another: what it lacks is read there, and all that is written stays in ``folder``.

    ``pinned`` names versions that are the current ones of their datasets, whatever the other lake points to; None: the
    dataset has no version yet.
    """

    def __init__(self, below: Lake, folder: Path, pinned: Mapping[str, str | None]) -> None:
        super().__init__(folder.as_uri())
        self.below, self._pinned = below, pinned

    @property
    def shared(self) -> Lake:
        """The lake below: nobody else reaches the folder of a trial."""
        return self.below.shared

    @property
    def remote(self) -> Any:
        """The file system that a query engine has to be given: that of the lake below."""
        return self.below.remote

    def manifest(self, dataset: str, version: str) -> Manifest | None:
        """Return the version's manifest, of here or of below."""
        return super().manifest(dataset, version) or self.below.manifest(dataset, version)

    def current(self, dataset: str) -> Manifest | None:
        """Return what was pointed to here, else what is pinned, else what the lake below points to."""
        if self._is_here(dataset, f"{POINTER}.json"):
            return super().current(dataset)
        if dataset not in self._pinned:
            return self.below.current(dataset)
        version = self._pinned[dataset]
        return self.version(dataset, version) if version else None

    def url(self, dataset: str, file: str) -> str:
        """Return the place of one data file, here or below."""
        return super().url(dataset, file) if self._is_here(dataset, file) else self.below.url(dataset, file)

    def target(self, dataset: str, file: str) -> str:
        """Return the place that a new data file is written to, which is always here."""
        return super().url(dataset, file)

    def content(self, dataset: str, file: str) -> bytes:
        """Return a small file of a dataset whole, of here or of below."""
        return super().content(dataset, file) if self._is_here(dataset, file) else self.below.content(dataset, file)

    def _is_here(self, dataset: str, file: str) -> bool:
        return Path(self._place(dataset, file)).exists()


@dataclass(frozen=True, kw_only=True)
class Trial(Project):
    """``below`` with other settings: its lake is read through, its warehouse is for reading only."""

    below: Project
    folder: Path
    pinned: Mapping[str, str | None] = field(default_factory=dict)

    @cached_property
    def lake(self) -> Overlay:
        """The lake over that of the project below."""
        return Overlay(self.below.lake, self.folder, self.pinned)

    def suppressed(self) -> Suppressed:
        """Who was erased."""
        return self.below.suppressed()

    def warehouse(self) -> Warehouse:
        """The warehouse of the project below."""
        return self.below.warehouse()


@contextmanager
def tried(project: Project, config: Path, pinned: Mapping[str, str | None]) -> Iterator[Trial]:
    """Open a trial of the project with another folder of configuration; all that it writes goes with the block."""
    open_home(project.settings.home)
    place = project.settings.home / "spill"
    place.mkdir(exist_ok=True)
    settings = project.settings.model_copy(update={"config": config})
    with spill_folder(place) as folder:
        trial = Trial(settings, project.connections, below=project, folder=folder, pinned=pinned)
        try:
            yield trial
        finally:
            Project.close(trial)
