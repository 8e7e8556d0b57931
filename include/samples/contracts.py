"""Salesforce's contracts and assets: what customers bought, until when, and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from include.samples import formats
from include.samples.companies import PLANS
from include.samples.crm import Accounts, audit, owners
from include.samples.flaws import choose, join, numbered, picked
from include.samples.people import Int
from include.samples.world import DAY, World, spoiled
from include.samples.writing import CsvFile, flags, money, salesforce_ids, stamps

TYPES = ("Fixed Term", "Auto-Renew", "Multi-Year", "Evergreen", "Month-to-Month")
_STATUSES = ("Activated", "Expired", "Terminated", "Draft", "In Approval Process")
_SEAT_PRICES = (240, 420, 660, 0)
_RENEWALS = ((-75, 0), (0, 31), (31, 61), (61, 91), (91, 121), (121, 900))  # days from today
_RENEWAL_SHARES = (0.07, 0.12, 0.12, 0.12, 0.12, 0.45)
LEAP_START, LEAP_END = (date(y, 2, 29).toordinal() - date(1970, 1, 1).toordinal() for y in (2024, 2028))


@dataclass(frozen=True, slots=True)
class Contracts:
    """One contract a position; days are counted from 1970-01-01, ``end`` and ``term`` are -1 for evergreen ones."""

    company: Int
    kind: Int
    status: Int
    start: Int
    end: Int
    term: Int

    @classmethod
    def joined(cls, *parts: Contracts) -> Contracts:
        """The contracts of all parts."""
        columns = ("company", "kind", "status", "start", "end", "term")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def take(self, rows: Int) -> Contracts:
        """The contracts in some rows."""
        return Contracts(*(getattr(self, n)[rows] for n in ("company", "kind", "status", "start", "end", "term")))


def months_before(day: Int, months: Int) -> Int:
    """The days that many calendar months earlier; a day that its month lacks becomes the month's last."""
    dates = day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    offset = (dates - month.astype("datetime64[D]")).astype(np.int64)
    earlier = month - months.astype("timedelta64[M]")
    last = ((earlier + 1).astype("datetime64[D]") - earlier.astype("datetime64[D]")).astype(np.int64) - 1
    return np.asarray((earlier.astype("datetime64[D]") + np.minimum(offset, last)).astype(np.int64))


def make_contracts(world: World) -> Contracts:
    """Running contracts of customers, their predecessors, and ended ones of former customers."""
    rng, companies = world.chance("contracts"), world.companies
    current = _running(np.flatnonzero(companies.standing == 0), world, rng)
    former = _running(np.flatnonzero(companies.standing == 2), world, rng)
    gone = world.today_day - rng.integers(95, 700, len(former.company))
    former = Contracts(former.company, np.zeros_like(gone), np.full_like(gone, 2), months_before(gone + 1, np.full_like(gone, 12)),
                       gone, np.full_like(gone, 12))  # fmt: skip
    drafts = current.take(np.flatnonzero((current.end > 0) & (rng.random(len(current.end)) < 0.03)))
    drafts = Contracts(drafts.company, drafts.kind, 3 + (drafts.company % 2), drafts.end + 1,
                       months_before(drafts.end + 1, -drafts.term) - 1, drafts.term)  # fmt: skip
    everything = Contracts.joined(current, _earlier(current, world, rng), former, drafts)
    return everything.take(rng.permutation(len(everything.company)))


def _running(company: Int, world: World, rng: np.random.Generator) -> Contracts:
    count, today = len(company), world.today_day
    kind = rng.choice(5, size=count, p=(0.28, 0.36, 0.16, 0.10, 0.10))
    low, high = np.array(_RENEWALS)[rng.choice(6, size=count, p=_RENEWAL_SHARES)].T
    end = today + low + (rng.random(count) * (high - low)).astype(np.int64)
    term = np.where(kind == 2, rng.choice((24, 36, 48), size=count), rng.choice((12, 12, 12, 6), size=count))
    term = np.where(kind == 4, 1, term)
    end = np.where((end - today > 365) & (kind != 2), today + rng.integers(121, 365, count), end)
    end = np.where(kind == 4, today + rng.integers(0, 30, count), end)
    term = np.where((end - today > 170) & (term == 6), 12, term)
    start = months_before(end + 1, term)
    leap = (kind == 2) & (rng.random(count) < 0.06)
    start = np.where(leap, LEAP_START, start)
    term = np.where(leap, 48, term)
    end = np.where(leap, months_before(start, -term) - 1, end)
    leap_end = (kind == 2) & ~leap & (rng.random(count) < 0.05)
    start, end = np.where(leap_end, LEAP_START + 1, start), np.where(leap_end, LEAP_END, end)
    term = np.where(leap_end, 48, term)
    evergreen = kind == 3
    start = np.where(evergreen, today - rng.integers(60, 1500, count), start)
    return Contracts(
        company, kind, np.zeros(count, np.int64), start, np.where(evergreen, -1, end), np.where(evergreen, -1, term)
    )


def _earlier(current: Contracts, world: World, rng: np.random.Generator) -> Contracts:
    """The contracts before the running ones; some of them run on into their successors."""
    rows = np.flatnonzero(rng.random(len(current.company)) < 0.45)
    later = current.take(rows)
    count = len(rows)
    overlapping = rng.random(count) < world.rates.source.overlapping_contract / 0.45
    end = later.start - 1 + np.where(overlapping, rng.integers(20, 120, count), 0)
    running = end >= world.today_day
    term = np.full(count, 12)
    return Contracts(
        later.company, np.zeros(count, np.int64), np.where(running, 0, 1), months_before(end + 1, term), end, term
    )


def write_contracts(world: World, accounts: Accounts) -> Contracts:
    """Write Contract.csv; returns what was written, row by row."""
    contracts, rng = make_contracts(world), world.chance("contract rows")
    contracts = contracts.take(np.flatnonzero(accounts.row[contracts.company] >= 0))
    count, companies = len(contracts.company), world.companies
    seats, plan = companies.seats[contracts.company], companies.plan[contracts.company]
    invalid = rng.random(count) < max(world.rates.source.invalid, 2 / count)
    wrong_date = invalid & (rng.random(count) < 0.5)
    auto = np.isin(contracts.kind, (1, 4))
    notice = rng.choice((30, 60, 90), size=count)
    created = (contracts.start * DAY - rng.integers(5, 60, count) * DAY).clip(max=world.today - DAY).astype(np.int64)
    modified = (created + rng.random(count) * (world.today - created)).astype(np.int64)
    start = stamps(contracts.start * DAY, "date")
    with CsvFile(world.out / "exports" / formats.CONTRACT.path, formats.CONTRACT.names) as file:
        file.write({
            "Id": salesforce_ids("800", np.arange(count)),
            "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
            "AccountId": salesforce_ids("001", accounts.row[contracts.company]),
            "ContractNumber": numbered(np.arange(count) + 100, 8),
            "Status": picked(_STATUSES, contracts.status),
            "Contract_Type__c": spoiled(invalid & ~wrong_date, picked(TYPES, contracts.kind), ("Perpetual", "12"), rng),
            "StartDate": spoiled(wrong_date, start, ("2026-02-30", "2025-13-01", "31/12/2025"), rng),
            "EndDate": stamps(np.where(contracts.end > 0, contracts.end * DAY, -1), "date"),
            "ContractTerm": choose(contracts.term > 0, numbered(contracts.term), None),
            "OwnerExpirationNotice": picked(["30", "60", "90", None], rng.integers(4, size=count)),
            "Auto_Renew__c": flags(auto),
            "Notice_Period_Days__c": choose(auto & (contracts.kind != 4), numbered(notice), choose(contracts.kind == 4, "30", None)),
            "Annual_Value__c": money(np.maximum(seats * np.array(_SEAT_PRICES)[plan], 600).astype(np.float64)),
            "ActivatedDate": stamps(np.where(contracts.status < 3, created + 3 * DAY, -1)),
            "CustomerSignedDate": stamps(np.where(contracts.status < 3, created + 2 * DAY, -1), "date"),
            "OwnerId": owners(count, rng),
            **audit(created, modified),
        })  # fmt: skip
    _write_assets(world, accounts, contracts)
    return contracts


def _write_assets(world: World, accounts: Accounts, contracts: Contracts) -> None:
    """Write Asset.csv: the seats that each activated contract covers."""
    rng, companies = world.chance("assets"), world.companies
    sold = contracts.take(np.flatnonzero(contracts.status < 3))
    count, seats, plan = len(sold.company), companies.seats[sold.company], companies.plan[sold.company]
    running = sold.status == 0
    installed = (sold.start * DAY).clip(max=world.today - DAY).astype(np.int64)
    name: pa.Array = picked([p for p in PLANS], plan)
    with CsvFile(world.out / "exports" / formats.ASSET.path, formats.ASSET.names) as file:
        file.write({
            "Id": salesforce_ids("02i", np.arange(count)),
            "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
            "AccountId": salesforce_ids("001", accounts.row[sold.company]),
            "ContactId": None,
            "Name": join("Workspace ", name),
            "ProductCode": join("WS-", picked([p.upper() for p in PLANS], plan)),
            "Quantity": money(np.where(running, seats, np.maximum(seats * 0.8, 1)).astype(np.float64)),
            "Price": money(np.maximum(seats * np.array(_SEAT_PRICES)[plan], 600).astype(np.float64)),
            "Status": choose(running, "Installed", "Obsolete"),
            "PurchaseDate": stamps(installed - int(3 * DAY), "date"),
            "InstallDate": stamps(installed, "date"),
            "UsageEndDate": stamps(np.where(sold.end > 0, sold.end * DAY, -1), "date"),
            **audit(installed, installed),
        })  # fmt: skip
