"""Clusters from judged pairs: bounded components, closure, then agglomeration, with steward decisions binding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from include.matching.components import Cut, held_together, join_strongest
from include.matching.kernels.pairs import agglomerate, emit_pairs, join_bounded
from include.matching.pairs.blocking import Candidates, packed
from include.matching.pairs.tally import Tally, together
from include.matching.records.columns import Codes, find

Logits = npt.NDArray[np.float32]
CERTAIN = np.float32(1e6)
REVIEWED = np.float32(-1.0)  # log odds of a pair that only a person can judge, where records are linked
WEIGHTS = np.array([0.6, 0.25, 0.15])  # of mean, best and worst evidence between two clusters
SAMPLE = 100_000  # records whose clusters are enough to learn from
UNLIKELY = -12.0  # log odds below which pairs are not reckoned with
CHAIN = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Ruling:
    """A steward's decision on two records, by their place in the canonical order."""

    left: Codes
    right: Codes
    together: npt.NDArray[np.bool_]


class Verdicts(NamedTuple):
    """What is said of pairs: log odds, which are two people by themselves, which have two different first names, and
    which only a person can judge."""

    logits: Logits
    apart: npt.NDArray[np.bool_]
    differ: npt.NDArray[np.bool_]
    doubtful: npt.NDArray[np.bool_]

    @property
    def linking(self) -> Logits:
        """The log odds by which records are linked: a pair in doubt, however likely, is not enough by itself."""
        return linking(self.logits, self.doubtful)


def linking(logits: Logits, doubtful: npt.NDArray[np.bool_]) -> Logits:
    """The log odds by which records are linked."""
    return np.where(doubtful, np.minimum(logits, REVIEWED), logits)


@dataclass(frozen=True)
class Clusters:
    """Each record's cluster (a record's number) and the log odds of the weakest merge that holds it together."""

    cluster: Codes
    weakest: Logits
    extra_left: Codes
    extra_right: Codes
    extra_logits: Logits
    components: int
    largest_component: int
    cuts: tuple[Cut, ...] = ()


def choose_threshold(tally: Tally) -> tuple[float, float]:
    """The log odds above which pairs are linked, and the F1 expected there: half the best expected F1 is the
    probability that maximises it (Lipton, Elkan and Naryanaswamy 2014)."""
    likely = tally.odds > UNLIKELY
    probability, counts = tally.probability[likely][::-1], tally.counts[likely][::-1]
    mass = probability * counts
    total = mass.sum()
    if not len(mass) or total < 1e-6:
        return 0.0, 1.0
    expected = float((2 * np.cumsum(mass) / (np.cumsum(counts) + total)).max())
    half = min(max(expected / 2, 0.42), 0.5)
    return float(np.log(half / (1 - half))), expected


def expected_f1(within: Tally, apart: Tally, beyond: float) -> float:
    """The pairwise F1 that the clusters have if every probability holds, those of pairs that closure added included.

    ``within`` are the pairs of one cluster, ``apart`` the others (see ``held``); ``beyond`` is how many pairs of one
    person nothing can tell.
    """
    return 2 * within.likely / (within.pairs + within.likely + apart.likely + beyond) if within.pairs else 1.0


def held(candidates: Candidates, logits: Logits, clusters: Clusters) -> tuple[Tally, Tally]:
    """The pairs within clusters, and those of two, those that closure added included.

    A pair of one cluster is one person's at least as likely as the weakest merge of that cluster is right.
    """
    within, apart = [], []
    for one, two, odds in (
        (candidates.left, candidates.right, logits),
        (clusters.extra_left, clusters.extra_right, clusters.extra_logits),
    ):
        inside = clusters.cluster[one] == clusters.cluster[two]
        within.append(Tally.of(np.maximum(odds[inside], clusters.weakest[one[inside]])))
        apart.append(Tally.of(odds[~inside]))
    return together(within), together(apart)


def conflicts_in(clusters: Clusters, ruling: Ruling) -> int:
    """How many decisions that two records belong together could not be kept, for another forbids it."""
    same = clusters.cluster[ruling.left] == clusters.cluster[ruling.right]
    return int((ruling.together & ~same).sum())


def cluster(
    candidates: Candidates,
    judged: Verdicts,
    judge: Callable[[Codes, Codes], Verdicts],
    ruling: Ruling,
    *,
    prior: float,
    threshold: float,
    limit: int,
    source: Codes,
    named: npt.NDArray[np.bool_],
    chain: bool = False,
) -> Clusters:
    """Group records; ``source`` is empty unless only records of different sources may be linked.

    ``judged`` says of the candidates, and ``judge`` of other pairs, how likely they are; those that are two people by
    themselves never share a cluster, through no chain, unless a decision says that they do, and those whose first
    names differ through none of records that do not say whose they are (``named``: they say a first name). With
    ``chain`` the best evidence between two clusters is enough to merge them.
    """
    n = candidates.keys.records
    parent, cuts = _components(candidates, judged.linking, ruling, threshold=threshold, limit=limit)
    order, start, end = _members(parent)
    bounds = np.stack([start, end], 1).ravel().astype(np.int64)
    extra_left, extra_right = _unlisted(parent, order, bounds, candidates, source)
    extra = judge(extra_left, extra_right)
    inside = np.flatnonzero(parent[candidates.left] == parent[candidates.right])
    left, right = np.append(candidates.left[inside], extra_left), np.append(candidates.right[inside], extra_right)
    said = Verdicts(*(np.append(one[inside], other) for one, other in zip(judged, extra, strict=True)))
    apart = said.apart | _through_nameless(left, right, said, named, threshold=threshold, limit=limit)
    pairs = _binding((left, right, said.linking - np.float32(prior)), apart, ruling, parent)
    label, weakest = parent.copy(), np.full(n, 1e30, np.float32)
    weights = CHAIN if chain else WEIGHTS
    _agglomerate_all((order, start, end), pairs, (prior, threshold, weights), (label, weakest))
    sizes = end - start
    largest = int(sizes.max(initial=1))
    return Clusters(label, weakest, extra_left, extra_right, extra.logits, len(start), largest, tuple(cuts))


def _binding(
    pairs: tuple[Codes, Codes, Logits], apart: npt.NDArray[np.bool_], ruling: Ruling, parent: Codes
) -> tuple[Codes, Codes, Logits]:
    """The evidence inside components: what is apart forbidden unless decided otherwise, decisions beside it."""
    left, right, evidence = pairs
    decided = _decided(len(parent), ruling)
    evidence[apart & (decided[left] != decided[right])] = -np.inf
    ruled = parent[ruling.left] == parent[ruling.right]
    said = np.where(ruling.together[ruled], CERTAIN, -np.float32(np.inf)).astype(np.float32)
    return np.append(left, ruling.left[ruled]), np.append(right, ruling.right[ruled]), np.append(evidence, said)


def _through_nameless(
    left: Codes, right: Codes, said: Verdicts, named: npt.NDArray[np.bool_], *, threshold: float, limit: int
) -> npt.NDArray[np.bool_]:
    """Pairs of two different first names that nothing links but records without one.

    A phone, a family mailbox or a surname alone goes with each of two relatives, and says of neither that they are one.
    """
    parent, size = np.arange(len(named), dtype=np.int32), np.ones(len(named), np.int32)
    linked = np.flatnonzero((said.linking > threshold) & named[left] & named[right])
    join_strongest(left, right, said.logits, linked, limit, parent, size)
    return np.asarray(said.differ & (parent[left] != parent[right]))


def sample_step(records: int) -> int:
    """Of how many components one is drawn, so that ``SAMPLE`` records stand in those that are."""
    return max(1, -(-records // SAMPLE))


def sample(
    candidates: Candidates, logits: Logits, limit: int, *, step: int, at: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.bool_]:
    """The pairs of some components, of which one in ``step`` is drawn.

    Components are drawn by a hash of the record that they are numbered by: which rows there are decides, nothing else.
    ``at``: each record's number, where it is not its place.
    """
    if step <= 1:
        return np.ones(len(logits), bool)
    none = Ruling(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, bool))
    parent, _ = _components(candidates, logits, none, threshold=0.0, limit=limit)
    drawn = is_drawn(parent if at is None else at[parent], step)
    return np.asarray(drawn[candidates.left] & (parent[candidates.left] == parent[candidates.right]))


def is_drawn(component: npt.NDArray[np.integer[Any]], step: int) -> npt.NDArray[np.bool_]:
    """Which components, by the records that they are numbered by, are among the one in ``step`` that is drawn."""
    mixed = component.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)
    return np.asarray(mixed % np.uint64(step) == 0)


def _components(
    candidates: Candidates, logits: Logits, ruling: Ruling, *, threshold: float, limit: int
) -> tuple[Codes, list[Cut]]:
    """The component of each record, of at most ``limit`` unless decisions put more together, and what had to be cut."""
    n, left, right = candidates.keys.records, candidates.left, candidates.right
    parent = _decided(n, ruling)
    size = np.bincount(parent, minlength=n).astype(np.int32)
    strong, cuts = held_together(left, right, logits, parent, threshold)
    join_strongest(left, right, logits, strong, limit, parent, size)
    return parent, cuts


def _decided(n: int, ruling: Ruling) -> Codes:
    """The records that decisions put together, through chains."""
    parent, size = np.arange(n, dtype=np.int32), np.ones(n, np.int32)
    join_bounded(ruling.left, ruling.right, np.flatnonzero(ruling.together), n + 1, parent, size)
    return parent


def _members(parent: Codes) -> tuple[Codes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The records of each component of two or more, side by side."""
    sizes = np.bincount(parent, minlength=len(parent))
    several = np.flatnonzero(sizes[parent] > 1)
    order = several[np.argsort(parent[several], kind="stable")].astype(np.int32)
    edge = np.flatnonzero(np.diff(parent[order], prepend=-1))
    return order, edge, np.append(edge[1:], len(order)) if len(order) else edge


def _unlisted(
    parent: Codes, order: Codes, bounds: npt.NDArray[np.int64], candidates: Candidates, source: Codes
) -> tuple[Codes, Codes]:
    """The pairs inside components that blocking did not list."""
    none = np.zeros(0, np.int32)
    keys, until, rules = candidates.keys.keys, candidates.keys.until, len(candidates.keys.ends)
    n = emit_pairs(order, bounds, keys, until, len(keys), source, none, none)
    left, right = np.empty(n, np.int32), np.empty(n, np.int32)
    if n:
        emit_pairs(order, bounds, keys, until, len(keys), source, left, right)
    late = int(candidates.ends[rules - 1]) if rules else 0
    one, other = candidates.left[late:], candidates.right[late:]
    inside = parent[one] == parent[other]
    new = ~find(packed(left, right), np.sort(packed(one[inside], other[inside])))[1]
    return left[new], right[new]


def _agglomerate_all(
    members: tuple[Codes, npt.NDArray[np.int64], npt.NDArray[np.int64]],
    pairs: tuple[Codes, Codes, Logits],
    rule: tuple[float, float, npt.NDArray[np.float64]],
    out: tuple[Codes, Logits],
) -> None:
    (order, start, end), (left, right, evidence), (label, weakest) = members, pairs, out
    prior, threshold, weights = rule
    number = np.zeros(len(label), np.int32)
    number[order] = np.repeat(np.arange(len(start), dtype=np.int32), end - start)
    place = np.zeros(len(label), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32) - np.repeat(start, end - start).astype(np.int32)
    component = number[left]
    by = np.argsort(component, kind="stable")
    counts = np.cumsum(np.bincount(component, minlength=len(start)))
    bounds = np.stack([start, end, np.concatenate([[0], counts[:-1]]) if len(counts) else counts, counts], 1)
    largest = int((end - start).max(initial=1))
    room, places = np.empty((5, largest, largest)), np.empty(largest, np.int32)
    agglomerate(
        order, np.ascontiguousarray(bounds.ravel(), np.int64), place[left[by]], place[right[by]], evidence[by],
        prior, threshold, weights, room, places, label, weakest,
    )  # fmt: skip
