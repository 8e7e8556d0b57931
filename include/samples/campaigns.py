"""Salesforce's campaigns and their members."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.contracts.exports import salesforce
from include.samples.crm import Columns, audit, owners
from include.samples.figures import Touches
from include.samples.flaws import choose, join, numbered, picked
from include.samples.names import Int
from include.samples.roster import CHUNK
from include.samples.world import DAY, World
from include.samples.writing import CsvFile, dates, flags, money, salesforce_ids, stamps

_TYPES = ("Webinar", "Conference", "Email", "Advertisement", "Content")
_STATUSES = ("Sent", "Registered", "Attended", "Responded")
_ATTENDED = 2  # the first status that counts as a response
_MEMBERSHIPS = 0.8  # a contact or lead, on average


def write_campaigns(world: World) -> tuple[Int, Touches]:
    """Write Campaign.csv and CampaignMember.csv.

    Returns the campaigns' first days, in order, since 1970-01-01, and who responded when in truth.
    """
    rng = world.chance("campaigns")
    count = int(16 + 6 * np.log10(len(world.people)))
    start = np.sort(world.today_day - rng.integers(-20, 720, count))
    with CsvFile(world.out / "exports" / salesforce.CAMPAIGN.path, salesforce.CAMPAIGN.names) as file:
        file.write(_campaign_columns(world, start, rng))
    return start, _write_members(world, start)


def _campaign_columns(world: World, start: Int, rng: np.random.Generator) -> Columns:
    count = len(start)
    kind, end = picked(_TYPES, rng.integers(len(_TYPES), size=count)), start + rng.integers(0, 30, count)
    planned = np.minimum(start - 30, world.today_day - 1) * int(DAY)
    running = (start <= world.today_day) & (end >= world.today_day)
    cost = rng.uniform(1500, 40000, count).round(-2)
    return {
        "Id": salesforce_ids("701", np.arange(count)),
        "IsDeleted": "false",
        "Name": join(dates(start), " ", kind, " ", numbered(np.arange(count) + 1)),
        "ParentId": None,
        "Type": kind,
        "Status": choose(running, "In Progress", choose(start > world.today_day, "Planned", "Completed")),
        "StartDate": dates(start),
        "EndDate": dates(end),
        "BudgetedCost": money(cost),
        "ActualCost": money(cost * rng.uniform(0.7, 1.2, count)),
        "IsActive": flags(running),
        "OwnerId": owners(count, rng),
        **audit(planned, planned),
    }


def _write_members(world: World, start: Int) -> Touches:
    """Contacts and leads in campaigns that have begun."""
    parts: list[Touches] = []
    contacts, leads = world.roster.contact, world.roster.lead
    everybody = np.concatenate([contacts.who, leads.who])
    begun = start[start < world.today_day - 2]
    with CsvFile(world.out / "exports" / salesforce.CAMPAIGN_MEMBER.path, salesforce.CAMPAIGN_MEMBER.names) as file:
        for number, first in enumerate(range(0, len(everybody), CHUNK)):
            rng = world.chance("members", number)
            rows = np.arange(first, min(first + CHUNK, len(everybody)))
            member = np.repeat(rows, rng.poisson(_MEMBERSHIPS, len(rows)))
            contact, lead = member < len(contacts), member - len(contacts)
            deleted = flags(rng.random(len(member)) < world.rates.source.deleted)
            responses, touches = _responses(world, everybody[member], begun, rng)
            parts.append(touches)
            file.write({
                "Id": salesforce_ids("00v", file.rows + np.arange(len(member))),
                "IsDeleted": deleted,
                "ContactId": salesforce_ids("003", np.where(contact, member, -1)),
                "LeadId": salesforce_ids("00Q", np.where(contact, -1, lead)),
                **responses,
            })  # fmt: skip
    return Touches(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("who", "day")))


def _responses(world: World, who: Int, begun: Int, rng: np.random.Generator) -> tuple[dict[str, pa.Array], Touches]:
    """The campaign of each membership, and how the member responded; readier people more often."""
    count = len(who)
    campaign = rng.integers(len(begun), size=count)
    keen = rng.random(count) < 0.1 + 0.7 * world.people.interest[who]
    status = np.where(keen, rng.choice((1, 2, 3), size=count), rng.choice((0, 1), size=count, p=(0.85, 0.15)))
    added = (begun[campaign] - 5) * int(DAY)
    when = np.minimum((begun[campaign] + rng.exponential(4, count)) * DAY, world.today - 1).astype(np.int64)
    responded = status >= _ATTENDED
    columns = {
        "CampaignId": salesforce_ids("701", campaign),
        "Status": picked(_STATUSES, status),
        "HasResponded": flags(responded),
        "FirstRespondedDate": stamps(np.where(responded, when, -1), "date"),
        **audit(added, np.where(responded, when, added)),
    }
    return columns, Touches(who[responded], when[responded] // int(DAY))
