"""Pairs in tasks: compared, scored, and those that link their records."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.judgement import Judge
from include.matching.pairs.comparison import compare
from include.matching.pairs.tally import grains
from include.matching.records.features import Features
from include.matching.spark.parts.packing import levels_of, packed
from include.matching.spark.table import Table

LISTED = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("rule", pa.int32())])
LINKS = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("odds", pa.float32())])
BY_RULE = pa.schema([("rule", pa.int32()), ("count", pa.int64())])
GRAINS = pa.schema([("rule", pa.int32()), ("grain", pa.int64()), ("count", pa.int64())])
COMPARED = LISTED.append(pa.field("levels", pa.binary()))
SCORED = COMPARED.append(pa.field("odds", pa.float32()))


def both(pairs: pa.Table, table: Table) -> tuple[Features, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The features of the records of pairs, ``l_`` and ``r_`` columns, and where the two of each pair are."""
    names = [name for name in table.layout.schema.names if name != "at"]
    sides = [pairs.select([f"{side}_{name}" for name in names]).rename_columns(names) for side in "lr"]
    size = pairs.num_rows
    return (
        table.features(pa.concat_tables(sides)),
        np.arange(size, dtype=np.int32),
        np.arange(size, 2 * size, dtype=np.int32),
    )


def by_rule(pairs: pa.Table) -> pa.Table:
    """How many pairs are of each rule."""
    return pairs.group_by("rule").aggregate([("left", "count")]).rename_columns(BY_RULE.names).cast(BY_RULE)


def compared(pairs: pa.Table, table: Table) -> pa.Table:
    """The levels of pairs whose records stand beside them."""
    levels = compare(*both(pairs, table))
    return pa.table([*(pairs[name] for name in LISTED.names), packed(levels)], schema=COMPARED)


def scored(pairs: pa.Table, judge: Judge) -> pa.Table:
    """The log odds of pairs."""
    return pairs.select(COMPARED.names).append_column("odds", pa.array(judge.score(levels_of(pairs)))).cast(SCORED)


def grains_by_rule(pairs: pa.Table) -> pa.Table:
    """How many pairs of each rule have each log odds, in grains."""
    every = pa.table({"rule": pairs["rule"], "grain": grains(pairs["odds"].to_numpy())})
    return every.group_by(["rule", "grain"]).aggregate([([], "count_all")]).rename_columns(GRAINS.names).cast(GRAINS)


def bound_links(ruling: pa.Table) -> pa.Table:
    """The pairs that are bound together, as links that nothing cuts."""
    some = ruling.filter(ruling["together"])
    odds = np.full(some.num_rows, np.inf, np.float32)
    return pa.table([some["left"], some["right"], odds], schema=LINKS)


def links(pairs: pa.Table, judge: Judge, threshold: float, *, plainly: bool) -> pa.Table:
    """The pairs that link their records, and by how much; ``plainly``: whatever only a person can judge."""
    odds = pairs["odds"].to_numpy()
    if not plainly:
        odds = judge.linking(levels_of(pairs), odds)
    ends = [pairs["left"], pairs["right"], pa.array(odds)]
    return pa.table(ends, schema=LINKS).filter(pa.array(odds > threshold))
