"""The table's whole space of pairs, as weighted patterns of comparison levels.

Estimation sees every pair of records: the blocked ones (or an even sample of them), and weighted samples of the
rest, drawn where relatives, colleagues and neighbours are found, then at random. So the prior is over all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.levels import COMPARISONS
from include.matching.pairs.blocking import Candidates, Keys, agree, form_blocks, mix
from include.matching.pairs.comparison import Levels, fingerprints
from include.matching.records.columns import Codes, apply
from include.matching.records.features import Features

BLOCKED, STRATUM, RANDOM = 150_000, 20_000, 100_000
Compare = Callable[[Codes, Codes], Levels]


@dataclass(frozen=True)
class Universe:
    """Distinct level patterns (group by pattern), each with the number of pairs it stands for."""

    patterns: Levels
    weight: npt.NDArray[np.float64]
    pairs: float  # all pairs of the table
    joined: npt.NDArray[np.float64]  # of each pattern's weight, the pairs that are known to be one person's
    grain: float = 1.0  # pairs that each pair drawn at random stands for

    def with_joined(self, listed: Levels, added: Levels, stands_for: int) -> Universe:
        """The same pairs once some are known to be one person's: ``listed`` ones, and others that were ``added``.

        Each such pair stands for so many.
        """
        every = np.concatenate([self.patterns, listed, added], axis=1)
        _, index, inverse = np.unique(fingerprints(every), return_index=True, return_inverse=True)
        at, size = self.patterns.shape[1], len(index)
        joined = np.bincount(inverse[at:], minlength=size).astype(np.float64) * stands_for
        of_listed = np.bincount(inverse[at : at + listed.shape[1]], minlength=size) * stands_for
        rest = np.maximum(np.bincount(inverse[:at], self.weight, size) - of_listed, 0.0)
        return Universe(np.ascontiguousarray(every[:, index]), rest + joined, self.pairs, joined, self.grain)


def survey(
    features: Features,
    candidates: Candidates,
    blocked: Levels,
    compare: Compare,
    *,
    link_only: bool,
    own: Sequence[Keys],
) -> Universe:
    """Weigh the space of pairs; ``own`` are the keys of the spec's own blocking rules, which are sampled too."""
    step = max(1, -(-len(candidates.left) // BLOCKED))
    levels, weights = [blocked[:, ::step]], [np.full(len(candidates.left[::step]), float(step))]
    drawn: list[Keys] = []
    for key, left, right, weight in _samples(features, own):
        new = ~candidates.keys.held(left, right)
        for before in drawn:
            new &= ~agree(before, left, right)
        if link_only:
            new &= features.source[left] != features.source[right]
        if key is not None:
            drawn.append(key)
        levels.append(compare(left[new], right[new]))
        weights.append(weight[new])
    every, weight = np.concatenate(levels, axis=1), np.concatenate(weights)
    _, index, inverse = np.unique(fingerprints(every), return_index=True, return_inverse=True)
    n = features.size
    return Universe(
        np.ascontiguousarray(every[:, index]),
        np.bincount(inverse, weight, len(index)).astype(np.float64),
        n * (n - 1) / 2,
        np.zeros(len(index)),
        max(1.0, float(weight[-1]) if len(weight) else 1.0),
    )


def _samples(
    features: Features, own: Sequence[Keys]
) -> Iterator[tuple[Keys | None, Codes, Codes, npt.NDArray[np.float64]]]:
    for key in (*_strata(features), *own):
        yield key, *_within(key.copy())
    yield None, *_at_random(features.size)


def _strata(features: Features) -> Iterator[Keys]:
    """Keys that related people share."""
    mail, names = features.emails, features.names
    if mail is not None:
        yield mix(mail.places)
        corporate = apply(mail.is_free.astype(np.int32), mail.domain) == 0
        yield mix(np.where(corporate, mail.domain, -1))
    for f in features.fields:
        if COMPARISONS[f.kind.value].sampled:
            yield mix(f.places)
    if names is not None:
        yield mix(names.first, names.last)
        yield mix(names.last)
        yield mix(names.first)


def _within(key: Keys) -> tuple[Codes, Codes, npt.NDArray[np.float64]]:
    """Neighbouring records of each block: n - 1 of its n (n - 1) / 2 pairs, so each stands for n / 2."""
    blocks = form_blocks(key, np.iinfo(np.int64).max)
    start, end = blocks.bounds[::2], blocks.bounds[1::2]
    size = end - start
    first = np.repeat(start - np.cumsum(size - 1) + (size - 1), size - 1) + np.arange(int((size - 1).sum()))
    weight = np.repeat(size / 2.0, size - 1)
    step = max(1, -(-len(first) // STRATUM))
    first, weight = first[::step], weight[::step] * step
    left, right = blocks.order[first], blocks.order[first + 1]
    two = left != right
    return left[two], right[two], weight[two]


def _at_random(n: int) -> tuple[Codes, Codes, npt.NDArray[np.float64]]:
    """Every pair of a small table, else an even sample; the records' order is already as good as random."""
    strides = min(max(1, -(-RANDOM // max(n, 1))), n // 2)
    each = min(n, max(1, RANDOM)) if strides == 1 else n
    left = np.tile(np.arange(each, dtype=np.int32), strides)
    right = (left + np.repeat(np.arange(1, strides + 1, dtype=np.int32), each)) % max(n, 1)
    if strides * 2 == n:  # the longest stride meets each of its pairs twice
        keep = len(left) - n // 2
        left, right = left[:keep], right[:keep]
    weight = np.full(len(left), (n * (n - 1) / 2) / max(len(left), 1))
    return left, right.astype(np.int32), weight
