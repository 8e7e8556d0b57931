"""What resolving hands out: clusters, judged pairs, the fitted model and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.clustering import Clusters, Ruling, conflicts_in
from include.matching.pairs.blocking import Candidates
from include.matching.pairs.comparison import (
    Group,
    Levels,
    base_levels,
    compare,
    fingerprints,
    groups,
    places_that_count,
)
from include.matching.records.columns import Codes
from include.matching.records.features import Features
from include.matching.spec import MatchingSpec
from include.matching.weights.model import Model

if TYPE_CHECKING:
    from include.matching.progress import Watch

MATCH, REVIEW = 0.9, 0.05  # probabilities from which a pair is graded so
LEAST_REVIEWED = float(np.log(REVIEW / (1 - REVIEW))) - 1e-6  # log odds
LEAST_TOLD = -6.9  # log odds (a probability of one in a thousand) below which a pair is not worth telling of
GRADES = ("non-match", "review", "match")
Places = list[tuple[Codes, Codes] | None]  # of each group of evidence, those of the values that gave a pair's level

PAIR_SCHEMA = pa.schema(
    [
        ("record_a", pa.string()),
        ("record_b", pa.string()),
        ("match_weight", pa.float64()),
        ("probability", pa.float64()),
        ("grade", pa.string()),
        ("rule", pa.string()),
        ("evidence", pa.dictionary(pa.int32(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Judged:
    """All that a resolve found out, in the engine's own terms."""

    features: Features
    spec: MatchingSpec
    candidates: Candidates
    levels: Levels
    logits: npt.NDArray[np.float32]
    clusters: Clusters
    ruling: Ruling
    score: Callable[[Codes, Codes], npt.NDArray[np.float32]]
    doubtful: Callable[[Levels], npt.NDArray[np.bool_]]  # pairs that only a person can judge, however likely they are
    prior: float

    def resolution(self, model: Model, report: dict[str, Any], watch: Watch) -> Resolution:
        """Put the outcome in the terms of the input."""
        with watch.stage("label"):
            table, number = self._labels()
        report |= {
            "clusters": number,
            "seconds": watch.seconds,
            "ruled_in_conflict": conflicts_in(self.clusters, self.ruling),
        }
        return Resolution(table, model, report, self)

    def _labels(self) -> tuple[pa.Table, int]:
        of_input = np.empty(self.features.size, np.int64)
        roots = self.clusters.cluster
        present = np.zeros(self.features.size, bool)
        present[roots] = True
        dense = np.cumsum(present) - 1
        of_input[self.features.row] = dense[roots]
        sure = np.empty(self.features.size)
        sure[self.features.row] = confidence(self.clusters.weakest)
        table = pa.table({self.spec.id: self.features.given_ids, "cluster": of_input, "confidence": sure})
        return table, int(present.sum())

    def pairs(self, least: float) -> pa.Table:
        """The pairs of more log odds than ``least``."""
        told = np.flatnonzero(self.logits > least)
        extra = np.flatnonzero(self.clusters.extra_logits > least)
        left = np.concatenate([self.candidates.left[told], self.clusters.extra_left[extra]])
        right = np.concatenate([self.candidates.right[told], self.clusters.extra_right[extra]])
        added = compare(self.features, self.clusters.extra_left[extra], self.clusters.extra_right[extra])
        levels = np.concatenate([self.levels[:, told], added], axis=1)
        logits = np.concatenate([self.logits[told], self.clusters.extra_logits[extra]]).astype(np.float64)
        rules = np.concatenate([self.candidates.rule_of(told), np.full(len(extra), len(self.candidates.names))])
        return self._table(left, right, levels, logits, rules)

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        """The pairs of the records with these ids, judged whether or not blocking proposed them."""
        place = np.empty(self.features.size, np.int32)
        place[self.features.row] = np.arange(self.features.size, dtype=np.int32)
        left, right = (
            place[pc.index_in(side.cast(self.features.ids.type), value_set=self.features.ids).to_numpy()]
            for side in (record_a, record_b)
        )
        logits = self.score(left, right).astype(np.float64)
        unlisted = np.full(len(left), len(self.candidates.names))
        return self._table(left, right, compare(self.features, left, right), logits, unlisted)

    def _table(
        self, left: Codes, right: Codes, levels: Levels, logits: npt.NDArray[np.float64], rules: npt.NDArray[np.int64]
    ) -> pa.Table:
        return table_of(self.features, self.doubtful, self.candidates.names, Pairs(left, right, levels, logits, rules))


class Pairs(NamedTuple):
    """Judged pairs: their records, levels, log odds and the rule that listed each."""

    left: Codes
    right: Codes
    levels: Levels
    logits: npt.NDArray[np.float64]
    rules: npt.NDArray[np.int64]


def table_of(
    features: Features, doubtful: Callable[[Levels], npt.NDArray[np.bool_]], rules: Sequence[str], pairs: Pairs
) -> pa.Table:
    """Judged pairs in the terms of the input (``PAIR_SCHEMA``), ordered by their ids."""
    one, two, order = _in_order(features, pairs.left, pairs.right)
    levels, logits = pairs.levels[:, order], pairs.logits[order]
    probability = 1 / (1 + np.exp(-logits))
    grade = (probability >= REVIEW).astype(np.int32) + ((probability >= MATCH) & ~doubtful(levels))
    places = _places(features, pairs.left[order], pairs.right[order])
    return pa.table(
        [
            one,
            two,
            pa.array(logits / np.log(2)),
            pa.array(probability),
            pa.array(GRADES, pa.string()).take(pa.array(grade)),
            pa.array([*rules, "closure"], pa.string()).take(pa.array(pairs.rules[order])),
            describe(levels, groups(features, 1), places),
        ],
        schema=PAIR_SCHEMA,
    )


def confidence(weakest: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The probability of the weakest merge, from its log odds."""
    return np.asarray(1 / (1 + np.exp(-np.minimum(weakest, 60.0).astype(np.float64))))


def _places(features: Features, left: Codes, right: Codes) -> Places:
    """Of each group, which values of the pair's records gave its level, the record of the smaller id first."""
    found = places_that_count(features, left, right)
    if not any(found):
        return found
    turned = pc.greater(*(features.ids.take(pa.array(features.row[side])) for side in (left, right)))
    turn = turned.to_numpy(zero_copy_only=False)
    return [
        None if places is None else (np.where(turn, places[1], places[0]), np.where(turn, places[0], places[1]))
        for places in found
    ]


def _in_order(features: Features, left: Codes, right: Codes) -> tuple[pa.Array, pa.Array, npt.NDArray[np.int64]]:
    """The ids of each pair, the smaller first, and the order of pairs by their ids; compares numbers, not texts."""
    ids = features.ids
    by_id = pc.sort_indices(ids).to_numpy().astype(np.int32)
    rank = np.empty(len(by_id), np.int32)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    one, two = rank[features.row[left]], rank[features.row[right]]
    one, two = np.minimum(one, two), np.maximum(one, two)
    order = np.argsort(one.astype(np.int64) << 32 | two, kind="stable")
    return *(ids.take(pa.array(by_id[side[order]])).cast(pa.string()) for side in (one, two)), order


def describe(levels: Levels, of: list[Group], places: Places) -> pa.DictionaryArray:
    """Each pair's evidence in words, such as ``first_name=nickname;last_name=equal``.

    ``email=same_mailbox[2,1]``: the first record's second value agrees with the second record's first.
    """
    plain = np.stack([base_levels(g.comparison)[row].astype(np.uint8) for g, row in zip(of, levels, strict=True)])
    counted = {g.name: both for g, both in zip(of, places, strict=True) if both is not None}
    told = np.stack([*plain, *(side for both in counted.values() for side in both)]).astype(np.uint8)

    def which(g: Group, i: int) -> str:
        one, other = (int(side[i]) for side in counted[g.name]) if g.name in counted else (0, 0)
        return f"[{one + 1},{other + 1}]" if one or other else ""

    _, index, inverse = np.unique(fingerprints(told), return_index=True, return_inverse=True)
    words = [
        ";".join(
            f"{g.name}={g.comparison.words[int(v)]}{which(g, i)}" for g, v in zip(of, plain[:, i], strict=True) if v
        )
        for i in index
    ]
    return pa.DictionaryArray.from_arrays(pa.array(inverse.astype(np.int32)), pa.array(words, pa.string()))


@dataclass(frozen=True)
class Resolution:
    """The outcome of one resolve.

    ``clusters``: the id column, ``cluster`` (int64, dense from 0) and ``confidence`` (the probability of the
    weakest merge that holds the record's cluster together; 1.0 for a record alone), in the input's order.
    ``model``: what was estimated. ``report``: blocking, seconds a stage, counts, threshold, expected F1.
    """

    clusters: pa.Table
    model: Model
    report: dict[str, Any] = field(default_factory=dict)
    judged: Judged | None = field(default=None, repr=False)

    @cached_property
    def pairs(self) -> pa.Table:
        """The pairs judged with a probability above one in a thousand, ordered by id.

        ``record_a`` < ``record_b``, match weight (log2 Bayes factor with the prior), probability, grade (match,
        review, non-match), the first blocking rule (or closure) and the evidence in words.
        """
        return self.pairs_above(LEAST_TOLD)

    def pairs_above(self, least: float) -> pa.Table:
        """``pairs`` of more log odds than ``least``."""
        return self.judged.pairs(least) if self.judged is not None else PAIR_SCHEMA.empty_table()

    @property
    def prior(self) -> float:
        """The log odds of any two records being one person."""
        return self.judged.prior if self.judged is not None else 0.0

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        """The pairs of the records with these ids, as ``pairs`` has them, whether or not blocking proposed them."""
        if self.judged is None or not len(record_a):
            return PAIR_SCHEMA.empty_table()
        return self.judged.judge(record_a, record_b)
