"""Estimation without labels: a mixture over the ways two records can be related, fitted to all pairs of the table.

Fellegi and Sunter (1969) ask how likely a pair's levels are among matches and among the rest. The rest is no single
population: colleagues share a company, its domain and its switchboard; households a surname, an address and a phone.
So the pair's relation is one of ``priors.RELATIONS``, evidence is independent given the relation, and expectation-
maximisation (Dempster, Laird and Rubin 1977; Winkler 2000) learns each relation's levels, steadied by its prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.identity import priors
from include.identity.comparison import EQUAL, ROLE_NAMES, WIDTH, Group, base_levels
from include.identity.features import BINS
from include.identity.priors import COLLEAGUE, HOUSEHOLD, NEIGHBOUR, RELATIONS, SAME, STRANGER
from include.identity.universe import Universe

Floats = npt.NDArray[np.float64]
PASSES = 30  # at most
SETTLED = 5e-3  # a pass that changes no probability by more is the last
FEWEST = 500  # a table is read as part of a population of at least this many records
TINY = 1e-12
SLIPS = 0.04  # how often one person's records differ in one name while they agree in the other
LEAST_CHANCE = 0.1  # of the pairs that a name's frequency says would agree by chance, those believed at least
NAMESAKES = 4.0  # how much more often two names agree together than by chance, to begin with
AS_STRANGERS = 2000.0  # pairs of colleagues that the names of strangers are worth
FAMILIES = 0.03  # pairs of relatives a record that are expected until the data tell
ALIASES = 8.0  # how much more often one person's names differ both (an alias, a handle) than by chance, at most
STEADY = 20.0  # pairs of namesakes that this prior is worth
# roles whose agreement among people so related is spread like records, not like chance pairs
_KEPT = {(HOUSEHOLD, "last"), (HOUSEHOLD, "code"), (HOUSEHOLD, "text")}


# relation, role, level, and the least and most probability that the level may have
ANCHORS = (
    (SAME, "first", 7, 0.0, 0.08),
    (SAME, "last", 7, 0.0, 0.15),
    (COLLEAGUE, "organization", 1, 0.7, 1.0),
    (COLLEAGUE, "email", 10, 0.0, 0.1),
    (HOUSEHOLD, "last", 1, 0.5, 1.0),
    (NEIGHBOUR, "code", 1, 0.5, 1.0),
)


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
    share = np.array([1e-6, 1.0, *(priors.SHARE[r] for r in (COLLEAGUE, HOUSEHOLD, NEIGHBOUR))])
    chance = np.stack([group.chance for group in groups]) if groups else np.zeros((0, BINS))
    return Fit(share / share.sum(), _normalised(theta, groups), chance)


def prior_table(relation: int, role: str) -> priors.Table:
    """A relation's prior for a role; what a relation says nothing of is as among strangers."""
    if relation == SAME:
        return priors.SAME_PERSON[role]
    return priors.RELATED.get(relation, {}).get(role, priors.STRANGERS[role])


def estimate(groups: Sequence[Group], universe: Universe, records: int, known: Fit | None = None) -> Fit:
    """Fit by expectation-maximisation; with a ``known`` fit only measure how far the table has drifted from it."""
    fit = known or _initial(groups, records)
    prior = start(groups).theta
    for _ in range(1 if known else PASSES):
        posterior = _expect(fit, groups, universe)
        following = _maximise(posterior, prior, groups, universe, records)
        if known:
            moved = np.abs(following.theta[SAME] - known.theta[SAME]).sum(axis=1) / 2
            return Fit(known.share, known.theta, known.chance, float(moved.max(initial=0.0)))
        settled = abs(following.share[SAME] - fit.share[SAME]) < SETTLED * fit.share[SAME]
        settled &= np.abs(following.theta[SAME] - fit.theta[SAME]).max(initial=0.0) < SETTLED
        fit = following
        if settled:
            break
    return fit


def _initial(groups: Sequence[Group], records: int) -> Fit:
    fit = start(groups)
    pairs = max(records * (records - 1) / 2, FEWEST * (FEWEST - 1) / 2)
    fit.share[SAME] = min(0.2, 0.5 * max(records, 1) / pairs)
    fit.share /= fit.share.sum()
    return fit


def tables(fit: Fit, groups: Sequence[Group]) -> Floats:
    """Log probability of each stored level (relation, group, level), equal levels spread over their bins."""
    out = np.zeros((len(RELATIONS), len(groups), WIDTH))
    for g, group in enumerate(groups):
        base = base_levels(group.role)
        shared = group.role in ("email", "phone", "identifier")
        # with an earlier model: a value may have come into a bin that was empty when that was fitted
        chance = np.where(fit.chance[g] > 0, fit.chance[g], group.chance)
        for r in range(len(RELATIONS)):
            row = np.log(np.maximum(fit.theta[r, g], TINY))[base]
            if not shared:
                spread = group.keep if r == SAME or (r, group.role) in _KEPT else chance
                row[EQUAL:] += np.log(np.maximum(spread, TINY))
            out[r, g] = row
        out[SAME, g] = np.maximum(out[SAME, g], out[STRANGER, g] + priors.LEAST_AGAINST[group.role])
        if group.role == "email":
            out[1:, g, 13] = np.maximum(out[1:, g, 13], out[SAME, g, 13] + priors.OTHER_NUMBER)
    out[:, :, 0] = 0.0
    return out


def log_share(fit: Fit) -> Floats:
    """Log of each relation's share of all pairs."""
    return np.asarray(np.log(np.maximum(fit.share, 1e-300)))


def _expect(fit: Fit, groups: Sequence[Group], universe: Universe) -> Floats:
    """Posterior of each relation for each pattern."""
    table = tables(fit, groups)
    total = np.repeat(log_share(fit)[:, None], universe.patterns.shape[1], axis=1)
    for g in range(len(groups)):
        total += table[:, g][:, universe.patterns[g]]
    total -= total.max(axis=0)
    odds = np.exp(total)
    return np.asarray(odds / odds.sum(axis=0))


def _maximise(posterior: Floats, prior: Floats, groups: Sequence[Group], universe: Universe, records: int) -> Fit:
    mass = posterior * universe.weight
    size = mass.sum(axis=1)
    unseen = max(
        0.0, FEWEST * (FEWEST - 1) / 2 - universe.pairs
    )  # pairs of the population that a small table is part of
    size[STRANGER] += unseen
    counted = _level_counts(mass, groups, universe)
    firm = 25.0 + 0.07 * size[SAME]  # what is known of one person's names is worth more than of the rest
    theta = np.empty_like(prior)
    for g, group in enumerate(groups):
        named = firm if group.role in ("first", "last") else 0.0
        steady = np.array([max(25.0, 0.03 * size[SAME]) + named, 1000.0, 200.0, 200.0, 200.0])
        theta[:, g] = counted[:, g] + steady[:, None] * prior[:, g]
        theta[STRANGER, g] = _strangers(counted[STRANGER, g], prior[STRANGER, g], unseen)
    theta = _anchored(_normalised(theta, groups), groups)
    _namesakes(theta, groups, universe, mass)
    chance = _chances(theta, groups, universe, mass[STRANGER])
    _tie_to_strangers(theta, groups, counted)
    theta = _normalised(theta, groups)
    share = size + np.array([2.0, 0.0, 1.0, FAMILIES * records, 1.0])
    share[SAME] = min(share[SAME], 20.0 * records)
    return Fit(share / share.sum(), theta, chance)


def _level_counts(mass: Floats, groups: Sequence[Group], universe: Universe) -> Floats:
    """How many pairs of each relation stand at each base level (relation, group, level), nulls left out."""
    out = np.zeros((len(RELATIONS), len(groups), EQUAL))
    for g, group in enumerate(groups):
        level = np.where(universe.patterns[g] == 0, 0, base_levels(group.role)[universe.patterns[g]])
        for r in range(len(RELATIONS)):
            out[r, g] = np.bincount(level, mass[r], EQUAL)[:EQUAL]
    out[:, :, 0] = 0.0
    return out


def _strangers(counts: Floats, prior: Floats, unseen: float) -> Floats:
    """Strangers' levels: what hardly ever happens among them is believed of unseen pairs too, the rest as counted."""
    rare = (prior < 1e-4) & (prior > TINY)
    total = max(float(counts.sum()), TINY)
    out = np.where(rare, (counts + (unseen + 1000.0) * prior) / (total + unseen + 1000.0), counts + 1000.0 * prior)
    common = ~rare
    out[common] *= (1.0 - out[rare].sum()) / max(float(out[common].sum()), TINY)
    return np.asarray(out)


def _anchored(theta: Floats, groups: Sequence[Group]) -> Floats:
    """Keep each relation what its name says, whatever the data would rather make of it."""
    for g, group in enumerate(groups):
        for relation, role, level, least, most in ANCHORS:
            if role == group.role and not least <= theta[relation, g, level] <= most:
                bound = min(max(theta[relation, g, level], least), most)
                others = [other for other in _main_levels(role) if other != level]
                theta[relation, g, others] *= (1.0 - bound) / max(float(theta[relation, g, others].sum()), TINY)
                theta[relation, g, level] = bound
    return theta


def _namesakes(theta: Floats, groups: Sequence[Group], universe: Universe, mass: Floats) -> None:
    """How much more often two people's first and last name agree together than if the two were independent.

    Given names and surnames go together in a language, and a family name in a firm; the factor is learned from the
    people of each relation who share both.
    """
    roles = [group.role for group in groups]
    if "names" not in roles:
        return
    first, last, names = (roles.index(role) for role in ("first", "last", "names"))
    both = (universe.patterns[first] > 0) & (universe.patterns[last] > 0)
    theta[:, names, 1:4] = 1.0
    for r in (STRANGER, COLLEAGUE, NEIGHBOUR):
        alone = theta[r, first, 1] * theta[r, last, 1]
        expected = alone * mass[r, both].sum()
        seen = mass[r, universe.patterns[names] == 1].sum()
        steady = STEADY + 0.005 * mass[SAME].sum()
        theta[r, names, 1] = min(max((seen + NAMESAKES * steady) / (expected + steady), 1.0), 100.0)
        theta[r, names, 3] = np.sqrt(theta[r, names, 1])  # names that are only alike go together half as much
    apart = theta[SAME, first, 7] * theta[SAME, last, 7] * mass[SAME, both].sum()
    seen = mass[SAME, universe.patterns[names] == 2].sum()
    theta[SAME, names, 2] = min(max((seen + ALIASES * STEADY) / (apart + STEADY), 1.0), ALIASES)


def _chances(theta: Floats, groups: Sequence[Group], universe: Universe, strangers: Floats) -> Floats:
    """How often strangers share a name, by how frequent it is: from the pairs that share it and differ in the other.

    A value's frequency alone would not tell: that two records carry a rare name is mostly one person's doing. Two
    strangers of one surname differ in their first names, and one person's records hardly ever do.
    """
    chance = np.stack([group.chance for group in groups])
    roles = [group.role for group in groups]
    for g, other in ((roles.index(a), roles.index(b)) for a, b in (("first", "last"), ("last", "first")) if a in roles):
        stored, beside = universe.patterns[g], base_levels("first")[universe.patterns[other]]
        equal = (stored >= EQUAL) & (universe.patterns[other] > 0)
        apart = equal & ((beside == 7) | (beside == 4))
        shared = np.bincount(stored[equal] - EQUAL, universe.weight[equal], BINS)
        differ = np.bincount(stored[apart] - EQUAL, universe.weight[apart], BINS)
        able = strangers[stored > 0].sum() + max(0.0, FEWEST * (FEWEST - 1) / 2 - universe.pairs)
        counted = groups[g].agree * groups[g].chance * able  # as many as the frequencies say, matches among them
        ratio = np.clip((differ / np.maximum(shared, 1.0) - SLIPS) / (1 - SLIPS), LEAST_CHANCE, 1.0)
        mass = counted * np.where(shared > 0, ratio, 1.0)
        total = max(float(mass.sum()), TINY)
        rest = [2, 3, 4, 7, 8]
        theta[STRANGER, g, 1] = min(max(total / max(able, 1.0), 1e-9), 0.5)
        theta[STRANGER, g, rest] *= (1 - theta[STRANGER, g, 1]) / theta[STRANGER, g, rest].sum()
        chance[g] = mass / total
    return chance


def _tie_to_strangers(theta: Floats, groups: Sequence[Group], counts: Floats) -> None:
    """Give relations what they say nothing of as among strangers."""
    for g, group in enumerate(groups):
        for r in (COLLEAGUE, HOUSEHOLD, NEIGHBOUR):
            if group.role in ("first", "last") and r != HOUSEHOLD:
                # people of one firm or place share a language, so its names: learned, from as among strangers
                weighed = counts[r, g] + AS_STRANGERS * theta[STRANGER, g]
                theta[r, g] = weighed / max(weighed.sum(), TINY)
            elif group.role not in priors.RELATED[r] and group.role != "names":
                theta[r, g] = theta[STRANGER, g]


def _main_levels(role: str) -> list[int]:
    """A role's levels without those that are normalised among themselves."""
    apart = [level for levels in priors.SEPARATE.get(role, ()) for level in levels]
    return [level for level in ROLE_NAMES[role] if level not in apart]


def _normalised(theta: Floats, groups: Sequence[Group]) -> Floats:
    """Let each group's levels sum to 1; initials among themselves, for being an initial is missingness."""
    for g, group in enumerate(groups):
        if group.role == "names":
            continue
        for levels in (*map(list, priors.SEPARATE.get(group.role, ())), _main_levels(group.role)):
            theta[:, g, levels] /= np.maximum(theta[:, g, levels].sum(axis=1, keepdims=True), TINY)
    return theta
