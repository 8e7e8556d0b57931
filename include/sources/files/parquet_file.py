"""Parquet files: their columns as text, JSON where they are nested."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.sources.files.header import declared_header
from include.sources.files.reading import LINE, Block, tell_unknown
from include.sources.files.snapshot import Snapshot

MAGIC = b"PAR1"
ROWS = 200_000  # a block


def shape(snapshot: Snapshot) -> tuple[tuple[str, ...], int]:
    """Return the columns of a Parquet file and its number of rows; raises SourceError."""
    with _copied(snapshot) as parquet:
        return tuple(parquet.schema_arrow.names), parquet.metadata.num_rows


@dataclass(frozen=True, slots=True)
class ParquetReader:
    """Reads one Parquet file, copied beside the others for its rows lie at its end."""

    file: str
    found: tuple[str, ...]
    _snapshot: Snapshot

    @classmethod
    def open(cls, snapshot: Snapshot, declared: ExportFile) -> ParquetReader:
        """Check the file's columns; raises SourceError naming file and column."""
        with _copied(snapshot) as parquet:
            names = parquet.schema_arrow.names
        header = declared_header(names, declared, snapshot.file)
        absent = [name for name in declared.names if name not in header]
        tell_unknown([name for name in header if name not in declared.names], absent, snapshot.file)
        return cls(snapshot.file, header, snapshot)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the file's order, the first being line 1; raises SourceError."""
        line = 1
        with _copied(self._snapshot) as parquet:
            for batch in parquet.iter_batches(batch_size=ROWS):
                columns = [_text(column) for column in batch.columns]
                lines = pa.array(np.arange(line, line + batch.num_rows))
                yield Block(pa.table([*columns, lines], names=[*self.found, LINE]))
                line += batch.num_rows


class _copied:  # noqa: N801 - a context, named as what it gives
    """The file in a place of its own, unpacked, for the time that it is read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __enter__(self) -> pq.ParquetFile:
        with tempfile.NamedTemporaryFile(prefix="kindred-", suffix=".parquet", delete=False) as stream:
            self._path = Path(stream.name)
            for block in self._snapshot.blocks():
                stream.write(block)
        try:
            self._parquet = pq.ParquetFile(self._path)
        except pa.ArrowInvalid:
            self._path.unlink()
            problem = "it is no Parquet file that can be read"
            raise SourceError(problem, file=self._snapshot.file, remedy="Export it again, whole.") from None
        return self._parquet

    def __exit__(self, *_: object) -> None:
        self._parquet.close()
        with suppress(FileNotFoundError):
            self._path.unlink()


def _text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else json.dumps(v, default=str) for v in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.compute.strftime(column.cast(pa.timestamp("us", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.string())
