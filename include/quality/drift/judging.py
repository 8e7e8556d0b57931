"""Whether a figure is out of the range of its like days: by median and median absolute deviation, so that a bad day in
the history does little (Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013).
"""  # fmt: skip

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from include.quality.drift.figure import NUMBER, Figure, Kind
from include.quality.drift.settings import Drift

MAD_TO_SIGMA = 1.4826  # of a normal distribution
YEAR = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Past:
    """What a figure was on a day before."""

    day: date
    values: Mapping[str, float]
    rows: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``distance``: how far it is from its like days, and ``allowed``: how far it may be; both 0 before it is judged.

    ``expected``: the median of a number, or of the value whose share has moved most, which ``moved`` names. ``days``:
    the like days there are.
    """

    is_judged: bool
    days: int
    distance: float = 0.0
    allowed: float = 0.0
    expected: float = 0.0
    moved: str = NUMBER

    @property
    def is_drifted(self) -> bool:
        """Whether it is out of range."""
        return self.is_judged and self.distance > self.allowed


def judge(figure: Figure, day: date, history: Sequence[Past], settings: Drift) -> Verdict:
    """Judge a figure of a day by its history; the days of ``history`` are before it, each once.

    Counts are held against like weekdays; what is in the range of like days of a month, where there are enough, is in
    range as well.
    """
    recent = [past for past in history if past.day >= day - timedelta(days=settings.history_days)]
    like = [past for past in recent if not figure.kind.is_weekly or past.day.weekday() == day.weekday()]
    least = settings.least_weeks if figure.kind.is_weekly else settings.least_days
    if len(like) < least or _rows(figure, like) < settings.least_rows:
        return Verdict(is_judged=False, days=len(like))
    spread = _spread(figure.kind, recent)
    verdict = _held_against(figure, like, spread, settings)
    for monthly in _monthly(day, history) if verdict.is_drifted else ():
        if len(monthly) >= settings.least_months:
            other = _held_against(figure, monthly, spread, settings)
            verdict = verdict if other.is_drifted else other
    return verdict


def _rows(figure: Figure, like: Sequence[Past]) -> float:
    """How many rows a verdict would rest on: of counts those that are usual, for where there is nothing none can go."""
    usual = median(past.rows for past in like)
    return usual if figure.kind.unit == "count" else min(figure.rows, usual)


def _held_against(figure: Figure, like: Sequence[Past], spread: float, settings: Drift) -> Verdict:
    """``spread``: the usual distance of a day from its like days, of counts as a share of their median."""
    base = _medians(like, figure.values)
    distance, moved = _distance(figure.values, base)
    expected = base[moved]
    scale = expected if figure.kind.unit == "count" else 1.0
    chance = _chance(figure.kind, base, figure.rows)
    change = settings.kinds.rule(figure.kind.name).change
    allowed = max(change * scale, settings.sigmas * spread * scale, settings.sigmas * chance)
    return Verdict(True, len(like), distance, allowed, expected, moved)


def _medians(like: Sequence[Past], now: Mapping[str, float]) -> dict[str, float]:
    """The median of each value; one that a day did not have was none of it."""
    names = dict.fromkeys([*now, *(name for past in like for name in past.values)])
    return {name: median(past.values.get(name, 0.0) for past in like) for name in names}


def _distance(values: Mapping[str, float], base: Mapping[str, float]) -> tuple[float, str]:
    """How far a number is from its median; of shares half the sum (total variation), and what has moved most."""
    apart = {name: abs(values.get(name, 0.0) - base[name]) for name in base}
    moved = max(apart, key=lambda name: apart[name])
    return (apart[moved] if moved == NUMBER else sum(apart.values()) / 2), moved


def _spread(kind: Kind, recent: Sequence[Past]) -> float:
    """Sigma of the distances of days from their own like days, all weekdays together, for one has few."""
    groups = _grouped(recent, lambda past: past.day.weekday() if kind.is_weekly else 0)
    apart: list[float] = []
    for group in groups:
        base = _medians(group, group[0].values)
        for past in group:
            distance, moved = _distance(past.values, base)
            whole = base[moved] if kind.unit == "count" else 1.0
            apart.append(distance / whole if whole else 0.0)
    if kind.unit == "shares":  # distances of a distribution are never 0, so their own middle counts
        middle = median(apart)
        return middle / 2 + MAD_TO_SIGMA * median(abs(one - middle) for one in apart)
    return MAD_TO_SIGMA * median(apart)


def _grouped(recent: Iterable[Past], of: Callable[[Past], int]) -> list[list[Past]]:
    groups: dict[int, list[Past]] = {}
    for past in recent:
        groups.setdefault(of(past), []).append(past)
    return list(groups.values())


def _chance(kind: Kind, base: Mapping[str, float], rows: int) -> float:
    """Sigma of what chance alone does to so few rows: of a day's (Poisson), a share, or shares (binomial).

    What an object holds in all is no matter of chance.
    """
    if kind.unit == "count":
        return math.sqrt(base[NUMBER]) if kind.is_weekly else 0.0
    each = (math.sqrt(max(share * (1 - share), 0.0) / max(rows, 1)) for share in base.values())
    return sum(each) / 2 if kind.unit == "shares" else max(each)


def _monthly(day: date, history: Sequence[Past]) -> tuple[list[Past], list[Past]]:
    """The same day of the months before; and their last days, where it is one."""
    known = [past for past in history if past.day >= day - YEAR]
    same = [past for past in known if past.day.day == day.day]
    return same, [past for past in known if _is_last(past.day)] if _is_last(day) else []


def _is_last(day: date) -> bool:
    return calendar.monthrange(day.year, day.month)[1] == day.day
