"""Blanks a person in the files of the home: logs, results of audits, whatever a process has written there.

Each value is overwritten where it stands, by as many letters: a log that a process still writes to stays its log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from include.contracts.settings import Settings
from include.erasure.bytewise import spans
from include.erasure.search import FILL, Search

OTHERS = ("lake", "pg", "spill", "sample", "data", "compiled")  # dealt with elsewhere, or the sources' own


def files(settings: Settings) -> Iterator[Path]:
    """Yield the files of the home that are neither the lake's, the server's nor a source's."""
    own = [place for place in settings.home.iterdir() if place.name not in OTHERS] if settings.home.is_dir() else []
    exports = settings.exports.resolve()
    for top in own:
        for place in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if place.is_file() and not place.is_symlink() and exports not in place.resolve().parents:
                yield place
    yield from (place for place in (settings.home / "pg" / "data").glob("*.log"))


def blank(settings: Settings, search: Search) -> int:
    """Overwrite the values in the files of the home; returns in how many."""
    found: dict[Path, list[tuple[int, int]]] = {}
    for place, start, end in spans(files(settings), search):
        found.setdefault(place, []).append((start, end))
    for place, where in found.items():
        with suppress(FileNotFoundError), place.open("r+b") as file:  # gone meanwhile
            for start, end in where:
                file.seek(start)
                file.write(FILL * (end - start))
    return len(found)


def holding(settings: Settings, search: Search) -> list[Path]:
    """Return the files of the home in which one of the values stands by itself."""
    return list(dict.fromkeys(place for place, _, _ in spans(files(settings), search)))
