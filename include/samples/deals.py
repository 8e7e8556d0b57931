"""Salesforce's campaigns with their members, and opportunities with their contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.contracts.exports import salesforce
from include.samples.contracts import Contracts
from include.samples.crm import SOURCES, Accounts, audit, owners
from include.samples.flaws import choose, join, numbered, picked
from include.samples.names import Int
from include.samples.roster import CHUNK
from include.samples.world import DAY, World, spoiled
from include.samples.writing import CsvFile, flags, money, salesforce_ids, stamps

CAMPAIGN_TYPES = ("Webinar", "Conference", "Email", "Advertisement", "Content")
STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost")
_CHANCES = (10, 20, 50, 80, 100, 0)
_ROLES = ("Decision Maker", "Business User", "Economic Buyer", "Evaluator", "Influencer")


@dataclass(frozen=True, slots=True)
class Campaigns:
    """First days of the campaigns, one a position, counted from 1970-01-01."""

    start: Int
    kind: Int


def write_deals(world: World, accounts: Accounts, contracts: Contracts) -> None:
    """Write Campaign, CampaignMember, Opportunity and OpportunityContactRole."""
    campaigns = _write_campaigns(world)
    _write_members(world, campaigns)
    owner, created, closed = _write_opportunities(world, accounts, contracts, campaigns)
    _write_roles(world, owner, created, closed)


def _write_campaigns(world: World) -> Campaigns:
    rng = world.chance("campaigns")
    count = int(16 + 6 * np.log10(len(world.people)))
    start = np.sort(world.today_day - rng.integers(-20, 720, count))
    kind, length = rng.integers(len(CAMPAIGN_TYPES), size=count), rng.integers(0, 30, count)
    first = ((start - 30) * DAY).clip(max=world.today - DAY).astype(np.int64)
    running = (start <= world.today_day) & (start + length >= world.today_day)
    cost = rng.uniform(1500, 40000, count).round(-2)
    names = join(stamps(start * DAY, "date"), " ", picked(CAMPAIGN_TYPES, kind), " ", numbered(np.arange(count) + 1))
    with CsvFile(world.out / "exports" / salesforce.CAMPAIGN.path, salesforce.CAMPAIGN.names) as file:
        file.write({
            "Id": salesforce_ids("701", np.arange(count)),
            "IsDeleted": "false",
            "Name": names,
            "ParentId": None,
            "Type": picked(CAMPAIGN_TYPES, kind),
            "Status": choose(running, "In Progress", choose(start > world.today_day, "Planned", "Completed")),
            "StartDate": stamps(start * DAY, "date"),
            "EndDate": stamps((start + length) * DAY, "date"),
            "BudgetedCost": money(cost),
            "ActualCost": money((cost * rng.uniform(0.7, 1.2, count)).round()),
            "IsActive": flags(running),
            "OwnerId": owners(count, rng),
            **audit(first, first),
        })  # fmt: skip
    return Campaigns(start, kind)


def _write_members(world: World, campaigns: Campaigns) -> None:
    """Write CampaignMember.csv: contacts and leads, about one membership for each of them."""
    contacts, leads = len(world.roster.contact), len(world.roster.lead)
    past = np.flatnonzero(campaigns.start < world.today_day - 2)
    path = world.out / "exports" / salesforce.CAMPAIGN_MEMBER.path
    with CsvFile(path, salesforce.CAMPAIGN_MEMBER.names) as file:
        for number, begin in enumerate(range(0, contacts + leads, CHUNK)):
            rng = world.chance("members", number)
            member = np.arange(begin, min(begin + CHUNK, contacts + leads))
            member = np.repeat(member, rng.poisson(0.8, len(member)))
            count = len(member)
            who = np.concatenate([world.roster.contact.who, world.roster.lead.who])[member]
            campaign = past[rng.integers(len(past), size=count)]
            keen = rng.random(count) < 0.1 + 0.7 * world.people.interest[who]
            status = np.where(keen, rng.choice((1, 2, 3), size=count), rng.choice((0, 1), size=count, p=(0.85, 0.15)))
            when = (campaigns.start[campaign] * DAY + rng.exponential(4, count) * DAY).clip(max=world.today - 1)
            responded = status >= 2
            joined = (campaigns.start[campaign] * DAY - 5 * DAY).astype(np.int64)
            file.write({
                "Id": salesforce_ids("00v", file.rows + np.arange(count)),
                "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
                "CampaignId": salesforce_ids("701", campaign),
                "ContactId": salesforce_ids("003", np.where(member < contacts, member, -1)),
                "LeadId": salesforce_ids("00Q", np.where(member >= contacts, member - contacts, -1)),
                "Status": picked(("Sent", "Registered", "Attended", "Responded"), status),
                "HasResponded": flags(responded),
                "FirstRespondedDate": stamps(np.where(responded, when, -1), "date"),
                **audit(joined, np.where(responded, when, joined).astype(np.int64)),
            })  # fmt: skip


def _write_opportunities(
    world: World, accounts: Accounts, contracts: Contracts, campaigns: Campaigns
) -> tuple[Int, Int, Int]:
    """Write Opportunity.csv; returns each one's company, creation and close, in seconds."""
    rng, companies = world.chance("opportunities"), world.companies
    won = np.flatnonzero(contracts.status < 3)
    known = np.flatnonzero(accounts.row >= 0)
    others = known[rng.random(len(known)) < 0.7]
    company = np.concatenate([contracts.company[won], others])
    contract = np.concatenate([won, np.full(len(others), -1)])
    count, start = len(company), contracts.start[np.maximum(contract, 0)] * DAY
    is_open = (contract < 0) & (rng.random(count) < 0.5)
    close = np.where(
        contract >= 0, start - rng.integers(1, 25, count) * DAY, world.today - rng.integers(1, 700, count) * DAY
    )
    close = np.where(is_open, world.today + rng.integers(-10, 150, count) * DAY, close.clip(max=world.today - DAY))
    created = np.minimum(close - rng.integers(20, 160, count) * DAY, world.today - DAY).astype(np.int64)
    stage = np.where(contract >= 0, 4, np.where(is_open, rng.integers(0, 4, count), 5))
    kind = np.where(
        contract < 0, rng.choice((0, 2), size=count, p=(0.7, 0.3)), rng.choice((0, 1), size=count, p=(0.6, 0.4))
    )
    amount = np.maximum(companies.seats[company] * rng.uniform(200, 700, count), 600).round(-2)
    begun = np.searchsorted(campaigns.start * DAY, created)
    campaign = (rng.random(count) * begun).astype(np.int64) - (begun == 0)
    types = picked(("New Business", "Renewal", "Upgrade"), kind)
    invalid = rng.random(count) < world.rates.source.invalid
    with CsvFile(world.out / "exports" / salesforce.OPPORTUNITY.path, salesforce.OPPORTUNITY.names) as file:
        file.write({
            "Id": salesforce_ids("006", np.arange(count)),
            "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
            "AccountId": salesforce_ids("001", accounts.row[company]),
            "Name": join(companies.brand.take(company), " - ", types),
            "Type": types,
            "StageName": spoiled(invalid, picked(STAGES, stage), ("Almost", "Closed Maybe"), rng),
            "Amount": choose(rng.random(count) < 0.03, None, money(amount)),
            "Probability": numbered(np.array(_CHANCES)[stage]),
            "CloseDate": stamps(close, "date"),
            "IsClosed": flags(stage >= 4),
            "IsWon": flags(stage == 4),
            "LeadSource": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
            "CampaignId": salesforce_ids("701", np.where(rng.random(count) < 0.6, campaign, -1)),
            "ContractId": salesforce_ids("800", contract),
            "OwnerId": owners(count, rng),
            **audit(created, np.minimum(close, world.today - 3600).clip(min=created).astype(np.int64)),
        })  # fmt: skip
    return company, created, close.astype(np.int64)


def _write_roles(world: World, company: Int, created: Int, closed: Int) -> None:
    """Write OpportunityContactRole.csv: up to five of the account's contacts, none for some opportunities."""
    rng = world.chance("roles")
    employer = world.people.company[world.roster.contact.who]
    order = np.argsort(employer, kind="stable")
    first = np.searchsorted(employer[order], np.arange(len(world.companies) + 1))
    available = np.diff(first)[company]
    wanted = np.minimum(rng.choice(6, size=len(company), p=(0.12, 0.28, 0.26, 0.18, 0.1, 0.06)), available)
    opportunity = np.repeat(np.arange(len(company)), wanted)
    nth = np.arange(len(opportunity)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    offset = (rng.random(len(company)) * available).astype(np.int64)[opportunity]
    contact = order[first[company[opportunity]] + (offset + nth) % available[opportunity]]
    count = len(contact)
    with CsvFile(world.out / "exports" / salesforce.CONTACT_ROLE.path, salesforce.CONTACT_ROLE.names) as file:
        file.write({
            "Id": salesforce_ids("00K", np.arange(count)),
            "IsDeleted": flags(rng.random(count) < world.rates.source.deleted),
            "OpportunityId": salesforce_ids("006", opportunity),
            "ContactId": salesforce_ids("003", contact),
            "Role": picked((*_ROLES, None), rng.integers(6, size=count)),
            "IsPrimary": flags(nth == 0),
            **audit(created[opportunity], np.minimum(created, closed)[opportunity]),
        })  # fmt: skip
