"""What is left of the table's budget of pairs, spent on the dropped blocks that promise most true pairs.

A rule's cap keeps blocking within bounds before anything is known of the table. Once its pairs have been judged, each
dropped block promises by what the rule's kept ones held; the best are compared too, whichever rule they are of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from include.matching.pairs.blocking import Blocks, Candidates, Rule, affordable, in_turn, list_pairs, packed
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes, find
from include.matching.records.features import Features

LEAST_PROMISE = 0.05  # true pairs that a pair has to promise; at .002 nothing more is found, at .1 less
UNSURE = 50.0  # pairs that the promise of a rule is steadied by, one in a hundred of them true


@dataclass(frozen=True)
class Offer:
    """The dropped blocks of a rule: the records and pairs of each, and what a pair promises."""

    rule: int
    sizes: npt.NDArray[np.int64]
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
    rules = in_turn(rules)
    offers = [
        offer_of(at, one.dropped.bounds[1::2] - one.dropped.bounds[::2], one.typical, found[at])
        for at, (rule, one) in enumerate(zip(rules, candidates.blocks, strict=True))
        if rule.across is None and one.dropped is not None and len(one.dropped.order)
    ]
    source = features.source if link_only else np.zeros(0, np.int32)
    late = int(candidates.ends[len(candidates.keys.ends) - 1])
    seen = np.sort(packed(candidates.left[late:], candidates.right[late:]))
    for offer, chosen in best(offers, found, features.size, pairs_per_record):
        dropped = candidates.blocks[offer.rule].dropped
        assert dropped is not None
        blocks = Blocks(dropped.order, _bounds(dropped, chosen), {}, overlap=dropped.overlap)
        left, right = list_pairs(blocks, candidates.keys, len(candidates.keys.ends), source)
        pairs = packed(left, right)
        new = ~find(pairs, seen)[1]
        left, right = left[new], right[new]
        seen = np.sort(np.concatenate([seen, pairs[new]]))
        candidates = _added(candidates, offer, chosen, left, right)
    return replace(candidates, blocks=())


def offer_of(rule: int, sizes: npt.NDArray[np.int64], typical: float, found: Tally) -> Offer:
    """What a rule's dropped blocks promise by what its kept ones held.

    True pairs grow as a block does and pairs as its square, so what a pair promises falls with a block's size.
    """
    promise = (found.likely + UNSURE / 100) / (found.pairs + UNSURE) * max(typical, 2.0) / sizes
    return Offer(rule, sizes, sizes * (sizes - 1) // 2, promise)


def best(
    offers: Sequence[Offer], found: Sequence[Tally], records: int, pairs_per_record: float
) -> Iterator[tuple[Offer, npt.NDArray[np.int64]]]:
    """Of each offer the blocks to take, the most promising of all offers first, while the table's budget lasts."""
    left_over = affordable(records, pairs_per_record) - sum(one.pairs - one.likely for one in found)
    if left_over <= 0 or not offers:
        return
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
    report = [dict(one) for one in candidates.report]
    take(report[offer.rule], offer, chosen, len(left))
    return replace(
        candidates,
        left=np.concatenate([candidates.left, left]),
        right=np.concatenate([candidates.right, right]),
        ends=np.append(candidates.ends, candidates.ends[-1] + len(left)),
        names=(*candidates.names, candidates.names[offer.rule]),
        report=report,
    )


def take(report: dict[str, Any], offer: Offer, chosen: npt.NDArray[np.int64], listed: int) -> None:
    """Tell in a rule's report that some of its dropped blocks are compared after all."""
    report["pairs"] += listed
    report["dropped"] -= len(chosen)
    report["pairs_dropped"] -= int(offer.pairs[chosen].sum())
    report["largest_kept"] = max(int(report["largest_kept"]), int(offer.sizes[chosen].max()))
    report["worst"] = [one for one in report["worst"] if one["records"] > report["largest_kept"]]
