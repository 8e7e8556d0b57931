"""Salesforce's opportunities, won, lost and open, and the contacts that take part in them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from include.contracts.exports import salesforce
from include.samples.contracts import FIXED, MULTI_YEAR, STATUSES, Contracts
from include.samples.crm import SOURCES, Accounts, Columns, audit, owners
from include.samples.figures import GRACE, Won
from include.samples.flaws import choose, join, numbered, picked
from include.samples.names import Int
from include.samples.world import DAY, World, rarely, spoiled
from include.samples.writing import CsvFile, flags, money, salesforce_ids, stamps

STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")
WON, LOST = 4, 5
PROBABILITIES = np.array((10, 20, 50, 80, 100, 0))
_TYPES = ("New Business", "Renewal", "Upgrade")
_RENEWAL = 1
LOSSES = ("Price", "Competitor", "No decision", "Missing feature", "Budget cut")
_LOSS_TOLD = 0.85  # of lost opportunities, those with a reason
WORKED = 0.55  # of contracts that end soon, those with an opportunity of renewal that is open
_LOST_WORKED = 0.6  # of contracts that were lost, those whose renewal had been tried
_ROLES = ("Decision Maker", "Business User", "Economic Buyer", "Evaluator", "Influencer", None)
_CONTACTS = (0.12, 0.28, 0.26, 0.18, 0.10, 0.06)  # shares of opportunities with none, one, two, ... contacts
_ONE_DAY = int(DAY)
COLUMNS = tuple(name for name in salesforce.OPPORTUNITY.names if name != "CurrencyIsoCode")  # it has one currency


@dataclass(frozen=True, slots=True)
class Sales:
    """All opportunities, whose roles (opportunity, contact row) are in them, and what of it was won or lost."""

    opportunities: Opportunities
    roles: tuple[Int, Int]
    won: Won
    loss: Int  # of LOSSES, one beyond for none
    worked: Int  # rows of contracts with an open opportunity of renewal


@dataclass(frozen=True, slots=True)
class Opportunities:
    """One opportunity a position; times are in seconds since 1970, ``contract`` is that which was won, -1 for none."""

    company: Int
    contract: Int
    stage: Int
    kind: Int
    created: Int
    close: Int

    def __len__(self) -> int:
        return len(self.company)


def write_opportunities(world: World, accounts: Accounts, contracts: Contracts, campaign_start: Int) -> Sales:
    """Write Opportunity.csv and OpportunityContactRole.csv: one won for each contract, others lost or open.

    Opportunities of renewal stand at the end. Returns what became of all of them in truth.
    """
    first = _opportunities(world, accounts, contracts)
    worked, renewals = _renewals(world, contracts)
    parts = ((first, "", 0), (renewals, "renewal ", len(first)))
    roles: list[tuple[Int, Int]] = []
    sales = joined(first, renewals)
    loss = _losses(world, sales)
    with CsvFile(world.out / "exports" / salesforce.OPPORTUNITY.path, COLUMNS) as file:
        for part, name, start in parts:
            rng = world.chance(f"{name}opportunity rows")
            columns = _opportunity_columns(world, accounts, part, campaign_start, rng)
            why = picked((*LOSSES, None), loss[start : start + len(part)])
            ids = salesforce_ids("006", start + np.arange(len(part)))
            file.write({"Id": ids, "Loss_Reason__c": why, **columns})
    with CsvFile(world.out / "exports" / salesforce.CONTACT_ROLE.path, salesforce.CONTACT_ROLE.names) as file:
        for part, name, start in parts:
            rng = world.chance(f"{name}roles")
            sale, contact = _roles(world, part, rng)
            ids = salesforce_ids("00K", file.rows + np.arange(len(sale)))
            file.write({"Id": ids, **_role_columns(world, part, (sale, contact), start, rng)})
            roles.append((start + sale, contact))
    sale, contact = (np.concatenate(columns) for columns in zip(*roles, strict=True))
    return Sales(sales, (sale, contact), _won(world, sales, (sale, contact)), loss, worked)


def joined(*parts: Opportunities) -> Opportunities:
    """The opportunities of all parts."""
    return Opportunities(*(np.concatenate([getattr(p, c.name) for p in parts]) for c in fields(Opportunities)))


def _won(world: World, sales: Opportunities, roles: tuple[Int, Int]) -> Won:
    sale, contact = roles
    won = np.flatnonzero(sales.stage == WON)
    number = np.full(len(sales), -1)
    number[won] = np.arange(len(won))
    of_won = sales.stage[sale] == WON
    return Won(sales.close[won] // _ONE_DAY, number[sale[of_won]], world.roster.contact.who[contact[of_won]])


def _losses(world: World, sales: Opportunities) -> Int:
    """Why opportunities were lost, the first reasons more often."""
    rng, count = world.chance("losses"), len(sales)
    reason = np.minimum((rng.random(count) ** 1.6 * len(LOSSES)).astype(np.int64), len(LOSSES) - 1)
    return np.where((sales.stage == LOST) & (rng.random(count) < _LOSS_TOLD), reason, len(LOSSES))


def _renewals(world: World, contracts: Contracts) -> tuple[Int, Opportunities]:
    """Opportunities of renewal: open ones of contracts that end soon, lost ones of contracts that were not renewed."""
    rng, today = world.chance("renewals"), world.today_day
    draw = rng.random(len(contracts))
    agreed = (contracts.status == STATUSES.index("Activated")) & np.isin(contracts.kind, (FIXED, MULTI_YEAR))
    soon = agreed & (contracts.end >= today - GRACE) & (contracts.end <= today + 120)
    worked = np.flatnonzero(soon & (draw < WORKED))
    lost = np.flatnonzero((contracts.status == STATUSES.index("Terminated")) & (draw < _LOST_WORKED))
    row, is_open = np.concatenate([worked, lost]), np.arange(len(worked) + len(lost)) < len(worked)
    end = contracts.end[row] - np.where(is_open, rng.integers(-10, 15, len(row)), rng.integers(0, 20, len(row)))
    close = np.where(is_open, end, np.minimum(end, today - 1)) * _ONE_DAY
    return worked, Opportunities(
        company=contracts.company[row],
        contract=np.full(len(row), -1),
        stage=np.where(is_open, rng.integers(0, WON, len(row)), LOST),
        kind=np.full(len(row), _RENEWAL),
        created=np.minimum(close - rng.integers(20, 120, len(row)) * _ONE_DAY, int(world.today) - _ONE_DAY),
        close=close,
    )


def _opportunities(world: World, accounts: Accounts, contracts: Contracts) -> Opportunities:
    rng = world.chance("opportunities")
    signed = np.flatnonzero(contracts.status < STATUSES.index("Draft"))
    known = np.flatnonzero(accounts.row >= 0)
    others = known[rng.random(len(known)) < 0.7]
    company = np.concatenate([contracts.company[signed], others])
    contract = np.concatenate([signed, np.full(len(others), -1)])
    count, won, yesterday = len(company), contract >= 0, int(world.today) - _ONE_DAY
    is_open = ~won & (rng.random(count) < 0.5)
    lost_at = int(world.today) - rng.integers(1, 700, count) * _ONE_DAY
    won_at = (contracts.start[contract] - rng.integers(1, 25, count)) * _ONE_DAY
    due = int(world.today) + rng.integers(-10, 150, count) * _ONE_DAY
    close = np.where(is_open, due, np.minimum(np.where(won, won_at, lost_at), yesterday))
    follow_up = rng.choice((0, 1), size=count, p=(0.6, 0.4))
    return Opportunities(
        company=company,
        contract=contract,
        stage=np.where(won, WON, np.where(is_open, rng.integers(0, WON, count), LOST)),
        kind=np.where(won, follow_up, 2 * rng.choice((0, 1), size=count, p=(0.7, 0.3))),
        created=np.minimum(close - rng.integers(20, 160, count) * _ONE_DAY, yesterday),
        close=close,
    )


def _opportunity_columns(
    world: World, accounts: Accounts, sales: Opportunities, campaign_start: Int, rng: np.random.Generator
) -> Columns:
    """All columns but the id and the reason for a loss."""
    count, companies = len(sales), world.companies
    amount = np.maximum(companies.seats[sales.company] * rng.uniform(200, 700, count), 600).round(-2)
    begun = np.searchsorted(campaign_start * _ONE_DAY, sales.created)
    campaign = np.where((begun > 0) & (rng.random(count) < 0.6), (rng.random(count) * begun).astype(np.int64), -1)
    kind, stage = picked(_TYPES, sales.kind), picked(STAGES, sales.stage)
    changed = np.clip(sales.close, sales.created, int(world.today) - 3600)
    return {
        "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
        "AccountId": salesforce_ids("001", accounts.row[sales.company]),
        "Name": join(companies.brand.take(sales.company), " - ", kind),
        "Type": kind,
        "StageName": spoiled(rarely(world.rates.source.invalid, count, rng), stage, ("Almost", "Closed Maybe"), rng),
        "Amount": choose(rng.random(count) < 0.03, None, money(amount)),
        "Probability": numbered(PROBABILITIES[sales.stage]),
        "CloseDate": stamps(sales.close, "date"),
        "IsClosed": flags(sales.stage >= WON),
        "IsWon": flags(sales.stage == WON),
        "LeadSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
        "CampaignId": salesforce_ids("701", campaign),
        "ContractId": salesforce_ids("800", sales.contract),
        "OwnerId": owners(count, rng),
        **audit(sales.created, changed),
    }


def _roles(world: World, sales: Opportunities, rng: np.random.Generator) -> tuple[Int, Int]:
    """Which contacts take part in which opportunity: up to five of the account's; some opportunities have none."""
    count = len(sales)
    employer = world.people.company[world.roster.contact.who]
    by_company = np.argsort(employer, kind="stable")
    first = np.searchsorted(employer[by_company], np.arange(len(world.companies) + 1))
    available = np.diff(first)[sales.company]
    wanted = np.minimum(rng.choice(len(_CONTACTS), size=count, p=_CONTACTS), available)
    sale = np.repeat(np.arange(count), wanted)
    nth = np.arange(len(sale)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    offset = (rng.random(count) * available).astype(np.int64)[sale]
    return sale, by_company[first[sales.company[sale]] + (offset + nth) % available[sale]]


def _role_columns(
    world: World, sales: Opportunities, roles: tuple[Int, Int], start: int, rng: np.random.Generator
) -> Columns:
    """All columns but the id; ``start`` is the row of the first opportunity."""
    sale, contact = roles
    added, first = sales.created[sale], np.concatenate([[True], sale[1:] != sale[:-1]])[: len(sale)]
    return {
        "IsDeleted": flags(rng.random(len(sale)) < world.rates.source.deleted),
        "OpportunityId": salesforce_ids("006", start + sale),
        "ContactId": salesforce_ids("003", contact),
        "Role": picked(_ROLES, rng.integers(len(_ROLES), size=len(sale))),
        "IsPrimary": flags(first),
        **audit(added, added),
    }
