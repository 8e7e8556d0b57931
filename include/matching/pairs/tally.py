"""How often each log odds stands among pairs: all that is summed of pairs is summed of these, so that no sum depends on
the order in which pairs are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

SURE = 60.0  # log odds beyond which a probability does not change


@dataclass(frozen=True)
class Tally:
    """Distinct log odds, ascending, and the number of pairs that have each."""

    odds: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, odds: npt.NDArray[np.float32], counts: npt.NDArray[np.int64] | None = None) -> Tally:
        """The tally of pairs, each counted once or as often as is said."""
        if counts is None:
            return cls(*np.unique(odds, return_counts=True))
        distinct, inverse = np.unique(odds, return_inverse=True)
        added = np.zeros(len(distinct), np.int64)
        np.add.at(added, inverse, counts)
        return cls(distinct, added)

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


def together(tallies: Sequence[Tally]) -> Tally:
    """The tally of all of their pairs."""
    return Tally.of(*(np.concatenate([getattr(t, name) for t in tallies]) for name in ("odds", "counts")))
