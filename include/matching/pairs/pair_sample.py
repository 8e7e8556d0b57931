"""The table's whole space of pairs, as weighted patterns of comparison levels.

Estimation sees every pair of records: the blocked ones (or some of them), and weighted samples of the rest, drawn
where relatives, colleagues and neighbours are found, then at random. So the prior is over all pairs. Which pairs are
drawn is told by a hash of their records, and what is counted is whole: in whatever order or place the pairs are found,
the same ones are drawn and the same weights come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.levels import COMPARISONS
from include.matching.pairs.blocking import Candidates, Keys, agree, form_blocks, mix
from include.matching.pairs.comparison import Levels, compare, fingerprints
from include.matching.pairs.tally import SURE
from include.matching.records.columns import Codes
from include.matching.records.features import Features

BLOCKED, STRATUM, RANDOM = 150_000, 20_000, 100_000
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Patterns:
    """Distinct patterns of levels (group by pattern) in the order of their fingerprints, a whole number of each."""

    levels: Levels
    counts: Counts

    @classmethod
    def of(cls, levels: Levels, counts: Counts | None = None) -> Patterns:
        """The patterns of pairs (group by pair), each pair counted once or as often as is said."""
        _, index, inverse = np.unique(fingerprints(levels), return_index=True, return_inverse=True)
        added = np.zeros(len(index), np.int64)
        np.add.at(added, inverse, 1 if counts is None else counts)
        return cls(np.ascontiguousarray(levels[:, index]), added)


@dataclass(frozen=True)
class Drawn:
    """Pairs drawn from some part of the space, by pattern; each count stands for ``weight`` pairs."""

    patterns: Patterns
    weight: float


@dataclass(frozen=True)
class Universe:
    """Distinct level patterns (group by pattern), each with the number of pairs it stands for."""

    patterns: Levels
    weight: npt.NDArray[np.float64]
    pairs: float  # all pairs of the table
    joined: npt.NDArray[np.float64]  # of each pattern's weight, the pairs that are known to be one person's
    grain: float = 1.0  # pairs that each pair drawn at random stands for

    @classmethod
    def of(cls, drawn: Sequence[Drawn], records: int) -> Universe:
        """The space of so many records' pairs, from what was drawn of its parts, the last at random."""
        every = np.concatenate([part.patterns.levels for part in drawn], axis=1)
        _, index, inverse = np.unique(fingerprints(every), return_index=True, return_inverse=True)
        weight = np.zeros(len(index), np.float64)
        at = 0
        for part in drawn:
            size = len(part.patterns.counts)
            weight[inverse[at : at + size]] += part.patterns.counts * part.weight  # each pattern once
            at += size
        pairs, grain = records * (records - 1) / 2, max(1.0, drawn[-1].weight)
        return cls(np.ascontiguousarray(every[:, index]), weight, pairs, np.zeros(len(index), np.float64), grain)

    def with_joined(
        self, listed: Patterns, added: Patterns, stands_for: int, odds: Callable[[Levels], npt.NDArray[np.float32]]
    ) -> Universe:
        """The same pairs once some are known to be one person's: ``listed`` ones, and others that were ``added``.

        Each such pair stands for so many. Where not all pairs were drawn, more may be known of a pattern than were
        drawn of it. What it lacks is taken from patterns of about the same log ``odds``, so that no pair counts twice.
        """
        every = np.concatenate([self.patterns, listed.levels, added.levels], axis=1)
        _, index, inverse = np.unique(fingerprints(every), return_index=True, return_inverse=True)
        at, size = self.patterns.shape[1], len(index)
        counts = np.concatenate([listed.counts, added.counts]).astype(np.float64)
        joined = np.bincount(inverse[at:], counts, size).astype(np.float64) * stands_for
        of_listed = np.bincount(inverse[at : at + len(listed.counts)], listed.counts, size) * stands_for
        patterns = np.ascontiguousarray(every[:, index])
        drawn = np.bincount(inverse[:at], self.weight, size).astype(np.float64)
        rest = _made_good(drawn - of_listed, odds(patterns))
        return Universe(patterns, rest + joined, self.pairs, joined, self.grain)


def _made_good(weight: npt.NDArray[np.float64], odds: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The weights of patterns, none below nothing: what some lack is taken from those of the same log odds to a nat."""
    rest, lacking = np.maximum(weight, 0.0), np.maximum(-weight, 0.0)
    alike = np.rint(np.clip(odds, -SURE, SURE)).astype(np.int64) + int(SURE)
    share = np.bincount(alike, lacking) / np.maximum(np.bincount(alike, rest), 1e-12)
    return np.asarray(rest * (1.0 - np.minimum(share, 1.0)[alike]))


def survey(
    features: Features, candidates: Candidates, blocked: Levels, *, link_only: bool, own: Sequence[Keys]
) -> list[Drawn]:
    """Draw from the space of pairs; ``own`` are the keys of the spec's own blocking rules, which are sampled too."""
    step = steps(len(candidates.left), BLOCKED)
    some = chosen(candidates.left, candidates.right, step)
    every = [Drawn(Patterns.of(blocked if step == 1 else blocked[:, some]), len(some) / max(int(some.sum()), 1))]
    before: list[Keys] = []

    def unseen(left: Codes, right: Codes, counts: Counts | None) -> Patterns:
        """The patterns of pairs that stand neither among the candidates nor in a stratum drawn before."""
        new = ~candidates.keys.held(left, right)
        for key in before:
            new &= ~agree(key, left, right)
        if link_only:
            new &= features.source[left] != features.source[right]
        return Patterns.of(compare(features, left[new], right[new]), None if counts is None else counts[new])

    for key in (*strata(features), *own):
        left, right, size = neighbours(key.copy())
        step = steps(len(left), STRATUM)
        some = chosen(left, right, step)
        every.append(Drawn(unseen(left[some], right[some], size[some]), step / 2))
        before.append(key)
    left, right, weight = at_random(features.size)
    return [*every, Drawn(unseen(left, right, None), weight)]


def steps(pairs: int, most: int) -> int:
    """Of how many pairs one is drawn, so that about so many are."""
    return max(1, -(-pairs // most))


def chosen(left: Codes, right: Codes, step: int) -> npt.NDArray[np.bool_]:
    """Which pairs are drawn where one of ``step`` is: as their two records' numbers tell."""
    if step == 1:
        return np.ones(len(left), bool)
    one, two = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    return np.asarray(mix(one, two) % np.uint32(step) == 0)


def strata(features: Features) -> Iterator[Keys]:
    """Keys that related people share."""
    mail, names = features.emails, features.names
    if mail is not None:
        yield mix(mail.marks)
        yield mix(mail.employers)
    for f in features.fields:
        if COMPARISONS[f.kind.value].sampled:
            yield mix(f.marks)
    if names is not None:
        yield mix(names.first, names.last)
        yield mix(names.last)
        yield mix(names.first)


def neighbours(key: Keys) -> tuple[Codes, Codes, Counts]:
    """Neighbouring records of each block and its size: n - 1 of its n (n - 1) / 2 pairs, so each stands for n / 2."""
    blocks = form_blocks(key, np.iinfo(np.int64).max)
    start, end = blocks.bounds[::2], blocks.bounds[1::2]
    size = end - start
    first = np.repeat(start - np.cumsum(size - 1) + (size - 1), size - 1) + np.arange(int((size - 1).sum()))
    left, right = blocks.order[first], blocks.order[first + 1]
    two = left != right
    return left[two], right[two], np.repeat(size, size - 1)[two]


def at_random(n: int) -> tuple[Codes, Codes, float]:
    """Every pair of a small table, else an even sample, and how many pairs each stands for; the records' order is
    already as good as random."""
    strides = min(max(1, -(-RANDOM // max(n, 1))), n // 2)
    each = min(n, max(1, RANDOM)) if strides == 1 else n
    left = np.tile(np.arange(each, dtype=np.int32), strides)
    right = (left + np.repeat(np.arange(1, strides + 1, dtype=np.int32), each)) % max(n, 1)
    if strides * 2 == n:  # the longest stride meets each of its pairs twice
        keep = len(left) - n // 2
        left, right = left[:keep], right[:keep]
    return left, right.astype(np.int32), (n * (n - 1) / 2) / max(len(left), 1)
