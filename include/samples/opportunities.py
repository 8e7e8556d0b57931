"""Salesforce's opportunities, won, lost and open, and the contacts that take part in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.contracts.exports import salesforce
from include.samples.contracts import STATUSES, Contracts
from include.samples.crm import SOURCES, Accounts, Columns, audit, owners
from include.samples.figures import Won
from include.samples.flaws import choose, join, numbered, picked
from include.samples.names import Int
from include.samples.world import DAY, World, rarely, spoiled
from include.samples.writing import CsvFile, flags, money, salesforce_ids, stamps

_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")
_WON, _LOST = 4, 5
_PROBABILITIES = np.array((10, 20, 50, 80, 100, 0))
_TYPES = ("New Business", "Renewal", "Upgrade")
_ROLES = ("Decision Maker", "Business User", "Economic Buyer", "Evaluator", "Influencer", None)
_CONTACTS = (0.12, 0.28, 0.26, 0.18, 0.10, 0.06)  # shares of opportunities with none, one, two, ... contacts
_ONE_DAY = int(DAY)
COLUMNS = tuple(name for name in salesforce.OPPORTUNITY.names if name != "CurrencyIsoCode")  # it has one currency


@dataclass(frozen=True, slots=True)
class _Opportunities:
    """One opportunity a position; times are in seconds since 1970, ``contract`` is -1 where none was won."""

    company: Int
    contract: Int
    stage: Int
    kind: Int
    created: Int
    close: Int

    def __len__(self) -> int:
        return len(self.company)


def write_opportunities(world: World, accounts: Accounts, contracts: Contracts, campaign_start: Int) -> Won:
    """Write Opportunity.csv and OpportunityContactRole.csv: one won for each contract, others lost or open.

    Returns those that were won, and whose roles are in them, in truth.
    """
    sales = _opportunities(world, accounts, contracts)
    with CsvFile(world.out / "exports" / salesforce.OPPORTUNITY.path, COLUMNS) as file:
        file.write(_opportunity_columns(world, accounts, sales, campaign_start))
    with CsvFile(world.out / "exports" / salesforce.CONTACT_ROLE.path, salesforce.CONTACT_ROLE.names) as file:
        sale, contact = _roles(world, sales, rng := world.chance("roles"))
        file.write(_role_columns(world, sales, (sale, contact), rng))
    won = np.flatnonzero(sales.stage == _WON)
    number = np.full(len(sales), -1)
    number[won] = np.arange(len(won))
    of_won = sales.stage[sale] == _WON
    return Won(sales.close[won] // _ONE_DAY, number[sale[of_won]], world.roster.contact.who[contact[of_won]])


def _opportunities(world: World, accounts: Accounts, contracts: Contracts) -> _Opportunities:
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
    return _Opportunities(
        company=company,
        contract=contract,
        stage=np.where(won, _WON, np.where(is_open, rng.integers(0, _WON, count), _LOST)),
        kind=np.where(won, follow_up, 2 * rng.choice((0, 1), size=count, p=(0.7, 0.3))),
        created=np.minimum(close - rng.integers(20, 160, count) * _ONE_DAY, yesterday),
        close=close,
    )


def _opportunity_columns(world: World, accounts: Accounts, sales: _Opportunities, campaign_start: Int) -> Columns:
    rng, count, companies = world.chance("opportunity rows"), len(sales), world.companies
    amount = np.maximum(companies.seats[sales.company] * rng.uniform(200, 700, count), 600).round(-2)
    begun = np.searchsorted(campaign_start * _ONE_DAY, sales.created)
    campaign = np.where((begun > 0) & (rng.random(count) < 0.6), (rng.random(count) * begun).astype(np.int64), -1)
    kind, stage = picked(_TYPES, sales.kind), picked(_STAGES, sales.stage)
    changed = np.clip(sales.close, sales.created, int(world.today) - 3600)
    return {
        "Id": salesforce_ids("006", np.arange(count)),
        "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
        "AccountId": salesforce_ids("001", accounts.row[sales.company]),
        "Name": join(companies.brand.take(sales.company), " - ", kind),
        "Type": kind,
        "StageName": spoiled(rarely(world.rates.source.invalid, count, rng), stage, ("Almost", "Closed Maybe"), rng),
        "Amount": choose(rng.random(count) < 0.03, None, money(amount)),
        "Probability": numbered(_PROBABILITIES[sales.stage]),
        "CloseDate": stamps(sales.close, "date"),
        "IsClosed": flags(sales.stage >= _WON),
        "IsWon": flags(sales.stage == _WON),
        "LeadSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
        "CampaignId": salesforce_ids("701", campaign),
        "ContractId": salesforce_ids("800", sales.contract),
        "OwnerId": owners(count, rng),
        **audit(sales.created, changed),
    }


def _roles(world: World, sales: _Opportunities, rng: np.random.Generator) -> tuple[Int, Int]:
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


def _role_columns(world: World, sales: _Opportunities, roles: tuple[Int, Int], rng: np.random.Generator) -> Columns:
    sale, contact = roles
    added, first = sales.created[sale], np.concatenate([[True], sale[1:] != sale[:-1]])[: len(sale)]
    return {
        "Id": salesforce_ids("00K", np.arange(len(sale))),
        "IsDeleted": flags(rng.random(len(sale)) < world.rates.source.deleted),
        "OpportunityId": salesforce_ids("006", sale),
        "ContactId": salesforce_ids("003", contact),
        "Role": picked(_ROLES, rng.integers(len(_ROLES), size=len(sale))),
        "IsPrimary": flags(first),
        **audit(added, added),
    }
