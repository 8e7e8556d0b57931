"""What tasks of Spark do with the files of an exchange: Arrow in and out, whatever store the files are in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from include.matching.spark.session import ROWS

ENDING = "parquet.draft"  # which retention and erasure know for what nobody reads once its writer is gone
ASKED = "asked.draft"
Batches = Iterator[pa.RecordBatch]


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


def read(batches: Batches, fs: Any, place: str) -> Batches:
    """The rows of some groups (``id``) of a file."""
    with fs.open(place, "rb") as file:
        whole = pq.ParquetFile(file)
        for batch in batches:
            for group in batch["id"].to_pylist():
                yield from whole.read_row_group(group).to_batches(max_chunksize=ROWS)


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
