"""The claims of firm clusters on each other: what all pairs of records between two of them say that they are one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.chunked import CHUNK, in_chunks
from include.matching.clustering import UNLIKELY, WEIGHTS, Logits
from include.matching.kernels.pairs import TELLING
from include.matching.pairs.blocking import packed
from include.matching.records.columns import Codes, find

EXACT = 2.0**20  # parts of a number, which are summed as whole numbers
PASSES = 50  # of a search, at most
STEEPEST = 1.0  # power at most: a claim is less likely by no more than there are more pairs of records
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Claims:
    """Pairs of firm clusters: who, packed and ascending, and the log odds that both are one person's."""

    pairs: Places
    odds: Floats
    few: Floats  # 1 where two pairs of records say it or fewer, and less the more there are

    @property
    def left(self) -> Places:
        """The cluster of the smaller number."""
        return self.pairs >> 32

    @property
    def right(self) -> Places:
        """The other cluster."""
        return self.pairs & 0xFFFFFFFF

    def find(self, pairs: Places) -> tuple[Places, npt.NDArray[np.bool_]]:
        """Where some pairs are among these, and whether they are."""
        return find(pairs, self.pairs)


@dataclass(frozen=True)
class Expected:
    """How many claims are expected to hold by their own odds, and of what clusters, both in ``EXACT`` parts."""

    number: int
    sizes: int  # the sum of the logarithms of the products of both clusters' sizes

    @classmethod
    def of(cls, odds: Floats, product: Places) -> Expected:
        """Of claims, whose clusters' sizes have some ``product``; whole numbers, whose sum is the same in any order."""
        parts = EXACT / (1 + np.exp(-odds))
        number, sizes = (np.rint(each).astype(np.int64).sum() for each in (parts, parts * np.log(product)))
        return cls(int(number), int(sizes))

    @property
    def all(self) -> float:
        """How many are expected to hold, whatever their sizes."""
        return self.number / EXACT

    def power(self, size: Places, clusters: Places) -> float:
        """The power of the product of sizes that a claim's chance goes by; ``clusters``: how many have each ``size``.

        Where any two clusters are one person's with such a chance, the mean logarithm of sizes is that of the claims
        which are expected to hold: the power of maximum likelihood, after one step of expectation.
        """
        if not self.number or len(size) == 1:
            return 0.0
        log, mean = np.log(size), self.sizes / self.number / 2
        least, most = -STEEPEST, STEEPEST
        for _ in range(PASSES):
            power = (least + most) / 2
            share = clusters * np.exp(power * log)
            least, most = (power, most) if float((share * log).sum() / share.sum()) < mean else (least, power)
        return (least + most) / 2


def apart(left: Codes, right: Codes, logits: Logits, cluster: Codes) -> tuple[Codes, Codes, Logits]:
    """Of pairs of records those of two clusters: the ``cluster`` of either, and their log odds."""
    one, other = cluster[left], cluster[right]
    some = np.flatnonzero(one != other)
    return one[some], other[some], logits[some]


def claims_of(one: Codes, other: Codes, logits: Logits, prior: float) -> Claims:
    """The pairs of two clusters, by the mean, best and worst of the pairs of records between them."""
    pair = packed(np.minimum(one, other), np.maximum(one, other))
    order = np.argsort(pair)
    pair, logits = pair[order], logits[order]
    start = np.append(np.flatnonzero(np.append(True, pair[1:] != pair[:-1])[: len(pair)]), len(pair))
    odds, few = np.empty(len(start) - 1), np.empty(len(start) - 1)

    def chunk(at: int) -> None:
        some = slice(at, at + CHUNK)
        edge = start[at : at + CHUNK + 1]
        odds[some], few[some] = _claimed(logits[edge[0] : edge[-1]], edge[:-1] - edge[0], prior)

    in_chunks(len(odds), chunk)
    return Claims(pair[start[:-1]], odds, few)


def _claimed(logits: Logits, start: Places, prior: float) -> tuple[Floats, Floats]:
    """The log odds of claims, the pairs of each from its ``start`` on, and 1 where two pairs or fewer tell."""
    said = np.minimum(logits.astype(np.float64), -UNLIKELY)
    tells = np.abs(said - prior) > TELLING
    number = np.maximum(np.add.reduceat(tells.astype(np.int64), start), 1)
    whole = np.rint((said - prior) * tells * EXACT).astype(np.int64)  # whose sum is the same in any order
    mean = prior + np.add.reduceat(whole, start) / EXACT / number
    best, worst = np.maximum.reduceat(said, start), np.minimum.reduceat(said, start)
    few = np.minimum(1.0, 2.0 / number)
    odd = WEIGHTS[2] * few
    return (WEIGHTS[0] + WEIGHTS[2] - odd) * mean + WEIGHTS[1] * best + odd * worst, few


def by_size(odds: Floats, product: Places, power: float) -> Floats:
    """The odds of claims by the ``product`` of their clusters' sizes too."""
    return np.asarray(odds + power * np.log(product))
