"""The true figures of what became of leads, opportunities, answers and contracts; as figures, they know no exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.samples.contracts import FIXED, MULTI_YEAR, STATUSES, Contracts
from include.samples.conversations import CHAT, Conversations
from include.samples.departures import Departures
from include.samples.fading import Fading
from include.samples.figures import GRACE, NPS_DAYS, Answers, Leads, counted
from include.samples.flaws import Mask
from include.samples.lead_history import REJECTIONS, RETURNS, LeadHistory
from include.samples.names import Int
from include.samples.opportunities import LOSSES, STAGES, Sales
from include.samples.sales_history import StageHistory
from include.samples.surveyed import Asked
from include.samples.users import CORE_USERS, Users
from include.samples.world import DAY, USAGE_DAYS, World

FOLLOW_UP_DAYS = 30
AHEAD, MISSING = 120, 90  # days before a contract's end
LEAD = 30  # days before a contract's end on which signals are looked for
USE_LEAD = 14  # the same of use, whose files reach back a short time only


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All that these figures are made of."""

    leads: Leads
    history: LeadHistory
    sales: Sales
    stages: StageHistory
    answers: Answers
    asked: Asked
    conversations: Conversations
    contracts: Contracts
    departures: Departures
    users: Users
    fading: Fading


def outcome_figures(world: World, told: Outcomes) -> Mapping[str, object]:
    """Return the figures by name."""
    decided = _decided(world, told.contracts)
    near = decided[decided["end"] >= world.today_day - USAGE_DAYS + 56 + USE_LEAD]
    return {
        "sal": counted(told.leads.who, told.history.sal >= 0),
        "reasons": {
            "rejected": _by_reason(REJECTIONS, told.history.rejection),
            "recycled": _by_reason(RETURNS, told.history.return_),
            "lost": _by_reason(LOSSES, told.sales.loss),
        },
        "stages": _velocity(told.stages),
        "chats": {"people": len(np.unique(told.conversations.who[told.conversations.kind == CHAT]))},
        "surveyed": _surveyed(world, told.asked, told.answers),
        "followed_up": _followed_up(told.answers, told.conversations),
        "renewals": _renewals(world, told.contracts, told.sales.worked),
        "signals": {
            "nps_negative": _signal(decided, _unhappy(world, told.answers, decided)),
            "no_use": _signal(near, _unused(told.users, near)),
            "use_falling": _signal(near, _falling(told.users, told.fading, near)),
            "champion_left": _signal(decided, _left(told.departures, decided)),
        },
    }


def _by_reason(reasons: Sequence[str], given: Int) -> dict[str, int]:
    return {reason: int((given == number).sum()) for number, reason in enumerate(reasons)}


def _velocity(stages: StageHistory) -> dict[str, dict[str, float]]:
    """How many came to each stage, how many went on, and after how many days; two at one instant took no known time."""
    rows = pd.DataFrame({"sale": stages.sale, "stage": stages.stage, "at": stages.at}).sort_values(["sale", "at"])
    together = rows.groupby(["sale", "at"])["stage"].transform("size") > 1
    days = (rows.groupby("sale")["at"].shift(-1) - rows["at"]) / DAY
    rows = rows.assign(left=days.notna(), days=days.where(~together))
    found = rows.groupby("stage").agg(entered=("at", "size"), left=("left", "sum"), median_days=("days", "median"))
    found = found[found["left"] > 0].astype(float)
    names = [STAGES[number] for number in found.index.to_numpy()]
    return {name: dict(zip(found.columns, row, strict=True)) for name, row in zip(names, found.to_numpy(), strict=True)}


def _surveyed(world: World, asked: Asked, answers: Answers) -> dict[str, int]:
    """Who was asked within a year, and answered within it; and who of all people never was."""
    lately = asked.who[asked.sent >= world.today - NPS_DAYS * DAY]
    answered = np.unique(answers.who[answers.made >= world.today - NPS_DAYS * DAY])
    never = len(world.people) - len(asked.who)
    return {"asked": len(lately), "answered": int(np.isin(lately, answered).sum()), "never": never}


def _followed_up(answers: Answers, spoken: Conversations) -> dict[str, int]:
    """Of people whose first answer of a half-year was a detractor's: those with whom somebody spoke soon after."""
    rows = pd.DataFrame({"who": answers.who, "score": answers.score, "day": answers.made // int(DAY)})
    rows = rows[rows["score"] <= 6]
    when = pd.to_datetime(rows["day"], unit="D")
    rows = rows.assign(half=when.dt.year * 2 + (when.dt.month > 6))
    first = rows.groupby(["who", "half"], as_index=False)["day"].min()
    talks = pd.DataFrame({"who": spoken.who, "spoke": spoken.day})
    pairs = first.merge(talks, on="who")
    soon = pairs[(pairs["spoke"] >= pairs["day"]) & (pairs["spoke"] <= pairs["day"] + FOLLOW_UP_DAYS)]
    return {"detractors": len(first), "followed_up": len(soon[["who", "half"]].drop_duplicates())}


def _followed(contracts: Contracts) -> Mask:
    """Whether a later contract of the company replaces each one, as the report on churn has it."""
    end = np.where(contracts.end < 0, 10**6, contracts.end)
    rows = pd.DataFrame(
        {"row": np.arange(len(end)), "company": contracts.company, "start": contracts.start, "end": end}
    )
    pairs = rows.merge(rows[contracts.status < STATUSES.index("Draft")], on="company", suffixes=("", "_next"))
    pairs = pairs[
        (pairs["start_next"] > pairs["start"])
        & pairs["start_next"].between(pairs["end"] - 120, pairs["end"] + GRACE + 1)
        & (pairs["end_next"] > pairs["end"])
    ]
    return np.isin(np.arange(len(contracts)), pairs["row"])


def _renewals(world: World, contracts: Contracts, worked: Int) -> dict[str, int]:
    """Of contracts with an agreed end that is near and that nobody signed anew: those worked on, and those not."""
    ahead = contracts.end - world.today_day
    agreed = np.isin(contracts.kind, (FIXED, MULTI_YEAR)) & (contracts.status == STATUSES.index("Activated"))
    near = agreed & ~_followed(contracts) & (ahead >= -GRACE) & (ahead <= AHEAD)
    is_worked = np.isin(np.arange(len(contracts)), worked)
    return {"open": int((near & is_worked).sum()), "missing": int((near & ~is_worked & (ahead <= MISSING)).sum())}


def _decided(world: World, contracts: Contracts) -> pd.DataFrame:
    """Contracts of which it is decided whether they were renewed: row, company, end, is_lost."""
    replaced, closed = _followed(contracts), contracts.status > 0
    signed = contracts.status < STATUSES.index("Draft")
    agreed = closed | np.isin(contracts.kind, (FIXED, MULTI_YEAR))
    over = contracts.end < world.today_day - np.where(closed, 0, GRACE)
    taken = (
        signed
        & agreed
        & (contracts.end > world.today_day - 730)
        & (contracts.end < world.today_day)
        & (replaced | over)
    )
    row = np.flatnonzero(taken)
    return pd.DataFrame({
        "row": row, "company": contracts.company[row], "end": contracts.end[row], "is_lost": ~replaced[row]
    })  # fmt: skip


def _signal(decided: pd.DataFrame, seen: pd.Series) -> dict[str, int]:
    """Contracts with and without a signal, and those lost; ``seen`` has true or false by contract where it is known."""
    rows = decided.set_index("row").assign(seen=seen).dropna(subset=["seen"])
    has = rows["seen"].astype(bool)
    return {
        "with_signal": int(has.sum()), "lost_with": int((has & rows["is_lost"]).sum()),
        "without_signal": int((~has).sum()), "lost_without": int((~has & rows["is_lost"]).sum()),
    }  # fmt: skip


def _unhappy(world: World, answers: Answers, decided: pd.DataFrame) -> pd.Series:
    """Whether more of the latest answers of a company's people were detractors' than promoters'."""
    given = pd.DataFrame({
        "who": answers.who, "company": world.people.company[answers.who], "score": answers.score, "made": answers.made
    })  # fmt: skip
    pairs = decided.merge(given, on="company")
    day, last = pairs["made"] // int(DAY), pairs["end"] - LEAD
    pairs = pairs[(day <= last) & (day > last - NPS_DAYS)].sort_values("made")
    latest = pairs.groupby(["row", "who"])["score"].last()
    worth = (latest >= 9).astype(int) - (latest <= 6).astype(int)
    return worth.groupby("row").sum() < 0


def _used(users: Users, decided: pd.DataFrame, days: int) -> pd.Series:
    """How many days people of a company who do core actions were there in the four weeks up to ``days`` before."""
    rows = pd.DataFrame({"company": users.company, "first": users.first, "last": users.last})
    pairs = decided.merge(rows[np.isin(users.kind, CORE_USERS)], on="company", how="left")
    day = pairs["end"] - days
    there = pairs["last"].clip(upper=day) - pairs["first"].clip(lower=day - 27) + 1
    return there.clip(lower=0).fillna(0).groupby(pairs["row"]).sum()


def _unused(users: Users, decided: pd.DataFrame) -> pd.Series:
    """Whether nobody of a company was there to use the product in four weeks."""
    return _used(users, decided, USE_LEAD) == 0


def _falling(users: Users, fading: Fading, decided: pd.DataFrame) -> pd.Series:
    """Whether use fell before the end, of contracts of companies with people enough to see it."""
    enough = _used(users, decided, USE_LEAD + 28) >= 3 * 28
    known = decided[decided["row"].map(enough).to_numpy()]
    return pd.Series(fading.fades[known["company"]], index=known["row"])


def _left(departures: Departures, decided: pd.DataFrame) -> pd.Series:
    """Whether a champion left, of contracts of companies that had one."""
    known = decided["row"][decided["row"].isin(departures.had_champion)]
    return pd.Series(known.isin(departures.contract).to_numpy(), index=known.to_numpy())
