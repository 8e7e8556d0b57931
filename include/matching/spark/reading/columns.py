"""Dictionaries as columns of text, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as fn

from include.matching.records.columns import Codes, Dictionary, hashed, numbers
from include.matching.spark.parts.chunks import spread


def called(name: str) -> Column:
    """A table's own column, whatever its name: Spark would take a full stop for a part of it."""
    return fn.col("`" + name.replace("`", "``") + "`")


def texts_of(column: Dictionary) -> pa.Array:
    """The text of each record, null where it has none."""
    return column.values.cast(pa.string()).take(pa.array(column.codes, mask=column.codes < 0))


def lists_of(codes: Codes, values: pa.Array) -> pa.Array:
    """The texts of each record as a list; ``codes`` are place by record."""
    flat = np.ascontiguousarray(codes.T).ravel()
    said = values.cast(pa.string()).take(pa.array(flat, mask=flat < 0))
    return pa.ListArray.from_arrays(pa.array(np.arange(codes.shape[1] + 1, dtype=np.int32) * codes.shape[0]), said)


def spread_texts(values: pa.Array | pa.ChunkedArray, parts: int) -> Codes:
    """A partition for each of some texts, the same for equal ones."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return spread(hashed(whole.cast(pa.large_string())), parts)


def place_of(lists: pa.ChunkedArray, place: int) -> pa.Array:
    """The text at a place of each list, null where a list is shorter."""
    every = lists.combine_chunks()
    start, end = (np.asarray(every.offsets)[side] for side in (slice(0, -1), slice(1, None)))
    return every.values.take(
        pa.array(np.minimum(start + place, max(len(every.values) - 1, 0)), mask=start + place >= end)
    )


def flat(rows: pa.Table, places: Sequence[int]) -> pa.Table:
    """The cleaned rows with a column for each place of addresses and of each field."""
    columns: dict[str, Any] = {}
    for name in rows.column_names:
        if name == "mailboxes":
            columns |= {f"mailbox{p}": place_of(rows[name], p) for p in range(places[0])}
        elif name.startswith(("values", "extensions")):
            number = places[1 + int(name.removeprefix("values").removeprefix("extensions"))]
            columns |= {f"{name}_{p}": place_of(rows[name], p) for p in range(number)}
        else:
            columns[name] = rows[name]
    return pa.table(columns)


def codes_of(column: pa.ChunkedArray, vocabulary: pa.Array) -> Codes:
    """The place of each text in a vocabulary, -1 where it is none of it."""
    return np.array(numbers(pc.index_in(column.combine_chunks().cast(vocabulary.type), value_set=vocabulary)))


def replaced(rows: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    """The rows with other columns of the same types."""
    for name, column in columns.items():
        at = rows.column_names.index(name)
        rows = rows.set_column(
            at, rows.schema.field(at), pa.chunked_array([pa.array(column).cast(rows.schema.field(at).type)])
        )
    return rows
