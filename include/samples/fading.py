"""Use that falls before a contract is lost: of which companies it does, and how much of it is left on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.samples.contracts import FIXED, MULTI_YEAR, STATUSES, Contracts
from include.samples.flaws import Mask
from include.samples.names import Floats, Int
from include.samples.world import USAGE_DAYS, World

FADES_BEFORE_LOSS, FADES_BEFORE_RENEWAL = 0.7, 0.08  # contracts before whose end use falls
FIRST, LAST, LEFT = 70, 7, 0.15  # days before the end between which it falls to what is left


@dataclass(frozen=True, slots=True)
class Fading:
    """By company: the end of its last contract that ended lately (-1 for none), and whether use fell before it."""

    end: Int
    is_gone: Mask  # it was terminated: nobody uses the product any more
    fades: Mask


def make_fading(world: World, contracts: Contracts) -> Fading:
    """Decide it for the contracts that ended in the days of which files of use are written."""
    rng, count = world.chance("fading"), len(world.companies)
    closed = np.isin(contracts.status, (STATUSES.index("Expired"), STATUSES.index("Terminated")))
    overdue = (contracts.status == STATUSES.index("Activated")) & np.isin(contracts.kind, (FIXED, MULTI_YEAR))
    ended = (closed | overdue) & (contracts.end < world.today_day) & (contracts.end > world.today_day - USAGE_DAYS)
    rows = np.flatnonzero(ended)
    rows = rows[np.argsort(contracts.end[rows], kind="stable")]  # of several the last one stays
    end, is_lost, is_gone = np.full(count, -1), np.zeros(count, bool), np.zeros(count, bool)
    end[contracts.company[rows]] = contracts.end[rows]
    is_lost[contracts.company[rows]] = contracts.status[rows] != STATUSES.index("Expired")
    is_gone[contracts.company[rows]] = contracts.status[rows] == STATUSES.index("Terminated")
    chance = np.where(is_lost, FADES_BEFORE_LOSS, FADES_BEFORE_RENEWAL)
    return Fading(end, is_gone, (end >= 0) & (rng.random(count) < chance))


def left_of_use(days_before: Int) -> Floats:
    """The share of its use that a fading company still has, so many days before the end; after a renewal all again."""
    gone = ((FIRST - days_before) / (FIRST - LAST)).clip(0, 1) * (1 - LEFT)
    return np.where(days_before >= 0, 1 - gone, 1.0)
