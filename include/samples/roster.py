"""Who is in which source, how often, and which row of the source that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from include.samples.companies import Companies
from include.samples.flaws import Mask
from include.samples.names import Int
from include.samples.people import People
from include.samples.rates import SourceRates

CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Roll:
    """The person of each row of one source; ``second`` marks further rows of somebody who has a first one there."""

    who: Int
    second: Mask

    def __len__(self) -> int:
        return len(self.who)

    def chunks(self) -> Iterator[tuple[int, slice]]:
        """Numbered slices of at most CHUNK rows."""
        for number, start in enumerate(range(0, len(self.who), CHUNK)):
            yield number, slice(start, min(start + CHUNK, len(self.who)))

    def first_row(self, count: int) -> Int:
        """The row of each of ``count`` people's first record, -1 for those without one."""
        row = np.full(count, -1)
        firsts = np.flatnonzero(~self.second)
        row[self.who[firsts]] = firsts
        return row


@dataclass(frozen=True, slots=True)
class Roster:
    """The rolls of all sources."""

    contact: Roll
    lead: Roll
    prospect: Roll
    user: Roll
    respondent: Roll


def make_roster(people: People, companies: Companies, rates: SourceRates, rng: np.random.Generator) -> Roster:
    """Decide who is in which source; everybody is in one at least, product users mostly work for customers."""
    count = len(people)
    customer = companies.standing[people.company] == 0
    in_crm = rng.random(count) < rates.contact
    in_leads = rng.random(count) < rates.lead
    share = customer.mean()
    usage_rate = np.where(customer, min(0.95, rates.user * 0.92 / share), rates.user * 0.08 / (1 - share))
    in_usage = rng.random(count) < usage_rate
    nps_rate = np.where(
        in_usage, min(0.95, rates.respondent * 0.85 / rates.user), rates.respondent * 0.15 / (1 - rates.user)
    )
    in_nps = rng.random(count) < nps_rate
    in_mail = rng.random(count) < rates.prospect
    in_mail |= ~(in_crm | in_leads | in_usage | in_nps)
    return Roster(
        contact=_roll(in_crm, rates.contact_twice, rng),
        lead=_roll(in_leads, rates.lead_twice, rng),
        prospect=_roll(in_mail, rates.prospect_twice, rng),
        user=_roll(in_usage, rates.user_twice, rng),
        respondent=_roll(in_nps, rates.respondent_twice, rng),
    )


def _roll(present: Mask, twice: float, rng: np.random.Generator) -> Roll:
    once = np.flatnonzero(present)
    again = once[rng.random(len(once)) < twice]
    who = np.concatenate([once, again])
    second = np.arange(len(who)) >= len(once)
    order = rng.permutation(len(who))
    return Roll(who[order], second[order])
