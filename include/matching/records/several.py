"""Several addresses or numbers of one record, in several columns or in one cell: any of them may be another record's.

The values of a record stand in places: its first in place 0, its next in place 1, -1 where it has no more. Codes of
such a column are place by record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.levels import Kind
from include.matching.records.columns import Codes, Dictionary, apply, remapped

# what a cell of several looks like at a glance, and how it falls into its parts
_LOOKS = {Kind.EMAIL: "@.*[;,/|\\s].*@", Kind.PHONE: r"\d.*([;|/,&\n]|\b(or|and|und|ou|oder)\b).*\d"}
_ADDRESS = re.compile(r"[^\s;,|/<>]+@[^\s;,|/<>]+")
_BETWEEN = re.compile(r"\s*(?:[;|/,&\n]|\b(?:or|and|und|ou|oder)\b)\s*")
LEAST_DIGITS = 7  # of each number; fewer are a part of one (030/1234567)
MOST = 5  # values of a cell that are read; a cell of more lists people


def settled(columns: Sequence[Dictionary], kind: Kind, clean: Callable[[pa.Array], pa.Array]) -> Dictionary:
    """The values of all columns in one dictionary, its codes place by record (int32).

    Where records have several, those stand first that ``clean`` makes something of, in the order of columns and cells,
    each once.
    """
    split = [_split(column, kind) for column in columns]
    if len(split) == 1 and len(split[0].codes) == 1:
        return split[0]
    starts = np.cumsum([0, *(len(one.values) for one in split)])
    codes = [np.where(one.codes < 0, -1, one.codes + start) for one, start in zip(split, starts[:-1], strict=True)]
    values = pa.concat_arrays([one.values.cast(pa.string()) for one in split])
    every = Dictionary(np.concatenate(codes).astype(np.int32), values)
    return Dictionary(_each_once(every.codes, remapped(every, clean(values)).codes), values)


def _split(column: Dictionary, kind: Kind) -> Dictionary:
    """The column with cells of several values taken apart, place by record."""
    looks = pc.fill_null(pc.match_substring_regex(column.values, _LOOKS[kind]), False)
    parts = {k: _parts(column.values[k].as_py(), kind)[:MOST] for k in pc.indices_nonzero(looks).to_pylist()}
    parts = {k: found for k, found in parts.items() if len(found) > 1}
    if not parts:
        return Dictionary(column.codes[None, :], column.values)
    size = len(column.values)
    place = np.full((max(map(len, parts.values())), size), -1, np.int32)
    place[0] = np.arange(size)
    for k, found in parts.items():
        place[: len(found), k] = range(size, size + len(found))
        size += len(found)
    pieces = pa.array([part for found in parts.values() for part in found], pa.string())
    values = pa.concat_arrays([column.values.cast(pa.string()), pieces])
    return Dictionary(np.stack([apply(table, column.codes) for table in place]), values)


def _each_once(codes: Codes, cleaned: Codes) -> Codes:
    """The codes without what cleans to nothing or stands before already, moved up; no place is empty throughout."""
    usable = cleaned >= 0
    for k in range(1, len(codes)):
        usable[k] &= ~((cleaned[:k] == cleaned[k]) & usable[:k]).any(axis=0)
    order = np.argsort(~usable, axis=0, kind="stable")
    moved = np.take_along_axis(np.where(usable, codes, np.int32(-1)), order, axis=0)
    return np.ascontiguousarray(moved[: max(1, int((moved >= 0).any(axis=1).sum()))])


def _parts(cell: str, kind: Kind) -> list[str]:
    if kind is Kind.EMAIL:
        return _ADDRESS.findall(cell)
    parts = _BETWEEN.split(cell)
    return parts if all(sum(map(str.isdigit, part)) >= LEAST_DIGITS for part in parts) else []
