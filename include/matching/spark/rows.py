"""Records as rows that stand by themselves: what is known of each of its values travels with a record.

A task makes ``Features`` of the rows that it is given, whichever they are, and calls the engine's own functions on
them. Of names a row holds codes into the one vocabulary of the table, which every task has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.constraints import Decision, bypass
from include.matching.levels import Kind
from include.matching.pairs.blocking_rules import NameKeys
from include.matching.records import cleaning
from include.matching.records.columns import Codes, Dictionary, lay_out, numbers, remapped
from include.matching.records.emails import halves
from include.matching.records.features import Emails, Features, Field
from include.matching.records.person_names import Names
from include.matching.spec import MatchingSpec

Bytes = npt.NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Lexicon:
    """The table's vocabulary of names, and what it is blocked by."""

    names: Names  # of no record
    keys: NameKeys


@dataclass(frozen=True)
class Layout:
    """Which columns a row has: so many places for addresses, and for each field its name, kind and places."""

    addresses: int
    fields: Sequence[tuple[str, Kind, int]]
    lexicon: Lexicon | None
    is_sourced: bool = False  # which source a record is of is evidence

    @property
    def schema(self) -> pa.Schema:
        """The columns of a row, record and source first."""
        columns = [("at", pa.int64()), ("source", pa.string())]
        if self.lexicon is not None:
            columns += [("first", pa.int32()), ("last", pa.int32()), ("affinity", pa.float32())]
            columns += [(name, pa.int16()) for name in ("mined", "loose", "generation")]
        for p in range(self.addresses):
            columns += [(f"mailbox{p}", pa.string())]
            columns += [(f"{name}{p}", pa.int16()) for name in ("shared", "free", "made")]
        for k, (_, kind, places) in enumerate(self.fields):
            for p in range(places):
                columns += [(f"value{k}_{p}", pa.string()), (f"bin{k}_{p}", pa.int16())]
                columns += [(f"extension{k}_{p}", pa.string())] if kind is Kind.PHONE else []
                columns += [(f"of_relative{k}_{p}", pa.int16())] if kind is Kind.DATE else []
        return pa.schema(columns)


def features_of(rows: pa.Table, layout: Layout) -> Features:
    """The features of the rows, record k being row k."""
    size = rows.num_rows
    fields = tuple(_field(rows, k, name, kind, range(places)) for k, (name, kind, places) in enumerate(layout.fields))
    ids = pa.array([], pa.large_string())
    source, _ = _coded([rows["source"]])
    mail = _emails(rows, range(layout.addresses)) if layout.addresses else None
    names = _names(rows, layout.lexicon.names) if layout.lexicon is not None else None
    return Features(
        size, pa.chunked_array([ids]), ids, np.arange(size), source[0], names, mail, fields, {}, layout.is_sourced
    )


def _names(rows: pa.Table, of: Names) -> Names:
    return replace(
        of,
        first=_array(rows["first"], np.int32),
        last=_array(rows["last"], np.int32),
        affinity=_array(rows["affinity"], np.float32),
        mined=_array(rows["mined"], np.uint8).astype(bool),
        loose=_array(rows["loose"], np.uint8),
        generation=_array(rows["generation"], np.uint8),
    )


def _emails(rows: pa.Table, places: range) -> Emails:
    codes, values = _coded([rows[f"mailbox{p}"] for p in places])
    local_of, domain_of = (
        remapped(Dictionary(np.arange(len(values), dtype=np.int32), half), half) for half in halves(values)
    )
    local, domain = (np.append(half.codes, np.int32(-1))[codes] for half in (local_of, domain_of))
    shared = _of_values(codes, [rows[f"shared{p}"] for p in places], len(values))
    free = _of_values(domain, [rows[f"free{p}"] for p in places], len(domain_of.values))
    made = np.stack([_array(rows[f"made{p}"], np.uint8) for p in places])
    texts = lay_out(local_of.values)
    first = Dictionary(codes[0], values)
    return Emails(first, codes, local, domain, domain_of.values, texts, local_of.values, shared, free, made)


def _field(rows: pa.Table, k: int, name: str, kind: Kind, places: range) -> Field:
    codes, values = _coded([rows[f"value{k}_{p}"] for p in places])
    bins = _of_values(codes, [rows[f"bin{k}_{p}"] for p in places], len(values))
    parts = cleaning.PARTS[kind](values.to_pylist()) if kind in cleaning.PARTS else None
    extension = _coded([rows[f"extension{k}_{p}"] for p in places])[0] if kind is Kind.PHONE else None
    if extension is not None and len(places) == 1:
        extension = extension[0]
    of_relative = (
        np.stack([_array(rows[f"of_relative{k}_{p}"], np.uint8) for p in places]) if kind is Kind.DATE else None
    )
    return Field(name, kind, Dictionary(codes[0], values), codes, lay_out(values), bins, parts, extension, of_relative)


def _coded(columns: Sequence[pa.ChunkedArray]) -> tuple[Codes, pa.Array]:
    """Codes, place by record, and the values that they stand for."""
    every = pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)
    encoded = every.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.array(numbers(encoded.indices).reshape(len(columns), -1)), encoded.dictionary


def _of_values(codes: Codes, said: Sequence[pa.ChunkedArray], size: int) -> Bytes:
    """What is said of each value, where every record that has it says the same."""
    out = np.zeros(size, np.uint8)
    for mine, column in zip(codes, said, strict=True):
        has = mine >= 0
        out[mine[has]] = _array(column, np.uint8)[has]
    return out


def _array(column: pa.ChunkedArray, kind: type[Number]) -> npt.NDArray[Number]:
    filled = pc.fill_null(column, 0) if column.null_count else column
    return np.array(filled.to_numpy(), kind)  # kernels want arrays that they may write


def without_evidence(rows: pa.Table, layout: Layout, decisions: Sequence[Decision], spec: MatchingSpec) -> pa.Table:
    """The rows, values that decisions bypass being no evidence."""
    features = bypass(features_of(rows, layout), decisions, spec)
    said: dict[str, Bytes] = {}
    if features.emails is not None:
        shared = np.append(features.emails.shared, np.uint8(0))
        said |= {f"shared{p}": shared[codes] for p, codes in enumerate(features.emails.places)}
    for k, of in enumerate(features.fields):
        bins = np.append(of.bins, np.uint8(0))
        said |= {f"bin{k}_{p}": bins[codes] for p, codes in enumerate(of.places)}
    columns = [pa.array(said[name], pa.int16()) if name in said else rows[name] for name in layout.schema.names]
    return pa.table(columns, schema=layout.schema)
