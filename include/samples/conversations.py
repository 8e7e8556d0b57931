"""Salesforce's tasks: chats in which people raised a hand, calls after bad answers to a survey, mails and meetings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.contracts.exports import salesforce
from include.samples.crm import Accounts, audit, owners
from include.samples.figures import Answers
from include.samples.flaws import choose, picked
from include.samples.names import Int
from include.samples.world import DAY, World
from include.samples.writing import CsvFile, flags, salesforce_ids, stamps

CHAT, CALL, MAIL, MEETING = range(4)
_TYPES = ("Chat", "Call", "Email", "Meeting")
_SUBJECTS = ("Chat on the website", "Call", "Mail", "Meeting")
_CALLED_BACK = 0.4  # of detractors whom the CRM knows
_PLANNED = 0.05  # of tasks that are no chats, those that are still to be done


@dataclass(frozen=True, slots=True)
class Conversations:
    """Who of the people spoke with the company, how (CHAT, CALL, ...), and on which day since 1970."""

    who: Int
    kind: Int
    day: Int


def write_conversations(world: World, accounts: Accounts, answers: Answers) -> Conversations:
    """Write Task.csv; returns the conversations that took place."""
    rng = world.chance("tasks")
    contact, lead = world.roster.contact, world.roster.lead
    parts = (_chats(world, rng), _calls(world, answers, rng), _everyday(world, rng))
    record, kind, day = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    planned = (kind != CHAT) & (rng.random(len(record)) < _PLANNED)
    day = np.where(planned, world.today_day + 1 + day % 20, day)
    of_contact = record < len(contact)
    who = np.concatenate([contact.who, lead.who])[record]
    noted = np.minimum(day, world.today_day - 1) * int(DAY) + 43_200
    with CsvFile(world.out / "exports" / salesforce.TASK.path, salesforce.TASK.names) as file:
        file.write({
            "Id": salesforce_ids("00T", np.arange(len(record))),
            "IsDeleted": flags(rng.random(len(record)) < world.rates.source.deleted),
            "WhoId": choose(
                of_contact,
                salesforce_ids("003", record),
                salesforce_ids("00Q", np.maximum(record - len(contact), 0)),
            ),
            "WhatId": None,
            "AccountId": salesforce_ids("001", np.where(of_contact, accounts.row[world.people.company[who]], -1)),
            "Type": picked(_TYPES, kind),
            "Subject": picked(_SUBJECTS, kind),
            "Status": choose(planned, "Not Started", "Completed"),
            "ActivityDate": stamps(day * DAY, "date"),
            "OwnerId": owners(len(record), rng),
            **audit(noted, noted),
        })  # fmt: skip
    return Conversations(who[~planned], kind[~planned], day[~planned])


Spoken = tuple[Int, Int, Int]  # rows of contacts, then of leads; kinds; days


def _chats(world: World, rng: np.random.Generator) -> Spoken:
    """Readier people chat more often."""
    who = np.concatenate([world.roster.contact.who, world.roster.lead.who])
    keen = np.flatnonzero(rng.random(len(who)) < 0.01 + 0.08 * world.people.interest[who])
    return keen, np.full(len(keen), CHAT), _past(world, len(keen), rng)


def _calls(world: World, answers: Answers, rng: np.random.Generator) -> Spoken:
    """Some detractors are called within three weeks."""
    row = world.roster.contact.first_row(len(world.people))[answers.who]
    called = np.flatnonzero((answers.score <= 6) & (row >= 0) & (rng.random(len(row)) < _CALLED_BACK))
    day = answers.made[called] // int(DAY) + rng.integers(1, 21, len(called))
    kept = day < world.today_day
    return row[called][kept], np.full(int(kept.sum()), CALL), day[kept]


def _everyday(world: World, rng: np.random.Generator) -> Spoken:
    """Mails and meetings with contacts."""
    row = np.flatnonzero(rng.random(len(world.roster.contact)) < 0.15)
    return row, rng.choice((MAIL, MEETING), size=len(row)), _past(world, len(row), rng)


def _past(world: World, count: int, rng: np.random.Generator) -> Int:
    return world.today_day - 1 - (rng.random(count) ** 1.3 * 540).astype(np.int64)
