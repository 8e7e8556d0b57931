"""How often each log odds stands among pairs: all that is summed of pairs is summed of these, so that no sum depends on
the order in which pairs are found, nor its size on how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Odds = npt.NDArray[np.floating[Any]]
SURE = 60.0  # log odds beyond which a probability does not change
GRAIN = 1024  # parts of a log odds that are told apart
REACH = int(SURE) * GRAIN


@dataclass(frozen=True)
class Tally:
    """Distinct log odds, to a thousandth and within ``SURE``, ascending, and the number of pairs that have each."""

    odds: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, odds: Odds, counts: npt.NDArray[np.int64] | None = None) -> Tally:
        """The tally of pairs, each counted once or as often as is said."""
        return cls.of_grains(grains(odds), counts)

    @classmethod
    def of_grains(cls, grain: npt.NDArray[np.int64], counts: npt.NDArray[np.int64] | None = None) -> Tally:
        """The tally of pairs whose log odds are given in grains."""
        every = np.zeros(2 * REACH + 1, np.int64)
        if counts is None:
            every += np.bincount(grain + REACH, minlength=len(every))
        else:
            np.add.at(every, grain + REACH, counts)
        there = np.flatnonzero(every)
        return cls(((there - REACH) / GRAIN).astype(np.float32), every[there])

    @cached_property
    def probability(self) -> npt.NDArray[np.float64]:
        """Of each log odds."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.odds, -SURE, SURE).astype(np.float64))))

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return int(self.counts.sum())

    @property
    def likely(self) -> float:
        """How many of the pairs are expected to be one person's."""
        return float((self.probability * self.counts).sum())


def grains(odds: Odds) -> npt.NDArray[np.int64]:
    """Log odds as whole numbers of grains."""
    return np.asarray(np.rint(np.clip(odds, -SURE, SURE) * np.float32(GRAIN)), np.int64)


def together(tallies: Sequence[Tally]) -> Tally:
    """The tally of all of their pairs."""
    return Tally.of(*(np.concatenate([getattr(t, name) for t in tallies]) for name in ("odds", "counts")))
