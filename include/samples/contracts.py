"""The contracts between the sample company and its customers: of five types, overlapping, on leap days."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np

from include.samples.names import Floats, Int
from include.samples.world import World

TYPES = ("Fixed Term", "Auto-Renew", "Multi-Year", "Evergreen", "Month-to-Month")
_TYPE_SHARES = (0.28, 0.36, 0.16, 0.10, 0.10)
FIXED, MULTI_YEAR, EVERGREEN, MONTHLY = 0, 2, 3, 4
STATUSES = ("Activated", "Expired", "Terminated", "Draft", "In Approval Process")
_RENEWALS = np.array(((-75, 0), (0, 31), (31, 61), (61, 91), (91, 121), (121, 365)))  # days from today
_RENEWAL_SHARES = (0.11, 0.12, 0.12, 0.12, 0.12, 0.41)
_EPOCH = date(1970, 1, 1).toordinal()
LEAP_START, LEAP_END = date(2024, 2, 29).toordinal() - _EPOCH, date(2028, 2, 29).toordinal() - _EPOCH
_LEAP_SHARE = 0.06  # of multi-year contracts, each: those that begin and those that end on 29 February
_LATELY = 0.45  # of former customers, those who went within the last weeks
_RENEWED = 0.45  # of running contracts, those with a predecessor


@dataclass(frozen=True, slots=True)
class Contracts:
    """One contract a position; days are counted from 1970-01-01, ``end`` and ``term`` are -1 for evergreen ones."""

    company: Int
    kind: Int
    status: Int
    start: Int
    end: Int
    term: Int

    def __len__(self) -> int:
        return len(self.company)

    def take(self, rows: Int) -> Contracts:
        """The contracts in some rows."""
        return Contracts(*(getattr(self, column.name)[rows] for column in fields(self)))

    @property
    def runs(self) -> Int:
        """The rows of activated contracts."""
        return np.flatnonzero(self.status == 0)


def joined(*parts: Contracts) -> Contracts:
    """The contracts of all parts."""
    return Contracts(*(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(Contracts)))


def months_later(day: Int, months: Int) -> Int:
    """The same day of the month that many calendar months later; a day that its month lacks becomes the last."""
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    offset = (day.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    first = (month + np.asarray(months).astype("timedelta64[M]")).astype("datetime64[D]")
    last = (first.astype("datetime64[M]") + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(first + offset.astype("timedelta64[D]"), last).astype(np.int64))


def make_contracts(world: World) -> Contracts:
    """Running contracts of customers, what came before and will come after some, and ended ones of former customers."""
    rng, standing = world.chance("contracts"), world.companies.standing
    customers = np.flatnonzero(standing == 0)
    current = _running(customers, world.companies.health[customers], world.today_day, rng)
    everything = joined(
        current,
        _earlier(current, world, rng),
        _ended(np.flatnonzero(standing == 2), world, rng),
        _coming(current, rng),
    )
    return everything.take(rng.permutation(len(everything)))


def lost_days(world: World, contracts: Contracts) -> Int:
    """The day on which each company's contract was terminated, -1 for none."""
    day, gone = np.full(len(world.companies), -1), np.flatnonzero(contracts.status == STATUSES.index("Terminated"))
    day[contracts.company[gone]] = contracts.end[gone]
    return day


def _running(company: Int, health: Floats, today: int, rng: np.random.Generator) -> Contracts:
    """One contract a customer; their ends spread over all renewal windows, unhappy customers more often overdue."""
    count = len(company)
    kind = rng.choice(5, size=count, p=_TYPE_SHARES)
    contentment = np.clip(rng.random(count) + 0.3 * (health - 0.6), 0, 0.999)
    low, high = _RENEWALS[np.searchsorted(np.cumsum(_RENEWAL_SHARES), contentment, side="right").clip(max=5)].T
    ahead = low + (rng.random(count) * (high - low)).astype(np.int64)
    ahead = np.where(kind == MONTHLY, rng.integers(0, 28, count), ahead)
    term = np.where(ahead < 170, rng.choice((12, 12, 12, 6), size=count), 12)
    term = np.where(kind == MULTI_YEAR, rng.choice((24, 36, 48), size=count), np.where(kind == MONTHLY, 1, term))
    ahead = ahead + np.where((kind == MULTI_YEAR) & (ahead > 120), rng.integers(0, 365, count), 0)
    end = today + ahead
    running = Contracts(company, kind, np.zeros(count, np.int64), months_later(end + 1, -term), end, term)
    return _without_end(_with_leap_days(running, rng), today, rng)


def _with_leap_days(contracts: Contracts, rng: np.random.Generator) -> Contracts:
    """Some multi-year contracts begin or end on 29 February."""
    draw = np.where(contracts.kind == MULTI_YEAR, rng.random(len(contracts)), 1.0)
    begins, ends = draw < _LEAP_SHARE, (draw >= _LEAP_SHARE) & (draw < 2 * _LEAP_SHARE)
    start = np.where(begins, LEAP_START, np.where(ends, LEAP_START + 1, contracts.start))
    term = np.where(begins | ends, 48, contracts.term)
    end = np.where(begins | ends, months_later(start, term) - 1, contracts.end)
    return replace(contracts, start=start, end=end, term=term)


def _without_end(contracts: Contracts, today: int, rng: np.random.Generator) -> Contracts:
    """Evergreen contracts have neither term nor end."""
    evergreen = contracts.kind == EVERGREEN
    begun = today - rng.integers(60, 1500, len(contracts))
    end, term = np.where(evergreen, -1, contracts.end), np.where(evergreen, -1, contracts.term)
    return replace(contracts, start=np.where(evergreen, begun, contracts.start), end=end, term=term)


def _earlier(current: Contracts, world: World, rng: np.random.Generator) -> Contracts:
    """The contracts before the running ones; some of them run on into their successors."""
    later = current.take(np.flatnonzero(rng.random(len(current)) < _RENEWED))
    count = len(later)
    overlapping = rng.random(count) < world.rates.source.overlapping_contract / _RENEWED
    end = later.start - 1 + np.where(overlapping, rng.integers(20, 120, count), 0)
    status = np.where(end >= world.today_day, 0, 1)
    return _yearly(later.company, status, end)


def _ended(company: Int, world: World, rng: np.random.Generator) -> Contracts:
    """The last contracts of former customers; many ended lately, so that the files of use reach back before it."""
    long_ago, lately = rng.integers(95, 700, len(company)), world.chance("lately ended")
    is_late = lately.random(len(company)) < _LATELY
    days = np.where(is_late, lately.integers(3, 46, len(company)), long_ago)
    return _yearly(company, np.full(len(company), 2), world.today_day - days)


def _yearly(company: Int, status: Int, end: Int) -> Contracts:
    term = np.full(len(company), 12)
    return Contracts(company, np.zeros_like(company), status, months_later(end + 1, -term), end, term)


def _coming(current: Contracts, rng: np.random.Generator) -> Contracts:
    """Successors of some running contracts that wait for a signature."""
    now = current.take(np.flatnonzero((current.end > 0) & (rng.random(len(current)) < 0.03)))
    start = now.end + 1
    return replace(now, status=3 + now.company % 2, start=start, end=months_later(start, now.term) - 1)
