"""What is left of the table's budget of pairs, spent on the dropped blocks that promise most true pairs.

A rule's cap keeps blocking within bounds before anything is known of the table. Once its pairs have been judged, each
dropped block promises by what the rule's kept ones held; the best are compared too, whichever rule they are of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from include.matching.pairs.blocking import Blocks, Candidates, Rule, affordable, list_pairs, packed
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes
from include.matching.records.features import Features

LEAST_PROMISE = 0.05  # true pairs that a pair has to promise; at .002 nothing more is found, at .1 less
UNSURE = 50.0  # pairs that the promise of a rule is steadied by, one in a hundred of them true


@dataclass(frozen=True)
class Offer:
    """The dropped blocks of a rule, the pairs of each, and what a pair promises."""

    rule: int
    blocks: Blocks
    pairs: npt.NDArray[np.int64]
    promise: npt.NDArray[np.float64]


def extend(
    candidates: Candidates,
    rules: Sequence[Rule],
    found: Sequence[Tally],
    features: Features,
    *,
    link_only: bool,
    pairs_per_record: float,
) -> Candidates:
    """The candidates, and after them those that the rest of the budget pays for.

    ``found`` has the log odds of each rule's candidates; ``pairs_per_record`` is the budget of the whole table, of
    pairs of two people: one person's pairs are what is looked for, and people of ten records have as many as need be.
    """
    left_over = affordable(features.size, pairs_per_record) - sum(one.pairs - one.likely for one in found)
    if left_over <= 0:
        return candidates
    rules = sorted(rules, key=lambda rule: rule.across is not None)
    asked = (_offer(rule, at, candidates.blocks[at], found[at]) for at, rule in enumerate(rules))
    offers = [offer for offer in asked if offer is not None]
    if not offers:
        return candidates
    source = features.source if link_only else np.zeros(0, np.int32)
    late = int(candidates.ends[len(candidates.keys.ends) - 1])
    seen = packed(candidates.left[late:], candidates.right[late:])
    for offer, chosen in _best(offers, left_over):
        blocks = Blocks(offer.blocks.order, _bounds(offer.blocks, chosen), {}, overlap=offer.blocks.overlap)
        left, right = list_pairs(blocks, candidates.keys, len(candidates.keys.ends), source)
        new = ~np.isin(packed(left, right), seen)
        left, right = left[new], right[new]
        seen = np.concatenate([seen, packed(left, right)])
        candidates = _added(candidates, offer, chosen, left, right)
    return candidates


def _offer(rule: Rule, at: int, blocks: Blocks, found: Tally) -> Offer | None:
    """True pairs grow as a block does and pairs as its square, so what a pair promises falls with a block's size."""
    if rule.across is not None or blocks.dropped is None or not len(blocks.dropped.order):
        return None
    size = blocks.dropped.bounds[1::2] - blocks.dropped.bounds[::2]
    promise = (found.likely + UNSURE / 100) / (found.pairs + UNSURE) * max(blocks.typical, 2.0) / size
    return Offer(at, blocks.dropped, size * (size - 1) // 2, promise)


def _best(offers: Sequence[Offer], left_over: float) -> Iterator[tuple[Offer, npt.NDArray[np.int64]]]:
    """Of each offer the blocks to take, the most promising of all offers first, while the budget lasts."""
    owner = np.repeat(np.arange(len(offers)), [len(offer.pairs) for offer in offers])
    place = np.concatenate([np.arange(len(offer.pairs)) for offer in offers])
    pairs = np.concatenate([offer.pairs for offer in offers])
    promise = np.concatenate([offer.promise for offer in offers])
    order = np.lexsort((place, owner, -promise))
    order = order[promise[order] >= LEAST_PROMISE]
    cost = pairs[order] * (1 - np.minimum(promise[order], 1.0))
    order = order[np.cumsum(cost) <= left_over]
    for at, offer in enumerate(offers):
        chosen = np.sort(place[order[owner[order] == at]])
        if len(chosen):
            yield offer, chosen


def _bounds(blocks: Blocks, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(np.stack([blocks.bounds[2 * chosen], blocks.bounds[2 * chosen + 1]], 1).ravel())


def _added(
    candidates: Candidates, offer: Offer, chosen: npt.NDArray[np.int64], left: Codes, right: Codes
) -> Candidates:
    size = offer.blocks.bounds[2 * chosen + 1] - offer.blocks.bounds[2 * chosen]
    report = [dict(one) for one in candidates.report]
    mine = report[offer.rule]
    mine["pairs"] += len(left)
    mine["dropped"] -= len(chosen)
    mine["pairs_dropped"] -= int((size * (size - 1) // 2).sum())
    mine["largest_kept"] = max(int(mine["largest_kept"]), int(size.max()))
    mine["worst"] = [one for one in mine["worst"] if one["records"] > mine["largest_kept"]]
    return replace(
        candidates,
        left=np.concatenate([candidates.left, left]),
        right=np.concatenate([candidates.right, right]),
        ends=np.append(candidates.ends, candidates.ends[-1] + len(left)),
        names=(*candidates.names, candidates.names[offer.rule]),
        report=report,
    )
