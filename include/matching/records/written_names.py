"""Names as a table's columns of names say them, before anything else is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.levels import Kind
from include.matching.records.columns import Codes, Dictionary, apply
from include.matching.records.name_parts import clean_name, generation, may_say_generation, parse_full_name
from include.matching.spec import MatchingSpec


class Vocabulary(dict[str, int]):
    """Names, numbered as they come."""

    def code(self, name: str) -> int:
        """The number of a name, -1 of none."""
        return self.setdefault(name, len(self)) if name else -1

    def codes(self, first: str, last: str) -> tuple[int, int]:
        """The numbers of a first and a last name."""
        return self.code(first), self.code(last)


@dataclass(frozen=True)
class Written:
    """The names of records as their own columns say them: codes into ``words``."""

    first: Codes
    last: Codes
    loose: npt.NDArray[np.uint8]
    generation: npt.NDArray[np.uint8]
    words: Vocabulary


def write_names(raw: Mapping[str, Dictionary], spec: MatchingSpec) -> Written:
    """Read the columns of names."""
    columns = {kind: spec.of_kind(kind)[:1] for kind in (Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME)}
    words = Vocabulary()
    size = next(iter(raw.values())).codes.shape[-1]
    first, last = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    for name in columns[Kind.FIRST_NAME]:
        first = _coded(raw[name], [words.code(clean_name(v)) for v in raw[name].values.to_pylist()])
    for name in columns[Kind.LAST_NAME]:
        last = _coded(raw[name], [words.code(clean_name(v, last=True)) for v in raw[name].values.to_pylist()])
    _split_pairs(first, last, words)
    loose = np.zeros(size, np.uint8)
    for name in columns[Kind.FULL_NAME]:
        loose[_fill_from_full(first, last, raw[name], words)] = 1
    loose[first >= 0] = 0
    said = generations([raw[name] for names in columns.values() for name in names])
    return Written(first, last, loose, said, words)


def generations(columns: Sequence[Dictionary]) -> npt.NDArray[np.uint8]:
    """Which bearer of the name each record says, in any of the columns; 0 where none does."""
    found = np.zeros(len(columns[0].codes), np.uint8)
    for column in columns:
        table = np.zeros(len(column.values) + 1, np.uint8)
        some = np.flatnonzero(may_say_generation(column.values))
        table[some] = [generation(text) for text in column.values.take(pa.array(some)).to_pylist()]
        found = np.maximum(found, table[column.codes])
    return found


def _coded(column: Dictionary, codes: list[int]) -> Codes:
    return apply(np.array(codes, np.int32), column.codes)


def _split_pairs(first: Codes, last: Codes, words: Vocabulary) -> None:
    """Where one column is empty and the other holds several words, take it for a full name."""
    for column, other in ((first, last), (last, first)):
        every = list(words)
        alone = np.flatnonzero((column >= 0) & (other < 0))
        table = {int(c): parse_full_name(every[c]) for c in np.unique(column[alone]) if " " in every[c]}
        chosen = alone[np.isin(column[alone], np.fromiter(table, np.int64))] if table else alone[:0]
        given = {c: (words.code(f), words.code(f2)) for c, (f, f2) in table.items()}
        if len(chosen):
            halves = np.array([given[int(c)] for c in column[chosen]], np.int32)
            first[chosen], last[chosen] = halves[:, 0], halves[:, 1]


def _fill_from_full(first: Codes, last: Codes, full: Dictionary, words: Vocabulary) -> npt.NDArray[np.int64]:
    """Read full names where neither name is known; returns whose were read."""
    open_ = np.flatnonzero((first < 0) & (last < 0) & (full.codes >= 0))
    needed = np.unique(full.codes[open_])
    halves = [parse_full_name(v) for v in full.values.take(pa.array(needed)).to_pylist()]
    table = np.full((len(full.values), 2), -1, np.int32)
    table[needed] = np.array([(words.code(f), words.code(n)) for f, n in halves], np.int32).reshape(-1, 2)
    first[open_], last[open_] = table[full.codes[open_], 0], table[full.codes[open_], 1]
    return open_
