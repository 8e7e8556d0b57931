"""What is estimated of a table: how its pairs are related, and how each relation's levels are spread.

What is known of the relations before any data is declared in ``levels``; ``estimation`` fits them to a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.levels import EMAIL, EQUAL, FIRST, LAST, NAMES, Email, FirstName
from include.matching.pairs.comparison import AFFINITIES, LEAST_AFFINITY, WIDTH, Group, base_levels
from include.matching.records.features import BINS
from include.matching.relations import MOVED, ONE_PERSON, RELATIONS, RELATIVE, SAME, Relation

Floats = npt.NDArray[np.float64]
FEWEST = 500  # a table is read as part of a population of at least this many records
TINY = 1e-12
MOVES = 0.15  # of one person's pairs, those across a change of employer, number and address, to begin with
# of names that agree, by stored level from EQUAL on
LOG_AFFINITY = np.log(np.tile(2.0 ** (LEAST_AFFINITY + np.arange(AFFINITIES)), 2))
SHARE = (1e-4, 1e-6, 1e-4, 1e-7)  # colleagues, households, neighbours and relatives of all pairs, to begin with
OTHER_NUMBER = 7.0  # how much a numbered address speaks against one person, in nats


@dataclass
class Fit:
    """The estimate: ``share`` of all pairs a relation, and ``theta[relation, group, base level]``."""

    share: Floats
    theta: Floats
    chance: Floats  # of each group's equal values among strangers, the share of each bin
    drift: float = 0.0


def start(groups: Sequence[Group]) -> Fit:
    """The prior tables, as the first estimate."""
    theta = np.full((len(RELATIONS), len(groups), EQUAL), TINY)
    for g, group in enumerate(groups):
        for r in range(len(RELATIONS)):
            for level, value in group.comparison.among(Relation(r)).items():
                theta[r, g, level] = value
    share = np.array([1e-6, MOVES * 1e-6, 1.0, *SHARE])
    share[RELATIVE] *= bool(named(groups))  # only their names tell relatives from one person
    chance = np.stack([group.chance for group in groups]) if groups else np.zeros((0, BINS))
    return Fit(share / share.sum(), normalised(theta, groups), chance)


def initial(groups: Sequence[Group], records: int) -> Fit:
    """The prior tables for a table of so many records: half a pair of one person's a record."""
    fit = start(groups)
    pairs = max(records * (records - 1) / 2, FEWEST * (FEWEST - 1) / 2)
    fit.share[SAME] = min(0.2, 0.5 * max(records, 1) / pairs)
    fit.share[MOVED] = MOVES * fit.share[SAME]
    fit.share /= fit.share.sum()
    return fit


def tables(fit: Fit, groups: Sequence[Group]) -> Floats:
    """Log probability of each stored level (relation, group, level), equal levels spread over their bins."""
    out = np.zeros((len(RELATIONS), len(groups), WIDTH))
    for g, group in enumerate(groups):
        declared = group.comparison
        base = base_levels(declared)
        spread_over_bins = not declared.classes and declared is not NAMES
        # with an earlier model: a value may have come into a bin that was empty when that was fitted
        chance = np.where(fit.chance[g] > 0, fit.chance[g], group.chance)
        for r in range(len(RELATIONS)):
            row = np.log(np.maximum(fit.theta[r, g], TINY))[base]
            if spread_over_bins:
                kept = r < ONE_PERSON or r in declared.kept
                row[EQUAL:] += np.log(np.maximum(group.keep if kept else chance, TINY))
            out[r, g] = row
        if declared is NAMES:
            out[ONE_PERSON:, g, EQUAL:] += LOG_AFFINITY
        if declared is EMAIL:
            numbered = out[:, g, Email.OTHER_NUMBER]
            numbered[ONE_PERSON:] = np.maximum(numbered[ONE_PERSON:], numbered[SAME] + OTHER_NUMBER)
    out[:, :, 0] = 0.0
    out[RELATIVE, named(groups), 0] = np.log(TINY)  # nor can they be told where a name is missing
    out[RELATIVE, named(groups)[:1], FirstName.ONE_WORD] = np.log(TINY)
    return out


def named(groups: Sequence[Group]) -> list[int]:
    """Which groups are first and last names."""
    return [g for g, group in enumerate(groups) if group.comparison in (FIRST, LAST)]


def log_share(fit: Fit) -> Floats:
    """Log of each relation's share of all pairs."""
    return np.asarray(np.log(np.maximum(fit.share, 1e-300)))


def normalised(theta: Floats, groups: Sequence[Group]) -> Floats:
    """Let each group's levels sum to 1; initials among themselves, for being an initial is missingness."""
    for g, group in enumerate(groups):
        if group.comparison is NAMES:
            continue
        for levels in (*map(list, group.comparison.separate), group.comparison.main):
            theta[:, g, levels] /= np.maximum(theta[:, g, levels].sum(axis=1, keepdims=True), TINY)
    return theta
