"""Matrices whose columns are records or pairs, as bytes beside each record or pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.pairs.comparison import Levels


def packed(rows: npt.NDArray[Any]) -> pa.Array:
    """A matrix, rows by record, as the bytes of each record."""
    width = rows.shape[0] * rows.itemsize
    data = np.ascontiguousarray(rows.T).tobytes()
    offsets = pa.py_buffer(np.arange(rows.shape[1] + 1, dtype=np.int32) * np.int32(width))
    return pa.Array.from_buffers(pa.binary(), rows.shape[1], [None, offsets, pa.py_buffer(data)])


def unpacked(column: pa.ChunkedArray, kind: type) -> npt.NDArray[Any]:
    """The matrix that was packed, rows by record."""
    size = len(column)
    data = np.concatenate([np.zeros(0, np.uint8), *map(_bytes_of, column.chunks)])
    found: npt.NDArray[Any] = data.view(kind).reshape(size, -1) if len(data) else np.zeros((size, 0), kind)
    return np.array(found.T, order="C")


def _bytes_of(chunk: pa.BinaryArray) -> npt.NDArray[np.uint8]:
    _, offsets, data = chunk.buffers()
    if not len(chunk) or data is None:
        return np.zeros(0, np.uint8)
    wide = np.int64 if pa.types.is_large_binary(chunk.type) else np.int32
    start, end = np.frombuffer(offsets, wide)[[chunk.offset, chunk.offset + len(chunk)]]
    return np.frombuffer(data, np.uint8)[start:end]


def levels_of(pairs: pa.Table) -> Levels:
    """The levels of pairs, group by pair."""
    return unpacked(pairs["levels"], np.uint8)
