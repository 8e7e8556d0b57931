"""Rows as one value: Spark moves and keeps a chunk of a table as bytes, and never looks at a row in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records.columns import hashed

Longs = npt.NDArray[np.int64]
Task = Callable[..., "pa.Table | Iterable[pa.Table]"]
Batches = Iterator[pa.RecordBatch]
WIRE = pa.schema([("to", pa.int32()), ("of", pa.int32()), ("rows", pa.binary())])
FAST = pa.ipc.IpcWriteOptions(compression="lz4")
SENT = 1 << 24  # bytes of chunks that a task hands on at a time
ADDED = 1 << 20  # rows of counts that are held before they are added up
MIXED = np.uint64(0x9E3779B97F4A7C15)


def wrapped(rows: pa.Table) -> pa.Buffer:
    """Rows as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=FAST) as out:
        out.write_table(rows)
    return sink.getvalue()


def unwrapped(chunk: pa.Buffer) -> pa.Table:
    """The rows of a chunk."""
    with pa.ipc.open_stream(chunk) as stream:
        return stream.read_all()


def scattered(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """The rows that go to each of the partitions which the column ``to`` names."""
    to, rows = rows["to"].to_numpy(), rows.drop_columns(["to"])
    if len(to) and (to != to[0]).any():
        order = np.argsort(to.astype(np.uint16) if to.max() < 1 << 16 else to, kind="stable")
        to, rows = to[order], rows.combine_chunks().take(pa.array(order))
    edge = np.append(np.flatnonzero(np.diff(to, prepend=-1)), len(to))
    for start, end in pairwise(edge):
        yield int(to[start]), rows.slice(start, end - start)


def spread(numbers: npt.NDArray[np.integer[Any]], parts: int) -> npt.NDArray[np.int32]:
    """A partition for each of some numbers, the same for equal ones."""
    mixed = numbers.astype(np.int64).view(np.uint64) * MIXED
    return ((mixed >> np.uint64(33)) % np.uint64(parts)).astype(np.int32)


def spread_rows(rows: pa.Table, parts: int) -> npt.NDArray[np.int32]:
    """A partition for each row, the same for rows that are equal in all columns."""
    mixed = np.zeros(rows.num_rows, np.int64)
    for column in rows.combine_chunks().columns:
        mixed = (mixed * np.int64(31)) ^ _marked(column)
    return spread(mixed, parts)


def _marked(column: pa.ChunkedArray) -> Longs:
    """A number for each value, the same for equal ones."""
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        whole = column.combine_chunks().cast(pa.large_binary()).view(pa.large_string())
        return hashed(whole).view(np.int64)
    kind = pa.float64() if pa.types.is_floating(column.type) else pa.int64()
    return np.asarray(pc.fill_null(column.cast(kind), 0).to_numpy().view(np.int64))


def of_each(task: Task) -> Callable[[Batches], Batches]:
    """A task on each chunk, whose rows stay where they are or go where a column ``to`` of them says."""

    def run(batches: Batches) -> Batches:
        return _packed(((to, task(rows)) for to, _, rows in _chunks(batches)))

    return run


def of_all(task: Task, schemas: list[pa.Schema]) -> Callable[[Batches], Batches]:
    """A task on all chunks of a partition, each kind of them as one table."""

    def run(batches: Batches) -> Batches:
        return _packed(_met(batches, task, schemas))

    return run


def counted_by_each(task: Task, how: Mapping[str, str], parts: int) -> Callable[[Batches], Batches]:
    """What a task counts of each chunk, added up over the chunks of a partition, on the way to where all are."""

    def run(batches: Batches) -> Batches:
        told: list[pa.Table] = []
        for _, _, rows in _chunks(batches):
            told.append(task(rows))
            if sum(one.num_rows for one in told[1:]) > ADDED:
                told = [added_up(pa.concat_tables(told), how)]
        if told:
            found = added_up(pa.concat_tables(told), how)
            to = spread_rows(found.select([name for name in found.column_names if name not in how]), parts)
            yield from _packed(iter([(0, found.append_column("to", pa.array(to)))]))

    return run


def added_up(counted: pa.Table, how: Mapping[str, str]) -> pa.Table:
    """Counts of equal rows as one: of the columns that it names ``how``, by ``sum``, ``min`` or ``max``."""
    by = [name for name in counted.column_names if name not in how]
    found = counted.group_by(by).aggregate(list(how.items()))
    return found.select([*by, *map("_".join, how.items())]).rename_columns([*by, *how]).select(counted.column_names)


def told_by_each(task: Task) -> Callable[[Batches], Batches]:
    """A task on each chunk, whose rows Spark is to see."""

    def run(batches: Batches) -> Batches:
        for _, _, rows in _chunks(batches):
            for found in _tables(task(rows)):
                yield from found.combine_chunks().to_batches()

    return run


def told_by_all(task: Task, schemas: list[pa.Schema]) -> Callable[[Batches], Batches]:
    """A task on all chunks of a partition, whose rows Spark is to see."""

    def run(batches: Batches) -> Batches:
        for _, found in _met(batches, task, schemas):
            for one in _tables(found):
                yield from one.combine_chunks().to_batches()

    return run


def from_rows(task: Task) -> Callable[[Batches], Batches]:
    """A task on rows that Spark sees, which says where each goes."""

    def run(batches: Batches) -> Batches:
        tables = (pa.Table.from_batches([batch]) for batch in batches if batch.num_rows)
        return _packed((0, task(rows)) for rows in tables)

    return run


def packed_chunks(rows: pa.Table) -> pa.Table:
    """Rows with a column ``to`` as the chunks that Spark is given of them."""
    return pa.Table.from_batches(list(_packed(iter([(0, rows)]))), WIRE)


def _tables(found: pa.Table | Iterable[pa.Table]) -> Iterable[pa.Table]:
    return [found] if isinstance(found, pa.Table) else found


def _chunks(batches: Batches) -> Iterator[tuple[int, int, pa.Table]]:
    for batch in batches:
        to, of, rows = batch.columns
        for at in range(batch.num_rows):
            yield to[at].as_py(), of[at].as_py(), unwrapped(rows[at].as_buffer())


def _met(batches: Batches, task: Task, schemas: list[pa.Schema]) -> Iterator[tuple[int, pa.Table | Iterable[pa.Table]]]:
    """What a task says of the chunks of a partition, where there are any."""
    kinds: list[list[pa.Table]] = [[] for _ in schemas]
    here = -1
    for to, of, rows in _chunks(batches):
        here = to
        kinds[of].append(rows if rows.schema.equals(schemas[of]) else rows.cast(schemas[of]))
    if here >= 0:
        of_kinds = zip(kinds, schemas, strict=True)
        yield here, task(*(pa.concat_tables([schema.empty_table(), *of]) for of, schema in of_kinds))


def _packed(found: Iterator[tuple[int, pa.Table | Iterable[pa.Table]]]) -> Batches:
    held, size = list[tuple[int, pa.Buffer]](), 0
    for here, said in found:
        for table in _tables(said):
            for to, rows in scattered(table) if "to" in table.column_names else [(here, table)]:
                if rows.num_rows:
                    held.append((to, wrapped(rows)))
                    size += held[-1][1].size
                if size > SENT:
                    yield _batch(held)
                    held, size = [], 0
    if held:
        yield _batch(held)


def _batch(held: list[tuple[int, pa.Buffer]]) -> pa.RecordBatch:
    ends = np.cumsum([0, *(chunk.size for _, chunk in held)], dtype=np.int32)
    data = pa.py_buffer(b"".join(chunk for _, chunk in held))
    chunks = pa.Array.from_buffers(pa.binary(), len(held), [None, pa.py_buffer(ends), data])
    to = pa.array([to for to, _ in held], pa.int32())
    return pa.RecordBatch.from_arrays([to, pa.array([0] * len(held), pa.int32()), chunks], schema=WIRE)
