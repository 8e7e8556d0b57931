"""Connected components on Spark: which records are linked, however far apart their links stand."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching import components as engine
from include.matching.components import Cut
from include.matching.spark.keeping import kept
from include.matching.spark.parts.clusters import forest, labelled
from include.matching.spark.tasks import whole

IN_ONE_TASK = 5_000_000  # links, of 16 bytes, that one task connects
EDGE = "left long, right long"
LABEL = "at long, component long"


def held_together(
    links: DataFrame, threshold: float, records: int, partitions: int, most: int
) -> tuple[DataFrame, list[Cut]]:
    """Each linked record (``at``) and its component, none too large to be clustered at a time; and what was cut.

    As ``components.held_together`` has it, of ``links``, ``most`` of them, with their ``odds``: no finite number is
    that of a decision.
    """
    label = kept(components(links, partitions, most))
    cuts: list[Cut] = []
    odds = threshold
    while records > engine.HELD:
        giant = label.groupBy("component").count().filter(fn.col("count") > engine.HELD)
        sizes = giant.orderBy(fn.desc("count")).toArrow()["count"].to_pylist()
        within = label.join(giant.select("component"), "component", "left_semi")
        told = links.join(within.select(fn.col("at").alias("left"), fn.lit(True).alias("giant")), "left", "left")
        if not sizes or told.filter(fn.col("giant") & (fn.col("odds") < np.inf)).isEmpty():
            break
        odds += engine.RISE
        cuts += [Cut(int(size), odds) for size in sizes]
        strong = fn.col("giant").isNull() | (fn.col("odds") > float(np.float32(odds)))
        links = kept(told.filter(strong).select("left", "right", "odds"))
        label = kept(components(links, partitions, most))
    return label, cuts


def components(links: DataFrame, partitions: int, most: int) -> DataFrame:
    """Each linked record (``at``) and the first record of its component (``component``).

    Where there are more links than one task connects, each task reduces its own to a forest, so that at most one link a
    record is left; while those are more still, links are drawn together at each record's first neighbour and reduced
    again (the small and large stars of Kiveris and others 2014).
    """
    if most <= IN_ONE_TASK:
        return links.select("left", "right").repartition(1).mapInArrow(whole(labelled), LABEL)
    edges = kept(links.select("left", "right").mapInArrow(whole(forest), EDGE))
    while edges.count() > IN_ONE_TASK:
        closer = _star(_star(edges, larger=True), larger=False).repartition(partitions, "left")
        closer = kept(closer.mapInArrow(whole(forest), EDGE))
        if closer.exceptAll(edges).isEmpty():
            break
        edges = closer
    else:
        return edges.coalesce(1).mapInArrow(whole(labelled), LABEL)
    every = closer.select(fn.col("right").alias("at"), fn.col("left").alias("component"))
    roots = closer.select(fn.col("left").alias("at"), fn.col("left").alias("component")).distinct()
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
