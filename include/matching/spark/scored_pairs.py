"""Scored pairs on Spark, and the clusters that they make: whole components go to a task, which clusters in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from include.matching.components import Cut
from include.matching.judgement import Judge
from include.matching.memory import InMemory
from include.matching.pairs.pair_sample import Patterns
from include.matching.pairs.tally import GRAIN, SURE, Tally, together
from include.matching.rivals import FIRM
from include.matching.spark.components import held_together
from include.matching.spark.keeping import kept
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import claims, clusters, pairs
from include.matching.spark.parts.blocks import Dropped
from include.matching.spark.parts.packing import levels_of
from include.matching.spark.rivals import Weights, weigh
from include.matching.spark.tasks import ddl, each

BUCKET = 100_000  # records that a task clusters at a time
ENDS = "left long, right long"
SCORED = ddl(pairs.SCORED)
Longs = clusters.Longs
Clustering = Callable[[InMemory, Longs], pa.Table]


@dataclass(frozen=True)
class Scope:
    """What the pairs of a table are clustered within."""

    records: KeyedRecords
    dropped: Dropped
    ruling: DataFrame | None
    bound: int  # pairs that ``ruling`` has
    groups: int  # of evidence
    size: int  # records, of which ``BUCKET`` go to a task


class ScoredPairs:
    """Scored pairs (see ``work.Pairs``)."""

    found: DataFrame  # of the last clustering, see ``clusters.FOUND``
    counts: pa.Table  # of what was found, see ``counted``
    cuts: list[Cut]

    def __init__(self, scope: Scope, scored: DataFrame, rivals: Weights | None = None) -> None:
        self.scope, self.scored, self.rivals = scope, scored, rivals

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        return self._tallies

    @cached_property
    def _tallies(self) -> list[Tally]:
        counted = self.scored.groupBy("rule", _grain()).count().toArrow()
        rule, grain, count = (counted[name].to_numpy() for name in ("rule", "grain", "count"))
        last = max(len(self.scope.records.rules.names), int(rule.max(initial=-1)) + 1)
        return [Tally.of_grains(grain[rule == at], count[rule == at]) for at in range(last)]

    def sampled(self, step: int, judge: Judge) -> ScoredPairs:
        """The pairs of components, one in so many of them."""
        alone = ScoredPairs(replace(self.scope, ruling=None), self.scored)
        label, _ = alone._labelled(judge, 0.0, plainly=True)
        limit, sizes = self.scope.records.table.spec.largest_cluster, label.groupBy("component").count()
        some = sizes.mapInArrow(each(lambda part: clusters.to_be_drawn(part, step, limit)), "component long")
        label = kept(label.join(some, "component", "left_semi").select("at", "component"))
        some = alone._in_buckets(label, judge, lambda work, at: clusters.sampled(work, at, step), ENDS)
        scored = kept(self.scored.join(some, ["left", "right"], "left_semi").select(*pairs.SCORED.names))
        return ScoredPairs(replace(self.scope, size=min(self.scope.size, BUCKET)), scored)

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster, every component in one task."""
        by = self.scope.records.sent(judge)

        def task(work: InMemory, at: Longs) -> pa.Table:
            return clusters.clustered(work, at, by.value, threshold=threshold, chain=chain)

        label, self.cuts = self._labelled(judge, threshold, plainly=False)
        self.found = kept(self._in_buckets(label, judge, task, ddl(clusters.FOUND)))
        self.counts = _counts(self.found)
        tally = {what: self._tally(what) for what in clusters.TALLIES}
        inside = Tally(tally["inside"].odds, -tally["inside"].counts)
        apart = together([*self.tallies(), inside, tally["apart"]])  # pairs of two components are apart as well
        return tally["within"], Tally(apart.odds[apart.counts > 0], apart.counts[apart.counts > 0])

    def weighed(self, judge: Judge) -> ScoredPairs:
        """The pairs weighed by to whom else their records may belong (see ``rivals``)."""
        self.cluster(judge, threshold=FIRM, chain=False)
        rivals = weigh(self.scope.records, self.scored, self.found, judge.prior)
        return ScoredPairs(self.scope, rivals.weighed(self.scope.records, self.scored, judge), rivals)

    def joined(self) -> tuple[Patterns, Patterns]:
        """The patterns of joined pairs, those listed and those not."""
        return self._patterns("listed"), self._patterns("added")

    def counted(self, what: str) -> pa.Table:
        """What was counted of one kind of finding: ``odds`` or ``levels``, and their ``rows``, ``sum`` and ``most``."""
        return self.counts.filter(pc.equal(self.counts["what"], what))

    def _tally(self, what: str) -> Tally:
        found = self.counted(what)
        return Tally.of(found["odds"].to_numpy(), found["sum"].to_numpy())

    def _patterns(self, what: str) -> Patterns:
        found = self.counted(what)
        if not found.num_rows:
            return Patterns(np.zeros((self.scope.groups, 0), np.uint8), np.zeros(0, np.int64))
        return Patterns.of(levels_of(found), found["sum"].to_numpy())

    def _labelled(self, judge: Judge, threshold: float, *, plainly: bool) -> tuple[DataFrame, list[Cut]]:
        """The component of each linked record, and which had to be cut."""
        by, ruling = self.scope.records.sent(judge), self.scope.ruling
        task = each(lambda part: pairs.links(part, by.value, threshold, plainly=plainly))
        links = self.scored.mapInArrow(task, ddl(pairs.LINKS))
        if ruling is not None:
            bound = ruling.filter("together").select("left", "right", fn.lit(np.inf).cast("float").alias("odds"))
            links = links.unionByName(bound)
        likely = together(self.tallies())
        most = int(likely.counts[likely.odds >= threshold - 1 / GRAIN].sum()) + self.scope.bound
        return held_together(links, threshold, self.scope.size, self.scope.records.partitions, most)

    def _in_buckets(self, label: DataFrame, judge: Judge, task: Clustering, schema: str) -> DataFrame:
        """Call a task with each bucket of whole components, as a table in memory and the places of its records."""
        records = self.scope.records
        known, by, gone = records.known, records.sent(judge), records.sent(self.scope.dropped)
        back = self.rivals.back if self.rivals is not None else 0.0
        buckets = max(1, -(-self.scope.size // BUCKET))
        members, inside = self._members(label, buckets), self._inside(label, buckets)

        def run(members: pa.Table, inside: pa.Table) -> pa.Table:
            return task(*clusters.part_of(members, inside, known.value, by.value, gone.value, back))

        return members.groupBy("bucket").cogroup(inside.groupBy("bucket")).applyInArrow(run, schema)

    def _members(self, label: DataFrame, buckets: int) -> DataFrame:
        """The records of each bucket."""
        rows = self.scope.records.rows
        bucket = (fn.col("component") % buckets).alias("bucket")
        names = [*self.scope.records.table.layout.schema.names, "keys"]
        members = label.join(rows.select(*names), "at").select(bucket, *names)
        return (
            members if self.rivals is None else members.join(self.rivals.of_records.select("at", "firm", "taken"), "at")
        )

    def _inside(self, label: DataFrame, buckets: int) -> DataFrame:
        """The pairs within components, and what is said of them beside their log odds, by bucket."""
        every = [self.scored]
        if self.scope.ruling is not None:
            every.append(self.scope.ruling.mapInArrow(each(clusters.bound_as_pairs), SCORED))
        inside = _within(label, reduce(DataFrame.unionByName, every), buckets)
        if self.rivals is None:
            return inside
        said = self.rivals.claims.mapInArrow(each(claims.as_pairs), SCORED)
        firm = label.join(self.rivals.of_records.select("at", "firm"), "at").select("firm", "component").distinct()
        return inside.unionByName(_within(firm.withColumnRenamed("firm", "at"), said, buckets))


def _within(label: DataFrame, of: DataFrame, buckets: int) -> DataFrame:
    """The pairs whose two are of one component, by bucket; a firm cluster may be of several, and its claims in each."""
    for side in ("left", "right"):
        of = of.join(label.select(fn.col("at").alias(side), fn.col("component").alias(f"c_{side}")), side)
    bucket = (fn.col("c_left") % buckets).alias("bucket")
    return of.filter("c_left = c_right").select(bucket, *pairs.SCORED.names)


def _counts(found: DataFrame) -> pa.Table:
    """What is found of all parts, added up: tallies by their log odds, patterns by their levels, all else by kind."""
    odds = fn.when(fn.col("what").isin(*clusters.TALLIES), fn.col("odds")).alias("odds")
    told = found.filter("what <> 'cluster'").groupBy("what", odds, "levels")
    number = fn.when(fn.col("what") != "extra", fn.col("a"))
    return told.agg(fn.count("*").alias("rows"), fn.sum(number).alias("sum"), fn.max(number).alias("most")).toArrow()


def _grain() -> Column:
    """Log odds as ``tally.grains`` has them."""
    within = fn.greatest(fn.least("odds", fn.lit(SURE)), fn.lit(-SURE))
    return fn.rint(within * GRAIN).cast("long").alias("grain")
