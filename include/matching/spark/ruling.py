"""What binds records on Spark: what stewards decided, and what sources merged, as pairs of places."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.constraints import Decision, bound_pairs
from include.matching.spark.chunks import Chunks
from include.matching.spark.keeping import kept

BOUND = pa.schema([("record_a", pa.string()), ("record_b", pa.string()), ("together", pa.bool_())])


IDS = pa.schema([("at", pa.int64()), ("id", pa.string())])


def rows_of(ids: Chunks) -> DataFrame:
    """Each record's place ``at`` and its ``id``, as rows that Spark sees."""
    return ids.told(lambda part: part, IDS)


def rule_on(ids: Chunks, decisions: Sequence[Decision], known: DataFrame | pa.Table | None) -> DataFrame | None:
    """Each bound pair of records that are both in the table: ``left``, ``right`` and whether they belong ``together``.

    ``ids`` has each record's place ``at`` and its ``id``; None where nothing is to bind (see ``constraints.rule_on``).
    """
    session = ids.held.sparkSession
    pairs = bound_pairs(decisions)
    if not pairs and known is None:
        return None
    sides = [pa.array([p[side] for p in pairs], pa.string()) for side in (1, 2)]
    bound = session.createDataFrame(pa.table([*sides, [not p[0] for p in pairs]], schema=BOUND))
    if known is not None:
        merged = session.createDataFrame(known) if isinstance(known, pa.Table) else known
        said = [fn.col(name).cast("string").alias(name) for name in ("record_a", "record_b")]
        bound = bound.unionByName(merged.select(*said, fn.lit(True).alias("together")))
    named = rows_of(ids)
    for name, side in (("record_a", "left"), ("record_b", "right")):
        bound = bound.join(named.select(fn.col("id").alias(name), fn.col("at").alias(side)), name)
    return kept(bound.select("left", "right", "together").distinct())
