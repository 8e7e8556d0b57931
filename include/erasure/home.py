"""Blanks a person in the files of the home: logs, results of audits, whatever a process has written there.

Each value is overwritten where it stands, by as many letters: a log that a process still writes to stays its log.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from include.contracts.settings import Settings
from include.erasure.bytewise import holding, spellings

FILL = b"x"
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


def blank(settings: Settings, values: Collection[str]) -> int:
    """Overwrite the values in the files of the home; returns in how many."""
    pattern = expression(values)
    return sum(_blank(place, pattern) for place in holding(files(settings), values)) if pattern else 0


def named(places: Iterable[Path], values: Collection[str]) -> list[Path]:
    """Return the files in which one of the values stands by itself; see ``expression``."""
    pattern = expression(values)
    return [place for place in holding(places, values) if pattern and _holds(place, pattern)]


def expression(values: Collection[str]) -> re.Pattern[bytes] | None:
    """Return what finds the values in bytes, as they are and as JSON spells them; None where there is none."""
    spelt = spellings(values)
    if not spelt:
        return None
    either = b"|".join(map(re.escape, spelt))
    before = rb"(?:(?<![A-Za-z0-9._%+'-])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))"  # JSON's escapes end in letters
    return re.compile(before + rb"(?:" + either + rb")(?![._-]?[A-Za-z0-9])", re.IGNORECASE)


def _blank(place: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        with place.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
            spans = [match.span() for match in pattern.finditer(content)]
            for start, end in spans:
                content[start:end] = FILL * (end - start)
            content.flush()
    except (FileNotFoundError, ValueError):  # gone, or emptied, meanwhile
        return False
    return bool(spans)


def _holds(place: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        with place.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return pattern.search(content) is not None
    except (FileNotFoundError, ValueError):  # gone, or emptied, meanwhile
        return False
