"""Which files of the home may go: logs, results of audits, and what the query engine of a killed run has spilled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Aged:
    """A file, its bytes."""

    place: Path
    size: int


def older(folder: Path, now: datetime, stay: timedelta) -> list[Aged]:
    """Return the files below the folder that nobody has written to for so long; links are left alone."""
    return [Aged(place, size) for place, size, written in _files(folder) if written <= now - stay]


def remove(files: list[Aged], below: Path) -> None:
    """Remove the files, and the folders below ``below`` that this leaves empty."""
    for file in files:
        file.place.unlink(missing_ok=True)
    for folder in sorted({parent for file in files for parent in file.place.parents}, reverse=True):
        if below in folder.parents and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _files(folder: Path) -> Iterator[tuple[Path, int, datetime]]:
    for place in folder.rglob("*"):
        if place.is_file() and not place.is_symlink():
            facts = place.stat()
            yield place, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)
