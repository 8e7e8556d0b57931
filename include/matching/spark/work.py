"""The operations of ``work`` on Spark: records and pairs in chunks, the engine's functions inside their tasks.

No record and no pair comes to the driver, only counts: of blocks by size, of patterns, of log odds; and the keys of the
blocks that are too large, which are few by what being too large means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from include.matching.clustering import sample_step
from include.matching.judgement import Judge
from include.matching.pairs.comparison import Group
from include.matching.pairs.pair_sample import Drawn, Patterns
from include.matching.pairs.tally import Tally
from include.matching.spark.blocking import Blocking
from include.matching.spark.chunks import Chunks
from include.matching.spark.drawing import drawn
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.scored_pairs import Scope, ScoredPairs

RULING = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("together", pa.bool_())])


class OnSpark:
    """Records and listed pairs in chunks (see ``work.Work``)."""

    blocking: Blocking
    compared: Chunks
    pairs: ScoredPairs

    def __init__(
        self, keyed: KeyedRecords, groups: Sequence[Group], notes: Mapping[str, Any], ruling: DataFrame | None
    ) -> None:
        self.keyed, self.groups, self.notes = keyed, groups, notes
        self.bound = ruling.count() if ruling is not None else 0
        self.ruling = self._sent(ruling) if ruling is not None and self.bound else None
        self.records = keyed.table.records

    def _sent(self, ruling: DataFrame) -> Chunks:
        """Bound pairs, at the part of their right record."""
        places = self.keyed.table.places
        sent = Chunks.from_rows(ruling, lambda part: places.sent(part, "right"), RULING, places.parts)
        return sent.met(lambda part: part, RULING).kept()

    def block(self) -> None:
        """Count blocks, drop those beyond the caps, and list the pairs of the others inside the budget."""
        self.blocking = Blocking(self.keyed)
        self.blocking.block()

    def compare(self) -> None:
        """Compare the listed pairs."""
        self.compared = self.keyed.compared(self.blocking.listed).kept()

    def drawn(self) -> list[Drawn]:
        """Draw from the listed pairs, from the strata and at random."""
        pairs = sum(self.blocking.counts.values())
        return drawn(self.keyed, self.compared, pairs, self.blocking.kept, len(self.groups))

    def score(self, judge: Judge) -> None:
        """Score the listed pairs."""
        self.judge = judge
        size, parts = self.records, self.keyed.partitions
        scope = Scope(self.keyed, self.blocking.kept, self.ruling, self.bound, len(self.groups), size, parts)
        self.pairs = ScoredPairs(scope, self.keyed.scored(self.compared, judge))

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        return self.pairs.tallies()

    def sample(self) -> tuple[ScoredPairs, int]:
        """The pairs of some components."""
        step = sample_step(self.records)
        return (self.pairs if step == 1 else self.pairs.sampled(step, self.judge)), step

    def extend(self, found: Sequence[Tally], judge: Judge) -> None:
        """List the pairs of the dropped blocks that promise most, compare and score them."""
        added = self.blocking.extend(found)
        if added is not None:
            scored = self.keyed.scored(self.keyed.compared(added), judge)
            self.pairs = ScoredPairs(self.pairs.scope, self.pairs.scored.beside(scored))

    def weigh(self, judge: Judge) -> None:
        """Weigh the listed pairs by to whom else their records may belong."""
        self.pairs = self.pairs.weighed(judge)

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster the records of the listed pairs."""
        return self.pairs.cluster(judge, threshold=threshold, chain=chain)

    def joined(self) -> tuple[Patterns, Patterns]:
        """Patterns of the pairs within clusters of enough records."""
        return self.pairs.joined()

    def judged(self, pairs: Chunks, judge: Judge) -> Chunks:
        """The log odds of any pairs at the part of their left record, as they are once every listed pair is weighed."""
        scored, rivals = self.keyed.scored(self.keyed.compared(pairs), judge), self.pairs.rivals
        return scored if rivals is None else rivals.weighed(self.keyed, scored, judge)

    def report(self) -> dict[str, Any]:
        """What was found out about the table."""
        extra, components, conflicts = (self.pairs.counted(what) for what in ("extra", "components", "conflicts"))
        return {
            "pairs_scored": sum(self.blocking.counts.values()) + sum(extra["rows"].to_pylist()),
            "largest_component": max(components["most"].to_pylist(), default=1),
            "ruled_in_conflict": sum(conflicts["sum"].to_pylist()),
            "cut_components": [cut.told() for cut in self.pairs.cuts],
            "blocking": self.blocking.report,
            **self.notes,
        }
