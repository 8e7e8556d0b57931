"""Drawing on Spark: pairs of the listed ones, of neighbours in strata, and at random, as patterns of their levels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as fn

from include.matching.pairs import pair_sample
from include.matching.pairs.pair_sample import Drawn, Patterns
from include.matching.spark.chunks import Chunks
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import samples
from include.matching.spark.parts.packing import levels_of


def drawn(records: KeyedRecords, compared: Chunks, pairs: int, keys: Chunks, groups: int) -> list[Drawn]:
    """Draw from so many listed pairs, from the strata and at random (see ``pair_sample``).

    ``keys``: those of records, without dropped blocks.
    """
    step, strata = pair_sample.steps(pairs, pair_sample.BLOCKED), len(records.rules.strata)
    listed = compared.each(lambda part: samples.blocked_patterns(part, strata + 1, step), samples.COUNTED)
    neighbours, steps = _neighbours(records)
    random, weight = _at_random(records)
    found = patterns(_unseen(records, neighbours.beside(random), keys).beside(listed))
    none = Patterns(np.zeros((groups, 0), np.uint8), np.zeros(0, np.int64))
    blocked = found.get(strata + 1, none)
    every = [Drawn(blocked, pairs / max(int(blocked.counts.sum()), 1))]
    every += [Drawn(found.get(at, none), steps.get(at, 1) / 2) for at in range(strata)]
    return [*every, Drawn(found.get(strata, none), weight)]


def patterns(counted: Chunks) -> dict[int, Patterns]:
    """Counted patterns, added up, part by part."""
    found = counted.counted(lambda rows: rows, samples.COUNTED, count="sum")
    part, counts = found["part"].to_numpy(), found["count"].to_numpy()
    levels = levels_of(found)
    return {int(one): Patterns.of(levels[:, part == one], counts[part == one]) for one in np.unique(part)}


def _neighbours(records: KeyedRecords) -> tuple[Chunks, dict[int, int]]:
    """Those neighbours in strata that are drawn, and of how many in each stratum one is."""
    known, places = records.known, records.table.places
    placed = records.keys.each(lambda rows: samples.drawn_keys(rows, known.value), samples.PLACED)
    beside = placed.met(lambda rows: samples.neighbours(rows, places), samples.NEIGHBOURS).kept()
    counts = beside.told(samples.by_stratum, samples.STRATA).groupBy("stratum").agg(fn.sum("count").alias("count"))
    steps = {int(r["stratum"]): pair_sample.steps(int(r["count"]), pair_sample.STRATUM) for r in counts.collect()}
    return beside.each(lambda pairs: samples.drawn_pairs(pairs, steps), samples.NEIGHBOURS), steps


def _at_random(records: KeyedRecords) -> tuple[Chunks, float]:
    left, right, weight = pair_sample.at_random(records.table.records)
    stratum = np.full(len(left), len(records.rules.strata), np.int32)
    ends = [left.astype(np.int64), right.astype(np.int64)]
    random = pa.table([stratum, *ends, np.ones(len(left), np.int64)], schema=samples.NEIGHBOURS)
    return Chunks.of(records.session, records.table.places.sent(random, "left"), records.partitions), weight


def _unseen(records: KeyedRecords, pairs: Chunks, keys: Chunks) -> Chunks:
    known = records.known
    return records.beside(pairs, lambda part: samples.unseen_patterns(part, known.value), samples.COUNTED, keys)
