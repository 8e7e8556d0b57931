"""The kinds of sources, in one visible place: a new one is an entry here and its declaration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from include.contracts.errors import ConfigurationError
from include.contracts.exports import EXPORTS, ExportFile
from include.contracts.nearest import nearest
from include.contracts.runs import Window
from include.sources.files.csv_file import CsvReader
from include.sources.files.discovery import Found, find_files
from include.sources.files.ndjson_file import NdjsonReader
from include.sources.files.reading import Reader
from include.sources.files.snapshot import Snapshot


class SourceKind(Protocol):
    """What extraction asks of a kind of source."""

    objects: Mapping[str, ExportFile]

    def find(self, folder: Path, declared: ExportFile, window: Window, taken: Collection[str]) -> tuple[Found, ...]:
        """Return the object's files that the window covers, and those that came too late for an earlier one.

        ``taken`` names the files taken in before. Raises LateSourceError when one is missing.
        """

    def read(self, snapshot: Snapshot, declared: ExportFile) -> Reader:
        """Open one of them; raises SourceError."""


class FileExports:
    """Exports that lie as files in a folder."""

    def __init__(self, declared: tuple[ExportFile, ...], reader: Callable[[Snapshot, ExportFile], Reader]) -> None:
        self.objects: Mapping[str, ExportFile] = MappingProxyType({file.object: file for file in declared})
        self._reader = reader

    def find(self, folder: Path, declared: ExportFile, window: Window, taken: Collection[str]) -> tuple[Found, ...]:
        """Return the object's files that the window covers, and those that came too late for an earlier one."""
        return find_files(folder, declared, window, taken)

    def read(self, snapshot: Snapshot, declared: ExportFile) -> Reader:
        """Open one of them; raises SourceError."""
        return self._reader(snapshot, declared)


KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        "salesforce_export": FileExports(EXPORTS["salesforce_export"], CsvReader.open),
        "pardot_export": FileExports(EXPORTS["pardot_export"], CsvReader.open),
        "segment_export": FileExports(EXPORTS["segment_export"], NdjsonReader),
        "delighted_export": FileExports(EXPORTS["delighted_export"], CsvReader.open),
    }
)


def kind_of(source: str, name: str) -> SourceKind:
    """Return the kind that a source's settings name; raises ConfigurationError."""
    if name not in KINDS:
        raise ConfigurationError(f"sources.yaml: {source}.kind {name!r} is not known{nearest(name, KINDS)}.")
    return KINDS[name]


def declared_object(source: str, kind: SourceKind, name: str) -> ExportFile:
    """Return the declaration of an object that a source's settings list; raises ConfigurationError."""
    if name not in kind.objects:
        raise ConfigurationError(
            f"sources.yaml: {source}.objects names {name!r}, which this kind has not{nearest(name, kind.objects)}."
        )
    return kind.objects[name]
