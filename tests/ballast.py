"""A disk that fills up."""

from __future__ import annotations

from pathlib import Path


def fill(disk: Path) -> Path:
    """Take all room that is left on a disk; returns the file that has it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 24, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\1" * size)
            except OSError:
                continue
    return ballast
