"""The extract step: a source's export files into the lake, as received."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.contracts.nearest import nearest
from include.contracts.runs import DatasetRef, Run, StageReport, Window, fingerprint
from include.contracts.sources import read_sources
from include.sources.files.discovery import Found
from include.sources.loads import Load, identify, load_table, raw_dataset, rejected_table, take_in
from include.sources.registry import SourceKind, declared_object, kind_of
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

FILES_AT_ONCE = 2  # each takes some 300 MB of memory; unpacking and parsing leave Python to others

Taken = Mapping[str, dict[str, Load]]  # object -> file -> load


def extract(project: Project, _run: Run, source: str, window: Window) -> StageReport:
    """Take in the source's export files that the window covers; all of them or, on an error, none.

    A file whose content is in the lake already is not read again; of a file that changed both contents are kept,
    and the one that lies in the folder now is the current one. Raises SourceError, ConfigurationError.
    """
    sources = read_sources(project.settings.config)
    if source not in sources:
        raise ConfigurationError(f"There is no source {source!r}{nearest(source, sources)}.")
    settings = sources[source]
    kind = kind_of(source, settings.kind)
    folder = project.settings.exports / settings.path
    log = _Log(project.lake, source)
    taken: dict[str, dict[str, Load]] = {}
    for name in settings.objects:
        declared = declared_object(source, kind, name)
        taken[name] = _take_object(log, kind, declared, folder, window)
    written = [log.write(), *(_commit(project.lake, source, kind.objects[name], taken[name]) for name in taken)]
    return StageReport(
        stage=f"extract.{source}", writes=tuple(ref for refs in written for ref in refs), counts=_counts(kind, taken)
    )


def _take_object(log: _Log, kind: SourceKind, declared: ExportFile, folder: Path, window: Window) -> dict[str, Load]:
    """Return the load of each of the object's files in the window, reading those that are new."""
    files = kind.find(folder, declared, window)
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        loads = list(pool.map(lambda found: log.load(kind, declared, found, window), files))
    return {found.name: load for found, load in zip(files, loads, strict=True)}


class _Log:
    """The loads of a source so far, by id."""

    def __init__(self, lake: Lake, source: str) -> None:
        self.lake, self.source = lake, source
        self.table = load_table(source)
        self.manifest = lake.current(self.table.name)
        self.loads = {load.load_id: load for load in self._read()}

    def _read(self) -> list[Load]:
        if self.manifest is None:
            return []
        (url,) = self.lake.urls(self.manifest)
        with self.lake.fs.open(url) as stream:
            return [Load(**row) for row in pq.read_table(stream).to_pylist()]

    def load(self, kind: SourceKind, declared: ExportFile, found: Found, window: Window) -> Load:
        """Return the load of the file's content, taking it in if the log has none."""
        load_id = identify(self.source, declared, found)
        if load_id not in self.loads:
            self.loads[load_id] = take_in(
                self.lake,
                self.source,
                declared,
                found,
                reader=kind.read(found, declared),
                load_id=load_id,
                window=window,
            )
        return self.loads[load_id]

    def write(self) -> tuple[DatasetRef, ...]:
        """Write the log and the list of rejects as versions."""
        loads = sorted(self.loads.values(), key=lambda load: load.load_id)
        version = fingerprint([load.load_id for load in loads])
        file = f"{version}.parquet"
        if self.lake.manifest(self.table.name, version) is None:
            rows = pa.Table.from_pylist([asdict(load) for load in loads], schema=self.table.schema)
            with self.lake.fs.open(self.lake.url(self.table.name, file), "wb") as stream:
                pq.write_table(rows, stream, compression="zstd")
        rejected = [load for load in loads if load.rejected]
        dataset = rejected_table(self.source).name
        files = [load.data_file for load in rejected]
        return (
            self.lake.commit(dataset, fingerprint(files), files, sum(load.rejected for load in rejected)),
            self.lake.commit(self.table.name, version, [file], len(loads)),
        )


def _commit(lake: Lake, source: str, declared: ExportFile, taken: Mapping[str, Load]) -> tuple[DatasetRef, ...]:
    """Make a version of the object's raw rows: all loads ever, and in its inputs the current one of each file."""
    dataset = raw_dataset(source, declared.object)
    before = lake.current(dataset) or Manifest(dataset, "", (), 0)
    current = {**(before.inputs if declared.is_daily else {}), **{file: load.load_id for file, load in taken.items()}}
    files = sorted({*before.files, *(load.data_file for load in taken.values())})
    new = {load.data_file: load.rows - load.rejected for load in taken.values() if load.data_file not in before.files}
    return (lake.commit(dataset, fingerprint(files, current), files, before.rows + sum(new.values()), current),)


def _counts(kind: SourceKind, taken: Taken) -> dict[str, int]:
    """Files, rows and unreadable rows of each object in the window, and the rows that carry an unknown column."""
    counts: dict[str, int] = {}
    for name, loads in taken.items():
        counts[f"{name}.files"] = len(loads)
        counts[f"{name}.rows"] = sum(load.rows for load in loads.values())
        counts[f"{name}.rejected"] = sum(load.rejected for load in loads.values())
        for load in loads.values():
            for column in json.loads(load.header):
                if column not in kind.objects[name].names:
                    key = f"{name}.unknown.{column}"
                    counts[key] = counts.get(key, 0) + load.rows
    return counts
