"""The answer to one question, kept on this machine until it is whole: then it is read as a file of an export is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.contracts.errors import UnreachableError
from include.contracts.exports import ExportFile
from include.remote.http import LostPlaceError
from include.sources.live.asking import Asked
from include.sources.live.system import Live
from include.storage.spill import spill_folder

STARTS = 3  # before a system that keeps losing its place is given up


@contextmanager
def spooled(live: Live, declared: ExportFile, asked: Asked, folder: Path) -> Iterator[Path]:
    """Ask for an object's rows and yield the file that holds them all, which goes when the block ends.

    A page is written once it is whole; where the system has lost its place, everything is asked for anew.
    """
    with spill_folder(folder) as place:
        file = place / "answer"
        for start in range(1, STARTS + 1):
            try:
                with file.open("wb") as stream:
                    stream.writelines(live.pages(declared, asked))
                break
            except LostPlaceError as error:
                if start == STARTS:
                    raise UnreachableError(f"{error} It was asked {STARTS} times from the start.") from None
        yield file
