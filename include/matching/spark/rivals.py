"""Rivals on Spark: what the claims of firm clusters on each other take from pairs."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.judgement import Judge
from include.matching.pairs.tally import Tally
from include.matching.rivals import ROUNDS, given_back
from include.matching.spark.keeping import kept
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import claims as parts
from include.matching.spark.parts.pairs import SCORED
from include.matching.spark.tasks import ddl, each, whole

SIDES = "bucket long, node long, other long, odds double, size_node long, size_other long"
CLAIMED = "one long, other long, odds double, few double"


@dataclass(frozen=True)
class Weights:
    """What rivals take away: of each record's firm cluster, and of each claim; and what is given back to all."""

    of_records: DataFrame  # at, firm, taken and, where there are names, first
    claims: DataFrame
    back: float

    def weighed(self, records: KeyedRecords, scored: DataFrame, judge: Judge) -> DataFrame:
        """Scored pairs, weighed."""
        by, known, back = records.sent(judge), records.known, self.back
        task = each(lambda pairs: parts.weighed_pairs(pairs, known.value, by.value, back))
        return kept(self._beside(scored).mapInArrow(task, ddl(SCORED)))

    def _beside(self, pairs: DataFrame) -> DataFrame:
        """Pairs with what is known of both of their records, and the claim that their firm clusters have."""
        names = [name for name in self.of_records.columns if name != "at"]
        for side, key in (("l", "left"), ("r", "right")):
            mine = self.of_records.select(
                fn.col("at").alias(key), *(fn.col(name).alias(f"{side}_{name}") for name in names)
            )
            pairs = pairs.join(mine, key)
        claim = self.claims.select("one", "other", fn.col("odds").alias("claim"), "against", "few")
        ends = (fn.least("l_firm", "r_firm") == claim["one"]) & (fn.greatest("l_firm", "r_firm") == claim["other"])
        return pairs.join(claim, ends, "left")


def weigh(records: KeyedRecords, scored: DataFrame, found: DataFrame, prior: float) -> Weights:
    """Weigh the claims of firm clusters, as they were ``found``.

    What is against the claims of a cluster is told by them, by the claims of its rivals on each other, and by what is
    against its rivals' claims on it; so each round takes a join, and a task the claims of some clusters.
    """
    every = _firm(records, found)
    claims = _sized(_claims(records, scored, found, every, prior), every)
    sides = kept(_sides(claims, records.partitions))
    between = kept(_between(sides, claims))
    for last in range(ROUNDS - 1, -1, -1):
        against = _against(sides, between, prior)
        against = against if last else kept(against)  # which is asked for twice
        sides = kept(_inbound(sides, against))
    taken = sides.repartition("bucket").mapInArrow(whole(parts.taken), "firm long, taken double")
    of_records = kept(every.join(taken, "firm", "left").fillna(0.0, ["taken"]))
    ends = fn.least("node", "other").alias("one"), fn.greatest("node", "other").alias("other")
    both = against.groupBy(*ends).agg(fn.sum("against").alias("against"))  # of two, whose sum has no order
    claims = kept(claims.join(both, ["one", "other"]).select("one", "other", "odds", "few", "against"))
    return Weights(of_records, claims, _given_back(claims))


def _firm(records: KeyedRecords, found: DataFrame) -> DataFrame:
    """The firm cluster of each record, itself where it is in none, and, where there are names, its first."""
    firm = found.filter("what = 'cluster'").select(fn.col("a").alias("at"), fn.col("b").alias("firm"))
    first = ["first"] if records.table.layout.lexicon is not None else []
    every = records.rows.select("at", *first).join(firm, "at", "left")
    return kept(every.withColumn("firm", fn.coalesce("firm", "at")))


def _sized(claims: DataFrame, firm: DataFrame) -> DataFrame:
    """Claims with how many records both of their clusters have."""
    size = firm.groupBy("firm").agg(fn.count("*").alias("size"))
    for end in ("one", "other"):
        claims = claims.join(size.select(fn.col("firm").alias(end), fn.col("size").alias(f"size_{end}")), end)
    return kept(claims.select("one", "other", "odds", "few", "size_one", "size_other"))


def _sides(claims: DataFrame, buckets: int) -> DataFrame:
    """Claims as each of their clusters has them, in buckets of clusters."""
    every = [
        claims.select(
            fn.col(node).alias("node"), fn.col(other).alias("other"), "odds",
            fn.col(f"size_{node}").alias("size_node"), fn.col(f"size_{other}").alias("size_other"),
        )
        for node, other in (("one", "other"), ("other", "one"))
    ]  # fmt: skip
    both = every[0].unionByName(every[1])
    both = both.select((fn.col("node") % buckets).alias("bucket"), "*", fn.lit(0.0).alias("against"))
    return both.mapInArrow(each(parts.inbound), f"{SIDES}, inbound double")


def _between(sides: DataFrame, claims: DataFrame) -> DataFrame:
    """The claims on each other of the rivals of a cluster, for each bucket."""
    twos = sides.repartition("bucket").mapInArrow(whole(parts.strong_twos), "bucket long, one long, other long")
    return twos.distinct().join(claims.select("one", "other", "odds"), ["one", "other"])


def _against(sides: DataFrame, between: DataFrame, prior: float) -> DataFrame:
    def task(sides: pa.Table, between: pa.Table) -> pa.Table:
        return parts.contested_sides(sides, between, prior)

    by_bucket = sides.groupBy("bucket").cogroup(between.groupBy("bucket"))
    return by_bucket.applyInArrow(task, "node long, other long, against double")


def _inbound(sides: DataFrame, against: DataFrame) -> DataFrame:
    """Claims with what each weighs as the other cluster makes it."""
    counter = against.select(fn.col("node").alias("other"), fn.col("other").alias("node"), "against")
    said = sides.drop("inbound").join(counter, ["node", "other"])
    said = said.select("bucket", "node", "other", "odds", "size_node", "size_other", "against")
    return said.mapInArrow(each(parts.inbound), f"{SIDES}, inbound double")


def _given_back(claims: DataFrame) -> float:
    found = claims.mapInArrow(each(parts.grains_of), "part int, grain long, count long")
    found = found.groupBy("part", "grain").agg(fn.sum("count").alias("count")).toArrow()
    part, grain, count = (found[name].to_numpy() for name in ("part", "grain", "count"))
    return given_back(*(Tally.of_grains(grain[part == one], count[part == one]) for one in (0, 1)))


def _claims(records: KeyedRecords, scored: DataFrame, found: DataFrame, firm: DataFrame, prior: float) -> DataFrame:
    """The claims of firm clusters on each other, by all pairs of records between them."""
    extra = found.filter("what = 'extra'").select(fn.col("a").alias("left"), fn.col("b").alias("right"), "odds")
    pairs = scored.select("left", "right", "odds").unionByName(extra)
    for side in ("left", "right"):
        pairs = pairs.join(firm.select(fn.col("at").alias(side), fn.col("firm").alias(f"{side}_firm")), side)
    ends = [of("left_firm", "right_firm").alias(name) for of, name in ((fn.least, "one"), (fn.greatest, "other"))]
    between = pairs.filter("left_firm <> right_firm").select(*ends, "odds")
    between = between.repartition(records.partitions, "one", "other")
    return between.mapInArrow(whole(lambda pairs: parts.claimed(pairs, prior)), CLAIMED)
