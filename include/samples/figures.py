"""The true figures behind the sample, from what its people and companies did; written beside the truth of its records.

They know nothing of the exports: what a flaw hides, a deleted row or an impossible value, is in them all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.samples.contracts import EVERGREEN, MONTHLY, STATUSES, Contracts
from include.samples.names import Floats, Int
from include.samples.world import DAY, World

GRACE = 30  # days in which a contract may be renewed late
_AUTO = 1  # of contracts.TYPES
NPS_DAYS = 365


@dataclass(frozen=True, slots=True)
class Answers:
    """Surveys that were answered: by whom, with which score, when it was given and asked for (seconds since 1970)."""

    who: Int
    score: Int
    made: Int
    sent: Int


@dataclass(frozen=True, slots=True)
class Leads:
    """Leads: whose each is, how it stands (of crm.STATUSES), and when it became what (seconds since 1970, else -1)."""

    who: Int
    status: Int
    created: Int
    modified: Int
    mql: Floats
    sql: Floats
    rejected: Floats
    recycled: Floats


@dataclass(frozen=True, slots=True)
class Touches:
    """Responses to campaigns: by whom, and on which day since 1970."""

    who: Int
    day: Int


@dataclass(frozen=True, slots=True)
class Won:
    """Opportunities that were won: on which day each closed, and whose roles are in which of them."""

    close: Int
    sale: Int
    who: Int


@dataclass(frozen=True, slots=True)
class Happened:
    """All that these figures are made of; ``value`` is the yearly value of each contract."""

    answers: Answers
    leads: Leads
    touches: Touches
    won: Won
    contracts: Contracts
    value: Floats


def write_figures(world: World, happened: Happened, more: Mapping[str, object]) -> None:
    """Write truth/figures.json: these figures and ``more``."""
    leads = happened.leads
    figures = {
        "nps": nps(world, happened.answers),
        "mql": counted(leads.who, leads.mql >= 0),
        "sql": counted(leads.who, leads.sql >= 0),
        "influence": influence(happened.touches, happened.won),
        "contracts": under_contract(world, happened.contracts, happened.value),
        **more,
    }
    place = world.out / "truth" / "figures.json"
    place.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def nps(world: World, answers: Answers) -> dict[str, int]:
    """Of each person the latest answer of a year."""
    recent = np.flatnonzero(answers.made >= world.today - NPS_DAYS * DAY)
    order = recent[np.argsort(answers.made[recent], kind="stable")]
    latest = dict(zip(answers.who[order].tolist(), answers.score[order].tolist(), strict=True))
    scores = np.array(list(latest.values()))
    promoters, detractors = int((scores >= 9).sum()), int((scores <= 6).sum())
    return {
        "answered": len(scores),
        "promoters": promoters,
        "passives": len(scores) - promoters - detractors,
        "detractors": detractors,
    }


def counted(who: Int, reached: npt.NDArray[np.bool_]) -> dict[str, int]:
    """How many leads have come to a stage, and how many people they are."""
    return {"leads": int(reached.sum()), "people": len(np.unique(who[reached]))}


def influence(touches: Touches, won: Won) -> dict[str, int]:
    """How many won opportunities there are, and in how many somebody with a role had responded before the close."""
    first = np.full(int(max(won.who.max(initial=0), touches.who.max(initial=0))) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, touches.who, touches.day)
    touched = np.unique(won.sale[first[won.who] <= won.close[won.sale]])
    return {"won": len(won.close), "with_roles": len(np.unique(won.sale)), "touched": len(touched)}


def under_contract(world: World, contracts: Contracts, value: Floats) -> dict[str, float]:
    """What companies paid a year when the exports were taken and a year before, and how many of these stayed."""
    now, before = (_paying(world, contracts, value, world.today_day - days) for days in (1, 366))
    stayed = before.keys() & now.keys()
    return {
        "accounts": len(now),
        "value": float(sum(now.values())),
        "accounts_before": len(before),
        "value_before": float(sum(before.values())),
        "accounts_kept": len(stayed),
        "value_kept": float(sum(min(before[company], now[company]) for company in stayed)),
    }


def _paying(world: World, contracts: Contracts, value: Floats, day: int) -> dict[int, float]:
    """The companies that are under contract on a day, and what each pays a year."""
    active = contracts.status == STATUSES.index("Activated")
    signed = contracts.status < STATUSES.index("Draft")
    endless = active & np.isin(contracts.kind, (_AUTO, EVERGREEN, MONTHLY))
    undecided = active & (contracts.end >= world.today_day - GRACE)
    live = signed & (contracts.start <= day) & (endless | undecided | (contracts.end >= day))
    return dict(zip(contracts.company[live].tolist(), value[live].tolist(), strict=True))
