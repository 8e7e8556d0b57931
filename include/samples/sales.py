"""Salesforce's contracts and assets: what customers bought, until when, and how it goes on."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.contracts.exports import salesforce
from include.samples.companies import PLANS
from include.samples.contracts import MONTHLY, STATUSES, TYPES, Contracts, make_contracts
from include.samples.crm import Accounts, Columns, audit, owners
from include.samples.flaws import choose, join, layered, numbered, picked
from include.samples.names import Floats, Int
from include.samples.world import DAY, World, rarely, spoiled
from include.samples.writing import CsvFile, dates, flags, money, salesforce_ids, stamps

_SEAT_PRICES = np.array((240, 420, 660, 0))  # a year, by plan
_LEAST = 600
_IMPOSSIBLE_DAYS = ("2026-02-30", "2025-13-01", "31/12/2025")


def write_sales(world: World, accounts: Accounts) -> Contracts:
    """Write Contract.csv and Asset.csv; returns the contracts, row by row."""
    contracts = make_contracts(world)
    contracts = contracts.take(np.flatnonzero(accounts.row[contracts.company] >= 0))
    with CsvFile(world.out / "exports" / salesforce.CONTRACT.path, salesforce.CONTRACT.names) as file:
        file.write(_contract_columns(world, accounts, contracts, world.chance("contract rows")))
    sold = contracts.take(np.flatnonzero(contracts.status < STATUSES.index("Draft")))
    with CsvFile(world.out / "exports" / salesforce.ASSET.path, salesforce.ASSET.names) as file:
        file.write(_asset_columns(world, accounts, sold, world.chance("assets")))
    return contracts


def _contract_columns(world: World, accounts: Accounts, contracts: Contracts, rng: np.random.Generator) -> Columns:
    count, rates = len(contracts), world.rates.source
    invalid = rarely(rates.invalid, count, rng)
    wrong_day = invalid & (np.cumsum(invalid) % 2 == 1)
    auto, monthly = np.isin(contracts.kind, (1, MONTHLY)), contracts.kind == MONTHLY
    notice = choose(auto, numbered(rng.choice((30, 60, 90), size=count)), None)
    created = (contracts.start - rng.integers(5, 60, count)) * int(DAY)
    created = np.minimum(created, int(world.today - DAY))
    modified = (created + rng.random(count) * (world.today - created)).astype(np.int64)
    signed = np.where(contracts.status < STATUSES.index("Draft"), created + 7200, -1)
    kind = picked(TYPES, contracts.kind)
    return {
        "Id": salesforce_ids("800", np.arange(count)),
        "IsDeleted": flags(rng.random(count) < rates.deleted),
        "AccountId": salesforce_ids("001", accounts.row[contracts.company]),
        "ContractNumber": numbered(np.arange(count) + 100, 8),
        "Status": picked(STATUSES, contracts.status),
        "Contract_Type__c": spoiled(invalid & ~wrong_day, kind, ("Perpetual", "12"), rng),
        "StartDate": spoiled(wrong_day, dates(contracts.start), _IMPOSSIBLE_DAYS, rng),
        "EndDate": _days(contracts.end),
        "ContractTerm": choose(contracts.term > 0, numbered(contracts.term), None),
        "OwnerExpirationNotice": picked(["30", "60", "90", None], rng.integers(4, size=count)),
        "Auto_Renew__c": flags(auto),
        "Notice_Period_Days__c": layered(notice, (monthly, "30")),
        "Annual_Value__c": money(yearly_value(world, contracts)),
        "ActivatedDate": stamps(np.where(signed > 0, signed + 3600, -1)),
        "CustomerSignedDate": stamps(signed, "date"),
        "OwnerId": owners(count, rng),
        **audit(created, modified),
    }


def _asset_columns(world: World, accounts: Accounts, sold: Contracts, rng: np.random.Generator) -> Columns:
    """The seats that each signed contract covers."""
    count, company = len(sold), sold.company
    seats, plan = world.companies.seats[company], world.companies.plan[company]
    running = sold.status == 0
    installed = np.minimum(sold.start * int(DAY), int(world.today - DAY))
    return {
        "Id": salesforce_ids("02i", np.arange(count)),
        "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
        "AccountId": salesforce_ids("001", accounts.row[company]),
        "ContactId": None,
        "Name": join("Workspace ", picked(PLANS, plan)),
        "ProductCode": join("WS-", picked([p.upper() for p in PLANS], plan)),
        "Quantity": money(np.where(running, seats, np.maximum(seats * 0.8, 1)).astype(np.float64)),
        "Price": money(yearly_value(world, sold)),
        "Status": choose(running, "Installed", "Obsolete"),
        "PurchaseDate": stamps(installed - int(3 * DAY), "date"),
        "InstallDate": stamps(installed, "date"),
        "UsageEndDate": _days(sold.end),
        **audit(installed, installed),
    }


def yearly_value(world: World, contracts: Contracts) -> Floats:
    """What each contract brings in a year."""
    company = contracts.company
    price = world.companies.seats[company] * _SEAT_PRICES[world.companies.plan[company]]
    return np.asarray(np.maximum(price, _LEAST), dtype=np.float64)


def _days(days: Int) -> pa.Array:
    return choose(days > 0, dates(days), None)
