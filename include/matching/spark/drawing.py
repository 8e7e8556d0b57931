"""Drawing on Spark: pairs of the listed ones, of neighbours in strata, and at random, as patterns of their levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from include.matching.pairs import pair_sample
from include.matching.pairs.pair_sample import Drawn, Patterns
from include.matching.spark.keeping import kept
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import samples
from include.matching.spark.parts.blocks import Dropped
from include.matching.spark.parts.packing import levels_of
from include.matching.spark.tasks import ddl, each

LEVELS = ddl(samples.COUNTED)
NEIGHBOURS = "stratum int, left long, right long, size long"


def drawn(records: KeyedRecords, compared: DataFrame, pairs: int, dropped: Dropped, groups: int) -> list[Drawn]:
    """Draw from so many listed pairs, from the strata and at random (see ``pair_sample``)."""
    step, strata = pair_sample.steps(pairs, pair_sample.BLOCKED), len(records.rules.strata)
    listed = compared.mapInArrow(each(lambda part: samples.blocked_patterns(part, strata + 1, step)), LEVELS)
    neighbours, steps = _neighbours(records)
    random, weight = _at_random(records)
    found = patterns(_unseen(records, neighbours.unionByName(random), dropped).unionByName(listed))
    none = Patterns(np.zeros((groups, 0), np.uint8), np.zeros(0, np.int64))
    blocked = found.get(strata + 1, none)
    every = [Drawn(blocked, pairs / max(int(blocked.counts.sum()), 1))]
    every += [Drawn(found.get(at, none), steps.get(at, 1) / 2) for at in range(strata)]
    return [*every, Drawn(found.get(strata, none), weight)]


def patterns(counted: DataFrame) -> dict[int, Patterns]:
    """Counted patterns, added up, part by part."""
    found = counted.groupBy("part", "levels").agg(fn.sum("count").alias("count")).toArrow()
    part, counts = found["part"].to_numpy(), found["count"].to_numpy()
    levels = levels_of(found)
    return {int(one): Patterns.of(levels[:, part == one], counts[part == one]) for one in np.unique(part)}


def _neighbours(records: KeyedRecords) -> tuple[DataFrame, dict[int, int]]:
    """Those neighbours in strata that are drawn, and of how many in each stratum one is."""
    known: Any = records.known
    keys = each(lambda rows: samples.drawn_keys(rows, known.value))
    keyed = records.rows.select("at", "strata").mapInArrow(keys, "stratum int, key long, at long, place long")
    block = Window.partitionBy("stratum", "key")
    beside = kept(keyed.select(
        "stratum", fn.lag("at").over(block.orderBy("place")).alias("left"), fn.col("at").alias("right"),
        fn.count("*").over(block).alias("size"),
    ).filter("left is not null and left <> right"))  # fmt: skip
    counts = beside.groupBy("stratum").count().collect()
    steps = {int(r["stratum"]): pair_sample.steps(int(r["count"]), pair_sample.STRATUM) for r in counts}
    return beside.mapInArrow(each(lambda pairs: samples.drawn_pairs(pairs, steps)), NEIGHBOURS), steps


def _at_random(records: KeyedRecords) -> tuple[DataFrame, float]:
    left, right, weight = pair_sample.at_random(records.table.records)
    stratum = np.full(len(left), len(records.rules.strata), np.int32)
    ends = {"left": left.astype(np.int64), "right": right.astype(np.int64)}
    random = pa.table({"stratum": stratum, **ends, "size": np.ones(len(left), np.int64)})
    return records.session.createDataFrame(random), weight


def _unseen(records: KeyedRecords, pairs: DataFrame, dropped: Dropped) -> DataFrame:
    known, gone = records.known, records.sent(dropped)
    wide = records.beside(pairs, [*records.table.layout.schema.names, "keys", "strata"])
    return wide.mapInArrow(each(lambda part: samples.unseen_patterns(part, known.value, gone.value)), LEVELS)
