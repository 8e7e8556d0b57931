"""One object of a live system into the lake: verbatim, once, and nothing of it before the answer is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from include.contracts.exports import ExportFile
from include.contracts.raw import raw_dataset
from include.contracts.runs import Window, fingerprint
from include.contracts.sources import Limits
from include.sources.files.discovery import Found
from include.sources.files.places import Place
from include.sources.files.reading import Block, Reader, Reject
from include.sources.files.snapshot import Snapshot
from include.sources.forgetting import Forgetting
from include.sources.live.asking import Asked, to_ask, watermark
from include.sources.live.drift import check_fields, known_fields
from include.sources.live.held import Held
from include.sources.live.opened import Opened
from include.sources.live.spool import spooled
from include.sources.loads import CODE, Load, rejected_table, take_in
from include.sources.registry import Connector
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest, StoredFile

BLOCK_BYTES = 4 << 20  # several objects are read at once, each in some fifteen times as much


@dataclass(frozen=True)
class Landing:
    """Where the rows of a source go, and how they are asked for."""

    lake: Lake
    source: str
    limits: Limits
    opened: Opened
    kind: Connector
    folder: Path
    engine: partial[Engine]
    window: Window
    forgetting: Forgetting
    whole: bool = False  # everything anew, in the place of all that was taken in before

    def of(self, declared: ExportFile) -> Landing:
        """Return the same for an object: what does not tell when its rows changed comes whole each time."""
        return replace(self, whole=self.whole or declared.changed == declared.key)

    def take(self, declared: ExportFile, manifest: Manifest, before: Mapping[str, Load]) -> dict[str, Load]:
        """Return the load of what is new of an object, none where nothing is; raises LiveError, SourceError."""
        fields = self.opened.live.fields(declared)
        check_fields(self.source, declared, known_fields(before.values()), fields)
        asked = Asked() if self.whole else to_ask(self.window, watermark(before.values()), self.opened.overlap)
        held = [] if self.whole else list(before.values())
        dataset = raw_dataset(self.source, declared.object)
        name = f"{self.source}/{declared.object}/{asked.name}"
        with (
            spooled(self.opened.live, declared, asked, self.folder) as file,
            Snapshot.of(Place(file), name, block=BLOCK_BYTES) as snapshot,
            Held(self.engine, self.lake, dataset, held, asked.since) as known_rows,
        ):
            if snapshot.is_empty:
                return {}
            known = "" if self.whole else manifest.version
            load_id = fingerprint(self.source, declared.object, declared.names, CODE, snapshot.digest, known)
            told = self.forgetting.reading(self.kind.read(snapshot, declared), declared)
            reader = _New(told, declared, known_rows, self._rejected(held))
            load = take_in(
                self.lake, self.source, declared, Found(Place(file), f"{name}#{load_id[:8]}", None),
                reader=reader, load_id=load_id, window=self.window, limits=self.limits,
            )  # fmt: skip
        if not load.rows:
            self.lake.remove(StoredFile(dataset, load.data_file, 0, datetime.now(UTC)))
            return {}
        return {load.file: replace(load, fields=json.dumps(fields, sort_keys=True) if fields else None)}

    def keys(self, declared: ExportFile, before: Mapping[str, Load]) -> int:
        """Return how many rows the object has, each key counted once, however often it was taken in."""
        dataset = raw_dataset(self.source, declared.object)
        urls = [self.lake.url(dataset, load.data_file) for load in before.values() if load.rows > load.rejected]
        if not urls:
            return 0
        with self.engine() as engine:
            query = f'SELECT count(DISTINCT "{declared.key}") FROM read_parquet(?, union_by_name=true)'
            ((count,),) = engine.connection.execute(query, [urls]).fetchall()
        return int(count)

    def _rejected(self, held: list[Load]) -> frozenset[str]:
        """The rows that could not be read before, as they were received."""
        dataset, found = rejected_table(self.source).name, set[str]()
        for load in held:
            if load.rejected:
                with self.lake.fs.open(self.lake.url(dataset, load.data_file)) as stream:
                    found.update(pq.read_table(stream, columns=["row_received"])["row_received"].to_pylist())
        return frozenset(found)


@dataclass(frozen=True)
class _New:
    """Reads of an answer what is not held already."""

    reader: Reader
    declared: ExportFile
    held: Held
    rejected: frozenset[str]

    @property
    def found(self) -> tuple[str, ...]:
        """Columns found in the answer."""
        return self.reader.found

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that are new, in the answer's order."""
        for block in self.reader.blocks():
            rows = self.held.without(self.declared, block.rows)
            yield Block(rows, tuple(filter(self._is_new, block.rejects)), block.suppressed)

    def _is_new(self, reject: Reject) -> bool:
        return reject.row_received not in self.rejected
