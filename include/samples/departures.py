"""Salesforce's history of contacts: who left the account; champions more often before a contract is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.contracts.exports import salesforce
from include.samples.contracts import STATUSES, Contracts
from include.samples.crm import Accounts
from include.samples.names import Int
from include.samples.opportunities import WON, Opportunities
from include.samples.world import DAY, World
from include.samples.writing import CsvFile, salesforce_ids, stamps

LEFT_BEFORE_LOSS, LEFT_BEFORE_RENEWAL = 0.55, 0.06  # contracts one of whose champions left in their last months
_ELSEWHERE = 0.01  # of contacts, those whose account was changed for other reasons
FIRST, LAST = 35, 110  # days before a contract's end on which champions left


@dataclass(frozen=True, slots=True)
class Departures:
    """Contracts, by row, one of whose champions left before their end, and those that had a champion at all."""

    contract: Int
    had_champion: Int


def write_departures(
    world: World, accounts: Accounts, contracts: Contracts, sales: Opportunities, roles: tuple[Int, Int]
) -> Departures:
    """Write ContactHistory.csv; returns the contracts whose champions left."""
    rng = world.chance("departures")
    champion = _champions(world, sales, roles)[contracts.company]
    rate = np.zeros(len(contracts))
    rate[contracts.status == STATUSES.index("Terminated")] = LEFT_BEFORE_LOSS
    rate[contracts.status == STATUSES.index("Expired")] = LEFT_BEFORE_RENEWAL
    left = np.flatnonzero((champion >= 0) & (rng.random(len(contracts)) < rate))
    day = contracts.end[left] - rng.integers(FIRST, LAST, len(left))
    others = np.flatnonzero(rng.random(len(world.roster.contact)) < _ELSEWHERE)
    contact = np.concatenate([champion[left], others])
    old = np.concatenate([
        accounts.row[contracts.company[left]], rng.integers(len(accounts.company), size=len(others))
    ])  # fmt: skip
    when = np.concatenate([day, world.today_day - 1 - rng.integers(0, 700, len(others))])
    order = np.argsort(when, kind="stable")
    with CsvFile(world.out / "exports" / salesforce.CONTACT_HISTORY.path, salesforce.CONTACT_HISTORY.names) as file:
        file.write({
            "Id": salesforce_ids("017", 50_000_000 + np.arange(len(order))),
            "IsDeleted": "false",
            "ContactId": salesforce_ids("003", contact[order]),
            "Field": "AccountId",
            "OldValue": salesforce_ids("001", old[order]),
            "NewValue": pa.nulls(len(order), pa.string()),
            "CreatedDate": stamps(when[order] * DAY + 36_000),
        })  # fmt: skip
    return Departures(left, np.flatnonzero(champion >= 0))


def _champions(world: World, sales: Opportunities, roles: tuple[Int, Int]) -> Int:
    """The row of one contact of each company who has a role in an opportunity that was won, -1 for none."""
    sale, contact = roles
    won = sales.stage[sale] == WON
    champion = np.full(len(world.companies), -1)
    champion[sales.company[sale[won]]] = contact[won]
    return champion
