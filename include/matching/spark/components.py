"""Connected components on Spark: which records are linked, however far apart their links stand."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.spark import parts

IN_ONE_TASK = 5_000_000  # links, of 16 bytes, that one task connects
EDGE = "left long, right long"


def components(links: DataFrame, partitions: int) -> DataFrame:
    """Each linked record (``at``) and the first record of its component (``component``).

    Each task reduces its links to a forest, so that at most one link a record is left; while those are more than one
    task connects, links are drawn together at each record's first neighbour and reduced again (the small and large
    stars of Kiveris and others 2014).
    """
    from include.matching.spark.work import whole  # noqa: PLC0415  each needs the other

    edges = links.mapInArrow(whole(parts.forest), EDGE).persist()
    while edges.count() > IN_ONE_TASK:
        closer = _star(_star(edges, larger=True), larger=False).repartition(partitions, "left")
        closer = closer.mapInArrow(whole(parts.forest), EDGE).persist()
        if closer.exceptAll(edges).isEmpty():
            edges = closer
            break
        edges = closer
    else:
        edges = edges.coalesce(1).mapInArrow(whole(parts.forest), EDGE)
    every = edges.select(fn.col("right").alias("at"), fn.col("left").alias("component"))
    roots = edges.select(fn.col("left").alias("at"), fn.col("left").alias("component")).distinct()
    return every.unionByName(roots)


def _star(edges: DataFrame, *, larger: bool) -> DataFrame:
    """Link each record's neighbours, the larger ones or itself and the smaller ones, to the first of them."""
    turned = edges.select(fn.col("right").alias("left"), fn.col("left").alias("right"))
    both = edges.unionByName(turned) if larger else turned
    first = both.groupBy("left").agg(fn.least(fn.min("right"), fn.col("left")).alias("first"))
    linked = both.filter(fn.col("right") > fn.col("left")) if larger else both
    moved = linked.join(first, "left").select(fn.col("first").alias("left"), "right")
    if not larger:
        moved = moved.unionByName(first.select(fn.col("first").alias("left"), fn.col("left").alias("right")))
    return moved.filter("left <> right").distinct()
