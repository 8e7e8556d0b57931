"""The operations of ``work`` on Spark: DataFrames of records and of pairs, the engine's functions inside their tasks.

No record and no pair comes to the driver, only counts: of blocks by size, of patterns, of log odds; and the keys of the
blocks that are too large, which are few by what being too large means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from include.matching.clustering import sample_step
from include.matching.judgement import Judge
from include.matching.pairs import pair_sample
from include.matching.pairs.blocking import Rule, affordable, allowed_pairs, cap_of, typical_of
from include.matching.pairs.blocking_budget import best, offer_of, take
from include.matching.pairs.comparison import Group
from include.matching.pairs.pair_sample import Drawn, Patterns
from include.matching.pairs.tally import Tally
from include.matching.rivals import FIRM
from include.matching.spark import parts
from include.matching.spark.components import components
from include.matching.spark.keeping import kept
from include.matching.spark.parts import Longs, Table

WORST = 5  # dropped blocks of a rule whose values the report names
BUCKET = 100_000  # records that a task clusters at a time
Task = Callable[[pa.Table], pa.Table]
LEVELS = "part int, levels binary, count long"
PAIRS = "left long, right long, rule int"
RIVALS = "what string, one long, other long, odds double, against double, few double"
FOUND = "what string, a long, b long, odds float, levels binary"


def whole(task: Task) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A task on all rows of a partition."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            yield from task(pa.Table.from_batches(held)).combine_chunks().to_batches()

    return run


def each(task: Task) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A task on the rows of a partition, a batch at a time."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield from task(pa.Table.from_batches([batch])).combine_chunks().to_batches()

    return run


class Blocking:
    """The sizes of the blocks of every rule, and which are dropped."""

    def __init__(self, sizes: Mapping[int, tuple[Longs, Longs]], rules: parts.Rules, records: int) -> None:
        none = np.zeros(0, np.int64)
        self.sizes = [sizes.get(at, (none, none)) for at in range(len(rules.names))]
        self.caps = []
        for share, (size, count) in zip(rules.shares, self.sizes, strict=True):
            rule = Rule("", np.zeros(0, np.uint32), str, share=share)
            self.caps.append(cap_of(size, count, allowed_pairs(rule, records)))


class OnSpark:
    """Records and listed pairs as DataFrames (see ``work.Work``)."""

    def __init__(
        self, rows: DataFrame, table: Table, groups: Sequence[Group], *, ruling: DataFrame | None,
        notes: Mapping[str, Any], partitions: int,
    ) -> None:  # fmt: skip
        self.session: SparkSession = rows.sparkSession
        self.records, self.groups, self.notes, self.partitions = table.records, groups, notes, partitions
        self.rules = parts.rules_of(table)
        self.table = Table(table.layout, table.spec, table.records, self.rules)
        self._table = self.session.sparkContext.broadcast(self.table)
        self.ruling = ruling
        known = self._table
        wide = ", ".join([ddl(table.layout.schema), *(f"{name} binary" for name, _ in parts.WIDE)])
        self.extended: tuple[int, ...] = ()  # the rules whose dropped blocks were compared after all
        self.rows = rows.mapInArrow(each(lambda rows: parts.with_keys(rows, known.value)), wide)
        self.rows = kept(self.rows)

    # --- blocking

    def block(self) -> None:
        """Count blocks, drop those beyond the caps, and list the pairs of the others inside the budget."""
        every = dict.fromkeys(range(len(self.rules.names)))
        blocks = self._keyed({}, every).groupBy("rule", "key").count().filter("count > 1").persist()
        sizes = blocks.groupBy("rule", "count").agg(fn.count("*").alias("blocks")).toArrow()
        self.blocking = Blocking(_by_rule(sizes), self.rules, self.records)
        self.blocks, caps = blocks, self.blocking.caps
        large = fn.lit(False)
        for rule, cap in enumerate(caps):
            if cap:
                large |= (fn.col("rule") == rule) & (fn.col("count") >= cap)
        gone = blocks.filter(large).toArrow() if any(caps) else pa.table({"rule": [], "key": [], "count": []})
        self.dropped = _keys_by_rule(gone)
        self.listed = kept(self._once(self._listed(self.dropped, every)))
        self._within_budget()
        values = self._spelled({at: one.worst() for at, one in self.dropped.items()})
        self.report_of = [self._report(at, values) for at in range(len(self.rules.names))]

    def _keyed(self, dropped: Mapping[int, Dropped], only: Mapping[int, Any]) -> DataFrame:
        known = self._table
        gone = self.session.sparkContext.broadcast({rule: one.keys for rule, one in dropped.items()})
        task = each(lambda rows: parts.exploded(rows, known.value, gone.value, only))
        return self.rows.mapInArrow(task, ddl(parts.KEYED))

    def _listed(self, dropped: Mapping[int, Dropped], only: Mapping[int, Any], *, beyond: bool = False) -> DataFrame:
        known = self._table
        task = whole(lambda keyed: parts.listed(keyed, known.value, beyond=beyond))
        keyed = self._keyed(dropped, only).repartition(self.partitions, "rule", "key")
        return keyed.mapInArrow(task, PAIRS)

    def _once(self, pairs: DataFrame) -> DataFrame:
        """Each pair by the first rule that lists it: records with several keys, or rules across, may list it again."""
        return pairs.groupBy("left", "right").agg(fn.min("rule").alias("rule"))

    def _within_budget(self) -> None:
        counts = self._count(self.listed)
        budget = affordable(self.records, self.table.spec.pairs_per_record)
        for at in range(len(self.rules.names)):
            if counts.get(at, 0) > budget:
                counts[at] = self._tighten(at, budget)
            budget = max(0, budget - counts.get(at, 0))
        self.counts = counts

    def _tighten(self, at: int, budget: int) -> int:
        """List the pairs of one rule anew under a tighter cap."""
        size, count = self.blocking.sizes[at]
        cap = self.blocking.caps[at]
        left = size < cap if cap else np.ones(len(size), bool)
        tighter = cap_of(size[left], count[left], budget)
        below = fn.col("count") < cap if cap else fn.lit(True)
        gone = self.blocks.filter((fn.col("rule") == at) & (fn.col("count") >= tighter) & below).toArrow()
        more = _keys_by_rule(gone).get(at, Dropped.none())
        self.dropped[at] = more.before(self.dropped.get(at, Dropped.none()))
        self.blocking.caps[at] = tighter
        again = self._once(self._listed(self.dropped, {at: None}))
        self.listed = kept(self.listed.filter(fn.col("rule") != at).unionByName(again))
        return self._count(again).get(at, 0)

    def _count(self, pairs: DataFrame) -> dict[int, int]:
        return {int(row["rule"]): int(row["count"]) for row in pairs.groupBy("rule").count().collect()}

    def _spelled(self, worst: Mapping[int, Longs]) -> dict[tuple[int, int], str]:
        """The values that the largest of the dropped blocks stand for, a few of each rule."""
        if not worst:
            return {}
        known = self._table
        keys = {at: self.dropped[at].keys[some] for at, some in worst.items()}
        told = self.rows.mapInArrow(each(lambda rows: parts.spelled(rows, known.value, keys)), ddl(parts.SPELLED))
        found = told.groupBy("rule", "key").agg(fn.min_by("value", "place").alias("value")).collect()
        return {(int(row["rule"]), int(row["key"])): row["value"] for row in found}

    def _report(self, at: int, values: Mapping[tuple[int, int], str]) -> dict[str, Any]:
        size, count = self.blocking.sizes[at]
        dropped = self.dropped.get(at, Dropped.none())
        kept = size[size < self.blocking.caps[at]] if self.blocking.caps[at] else size
        return {
            "rule": self.rules.names[at], "blocks": int(count.sum()), "largest_kept": int(kept.max(initial=0)),
            "dropped": len(dropped.sizes), "worst": [
                {"value": values[at, int(dropped.keys[k])], "records": int(dropped.sizes[k])} for k in dropped.worst()
            ],
            "pairs_dropped": int((dropped.sizes * (dropped.sizes - 1) // 2).sum()), "pairs": self.counts.get(at, 0),
        }  # fmt: skip

    # --- comparing and drawing

    def compare(self) -> None:
        """Compare the listed pairs."""
        self.compared = kept(self._compared(self.listed))

    def _compared(self, pairs: DataFrame) -> DataFrame:
        known = self._table
        names = self.table.layout.schema.names
        return self._beside(pairs, names).mapInArrow(
            each(lambda pairs: parts.compared(pairs, known.value)), ddl(parts.COMPARED)
        )

    def _beside(self, pairs: DataFrame, names: Sequence[str]) -> DataFrame:
        """Pairs with both of their records."""
        for side, key in (("l", "left"), ("r", "right")):
            records = self.rows.select(*(fn.col(name).alias(f"{side}_{name}") for name in names))
            pairs = pairs.join(records, pairs[key] == records[f"{side}_at"])
        return pairs

    def drawn(self) -> list[Drawn]:
        """Draw from the listed pairs, from the strata and at random."""
        size = sum(self.counts.values())
        step = pair_sample.steps(size, pair_sample.BLOCKED)
        some = self._patterns(self.compared.mapInArrow(each(lambda p: parts.blocked_patterns(p, step)), LEVELS))
        listed = some.get(0, self._none())
        every = [Drawn(listed, size / max(int(listed.counts.sum()), 1))]
        pairs, steps, weight = self._drawn_pairs()
        found = self._patterns(pairs)
        strata = len(self.rules.strata)
        every += [Drawn(found.get(at, self._none()), steps.get(at, 1) / 2) for at in range(strata)]
        return [*every, Drawn(found.get(strata, self._none()), weight)]

    def _drawn_pairs(self) -> tuple[DataFrame, dict[int, int], float]:
        known, rules = self._table, self.rules
        keyed = self.rows.mapInArrow(
            each(lambda rows: parts.drawn_keys(rows, known.value)), "stratum int, key long, at long, place long"
        )
        block = Window.partitionBy("stratum", "key")
        beside = keyed.select(
            "stratum", fn.lag("at").over(block.orderBy("place")).alias("left"), fn.col("at").alias("right"),
            fn.count("*").over(block).alias("size"),
        ).filter("left is not null and left <> right").persist()  # fmt: skip
        counts = beside.groupBy("stratum").count().collect()
        steps = {int(r["stratum"]): pair_sample.steps(int(r["count"]), pair_sample.STRATUM) for r in counts}
        some = beside.mapInArrow(
            each(lambda pairs: parts.drawn_pairs(pairs, steps)), "stratum int, left long, right long, size long"
        )
        left, right, weight = pair_sample.at_random(self.records)
        random = pa.table(
            {"stratum": np.full(len(left), len(rules.strata), np.int32), "left": left.astype(np.int64),
             "right": right.astype(np.int64), "size": np.ones(len(left), np.int64)}
        )  # fmt: skip
        both = some.unionByName(self.session.createDataFrame(random))
        gone = self.session.sparkContext.broadcast({rule: one.keys for rule, one in self.dropped.items()})
        wide = self._beside(both, [*self.table.layout.schema.names, "keys", "strata"])
        return (
            wide.mapInArrow(each(lambda pairs: parts.unseen_patterns(pairs, known.value, gone.value)), LEVELS),
            steps,
            weight,
        )

    def _patterns(self, counted: DataFrame) -> dict[int, Patterns]:
        found = counted.groupBy("part", "levels").agg(fn.sum("count").alias("count")).toArrow()
        part, counts = found["part"].to_numpy(), found["count"].to_numpy()
        levels = parts.levels_of(found)
        return {int(one): Patterns.of(levels[:, part == one], counts[part == one]) for one in np.unique(part)}

    def _none(self) -> Patterns:
        return Patterns(np.zeros((len(self.groups), 0), np.uint8), np.zeros(0, np.int64))

    # --- scoring and clustering

    def score(self, judge: Judge) -> None:
        """Score the listed pairs."""
        self.judge = judge
        self.pairs = ScoredPairs(self, self._scored(self.compared, judge), self.records)

    def _scored(self, compared: DataFrame, judge: Judge) -> DataFrame:
        by = self.session.sparkContext.broadcast(judge)
        return kept(compared.mapInArrow(each(lambda pairs: parts.scored(pairs, by.value)), ddl(parts.SCORED)))

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        return self.pairs.tallies()

    def sample(self) -> tuple[ScoredPairs, int]:
        """The pairs of some components."""
        step = sample_step(self.records)
        return (self.pairs if step == 1 else self.pairs.sampled(step, self.judge)), step

    def extend(self, found: Sequence[Tally], judge: Judge) -> None:
        """List the pairs of the dropped blocks that promise most, compare and score them."""
        offers = []
        for at in range(self.rules.plain):
            if len(sizes := self.dropped.get(at, Dropped.none()).sizes):
                size, count = self.blocking.sizes[at]
                small = size < self.blocking.caps[at]
                offers.append(offer_of(at, sizes, typical_of(size[small], count[small]), found[at]))
        more: list[tuple[Any, Any, DataFrame]] = []
        for turn, (offer, some) in enumerate(best(offers, found, self.records, self.table.spec.pairs_per_record)):
            keys = self.dropped[offer.rule].keys[some]
            pairs = self._once(self._listed(self.dropped, {offer.rule: keys}, beyond=True))
            more.append((offer, some, pairs.withColumn("rule", fn.lit(len(self.rules.names) + turn))))
        if not more:
            return
        added = more[0][2]
        for _, _, pairs in more[1:]:
            added = added.unionByName(pairs)
        late = self.listed.filter(fn.col("rule") >= self.rules.plain).select("left", "right")
        added = kept(self._once(added).join(late, ["left", "right"], "left_anti"))
        counts = self._count(added)
        for turn, (offer, taken, _) in enumerate(more):
            take(self.report_of[offer.rule], offer, taken, counts.get(len(self.rules.names) + turn, 0))
        self.counts |= counts
        self.extended = tuple(offer.rule for offer, _, _ in more)
        scored = self._scored(self._compared(added.select("left", "right", "rule")), judge)
        self.pairs = ScoredPairs(self, self.pairs.scored.unionByName(scored), self.records)

    def weigh(self, judge: Judge) -> None:
        """Weigh the listed pairs by to whom else their records may belong.

        The claims of all firm clusters on each other, some bytes each, are weighed in one task.
        """
        self.pairs = self.pairs.weighed(judge)

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster the records of the listed pairs."""
        return self.pairs.cluster(judge, threshold=threshold, chain=chain)

    def joined(self) -> tuple[Patterns, Patterns]:
        """Patterns of the pairs within clusters of enough records."""
        return self.pairs.joined()

    def judged(self, pairs: DataFrame, judge: Judge) -> DataFrame:
        """The log odds of any pairs, as they are once every listed pair is weighed."""
        compared, rivals = self._compared(pairs), self.pairs.rivals
        scored = self._scored(compared, judge)
        return scored if rivals is None else self._weighed(scored, rivals, judge)

    def _weighed(self, scored: DataFrame, rivals: Weights, judge: Judge) -> DataFrame:
        by, known, back = self.session.sparkContext.broadcast(judge), self._table, rivals.back
        task = each(lambda pairs: parts.weighed_pairs(pairs, known.value, by.value, back))
        return kept(_with_claims(scored, rivals.records, rivals.claims).mapInArrow(task, ddl(parts.SCORED)))

    def report(self) -> dict[str, Any]:
        """What was found out about the table."""
        found = self.pairs.found
        largest = found.filter("what = 'components'").agg(fn.max("a")).collect()[0][0]
        extra = found.filter("what = 'extra'").count()
        conflicts = found.filter("what = 'conflicts'").agg(fn.sum("a")).collect()[0][0]
        return {
            "ruled_in_conflict": int(conflicts or 0),
            "pairs_scored": sum(self.counts.values()) + extra, "largest_component": int(largest or 1),
            "blocking": self.report_of, **self.notes,
        }  # fmt: skip


class ScoredPairs:
    """Scored pairs, and the clusters that they make (see ``work.Pairs``)."""

    found: DataFrame

    def __init__(self, work: OnSpark, scored: DataFrame, records: int, rivals: Weights | None = None) -> None:
        self.work, self.scored, self.records, self.rivals = work, scored, records, rivals

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        found = self.scored.groupBy("rule", "odds").count().toArrow()
        rule, odds, count = (found[name].to_numpy() for name in ("rule", "odds", "count"))
        last = max(len(self.work.rules.names), int(rule.max(initial=-1)) + 1)
        return [Tally.of(odds[rule == at], count[rule == at]) for at in range(last)]

    def sampled(self, step: int, judge: Judge) -> ScoredPairs:
        """The pairs of components, one in so many of them."""
        by = self.work.session.sparkContext.broadcast(judge)

        def task(work: Any, at: Longs) -> pa.Table:
            return parts.sampled(work, at, step)

        links = self.scored.mapInArrow(
            each(lambda pairs: parts.links(pairs, by.value, 0.0, plainly=True)), "left long, right long"
        )
        some = self._in_buckets(links, by, task, "left long, right long", ruled=False)
        scored = self.scored.join(some, ["left", "right"], "left_semi").select(*parts.SCORED.names)
        scored = kept(scored)
        return ScoredPairs(self.work, scored, min(self.records, BUCKET))

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster, every component in one task."""
        by = self.work.session.sparkContext.broadcast(judge)

        def task(work: Any, at: Longs) -> pa.Table:
            return parts.clustered(work, at, by.value, threshold=threshold, chain=chain)

        links = self.scored.mapInArrow(
            each(lambda pairs: parts.links(pairs, by.value, threshold, plainly=False)), "left long, right long"
        )
        self.found = kept(self._in_buckets(links, by, task, FOUND, ruled=True))
        told = self.found.filter("what in ('within', 'apart', 'inside')").groupBy("what", "odds")
        counts = told.agg(fn.sum("a").alias("count")).toArrow()
        what, odds, count = (counts[name].to_numpy(zero_copy_only=False) for name in ("what", "odds", "count"))
        tally = {one: Tally.of(odds[what == one], count[what == one]) for one in ("within", "apart", "inside")}
        every, inside = self.tallies(), tally["inside"]
        outside = [Tally(inside.odds, -inside.counts), *every]
        beyond = Tally.of(
            *(np.concatenate([getattr(t, n) for t in (*outside, tally["apart"])]) for n in ("odds", "counts"))
        )
        return tally["within"], Tally(beyond.odds[beyond.counts > 0], beyond.counts[beyond.counts > 0])

    def weighed(self, judge: Judge) -> ScoredPairs:
        """The pairs weighed by to whom else their records may belong (see ``rivals``)."""
        self.cluster(judge, threshold=FIRM, chain=False)
        work, prior = self.work, judge.prior
        found = self.found.filter("what = 'cluster'").select(fn.col("a").alias("at"), fn.col("b").alias("firm"))
        first = ["first"] if work.table.layout.lexicon is not None else []
        records = work.rows.select("at", *first).join(found, "at", "left")
        records = kept(records.withColumn("firm", fn.coalesce("firm", "at")))
        extra = self.found.filter("what = 'extra'").select(
            fn.col("a").alias("left"), fn.col("b").alias("right"), "odds"
        )
        pairs = self.scored.select("left", "right", "odds").unionByName(extra)
        for side in ("left", "right"):
            pairs = pairs.join(records.select(fn.col("at").alias(side), fn.col("firm").alias(f"{side}_firm")), side)
        ends = [of("left_firm", "right_firm").alias(name) for of, name in ((fn.least, "one"), (fn.greatest, "other"))]
        pairs = (
            pairs.filter("left_firm <> right_firm").select(*ends, "odds").repartition(work.partitions, "one", "other")
        )
        told_by = "one long, other long, odds double, few double"
        claims = pairs.mapInArrow(whole(lambda pairs: parts.claimed(pairs, prior)), told_by)
        size = kept(records.groupBy("firm").agg(fn.count("*").alias("size")))
        for end in ("one", "other"):
            claims = claims.join(size.select(fn.col("firm").alias(end), fn.col("size").alias(f"size_{end}")), end)
        told = kept(claims.coalesce(1).mapInArrow(whole(lambda claims: parts.rivals(claims, prior)), RIVALS))
        given = told.filter("what = 'back'").collect()
        back = float(given[0]["odds"]) if given else 0.0
        taken = told.filter("what = 'taken'").select(fn.col("one").alias("firm"), fn.col("odds").alias("taken"))
        records = kept(records.join(taken, "firm", "left").fillna(0.0, ["taken"]))
        claims = told.filter("what = 'claim'").drop("what")
        rivals = Weights(records, claims, back)
        return ScoredPairs(work, work._weighed(self.scored, rivals, judge), self.records, rivals)

    def _in_buckets(
        self, links: DataFrame, judge: Any, task: Callable[..., pa.Table], schema: str, *, ruled: bool
    ) -> DataFrame:
        """Call a task with each bucket of whole components, as a table in memory and the places of its records."""
        known, work = self.work._table, self.work
        ruling = work.ruling if ruled else None
        gone = work.session.sparkContext.broadcast({rule: one.keys for rule, one in work.dropped.items()})
        if ruling is not None:
            links = links.unionByName(ruling.filter("together").select("left", "right"))
        buckets = max(1, -(-self.records // BUCKET))
        label = kept(components(links, work.partitions))
        bucket = (fn.col("component") % buckets).alias("bucket")
        members = label.join(work.rows, "at").select("component", bucket, *work.rows.columns)
        if self.rivals is not None:
            members = members.join(self.rivals.records.select("at", "firm", "taken"), "at")
        members = members.drop("component")
        ends = [
            label.select(fn.col("at").alias(side), fn.col("component").alias(f"c_{side}")) for side in ("left", "right")
        ]
        pairs = self.scored
        if self.rivals is not None:
            pairs = pairs.unionByName(self.rivals.claims.mapInArrow(each(parts.as_pairs), ddl(parts.SCORED)))
        if ruling is not None:
            pairs = pairs.unionByName(ruling.mapInArrow(each(parts.bound_as_pairs), ddl(parts.SCORED)))
        pairs = pairs.join(ends[0], "left").join(ends[1], "right").filter("c_left = c_right")
        pairs = pairs.select((fn.col("c_left") % buckets).alias("bucket"), *parts.SCORED.names)
        back = self.rivals.back if self.rivals is not None else 0.0

        def run(members: pa.Table, pairs: pa.Table) -> pa.Table:
            return task(*parts.part_of(members, pairs, known.value, judge.value, gone.value, back))

        return members.groupBy("bucket").cogroup(pairs.groupBy("bucket")).applyInArrow(run, schema)

    def joined(self) -> tuple[Patterns, Patterns]:
        """The patterns of joined pairs."""
        told = self.found.filter("what in ('listed', 'added')")
        counted = told.select(
            fn.when(fn.col("what") == "listed", 0).otherwise(1).alias("part"), "levels", fn.col("a").alias("count")
        )
        found = self.work._patterns(counted)
        return found.get(0, self.work._none()), found.get(1, self.work._none())


@dataclass(frozen=True)
class Weights:
    """What rivals take away: of each record's firm cluster, and of each claim; and what is given back to all."""

    records: DataFrame
    claims: DataFrame
    back: float


def _with_claims(pairs: DataFrame, records: DataFrame, claims: DataFrame) -> DataFrame:
    """Pairs with their records' firm clusters, and the claim that these have on each other, beside them."""
    names = [name for name in ("firm", "taken", "first") if name in records.columns]
    for side, key in (("l", "left"), ("r", "right")):
        told = records.select(fn.col("at").alias(key), *(fn.col(name).alias(f"{side}_{name}") for name in names))
        pairs = pairs.join(told, key)
    claim = claims.select("one", "other", fn.col("odds").alias("claim"), "against", "few")
    ends = (fn.least("l_firm", "r_firm") == claim["one"]) & (fn.greatest("l_firm", "r_firm") == claim["other"])
    return pairs.join(claim, ends, "left")


class Dropped:
    """Dropped blocks of a rule: their keys and sizes, in the order of the keys."""

    def __init__(self, keys: npt.NDArray[np.uint32], sizes: Longs) -> None:
        self.keys, self.sizes = keys, sizes

    @classmethod
    def none(cls) -> Dropped:
        """No block."""
        return cls(np.zeros(0, np.uint32), np.zeros(0, np.int64))

    def worst(self) -> Longs:
        """Where the largest few are, the largest first."""
        return np.lexsort((self.keys, -self.sizes))[:WORST]

    def before(self, other: Dropped) -> Dropped:
        """These, and others after them."""
        return Dropped(np.concatenate([self.keys, other.keys]), np.concatenate([self.sizes, other.sizes]))


def _by_rule(sizes: pa.Table) -> dict[int, tuple[Longs, Longs]]:
    rule, size, count = (sizes[name].to_numpy() for name in ("rule", "count", "blocks"))
    found = {}
    for one in np.unique(rule):
        mine = np.flatnonzero(rule == one)
        mine = mine[np.argsort(size[mine])]
        found[int(one)] = size[mine], count[mine]
    return found


def _keys_by_rule(blocks: pa.Table) -> dict[int, Dropped]:
    rule, key, size = (blocks[name].to_numpy().astype(np.int64) for name in ("rule", "key", "count"))
    found = {}
    for one in np.unique(rule):
        mine = np.flatnonzero(rule == one)
        mine = mine[np.argsort(key[mine])]
        found[int(one)] = Dropped(key[mine].astype(np.uint32), size[mine])
    return found


def ddl(schema: pa.Schema) -> str:
    """A schema in Spark's words."""
    words = {
        pa.int64(): "long",
        pa.int32(): "int",
        pa.string(): "string",
        pa.float32(): "float",
        pa.int16(): "short",
        pa.binary(): "binary",
    }
    return ", ".join(f"{field.name} {words[field.type]}" for field in schema)
