"""Rules that stand above the estimate: what pairs say by their levels alone, whatever their probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from include.matching.levels import (
    DATE,
    EMAIL,
    EQUAL,
    FIRST,
    IDENTIFIER,
    NAMES,
    PHONE,
    BothNames,
    Email,
    FirstName,
    LastName,
)
from include.matching.pairs.comparison import Group, Levels
from include.matching.records.columns import Codes, apply
from include.matching.records.emails import PRIVATE
from include.matching.records.person_names import Names


def unverified(levels: Levels) -> npt.NDArray[np.bool_]:
    """Pairs, in a table of names and addresses only, that have neither an equal name nor a mailbox in common."""
    first, last, _, email = levels[:4]
    spelt = (last >= EQUAL) & ((first >= EQUAL) | (first == 0))
    return np.asarray(~spelt & (email < EQUAL))


def decisive(levels: Levels) -> npt.NDArray[np.bool_]:
    """Pairs, in a table of names and addresses only, on one private mailbox or on one word that two or three carry."""
    first, last, _, email = levels[:4]
    return np.asarray((email == EQUAL) | (email == EQUAL + PRIVATE) | ((first == 0) & (last == EQUAL + 1)))


def mailbox_alone(levels: Levels, groups: Sequence[Group]) -> npt.NDArray[np.bool_]:
    """Pairs on one person's mailbox that differ in nothing else that both of them say."""
    equal, silent = np.zeros(levels.shape[1], bool), np.ones(levels.shape[1], bool)
    for group, row in zip(groups, levels, strict=True):
        if group.comparison is EMAIL:
            equal |= (row == EQUAL) | (row == EQUAL + PRIVATE)
        elif group.comparison.speaks:
            silent &= (row == 0) | (row >= EQUAL) | ((group.comparison is FIRST) & (row == FirstName.ONE_WORD))
    return np.asarray(equal & silent)


def two_people(levels: Levels, groups: Sequence[Group]) -> npt.NDArray[np.bool_]:
    """Pairs that say themselves that they are two people: no estimate and no third record joins them.

    ``ann.lee`` and ``ann.lee2`` at one company, without a phone, identifier or birth date in common: a company numbers
    an address because the plain one is somebody else's. Sr. and Jr., without an identifier or birth date in common: a
    father and his son share a phone.
    """
    numbered, generations = np.zeros((2, levels.shape[1]), bool)
    for group, row in zip(groups, levels, strict=True):
        if group.comparison is EMAIL:
            numbered = row == Email.OTHER_NUMBER
        if group.comparison is NAMES:
            generations = row == BothNames.OTHER_GENERATION
    for group, row in zip(groups, levels, strict=True):
        if group.comparison in (IDENTIFIER, DATE):
            generations &= row < EQUAL
        if group.comparison in (PHONE, IDENTIFIER, DATE):
            numbered &= row < EQUAL
    return np.asarray(numbered | generations)


def twins(levels: Levels, groups: Sequence[Group]) -> npt.NDArray[np.bool_]:
    """Pairs that may be twins: of one surname and birth date, of two first names, and of nothing that is one's alone.

    Names that are merely alike are one person's spellings more often than two persons' names: of them only pairs that
    share two things that relatives share as one person does.
    """
    found = np.zeros(levels.shape[1], bool)
    if "first" not in [group.role for group in groups]:
        return found
    two_names = np.isin(levels[0], (FirstName.OTHER_NAME, FirstName.LOOK_ALIKE))
    at = np.flatnonzero(two_names & (levels[1] >= EQUAL))
    born, own, shared = np.zeros(len(at), bool), np.zeros(len(at), bool), np.zeros(len(at), np.int64)
    for group, row in zip(groups, levels[:, at], strict=True):
        if group.comparison is DATE:
            born |= row >= EQUAL
        if group.comparison is IDENTIFIER:
            own |= group.agrees(row)
        if group.comparison is EMAIL:
            own |= row == EQUAL  # a mailbox at work; families share one at a free provider
        shared += group.comparison.as_one_person & (row >= EQUAL)
    found[at] = born & ~own & ((levels[0, at] == FirstName.OTHER_NAME) | (shared > 1))
    return found


def two_first_names(names: Names | None, left: Codes, right: Codes, levels: Levels) -> npt.NDArray[np.bool_]:
    """Pairs whose first names, alike or not, are two that are known to be names: what is garbled is none."""
    if names is None:
        return np.zeros(len(left), bool)
    known = apply((names.own >= 0).astype(np.int32), names.first) == 1
    differ = np.isin(levels[0], (FirstName.OTHER_NAME, FirstName.LOOK_ALIKE))
    return np.asarray(differ & known[left] & known[right])


def only_initials(levels: Levels, groups: Sequence[Group]) -> npt.NDArray[np.bool_]:
    """Pairs whose names agree by an initial, and that say nothing else of each other: no estimate has weighed more."""
    found = np.zeros(levels.shape[1], bool)
    if "first" not in [group.role for group in groups]:
        return found
    at = np.flatnonzero((levels[0] == FirstName.INITIAL) | (levels[1] == LastName.INITIAL))
    found[at] = True
    for group, row in zip(groups[3:], levels[3:], strict=True):
        if group.comparison.speaks:
            found[at] &= row[at] == 0
    return found
