"""Progress for long work: shown where a terminal watches, silent everywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from include.matching.heap import give_back


class Progress(Protocol):
    """Is told when a stage begins."""

    def stage(self, name: str) -> None:
        """Say that the stage called ``name`` begins."""


class Silent:
    """Shows nothing."""

    def stage(self, name: str) -> None:
        """Do nothing."""


SILENT: Progress = Silent()


class Watch:
    """Tells a progress of each stage, keeps the seconds that each took, and no memory that it is done with."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, then give back what memory is free; a stage that comes again adds to its time."""
        self._progress.stage(name)
        begun = time.perf_counter()
        yield
        give_back()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - begun, 3)
