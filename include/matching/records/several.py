"""Cells that hold several addresses or numbers: each counts as the one that most records carry."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from include.matching.levels import Kind
from include.matching.records.columns import Dictionary, remapped

# what a cell of several looks like at a glance, and how it falls into its parts
_LOOKS = {Kind.EMAIL: "@.*[;,/|\\s].*@", Kind.PHONE: r"\d.*([;|/,&\n]|\b(or|and|und|ou|oder)\b).*\d"}
_ADDRESS = re.compile(r"[^\s;,|/<>]+@[^\s;,|/<>]+")
_BETWEEN = re.compile(r"\s*(?:[;|/,&\n]|\b(?:or|and|und|ou|oder)\b)\s*")
LEAST_DIGITS = 7  # of each number; fewer are a part of one (030/1234567)


def settled(column: Dictionary, kind: Kind, clean: Callable[[pa.Array], pa.Array]) -> Dictionary:
    """The column with each cell of several values replaced by the one of them that most records carry, as cleaned."""
    looks = pc.fill_null(pc.match_substring_regex(column.values, _LOOKS[kind]), False)
    parts = {k: _parts(column.values[k].as_py(), kind) for k in pc.indices_nonzero(looks).to_pylist()}
    parts = {k: found for k, found in parts.items() if len(found) > 1}
    if not parts:
        return column
    values = column.values.to_pylist()
    pieces = [part for found in parts.values() for part in found]
    cleaned = clean(pa.array([*values, *pieces], pa.string())).to_pylist()
    counts, carried = column.counts(), dict[str | None, int]()
    for k, value in enumerate(cleaned[: len(values)]):
        carried[value] = carried.get(value, 0) + int(counts[k])
    often = {part: carried.get(value, 0) for part, value in zip(pieces, cleaned[len(values) :], strict=True)}
    for k, found in parts.items():
        values[k] = max(found, key=often.__getitem__)
    return remapped(column, pa.array(values, pa.string()))


def _parts(cell: str, kind: Kind) -> list[str]:
    if kind is Kind.EMAIL:
        return _ADDRESS.findall(cell)
    parts = _BETWEEN.split(cell)
    return parts if all(sum(map(str.isdigit, part)) >= LEAST_DIGITS for part in parts) else []
