"""Estimation without labels: a mixture over the ways two records can be related, fitted to all pairs of the table.

Fellegi and Sunter (1969) ask how likely a pair's levels are among matches and among the rest. The rest is no single
population: colleagues share a company, its domain and its switchboard; households a surname, an address and a phone.
So the pair's relation is one of ``RELATIONS``, evidence is independent given the relation, and expectation-
maximisation (Dempster, Laird and Rubin 1977; Winkler 2000) learns each relation's levels, steadied by its prior.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from include.matching.levels import EQUAL, FIRST, LAST, NAMES, ORGANIZATION, UNLIKE, FirstName
from include.matching.pairs.comparison import Group, base_levels
from include.matching.pairs.pair_sample import Universe
from include.matching.records.features import BINS
from include.matching.relations import (
    COLLEAGUE,
    HOUSEHOLD,
    MOVED,
    NEIGHBOUR,
    ONE_PERSON,
    RELATIONS,
    RELATIVE,
    SAME,
    STRANGER,
)
from include.matching.weights.fit import (
    FEWEST,
    MOVES,
    TINY,
    Fit,
    Floats,
    initial,
    log_share,
    named,
    normalised,
    start,
    tables,
)

PASSES = 100  # at most
AGAIN = 10  # at most, from a fit to begin with
SETTLED = 1e-3  # a pass that changes no probability by more is the last
SLIPS = 0.04  # how often one person's records differ in one name while they agree in the other
LEAST_CHANCE = 0.1  # of the pairs that a name's frequency says would agree by chance, those believed at least
FAMILIES = 0.03  # pairs of one household, and of relatives, a record that are expected until the data tell
CLEAR = 3.0  # log odds, from names alone, at which a person who moved is told from a namesake
KNOWN = 0.1  # of one person's pairs, those known to be, from which they say themselves how much may differ
STEADY = 20.0  # pairs that a prior on a ratio is worth


def estimate(
    groups: Sequence[Group], universe: Universe, records: int, *, known: Fit | None = None, begin: Fit | None = None
) -> Fit:
    """Fit by expectation-maximisation, from the fit to ``begin`` with where there is one.

    With a ``known`` fit it only measures how far the table has drifted from it.
    """
    fit = known or begin or initial(groups, records)
    prior, share = start(groups).theta, log_share(initial(groups, records))
    has_names = bool(named(groups))
    for _ in range(1 if known else AGAIN if begin else PASSES):
        table = tables(fit, groups)
        mass = _share_out(_expect(table, log_share(fit), universe), universe)
        told = _extrapolate(mass, _clear(table, share, groups, universe)) if has_names else mass
        following = _maximise(mass, told, prior, groups, universe, records=records)
        if known:
            moved = np.abs(following.theta[SAME] - known.theta[SAME]).sum(axis=1) / 2
            return Fit(known.share, known.theta, known.chance, float(moved.max(initial=0.0)))
        before, now = fit.share[:ONE_PERSON], following.share[:ONE_PERSON]
        settled = np.abs(now - before).max() < SETTLED * before.sum()
        settled &= np.abs(following.theta[SAME] - fit.theta[SAME]).max(initial=0.0) < SETTLED
        fit = following
        if settled:
            break
    return fit


def _share_out(likely: Floats, universe: Universe) -> Floats:
    """How many pairs of each pattern stand in each relation; those that are joined, in one of one person's."""
    mass = likely * (universe.weight - universe.joined)
    one_person = likely[:ONE_PERSON] + TINY
    mass[:ONE_PERSON] += one_person / one_person.sum(axis=0) * universe.joined
    return np.asarray(mass)


def _expect(table: Floats, share: Floats, universe: Universe) -> Floats:
    """Posterior of each relation for each pattern."""
    total = np.repeat(share[:, None], universe.patterns.shape[1], axis=1)
    for g in range(table.shape[1]):
        total += table[:, g][:, universe.patterns[g]]
    total -= total.max(axis=0)
    odds = np.exp(total)
    return np.asarray(odds / odds.sum(axis=0))


def _maximise(
    mass: Floats, told: Floats, prior: Floats, groups: Sequence[Group], universe: Universe, *, records: int
) -> Fit:
    size = mass.sum(axis=1)
    unseen = max(
        0.0, FEWEST * (FEWEST - 1) / 2 - universe.pairs
    )  # pairs of the population that a small table is part of
    size[STRANGER] += unseen
    counted = _level_counts(mass, told, groups, universe)
    # priors steady the estimate in proportion to the pairs of which it is not known whose they are
    same = max(0.0, size[:ONE_PERSON].sum() - universe.joined.sum())
    known = universe.joined.sum() >= KNOWN * size[:ONE_PERSON].sum()
    steady = np.array([max(25.0, 0.03 * same), max(25.0, 0.1 * size[MOVED]), 1000.0, 200.0, 200.0, 200.0, 200.0])
    theta = np.empty_like(prior)
    for g, group in enumerate(groups):
        if group.comparison is NAMES:  # corrects for what is known beforehand; nothing of it is learned
            theta[:, g] = prior[:, g]
            continue
        grain = np.where(np.arange(EQUAL) == group.comparison.equal, 1.0, universe.grain)
        strangers = _strangers(counted[STRANGER, g], prior[STRANGER, g], unseen, grain)
        theta[:, g] = counted[:, g] + steady[:, None] * _as_common(prior[:, g], strangers, group)
        if group.comparison is LAST:
            theta[[HOUSEHOLD, RELATIVE], g] = prior[[HOUSEHOLD, RELATIVE], g]
        theta[STRANGER, g] = strangers
    theta = _anchored(normalised(theta, groups), groups, known=known)
    chance = _chances(theta, groups, universe, mass[STRANGER])
    _tie_to_strangers(theta, groups)
    _compatriots(theta, groups, counted[COLLEAGUE], float(steady[COLLEAGUE]))
    _tie_to_same(theta, groups)
    theta = _anchored(normalised(theta, groups), groups, known=known)
    relatives = FAMILIES * records * bool(named(groups))
    share = size + np.array([2.0, 2.0 * MOVES, 0.0, 1.0, FAMILIES * records, 1.0, relatives])
    share[:ONE_PERSON] *= min(1.0, 20.0 * records / share[:ONE_PERSON].sum())
    return Fit(share / share.sum(), theta, chance)


def _clear(table: Floats, share: Floats, groups: Sequence[Group], universe: Universe) -> npt.NDArray[np.bool_]:
    """The patterns whose names are rare enough to say by themselves that two records are one person's.

    ``share`` is the initial one: what is learned must not say what is clear.
    """
    told = np.full(universe.patterns.shape[1], share[MOVED] - share[STRANGER])
    for g in [g for g, group in enumerate(groups) if group.role in ("first", "last", "names")]:
        told += (table[SAME, g] - table[STRANGER, g])[universe.patterns[g]]
    return np.asarray(told > CLEAR)


def _extrapolate(mass: Floats, clear: npt.NDArray[np.bool_]) -> Floats:
    """What one person's records say apart from names, from the clear patterns, as if all patterns were like them.

    Who shares nothing but a frequent name is a namesake a hundred times more often than a person who moved: to tell
    the two apart by their sum would need to know the number of namesakes to the percent. Takes those who moved out of
    ``mass`` where it is not clear.
    """
    told = np.where(clear, mass, 0.0)
    rate = (told[MOVED].sum() + MOVES * STEADY) / (told[SAME].sum() + STEADY)
    one_person = mass[SAME].sum() * np.array([1.0, rate])
    told[:ONE_PERSON] *= (one_person / np.maximum(told[:ONE_PERSON].sum(axis=1), TINY))[:, None]
    told[ONE_PERSON:] = mass[ONE_PERSON:]
    mass[MOVED] = told[MOVED]
    return told


def _level_counts(mass: Floats, told: Floats, groups: Sequence[Group], universe: Universe) -> Floats:
    """How many pairs of each relation stand at each base level (relation, group, level), nulls left out.

    Each of one person's levels is counted without the pair that shows it most, for no pair is evidence of itself (Ney,
    Essen and Kneser 1995): else the only pair that shows a level is believed because it does.
    """
    out = np.zeros((len(RELATIONS), len(groups), EQUAL))
    for g, group in enumerate(groups):
        level = np.where(universe.patterns[g] == 0, 0, base_levels(group.comparison)[universe.patterns[g]])
        changes = MOVED in group.comparison.related
        for r in range(ONE_PERSON, len(RELATIONS)):
            out[r, g] = np.bincount(level, mass[r], EQUAL)[:EQUAL]
        # who moved is still called the same
        same = told[:ONE_PERSON] if changes else [mass[:ONE_PERSON].sum(axis=0)] * ONE_PERSON
        for r, pairs in enumerate(same):
            most = np.zeros(EQUAL)
            np.maximum.at(most, level, pairs / np.maximum(universe.weight, 1.0))
            out[r, g] = np.maximum(np.bincount(level, pairs, EQUAL)[:EQUAL] - most, 0.0)
    out[:, :, 0] = 0.0
    return out


def _as_common(prior: Floats, strangers: Floats, group: Group) -> Floats:
    """The priors, with the levels that only say which sorts of value two records have as common as in this table.

    What is known of those before any data is how much they tell, not how often they come: that both of two people have
    free mail is no sign of one person in a table that has hardly any.
    """
    sorts = list(group.comparison.sorts)
    if not sorts:
        return prior
    out = prior.copy()
    out[:, sorts] *= strangers[sorts] / strangers.sum() / prior[STRANGER, sorts]
    out[:, sorts] *= prior[:, sorts].sum(axis=1, keepdims=True) / out[:, sorts].sum(axis=1, keepdims=True)
    return out


def _strangers(counts: Floats, prior: Floats, unseen: float, grain: Floats) -> Floats:
    """Strangers' levels: what hardly ever happens among them is believed of unseen pairs too, the rest as counted.

    A level that no pair drawn at random has may still have as many pairs as one that was drawn stands for (``grain``).
    """
    rare = (prior < 1e-4) & (prior > TINY)
    total = max(float(counts.sum()), TINY)
    out = np.where(
        rare, (counts + (unseen + 1000.0) * prior) / (total + unseen + 1000.0), counts + 1000.0 * grain * prior
    )
    common = ~rare
    out[common] *= (1.0 - out[rare].sum()) / max(float(out[common].sum()), TINY)
    return np.asarray(out)


def _anchored(theta: Floats, groups: Sequence[Group], *, known: bool) -> Floats:
    """Keep each relation what its name says, whatever the data would rather make of it.

    Where enough records are ``known`` to be one person's, they say themselves how they differ.
    """
    for g, group in enumerate(groups):
        for relation, level, least, most in group.comparison.bounds:
            if relation == SAME and known:
                continue
            if not least <= theta[relation, g, level] <= most:
                bound = min(max(theta[relation, g, level], least), most)
                others = [other for other in group.comparison.main if other != level]
                theta[relation, g, others] *= (1.0 - bound) / max(float(theta[relation, g, others].sum()), TINY)
                theta[relation, g, level] = bound
    return theta


def _chances(theta: Floats, groups: Sequence[Group], universe: Universe, strangers: Floats) -> Floats:
    """How often strangers share a name, by how frequent it is: from the pairs that share it and differ in the other.

    A value's frequency alone would not tell: that two records carry a rare name is mostly one person's doing. Two
    strangers of one surname differ in their first names, and one person's records hardly ever do.
    """
    chance = np.stack([group.chance for group in groups])
    roles = [group.role for group in groups]
    for g, other in ((roles.index(a), roles.index(b)) for a, b in (("first", "last"), ("last", "first")) if a in roles):
        stored, beside = universe.patterns[g], base_levels(FIRST)[universe.patterns[other]]
        equal = (stored >= EQUAL) & (universe.patterns[other] > 0)
        apart = equal & np.isin(beside, UNLIKE)
        shared = np.bincount(stored[equal] - EQUAL, universe.weight[equal], BINS)
        differ = np.bincount(stored[apart] - EQUAL, universe.weight[apart], BINS)
        able = strangers[stored > 0].sum() + max(0.0, FEWEST * (FEWEST - 1) / 2 - universe.pairs)
        counted = groups[g].agree * groups[g].chance * able  # as many as the frequencies say, matches among them
        ratio = np.clip((differ / np.maximum(shared, 1.0) - SLIPS) / (1 - SLIPS), LEAST_CHANCE, 1.0)
        mass = counted * np.where(shared > 0, ratio, 1.0)
        total = max(float(mass.sum()), TINY)
        rest = [level for level in groups[g].comparison.main if level != FirstName.EQUAL]
        theta[STRANGER, g, FirstName.EQUAL] = min(max(total / max(able, 1.0), 1e-9), 0.5)
        theta[STRANGER, g, rest] *= (1 - theta[STRANGER, g, FirstName.EQUAL]) / theta[STRANGER, g, rest].sum()
        chance[g] = mass / total
    return chance


def _tie_to_strangers(theta: Floats, groups: Sequence[Group]) -> None:
    """Give relations what they say nothing of as among strangers, and relatives what they share as one person does."""
    for g, group in enumerate(groups):
        for r in (COLLEAGUE, HOUSEHOLD, NEIGHBOUR, RELATIVE):
            if r == RELATIVE and group.comparison.as_one_person:
                theta[r, g] = theta[SAME, g]
            elif r not in group.comparison.related and group.comparison is not NAMES:
                theta[r, g] = theta[STRANGER, g]


def _compatriots(theta: Floats, groups: Sequence[Group], counted: Floats, steady: float) -> None:
    """Let colleagues share first names as often as they are seen to: they are of one country more often than strangers.

    Last names stay as among strangers, for who shares both is of that country once. Without employers nothing tells
    colleagues.
    """
    employers = any(group.comparison is ORGANIZATION for group in groups)
    for g in [g for g, group in enumerate(groups) if group.comparison is FIRST and employers]:
        main = groups[g].comparison.main
        chance = theta[STRANGER, g, FirstName.EQUAL]
        equal = (counted[g, FirstName.EQUAL] + steady * chance) / (counted[g, main].sum() + steady)
        rest = [level for level in main if level != FirstName.EQUAL]
        theta[COLLEAGUE, g, rest] *= (1 - equal) / (1 - chance)
        theta[COLLEAGUE, g, FirstName.EQUAL] = equal


def _tie_to_same(theta: Floats, groups: Sequence[Group]) -> None:
    for g, group in enumerate(groups):
        if MOVED not in group.comparison.related:
            theta[MOVED, g] = theta[SAME, g]
