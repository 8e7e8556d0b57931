"""Dictionaries as columns of text, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as fn

from include.matching.records.columns import Codes, Dictionary, numbers


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
