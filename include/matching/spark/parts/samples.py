"""Drawing in tasks: patterns of the pairs that are drawn from the listed ones, from strata and at random."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from include.matching.pairs.blocking import agree
from include.matching.pairs.comparison import compare
from include.matching.pairs.pair_sample import Patterns, chosen
from include.matching.spark.parts.chunks import spread
from include.matching.spark.parts.meeting import runs
from include.matching.spark.parts.packing import levels_of, packed, unpacked
from include.matching.spark.parts.pairs import both
from include.matching.spark.table import Places, Table

PLACED = pa.schema([("stratum", pa.int32()), ("key", pa.int64()), ("at", pa.int64()), ("place", pa.int64())])
NEIGHBOURS = pa.schema([("stratum", pa.int32()), ("left", pa.int64()), ("right", pa.int64()), ("size", pa.int64())])
STRATA = pa.schema([("stratum", pa.int32()), ("count", pa.int64())])
COUNTED = pa.schema([("part", pa.int32()), ("levels", pa.binary()), ("count", pa.int64())])


def counted(part: int, patterns: Patterns) -> pa.Table:
    """Patterns as rows to be added up."""
    size = len(patterns.counts)
    return pa.table([np.full(size, part, np.int32), packed(patterns.levels), patterns.counts], schema=COUNTED)


def blocked_patterns(pairs: pa.Table, part: int, step: int) -> pa.Table:
    """The patterns of those of the listed pairs that are drawn, as a part of all that is drawn."""
    some = chosen(pairs["left"].to_numpy(), pairs["right"].to_numpy(), step)
    return counted(part, Patterns.of(levels_of(pairs)[:, some]))


def drawn_keys(rows: pa.Table, table: Table) -> pa.Table:
    """The strata's keys, a row for each that a record has, with its place in the order of its block."""
    rules = table.known_rules
    keys = unpacked(rows["strata"], np.uint32)
    row, record = np.nonzero(keys)
    ends = np.array(rules.strata)
    stratum = np.searchsorted(ends, row, side="right")
    place = row - np.concatenate([[0], ends])[stratum]
    at = rows["at"].to_numpy()[record]
    key = keys[row, record].astype(np.int64)
    columns = [
        stratum.astype(np.int32),
        key,
        at,
        place * table.records + at,
        spread(stratum << 32 | key, table.places.parts),
    ]
    return pa.table(columns, schema=PLACED.append(pa.field("to", pa.int32())))


def neighbours(placed: pa.Table, places: Places) -> pa.Table:
    """The neighbouring records of each block and its size, on the way to the part of the left one."""
    stratum, key, at, place = (placed[name].to_numpy() for name in PLACED.names)
    block = stratum.astype(np.int64) << 32 | key
    order = np.lexsort((place, block))
    block, at, stratum = block[order], at[order], stratum[order]
    start = np.flatnonzero(np.append(True, block[1:] != block[:-1]))
    many = np.diff(np.append(start, len(block)))
    size = np.repeat(many, many)
    two = np.flatnonzero((block[1:] == block[:-1]) & (at[1:] != at[:-1]))
    found = pa.table([stratum[two], at[two], at[two + 1], size[two]], schema=NEIGHBOURS)
    return places.sent(found, "left")


def by_stratum(beside: pa.Table) -> pa.Table:
    """How many neighbours each stratum has."""
    stratum, count = runs(beside["stratum"].to_numpy().astype(np.int64))
    return pa.table([stratum.astype(np.int32), count], schema=STRATA)


def drawn_pairs(pairs: pa.Table, steps: Mapping[int, int]) -> pa.Table:
    """Those of the neighbours in strata that are drawn."""
    left, right, stratum = (pairs[name].to_numpy() for name in ("left", "right", "stratum"))
    some = np.zeros(len(left), bool)
    for one, step in steps.items():
        mine = stratum == one
        some[mine] = chosen(left[mine], right[mine], step)
    return pairs.filter(pa.array(some))


def unseen_patterns(pairs: pa.Table, table: Table) -> pa.Table:
    """The patterns of drawn pairs that stand neither among the candidates nor in a stratum drawn before."""
    rules = table.known_rules
    features, left, right = both(pairs, table)
    keys = np.concatenate([unpacked(pairs[f"{side}_keys"], np.uint32) for side in "lr"], axis=1)
    plain = rules.plain_rows(keys)
    drawn = np.concatenate([unpacked(pairs[f"{side}_strata"], np.uint32) for side in "lr"], axis=1)
    stratum, size = pairs["stratum"].to_numpy(), pairs["size"].to_numpy()
    new = ~plain.held(left, right)
    for one, (start, end) in enumerate(zip((0, *rules.strata), rules.strata, strict=False)):
        new &= ~agree(drawn[start:end], left, right) | (stratum <= one)
    if table.spec.link_only:
        new &= features.source[left] != features.source[right]
    levels = compare(features, left[new], right[new])
    stratum, size = stratum[new], size[new]
    parts = [
        counted(int(one), Patterns.of(levels[:, stratum == one], size[stratum == one])) for one in np.unique(stratum)
    ]
    return pa.concat_tables(parts) if parts else COUNTED.empty_table()
