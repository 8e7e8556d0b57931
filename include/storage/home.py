"""The home of an installation is its owner's alone: what lies there is personal data."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CONTENT = frozenset(
    {
        "airflow",
        "compiled",
        "data",
        "docs",
        "erasure.key",
        "lake",
        "launch.lock",
        "logs",
        "pg",
        "sample",
        "sample.draft",
        "spill",
    }
)


def open_home(home: Path) -> None:
    """Make the home where there is none, and let nobody but its owner read it, now and later, whatever the umask.

    From here on all that this process writes is its owner's alone. What an earlier version left open is closed.
    Folders of others are left as they are: the home itself where it holds more than ours.
    """
    os.umask(0o077)
    home.mkdir(parents=True, exist_ok=True)
    for place in open_places(home):
        _close(place, deep=place != home)


def open_places(home: Path) -> Iterator[Path]:
    """Yield the home and the folders in it that others than their owner may enter."""
    found = {place.name: place for place in home.iterdir()} if home.is_dir() else {}
    if found.keys() <= CONTENT and is_open(home):
        yield home
    for name in sorted(found.keys() & CONTENT):
        if found[name].is_dir() and is_open(found[name]):
            yield found[name]


def is_open(place: Path) -> bool:
    """Whether others than its owner may enter a folder that is there."""
    others = 0o077 if os.geteuid() else 0o067  # root's PostgreSQL is another user's, who passes through by its group
    return place.is_dir() and bool(place.stat().st_mode & others)


def _close(top: Path, *, deep: bool) -> None:
    """Take the others' rights away: of the top first, so that nothing below can be reached meanwhile."""
    top.chmod(stat.S_IMODE(top.stat().st_mode) & ~0o077)
    for folder, _, files in os.walk(top) if deep else ():
        for place in (Path(folder), *(Path(folder, file) for file in files)):
            with suppress(FileNotFoundError):  # a process at work may have removed it
                mode = stat.S_IMODE(place.lstat().st_mode)
                if mode & 0o077 and not place.is_symlink():
                    place.chmod(mode & ~0o077)
