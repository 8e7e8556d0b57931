"""How the files of a system are found and read, by their format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from include.contracts.exports import ExportFile
from include.contracts.runs import Window
from include.contracts.systems import System
from include.sources.files.discovery import Found, find_files
from include.sources.files.ndjson_file import NdjsonReader
from include.sources.files.reading import Reader
from include.sources.files.snapshot import Snapshot
from include.sources.files.tables import open_table


class Connector(Protocol):
    """What extraction asks of a kind of source."""

    def find(self, folder: Path, declared: ExportFile, window: Window, taken: Collection[str]) -> tuple[Found, ...]:
        """Return the object's files that the window covers, and those that came too late for an earlier one.

        ``taken`` names the files taken in before. Raises LateSourceError when one is missing.
        """

    def read(self, snapshot: Snapshot, declared: ExportFile) -> Reader:
        """Open one of them; raises SourceError."""


class FileExports:
    """Exports that lie as files in a folder."""

    def __init__(self, reader: Callable[[Snapshot, ExportFile], Reader]) -> None:
        self._reader = reader

    def find(self, folder: Path, declared: ExportFile, window: Window, taken: Collection[str]) -> tuple[Found, ...]:
        """Return the object's files that the window covers, and those that came too late for an earlier one."""
        return find_files(folder, declared, window, taken)

    def read(self, snapshot: Snapshot, declared: ExportFile) -> Reader:
        """Open one of them; raises SourceError."""
        return self._reader(snapshot, declared)


FORMATS: Mapping[str, Connector] = MappingProxyType(
    {"csv": FileExports(open_table), "ndjson": FileExports(NdjsonReader), "table": FileExports(open_table)}
)


def connector(system: System) -> Connector:
    """Return what reads a system's exports."""
    return FORMATS[system.format]
