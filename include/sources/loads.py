"""A load: one export file taken into the lake, named by its content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from include.contracts.exports import ExportFile
from include.contracts.raw import LOAD, loads_dataset, raw_dataset, rejected_dataset
from include.contracts.runs import Window, fingerprint
from include.contracts.sources import Limits
from include.contracts.staged import QUARANTINE
from include.contracts.tables import Table
from include.sources.files.discovery import Found
from include.sources.files.reading import Reader, Reject, Tally
from include.sources.span import Span
from include.storage.lake import Lake

GROUP_ROWS = 50_000
CODE = 3  # raised when the same file would be read in another way; tests/golden/test_reading_code.py asks for it


@dataclass(frozen=True, slots=True)
class Load:
    """One file taken in: a row of raw/load."""

    load_id: str
    source: str
    object: str
    file: str
    window: str
    extracted_at: datetime
    rows: int
    rejected: int
    header: str
    newest: datetime | None = None
    least_key: str | None = None
    greatest_key: str | None = None
    fields: str | None = None
    mark: str | None = None
    suppressed: int | None = None

    @property
    def data_file(self) -> str:
        """Name of its data file in the object's raw dataset."""
        return f"{self.load_id}.parquet"


def load_table(source: str) -> Table:
    """The log of a source's loads."""
    return replace(LOAD, name=loads_dataset(source))


def rejected_table(source: str) -> Table:
    """The rows of a source that could not be read."""
    return replace(QUARANTINE, name=rejected_dataset(source))


def identify(source: str, declared: ExportFile, digest: str, part: str = "") -> str:
    """Return the id of the load that a file's content makes, by its digest; of a workbook, its sheet's."""
    how = [said for said in (part, declared.encoding) if said]
    return fingerprint(source, declared.object, digest, declared.names, CODE, *how)


def take_in(
    lake: Lake,
    source: str,
    declared: ExportFile,
    found: Found,
    *,
    reader: Reader,
    load_id: str,
    window: Window,
    limits: Limits,
) -> Load:
    """Write the file's rows and rejects into the lake under the load's id; raises SourceError.

    Rows have every declared column as text, the undeclared ones of the file after them, ``_load_id``, ``_file``
    and ``_line``. When they were true stands with the load: the day in the file's name, else the latest change
    that the rows themselves carry, so that it depends on the content alone; else the window's end.
    """
    tally, span = Tally(found.name, limits), Span(declared)
    rejects: list[Reject] = []
    suppressed = 0
    with _writing(lake, raw_dataset(source, declared.object), f"{load_id}.parquet") as writer:
        for block in reader.blocks():
            tally.add(block)
            rejects.extend(block.rejects)
            suppressed += block.suppressed
            span.add(block.rows)
            writer.write(_stamped(block.rows, declared, load_id, found.name))
    load = Load(
        load_id, source, declared.object, found.name, window.key, _extracted_at(found, span.newest, window),
        tally.rows, tally.rejected, json.dumps(reader.found), span.newest, span.least_key, span.greatest_key,
        suppressed=suppressed or None,
    )  # fmt: skip
    if rejects:
        table = pa.Table.from_pylist([_row(load, reject) for reject in rejects], schema=QUARANTINE.schema)
        with _writing(lake, rejected_table(source).name, load.data_file) as writer:
            writer.write(table)
    return load


@contextmanager
def _writing(lake: Lake, dataset: str, file: str) -> Iterator[_Writer]:
    """Yield a writer of one file of the lake; nobody sees it before its version."""
    with lake.drafted(dataset, file) as place, lake.fs.open(place, "wb") as stream:
        writer = _Writer(stream)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()


class _Writer:
    """Writes tables of one schema into one Parquet file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._parquet: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def write(self, rows: pa.Table) -> None:
        """Append rows; small tables wait for each other, as a group of few rows is slow to read."""
        self._waiting.append(rows)
        if sum(table.num_rows for table in self._waiting) >= GROUP_ROWS:
            self.finish()

    def finish(self) -> None:
        """Write what waits, as one group of rows."""
        for rows in [pa.concat_tables(self._waiting)] if self._waiting else ():
            if self._parquet is None:
                self._parquet = pq.ParquetWriter(self._stream, rows.schema, compression="zstd")
            self._parquet.write_table(rows)
        self._waiting = []

    def close(self) -> None:
        """End the file, whatever has become of it."""
        if self._parquet is not None:
            self._parquet.close()


def _stamped(rows: pa.Table, declared: ExportFile, load_id: str, file: str) -> pa.Table:
    """Bring declared columns first, absent ones as nulls, and say where the rows come from."""
    count = rows.num_rows
    names = (*declared.names, *(name for name in rows.column_names if name not in declared.names))
    columns = {name: rows[name] if name in rows.column_names else pa.nulls(count, pa.string()) for name in names}
    return pa.table(
        {**columns, "_load_id": pa.repeat(pa.scalar(load_id), count), "_file": pa.repeat(pa.scalar(file), count)}
    )


def _extracted_at(found: Found, newest: datetime | None, window: Window) -> datetime:
    if found.day is not None:
        return datetime.combine(found.day, time(), UTC)
    return min(newest or window.end, window.end)  # a row may carry a time that is still to come


def _row(load: Load, reject: Reject) -> dict[str, object]:
    return {
        "quarantine_id": fingerprint(load.source, load.object, load.load_id, reject.line, reject.rule),
        "source": load.source, "object": load.object, "source_key": None, "file": load.file, "line": reject.line,
        "stage": "extract", "rule": reject.rule, "column": None, "value_class": reject.value_class,
        "reason": f"The row {reject.reason}.", "row_received": reject.row_received,
        "load_id": load.load_id, "extracted_at": load.extracted_at,
    }  # fmt: skip
