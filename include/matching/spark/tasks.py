"""How a function of Arrow tables becomes a task of Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

Task = Callable[[pa.Table], pa.Table]
Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
WORDS = {
    pa.int64(): "long", pa.int32(): "int", pa.int16(): "short", pa.string(): "string", pa.float32(): "float",
    pa.float64(): "double", pa.bool_(): "boolean", pa.binary(): "binary",
}  # fmt: skip


def each(task: Task) -> Batches:
    """A task on the rows of a partition, a batch at a time."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield from task(pa.Table.from_batches([batch])).combine_chunks().to_batches()

    return run


def ddl(schema: pa.Schema) -> str:
    """A schema in Spark's words."""
    return ", ".join(f"{field.name} {WORDS[field.type]}" for field in schema)
