"""Scored pairs on Spark, and the clusters that they make: whole components go to a task, which clusters in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.clustering import SAMPLE
from include.matching.components import Cut
from include.matching.judgement import Judge
from include.matching.memory import InMemory
from include.matching.pairs.pair_sample import Patterns
from include.matching.pairs.tally import GRAIN, Tally, together
from include.matching.rivals import FIRM
from include.matching.spark.chunks import Chunks
from include.matching.spark.components import held_together
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import clusters, connecting, pairs, weighing
from include.matching.spark.parts.packing import levels_of
from include.matching.spark.rivals import Weights, weigh

WITHIN = pairs.SCORED.append(pa.field("component", pa.int64()))
Longs = clusters.Longs
Clustering = Callable[[InMemory, Longs], pa.Table]


@dataclass(frozen=True)
class Scope:
    """What the pairs of a table are clustered within."""

    records: KeyedRecords
    keys: Chunks  # of records, without those of dropped blocks (see ``blocks.KEPT``)
    ruling: Chunks | None  # bound pairs, at the part of their right record
    bound: int  # pairs that ``ruling`` has
    groups: int  # of evidence
    size: int  # records
    buckets: int  # tasks that they are clustered in


class ScoredPairs:
    """Scored pairs (see ``work.Pairs``)."""

    found: Chunks  # of the last clustering, see ``clusters.FOUND``
    counts: pa.Table  # of what was found, see ``counted``
    cuts: list[Cut]

    def __init__(self, scope: Scope, scored: Chunks, rivals: Weights | None = None) -> None:
        self.scope, self.scored, self.rivals = scope, scored, rivals

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        return self._tallies

    @cached_property
    def _tallies(self) -> list[Tally]:
        counted = self.scored.counted(pairs.grains_by_rule, pairs.GRAINS, count="sum")
        rule, grain, count = (counted[name].to_numpy() for name in ("rule", "grain", "count"))
        last = max(len(self.scope.records.rules.names), int(rule.max(initial=-1)) + 1)
        return [Tally.of_grains(grain[rule == at], count[rule == at]) for at in range(last)]

    def sampled(self, step: int, judge: Judge) -> ScoredPairs:
        """The pairs of components, one in so many of them."""
        alone = ScoredPairs(replace(self.scope, ruling=None), self.scored)
        label, _ = alone._labelled(judge, 0.0, plainly=True)
        limit, places = self.scope.records.table.spec.largest_cluster, self.scope.records.table.places
        asked = label.each(lambda part: places.sent(part, "component"), connecting.LABEL)
        some = asked.met(lambda part: clusters.to_be_drawn(part, step, limit, places), connecting.LABEL).kept()

        def task(work: InMemory, at: Longs) -> pa.Table:
            return clusters.sampled(work, at, step, places)

        scored = alone._in_buckets(some, judge, task, pairs.SCORED).over(places.parts).kept()
        return ScoredPairs(replace(self.scope, size=min(self.scope.size, SAMPLE), buckets=1), scored)

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster, every component in one task."""
        by = self.scope.records.sent(judge)

        def task(work: InMemory, at: Longs) -> pa.Table:
            return clusters.clustered(work, at, by.value, threshold=threshold, chain=chain)

        label, self.cuts = self._labelled(judge, threshold, plainly=False)
        self.found = self._in_buckets(label, judge, task, clusters.FOUND).over(self.scope.records.partitions).kept()
        self.counts = self.found.counted(clusters.counted, clusters.COUNTS, rows="sum", sum="sum", most="max")
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

    def _labelled(self, judge: Judge, threshold: float, *, plainly: bool) -> tuple[Chunks, list[Cut]]:
        """The component of each linked record, and which had to be cut."""
        by, ruling = self.scope.records.sent(judge), self.scope.ruling
        links = self.scored.each(lambda part: pairs.links(part, by.value, threshold, plainly=plainly), pairs.LINKS)
        if ruling is not None:
            links = links.beside(ruling.each(pairs.bound_links, pairs.LINKS))
        likely = together(self.tallies())
        most = int(likely.counts[likely.odds >= threshold - 1 / GRAIN].sum()) + self.scope.bound
        return held_together(links, threshold, self.scope.size, self.scope.records.table.places, most)

    def _in_buckets(self, label: Chunks, judge: Judge, task: Clustering, schema: pa.Schema) -> Chunks:
        """Call a task with each bucket of whole components, as a table in memory and the places of its records."""
        records = self.scope.records
        known, by = records.known, records.sent(judge)
        back = self.rivals.back if self.rivals is not None else 0.0
        buckets = self.scope.buckets

        def run(members: pa.Table, inside: pa.Table, *said: pa.Table) -> pa.Table:
            within = clusters.bucketed(members, inside, *said)
            return task(*clusters.part_of(*within, known.value, by.value, back))

        members = self._members(label, buckets).over(buckets)
        said = [] if self.rivals is None else [self._claims(self.rivals, label, buckets)]
        return members.met(run, schema, self._inside(label, buckets), *said)

    def _members(self, label: Chunks, buckets: int) -> Chunks:
        """The records of each bucket."""
        records = self.scope.records
        more = [] if self.rivals is None else [self.rivals.of_records.each(clusters.without_first, clusters.WEIGHED)]
        every = [
            records.rows.schema,
            clusters.KEYS.remove(0),
            *(one.schema.remove(0) for one in more),
        ]
        schema = pa.schema([*(field for one in every for field in one), WITHIN.field("component")])
        keys = self.scope.keys.each(lambda part: part.select(["at", "keys"]), clusters.KEYS)
        return label.met(lambda *of: clusters.members_of(*of, buckets=buckets), schema, records.rows, keys, *more)

    def _inside(self, label: Chunks, buckets: int) -> Chunks:
        """The pairs within components, by bucket."""
        every = self.scored
        if self.scope.ruling is not None:
            every = every.beside(self.scope.ruling.each(clusters.bound_as_pairs, pairs.SCORED))
        return every.met(lambda part, label: clusters.inside_of(part, label, buckets=buckets), WITHIN, label)

    def _claims(self, rivals: Weights, label: Chunks, buckets: int) -> Chunks:
        """The claims of firm clusters that have records in one component, by bucket.

        A firm cluster may have records in several, and its claims concern each.
        """
        places = self.scope.records.table.places
        of = label.met(
            lambda part, of: weighing.components_of(part, of, places), weighing.COMPONENTS, rivals.of_records
        )
        of = of.kept()
        said = rivals.claims.met(lambda part, of: weighing.claims_in(part, of, places), WITHIN, of)
        return said.met(lambda part, of: weighing.claims_within(part, of, buckets), WITHIN, of)
