"""The log of a source's loads: what was taken in so far, and what is new."""

from __future__ import annotations

import time
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq

from include.contracts.errors import ChangingSourceError, SourceError
from include.contracts.exports import ExportFile
from include.contracts.runs import DatasetRef, Window, fingerprint
from include.contracts.sources import Limits
from include.sources.files.discovery import Found
from include.sources.files.snapshot import Mark, Snapshot
from include.sources.forgetting import Forgetting
from include.sources.loads import Load, identify, load_table, rejected_table, take_in
from include.sources.registry import Connector
from include.storage.lake import Lake

ATTEMPTS = 3  # at a file that changes while it is read
PAUSE_SECONDS = 2.0


class LoadLog:
    """The loads of a source so far, by id, and the marks of the files looked at."""

    def __init__(self, lake: Lake, source: str, limits: Limits, forgetting: Forgetting | None = None) -> None:
        self.lake, self.source, self.limits = lake, source, limits
        self.forgetting = forgetting or Forgetting()
        self.table = load_table(source)
        self.manifest = lake.current(self.table.name)
        self.known = {load.load_id: load for load in self._read()}
        self._marks: list[Mark] = []

    def _read(self) -> list[Load]:
        if self.manifest is None:
            return []
        (url,) = self.lake.urls(self.manifest)
        with self.lake.fs.open(url) as stream:
            return [Load(**row) for row in pq.read_table(stream).to_pylist()]

    def load(self, kind: Connector, declared: ExportFile, found: Found, window: Window) -> Load:
        """Return the load of the file's content, taking it in if the log has none; raises SourceError.

        A file that changes meanwhile is read anew, a few times.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(kind, declared, found, window)
            except ChangingSourceError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def _attempt(self, kind: Connector, declared: ExportFile, found: Found, window: Window) -> Load:
        with Snapshot.of(found.place, found.name) as snapshot:
            load_id = identify(self.source, declared, snapshot.digest, snapshot.part)
            try:
                if load_id not in self.known:
                    reader = self.forgetting.reading(kind.read(snapshot, declared), declared)
                    self.known[load_id] = take_in(
                        self.lake, self.source, declared, found, reader=reader,
                        load_id=load_id, window=window, limits=self.limits,
                    )  # fmt: skip
            except SourceError:
                snapshot.mark.check()  # what looks like a fault is none while the file is still written to
                raise
            snapshot.mark.check()
            self._marks.append(snapshot.mark)
        return self.known[load_id]

    def check_unchanged(self) -> None:
        """Raise ChangingSourceError if a file that was looked at is no longer what it was then."""
        for mark in self._marks:
            mark.check()

    def write(self) -> tuple[DatasetRef, ...]:
        """Write the log and the list of rejects as versions."""
        loads = sorted(self.known.values(), key=lambda load: load.load_id)
        marks = {load.load_id: load.mark for load in loads if load.mark}
        version = fingerprint([load.load_id for load in loads], *([marks] if marks else []))
        file = f"{version}.parquet"
        if self.lake.manifest(self.table.name, version) is None:
            rows = pa.Table.from_pylist([asdict(load) for load in loads], schema=self.table.schema)
            with self.lake.drafted(self.table.name, file) as place, self.lake.fs.open(place, "wb") as stream:
                pq.write_table(rows, stream, compression="zstd")
        rejected = [load for load in loads if load.rejected]
        dataset = rejected_table(self.source).name
        files = [load.data_file for load in rejected]
        return (
            self.lake.commit(dataset, fingerprint(files), files, sum(load.rejected for load in rejected)),
            self.lake.commit(self.table.name, version, [file], len(loads)),
        )
