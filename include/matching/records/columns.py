"""Columns as dictionaries: an int32 code a record (-1 is null) beside the distinct values, cleaned once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import ConfigurationError
from include.matching.kernels.strings import LONGEST, hash_texts

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dictionary:
    """A column: ``codes[i]`` is the place of record i's value in ``values``, or -1."""

    codes: Codes
    values: pa.Array

    def counts(self) -> npt.NDArray[np.int64]:
        """How many records carry each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))


@dataclass(frozen=True)
class Texts:
    """Distinct texts as code points: text v is ``points[offsets[v]:offsets[v + 1]]``."""

    points: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]


def encode(column: pa.ChunkedArray, name: str, *, whole: bool | None = None) -> Dictionary:
    """Dictionary-encode a column of any flat type as text; ``whole``: whether all its numbers are, if known."""
    text = _as_text(column, name, whole)
    encoded = text.dictionary_encode() if not pa.types.is_dictionary(text.type) else text
    encoded = encoded.unify_dictionaries().combine_chunks() if encoded.num_chunks > 1 else encoded
    array = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) and encoded.num_chunks else encoded
    if isinstance(array, pa.ChunkedArray):
        return Dictionary(np.zeros(0, np.int32), pa.array([], pa.string()))
    return Dictionary(numbers(array.indices), array.dictionary)


def numbers(indices: pa.Array) -> Codes:
    """Arrow indices as int32 codes, null as -1."""
    filled = pc.fill_null(indices, -1) if indices.null_count else indices
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.int32)


def is_whole(column: pa.ChunkedArray) -> bool:
    """Whether all numbers of a column are whole."""
    return bool(pc.all(pc.equal(pc.trunc(column), column)).as_py() and pc.all(pc.less(pc.abs(column), 1e15)).as_py())


def _as_text(column: pa.ChunkedArray, name: str, whole: bool | None = None) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        if pa.types.is_string(kind.value_type) and pa.types.is_int32(kind.index_type):
            return column
        return _as_text(column.cast(kind.value_type), name, whole)
    if pa.types.is_nested(kind):
        raise ConfigurationError(f"Column {name!r} holds {kind}; matching needs plain values, one a record.")
    if pa.types.is_floating(kind):
        as_whole = is_whole(column) if whole is None else whole
        return pc.cast(column.cast(pa.int64()) if as_whole else column, pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        distinct = column.dictionary_encode().unify_dictionaries().combine_chunks()
        distinct = distinct.chunk(0) if isinstance(distinct, pa.ChunkedArray) else distinct
        decoded = [v.decode("utf-8", "replace") for v in distinct.dictionary.to_pylist()]
        return pa.chunked_array([pa.array(decoded, pa.string()).take(distinct.indices)])
    return pc.cast(column, pa.string())


def remapped(column: Dictionary, values: pa.Array) -> Dictionary:
    """Replace distinct values by ``values`` (null is null), and encode again."""
    again = values.dictionary_encode()
    if isinstance(again, pa.ChunkedArray):
        again = again.combine_chunks()
    return Dictionary(apply(numbers(again.indices), column.codes), again.dictionary)


def apply(table: npt.NDArray[np.int32], codes: Codes) -> Codes:
    """``table[codes]``, keeping -1 as -1."""
    return np.append(table, np.int32(-1))[codes]


def distinct(numbers: Numbers) -> Numbers:
    """Each number once, ascending: by sorting, in a fraction of the time that numpy's ``unique`` takes to hash."""
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def find(numbers: Numbers, ordered: Numbers) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Where each number stands among ascending ones, and whether it does.

    They are looked up in ascending order, for a search that jumps about waits for memory at every step.
    """
    if not len(ordered):
        return np.zeros(len(numbers), np.int64), np.zeros(len(numbers), bool)
    order = np.argsort(numbers)
    at = np.empty(len(numbers), np.int64)
    at[order] = np.minimum(np.searchsorted(ordered, numbers[order]), len(ordered) - 1)
    return at, ordered[at] == numbers


def canonical(columns: Sequence[Codes], size: int) -> tuple[list[Codes], npt.NDArray[np.int64]]:
    """Renumber codes by first appearance over ``columns``; returns the new codes and the old code of each new one."""
    first = np.full(size, np.iinfo(np.int64).max)
    base = sum(len(codes) for codes in columns)
    for codes in reversed(columns):
        base -= len(codes)
        present = np.flatnonzero(codes >= 0)[::-1]
        first[codes[present]] = present + base
    kept = np.argsort(first, kind="stable")[: int((first < np.iinfo(np.int64).max).sum())]
    rank = np.full(size, -1, np.int32)
    rank[kept] = np.arange(len(kept), dtype=np.int32)
    return [apply(rank, codes) for codes in columns], kept


def hashed(texts: pa.Array) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each text of a large_string array: the same wherever the text stands."""
    buffers = texts.buffers()
    offsets = np.frombuffer(buffers[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    offsets = offsets if len(texts) else np.zeros(1, np.int64)
    # may be read-only, as from a query engine; the kernel was compiled for arrays it may write
    data = np.array(np.frombuffer(buffers[2], np.uint8)) if buffers[2] is not None else np.zeros(0, np.uint8)
    hashes = np.zeros(len(texts), np.uint64)
    hash_texts(data, np.ascontiguousarray(offsets), hashes)
    return hashes


def marks(codes: Codes, values: pa.Array) -> npt.NDArray[np.int64]:
    """A hash of each record's value, at least 0, and -1 where it has none: the same whatever else is in the table."""
    of_values = (hashed(values.cast(pa.large_string())) >> np.uint64(1)).astype(np.int64)
    return np.append(of_values, -1)[codes]


def lay_out(values: pa.Array) -> Texts:
    """Distinct texts as code points, each cut to ``LONGEST``."""
    values = pc.utf8_slice_codeunits(values.cast(pa.large_string()), 0, LONGEST)
    if pc.all(pc.string_is_ascii(values)).as_py() is not False:
        offsets = np.frombuffer(values.buffers()[1], np.int64)[values.offset : values.offset + len(values) + 1]
        data = np.frombuffer(values.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]] if len(values) else b""
        return Texts(
            np.asarray(np.frombuffer(data, np.uint8), np.uint32), np.ascontiguousarray(offsets - offsets[:1].sum())
        )
    lengths = numbers(pc.utf8_length(values))
    points = np.frombuffer("".join(values.to_pylist()).encode("utf-32-le"), np.uint32)
    return Texts(points.copy(), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
