"""How much more often a given name and a surname go together than by chance: names follow languages.

Two people called Nguyen share a first name far more often than its frequency says, for both draw it from one language.
A mixture of latent languages (probabilistic latent semantic analysis, Hofmann 1999) over the pairs of a first and a
last name in the table tells how much more. Each pair counts once, however many records carry it, and not for itself:
so nobody's own records say that their name is frequent.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from include.matching.records.columns import Codes

LANGUAGES = 32  # at most, unless twice as many foretell the names of a large table better
MOST = 128  # languages that the work is bounded by
PAIRS = 100  # distinct pairs of names that it takes to tell one language more
MANY = 1000  # the same, beyond: in a small table the spellings of one person foretell each other
PASSES = 20
SAMPLE = 200_000  # distinct pairs of names that the languages are learned from
ONE = 3  # records that one person is thought to have, which say nothing of how frequent the name is
SETTLING = 4  # passes over all pairs after those over the sample
UNSEEN = np.float32(1e-6)
UNSURE = 4.0  # a name speaks for its languages as if it stood in so many more pairs drawn by chance
FEW = 200  # distinct pairs of names, of which half are known from the table and half from what is usual
BY_DEFAULT = 2.0  # bits that names go together more than by chance in tables that hold several languages
CHUNK = 1 << 17
Floats = npt.NDArray[np.float32]


def affinities(first: Codes, last: Codes, spread: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
    """Log2 of how much more often each record's first and last name go together than by chance; 0 where one is missing.

    ``first`` and ``last`` are codes into one vocabulary, -1 for none. ``spread`` is a hash of each name: the languages
    start from it, so that they depend on the names alone.
    """
    out = np.zeros(len(first), np.float32)
    both = np.flatnonzero((first >= 0) & (last >= 0))
    packed = first[both].astype(np.int64) << 32 | last[both]
    pairs, inverse, records = np.unique(packed, return_inverse=True, return_counts=True)
    if len(pairs):
        given, family = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        out[both] = of_pairs(given, family, records, spread)[inverse]
    return out


def of_pairs(
    given: Codes, family: Codes, records: npt.NDArray[np.int64], spread: npt.NDArray[np.uint64]
) -> npt.NDArray[np.float32]:
    """The affinity of each distinct pair of a first and a last name, ordered by the two, of so many records each."""
    of_first, of_last = _learn(given, family, records, spread)
    found = _affinity(given, family, np.minimum(records, ONE), of_first, of_last)
    return found + np.float32(BY_DEFAULT * FEW / (FEW + len(given)))


def _learn(
    first: Codes, last: Codes, records: npt.NDArray[np.int64], spread: npt.NDArray[np.uint64]
) -> tuple[Floats, Floats]:
    """Of each name, in how many records it stands by language, as a first and as a last name.

    There are twice as many languages as long as each pair of names is foretold better by the others.
    """
    step = max(1, -(-len(first) // SAMPLE))
    drawn = np.argsort(spread[first] ^ (spread[last] * np.uint64(3)), kind="stable")
    drawn = drawn[spread[last[drawn]] % np.uint64(step) == 0]  # all pairs of a last name, or none: most are rare
    sample, most = (first[drawn], last[drawn], records[drawn]), min(len(first) // MANY, MOST)
    number = min(1 + len(first) // PAIRS, LANGUAGES)
    firsts, lasts = _told_apart(*sample, spread, number)
    foretold = _affinity(*sample, firsts, lasts).mean(dtype=np.float64)
    while 2 * number <= most:
        number *= 2
        more = _told_apart(*sample, spread, number)
        better = _affinity(*sample, *more).mean(dtype=np.float64)
        if better <= foretold:
            break
        (firsts, lasts), foretold = more, better
    for _ in range(SETTLING if step > 1 else 0):  # names that were not drawn take after those beside them
        firsts, lasts = _share_out(first, last, records.astype(np.float32), firsts + UNSEEN, lasts + UNSEEN)
    return firsts, lasts


def _told_apart(
    first: Codes, last: Codes, records: npt.NDArray[np.int64], spread: npt.NDArray[np.uint64], languages: int
) -> tuple[Floats, Floats]:
    """So many languages of pairs of names."""
    turns = np.arange(1, 2 * languages, 2, dtype=np.uint64)
    firsts: Floats = 0.5 + (spread[:, None] * turns >> np.uint64(40)).astype(np.float32) / np.float32(2.0**24)
    lasts: Floats = np.ones_like(firsts)
    for _ in range(PASSES):
        firsts, lasts = _share_out(first, last, records.astype(np.float32), firsts, lasts)
    return firsts, lasts


def _share_out(first: Codes, last: Codes, records: Floats, firsts: Floats, lasts: Floats) -> tuple[Floats, Floats]:
    """One pass of expectation-maximisation: every pair's records to the languages that it may be of."""
    counted = firsts.sum(axis=0)
    of_first, of_last = firsts / counted, lasts / lasts.sum(axis=0) * (counted / counted.sum())
    likely = np.empty(len(first), np.float32)
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        likely[part] = np.einsum("ik,ik->i", of_first[first[part]], of_last[last[part]])
    seen = sparse.csr_matrix((records / np.maximum(likely, 1e-30), (first, last)), (len(firsts), len(firsts)))
    return of_first * (seen @ of_last), of_last * (seen.T @ of_first)


def _affinity(
    given: Codes, family: Codes, mine: npt.NDArray[np.int64], firsts: Floats, lasts: Floats
) -> npt.NDArray[np.float32]:
    """Log2 affinity of pairs, each without so many records of its own."""
    counted, found = firsts.sum(axis=0), np.empty(len(given), np.float32)
    for start in range(0, len(given), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = _together(firsts[given[part]], lasts[family[part]], counted, mine[part])
    return found


def _together(firsts: Floats, lasts: Floats, counted: Floats, mine: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Log2 affinity of pairs, from what the other pairs of each name say of its languages."""
    share = np.maximum(counted, 1e-9) / counted.sum()
    own = firsts * lasts / (share * counted.sum())
    own *= (mine / np.maximum(own.sum(axis=1), 1e-30))[:, None]
    given, family = (np.maximum(side - own, 0.0) + UNSURE * share for side in (firsts, lasts))
    given /= given.sum(axis=1, keepdims=True)
    family /= family.sum(axis=1, keepdims=True)
    together = (given * family / share).sum(axis=1)
    return np.asarray(np.log2(together), np.float32)
