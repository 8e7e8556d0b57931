"""What is estimated of a table: how its pairs are related, and how each relation's levels are spread.

The relations, and what is known of them before any data, are in ``priors``; ``estimation`` fits them to a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.pairs.comparison import (
    AFFINITIES,
    EQUAL,
    LEAST_AFFINITY,
    ROLE_NAMES,
    SHARED_ROLES,
    WIDTH,
    Group,
    base_levels,
)
from include.matching.records.features import BINS
from include.matching.weights import priors
from include.matching.weights.priors import (
    COLLEAGUE,
    HOUSEHOLD,
    MOVED,
    NEIGHBOUR,
    ONE_PERSON,
    RELATIONS,
    SAME,
    STRANGER,
)

Floats = npt.NDArray[np.float64]
FEWEST = 500  # a table is read as part of a population of at least this many records
TINY = 1e-12
MOVES = 0.15  # of one person's pairs, those across a change of employer, number and address, to begin with
# of names that agree, by stored level from EQUAL on
LOG_AFFINITY = np.log(np.tile(2.0 ** (LEAST_AFFINITY + np.arange(AFFINITIES)), 2))
# roles whose agreement among people so related is spread like records, not like chance pairs
_KEPT = {(HOUSEHOLD, "last"), (HOUSEHOLD, "code"), (HOUSEHOLD, "text")}


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
            for level, value in prior_table(r, group.role).items():
                theta[r, g, level] = value
    share = np.array([1e-6, MOVES * 1e-6, 1.0, *(priors.SHARE[r] for r in (COLLEAGUE, HOUSEHOLD, NEIGHBOUR))])
    chance = np.stack([group.chance for group in groups]) if groups else np.zeros((0, BINS))
    return Fit(share / share.sum(), normalised(theta, groups), chance)


def prior_table(relation: int, role: str) -> priors.Table:
    """A relation's prior for a role; what a relation says nothing of is as among strangers."""
    if relation < ONE_PERSON and role not in priors.RELATED.get(relation, {}):
        return priors.SAME_PERSON[role]
    return priors.RELATED.get(relation, {}).get(role, priors.STRANGERS[role])


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
        base = base_levels(group.role)
        spread_over_bins = group.role not in SHARED_ROLES and group.role != "names"
        # with an earlier model: a value may have come into a bin that was empty when that was fitted
        chance = np.where(fit.chance[g] > 0, fit.chance[g], group.chance)
        for r in range(len(RELATIONS)):
            row = np.log(np.maximum(fit.theta[r, g], TINY))[base]
            if spread_over_bins:
                kept = r < ONE_PERSON or (r, group.role) in _KEPT
                row[EQUAL:] += np.log(np.maximum(group.keep if kept else chance, TINY))
            out[r, g] = row
        for r in [MOVED] if group.role in priors.RELATED[MOVED] else range(ONE_PERSON):
            out[r, g] = np.maximum(out[r, g], out[STRANGER, g] + priors.LEAST_AGAINST[group.role])
        if group.role == "names":
            out[ONE_PERSON:, g, EQUAL:] += LOG_AFFINITY
        if group.role == "email":
            out[ONE_PERSON:, g, 13] = np.maximum(out[ONE_PERSON:, g, 13], out[SAME, g, 13] + priors.OTHER_NUMBER)
    out[:, :, 0] = 0.0
    return out


def log_share(fit: Fit) -> Floats:
    """Log of each relation's share of all pairs."""
    return np.asarray(np.log(np.maximum(fit.share, 1e-300)))


def main_levels(role: str) -> list[int]:
    """A role's levels without those that are normalised among themselves."""
    apart = [level for levels in priors.SEPARATE.get(role, ()) for level in levels]
    return [level for level in ROLE_NAMES[role] if level not in apart]


def normalised(theta: Floats, groups: Sequence[Group]) -> Floats:
    """Let each group's levels sum to 1; initials among themselves, for being an initial is missingness."""
    for g, group in enumerate(groups):
        if group.role == "names":
            continue
        for levels in (*map(list, priors.SEPARATE.get(group.role, ())), main_levels(group.role)):
            theta[:, g, levels] /= np.maximum(theta[:, g, levels].sum(axis=1, keepdims=True), TINY)
    return theta
