"""Progress for long work: shown where a terminal watches, silent everywhere else."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told when a stage begins."""

    def stage(self, name: str) -> None:
        """Say that the stage called ``name`` begins."""


class Silent:
    """Shows nothing."""

    def stage(self, name: str) -> None:
        """Do nothing."""


SILENT: Progress = Silent()


class Spinner:
    """Shows the running stage on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self._status = Console(stderr=True).status("starting")
        self._status.start()

    def stage(self, name: str) -> None:
        """Show ``name`` beside the spinner."""
        self._status.update(name)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._status.stop()
