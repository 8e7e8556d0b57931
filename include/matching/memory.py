"""The operations of ``work`` on one machine: a table in memory as Arrow and numpy, compiled loops over its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching import clustering
from include.matching.claims import apart
from include.matching.judgement import Judge
from include.matching.pairs import comparison
from include.matching.pairs.blocking import Candidates, block
from include.matching.pairs.blocking_budget import extend
from include.matching.pairs.blocking_rules import derive_rules
from include.matching.pairs.pair_sample import Drawn, Patterns, survey
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes
from include.matching.records.features import Features
from include.matching.rivals import FIRM, Rivals, find_rivals
from include.matching.spec import MatchingSpec
from include.matching.weights.fit import FEWEST

MOST = 20  # values of a column that the report names
TELLING = 4  # records of one person from which each pair of them is told by others than itself


class InMemory:
    """Records and listed pairs as arrays (see ``work.Work``)."""

    groups: Sequence[comparison.Group]
    candidates: Candidates
    levels: comparison.Levels
    logits: npt.NDArray[np.float32]
    clusters: clustering.Clusters
    rivals: Rivals | None = None

    def __init__(self, features: Features, spec: MatchingSpec, ruling: clustering.Ruling) -> None:
        self.features, self.spec, self.ruling = features, spec, ruling
        self.records, self.groups = features.size, comparison.groups(features, FEWEST)
        self.rules = derive_rules(features, spec)

    def block(self) -> None:
        """List the pairs of every rule."""
        self.candidates = block(
            self.features, self.rules, link_only=self.spec.link_only, pairs_per_record=self.spec.pairs_per_record
        )
        own = len(self.spec.blocking.rules)  # of which pairs are drawn; the candidates have the keys of all
        self.rules = [*self.rules[:own], *(replace(rule, keys=np.zeros(0, np.uint32)) for rule in self.rules[own:])]

    def compare(self) -> None:
        """Compare the listed pairs."""
        self.levels = comparison.compare(self.features, self.candidates.left, self.candidates.right)

    def drawn(self) -> list[Drawn]:
        """Draw from the space of pairs, where the spec's own rules block too."""
        own = [rule.keys for rule in self.rules[: len(self.spec.blocking.rules)]]
        return survey(self.features, self.candidates, self.levels, link_only=self.spec.link_only, own=own)

    def score(self, judge: Judge) -> None:
        """Score the listed pairs."""
        self.logits = judge.score(self.levels)

    def tallies(self) -> list[Tally]:
        """Log odds by rule."""
        return [Tally.of(self.logits[part]) for part in self.candidates.parts]

    def sample(self) -> tuple[InMemory, int]:
        """The pairs of some components, as a part of the same table."""
        step = clustering.sample_step(self.records)
        some = clustering.sample(self.candidates, self.logits, self.spec.largest_cluster, step=step)
        part = object.__new__(InMemory)
        part.__dict__ |= self.__dict__
        part.candidates, part.levels, part.logits = self.candidates.only(some), self.levels[:, some], self.logits[some]
        return part, step

    def extend(self, found: Sequence[Tally], judge: Judge) -> None:
        """List the pairs of the dropped blocks that promise most, compare and score them."""
        before = len(self.candidates.left)
        self.candidates = extend(
            self.candidates, self.rules, found, self.features, link_only=self.spec.link_only,
            pairs_per_record=self.spec.pairs_per_record,
        )  # fmt: skip
        added = comparison.compare(self.features, self.candidates.left[before:], self.candidates.right[before:])
        self.levels = np.concatenate([self.levels, added], axis=1)
        self.logits = np.concatenate([self.logits, judge.score(added)])

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Cluster the records of the listed pairs."""
        self._join(judge, threshold=threshold, chain=chain)
        return clustering.held(self.candidates, self.logits, self.clusters)

    def _join(self, judge: Judge, *, threshold: float, chain: bool) -> None:
        features, candidates = self.features, self.candidates
        said = judge.verdicts(features.names, candidates.left, candidates.right, self.levels, self.logits)

        self.clusters = clustering.cluster(
            candidates, said, partial(self.judge, judge), self.ruling, prior=judge.prior, threshold=threshold,
            limit=self.spec.largest_cluster, source=features.source if self.spec.link_only else np.zeros(0, np.int32),
            named=features.says_first_name, chain=chain,
        )  # fmt: skip

    def weigh(self, judge: Judge) -> None:
        """Weigh the listed pairs by to whom else their records may belong."""
        self._join(judge, threshold=FIRM, chain=False)
        firm, left, right = self.clusters, self.candidates.left, self.candidates.right
        listed = apart(left, right, self.logits, firm.cluster)
        extra = apart(firm.extra_left, firm.extra_right, firm.extra_logits, firm.cluster)
        one, other, logits = (np.append(mine, more) for mine, more in zip(listed, extra, strict=True))
        del listed
        self.rivals = find_rivals(one, other, logits, firm.cluster, judge.prior)
        said = judge.verdicts(self.features.names, left, right, self.levels, self.logits)
        self.logits = self.rivals.among(left, right, said).logits

    def judge(self, judge: Judge, left: Codes, right: Codes) -> clustering.Verdicts:
        """What is said of any pairs."""
        said = judge.judge(self.features, left, right)
        return self.rivals.among(left, right, said) if self.rivals is not None else said

    def joined(self) -> tuple[Patterns, Patterns]:
        """Patterns of the pairs within clusters of enough records."""
        clusters, candidates = self.clusters, self.candidates
        size = np.bincount(clusters.cluster, minlength=self.records)[clusters.cluster]
        who = np.where(size >= TELLING, clusters.cluster, -1 - np.arange(self.records, dtype=np.int32))
        listed = self.levels[:, who[candidates.left] == who[candidates.right]]
        extra = who[clusters.extra_left] == who[clusters.extra_right]
        added = comparison.compare(self.features, clusters.extra_left[extra], clusters.extra_right[extra])
        return Patterns.of(listed), Patterns.of(added)

    def report(self) -> dict[str, Any]:
        """What was found out about the table."""
        return {
            "pairs_scored": len(self.candidates.left) + len(self.clusters.extra_left),
            "largest_component": self.clusters.largest_component,
            "cut_components": [cut.told() for cut in self.clusters.cuts],
            "blocking": self.candidates.report,
            "shared_values": shared_values(self.features),
            **self.features.notes,
        }


def shared_values(features: Features) -> list[dict[str, Any]]:
    """The values that so many people share that agreeing on them stopped being evidence, most carried first."""
    columns = [(f.name, f.column.values, f.places, f.bins) for f in features.fields]
    if features.emails is not None:
        mail = features.emails
        columns.insert(0, ("email", mail.mailbox.values, mail.places, mail.shared))
    found: list[dict[str, Any]] = []
    for name, values, places, bins in columns:
        counts = np.bincount(places[places >= 0], minlength=len(values))
        stopped = np.flatnonzero((bins == 255) & (counts > 1))
        told = pa.table({"value": values.take(pa.array(stopped)), "records": counts[stopped]})
        told = told.sort_by([("records", "descending"), ("value", "ascending")]).slice(0, MOST)
        found += [{"column": name, **one} for one in told.to_pylist()]
    return found
