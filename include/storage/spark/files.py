"""What tasks of Spark do with files of the lake: Arrow in and out, whatever store the files are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

ENDING = "parquet.draft"  # which retention and erasure know for what nobody reads once its writer is gone
ASKED = "asked.draft"
ROWS = 50_000  # of a batch that a task gives
Batches = Iterator[pa.RecordBatch]
Group = tuple[str, int]
"""A group of rows of a file: its place, and the group's number there."""


def reached(batches: Batches, fs: Any, folder: str) -> Batches:
    """What a worker reads of the folder (``said``), and where it has written; what kept it from that instead."""
    for _ in batches:
        place = f"{folder}/{uuid4().hex}.draft"
        try:
            said = fs.cat_file(f"{folder}/{ASKED}").decode()
            fs.pipe_file(place, b"")
        except Exception as error:  # noqa: BLE001  whatever a store may raise is what is to be told
            said = f"{type(error).__name__}: {error}"
        yield pa.RecordBatch.from_pydict({"said": [said], "place": [place]})


def read(batches: Batches, fs: Any, parts: Sequence[Sequence[Group]], schema: pa.Schema) -> Batches:
    """The rows of some parts (``id``), with the columns of a schema; one that a file lacks is null."""
    for batch in batches:
        for part in batch["id"].to_pylist():
            for place, group in parts[part]:
                with opened(fs, place) as file:
                    for rows in pq.ParquetFile(file, pre_buffer=True).iter_batches(ROWS, row_groups=[group]):
                        yield _with_columns(rows, schema)


def opened(fs: Any, place: str) -> IO[bytes]:
    """A file of a store; without a scheme, of a folder that all machines share."""
    found: IO[bytes] = (fs if "://" in place else fsspec.filesystem("file")).open(place, "rb")
    return found


def _with_columns(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    there = {*rows.schema.names}
    columns = [
        rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def written(batches: Batches, fs: Any, place: str) -> Batches:
    """Write a task's rows, and say where; a task that is done twice writes twice, and one of the places is said."""
    first = next(batches, None)
    if first is None:
        return
    mine = f"{place}-{_part():06d}-{uuid4().hex}.{ENDING}"
    with fs.open(mine, "wb") as file, pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
    yield pa.RecordBatch.from_pydict({"place": [mine]})


def _part() -> int:
    from pyspark import TaskContext  # noqa: PLC0415  only where Spark is

    context = TaskContext.get()
    return context.partitionId() if context is not None else 0
