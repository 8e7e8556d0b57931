"""Account Engagement's prospects, and whom it may mail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports import pardot
from include.samples.crm import SOURCES, Columns
from include.samples.flaws import Mask, choose, numbered, picked
from include.samples.geography import place
from include.samples.mailings import Audience, prospect_ids, write_mailings
from include.samples.names import Int
from include.samples.sightings import Sightings
from include.samples.world import World, lived, rarely, spoiled
from include.samples.writing import CsvFile, flags, salesforce_ids, stamps

_FREQUENCIES, _FREQUENCY_SHARES = np.array((0.06, 0.22, 0.70)), (0.30, 0.58, 0.12)
_KNOWS_OPT_OUT = 0.7  # of those who opted out somewhere, how many did here
_IMPOSSIBLE = ("2025-02-30 10:00:00", "0000-00-00 00:00:00")
_GRADES = ("A+", "A", "A-", "B+", "B", "C+", "C", "D", "F", None)


def write_mail(world: World) -> None:
    """Write visitor_activity.csv and prospects.csv."""
    audience, roll, count = _audience(world), world.roster.prospect, len(world.people)
    write_mailings(world, audience)
    known = world.roster.contact.first_row(count), world.roster.lead.first_row(count)
    with CsvFile(world.out / "exports" / pardot.PROSPECT.path, pardot.PROSPECT.names) as file:
        for number, rows in roll.chunks():
            seen, rng = _sight(world, number, rows)
            ids = prospect_ids(np.arange(rows.start, rows.stop))
            file.write({
                "Prospect Id": ids,
                **_person(world, seen, rng),
                **_standing(audience, rows, rng),
                **_history(world, seen, rng),
                **_links(world, seen.who, known, rng),
            })  # fmt: skip
            world.confess("email.prospect", ids, seen)


def _audience(world: World) -> Audience:
    rng, roll = world.chance("audience"), world.roster.prospect
    count = len(roll)
    return Audience(
        gmail=np.concatenate([_at_gmail(_sight(world, number, rows)[0]) for number, rows in roll.chunks()]),
        frequency=_FREQUENCIES[rng.choice(3, size=count, p=_FREQUENCY_SHARES)],
        opted_out=world.people.opted_out[roll.who] & (rng.random(count) < _KNOWS_OPT_OUT),
        bounced=np.zeros(count, dtype=bool),
        last=np.full(count, -1.0),
    )


def _at_gmail(seen: Sightings) -> Mask:
    return np.asarray(pc.match_substring(pc.utf8_lower(seen.email), "@gmail.").to_numpy(zero_copy_only=False))


def _sight(world: World, number: int, rows: slice) -> tuple[Sightings, np.random.Generator]:
    """What Account Engagement has of some prospects; it takes in nobody without an address."""
    rates = replace(world.rates.record, missing_email=0.0)
    return world.sight("prospect", world.roster.prospect, number, rows, rates)


def _person(world: World, seen: Sightings, rng: np.random.Generator) -> Columns:
    count, who = len(seen.who), pa.array(seen.who)
    city, state, country = place(world.people.country[seen.who], world.people.city[seen.who])
    known = rng.random(count)
    return {
        "First Name": seen.first,
        "Last Name": seen.last,
        "Email": seen.email,
        "Company": seen.organization,
        "Website": choose(rng.random(count) < 0.2, world.companies.domain.take(pa.array(seen.company)), None),
        "Job Title": seen.title,
        "Country": choose(known < 0.6, country, None),
        "City": choose(known < 0.3, city, None),
        "State": choose(known < 0.3, state, None),
        "Address One": choose(known < 0.2, world.people.street.take(who), None),
        "Zip": choose(known < 0.2, world.people.postcode.take(who), None),
        "Phone": choose(rng.random(count) < 0.5, seen.phone, None),
        "Source": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
    }


def _standing(audience: Audience, rows: slice, rng: np.random.Generator) -> Columns:
    """Whether prospects may be mailed and called, and when they last did something."""
    out = audience.opted_out[rows]
    return {
        "Do Not Email": flags(out & (rng.random(len(out)) < 0.3), "Yes", "No"),
        "Do Not Call": flags(rng.random(len(out)) < 0.02, "Yes", "No"),
        "Opted Out": flags(out, "Yes", "No"),
        "Email Bounced": flags(audience.bounced[rows], "Yes", "No"),
        "Last Activity At": stamps(audience.last[rows], "plain"),
    }


def _history(world: World, seen: Sightings, rng: np.random.Generator) -> Columns:
    """Creation, on impossible days where invalid, and Pardot's own judgement."""
    count = len(seen.who)
    created, modified = lived(world, count, rng, 500.0)
    invalid = rarely(world.rates.source.invalid, count, rng)
    seen.marks.add("invalid", invalid)
    return {
        "Score": numbered((world.people.interest[seen.who] * 220 * rng.random(count)).astype(np.int64)),
        "Grade": picked(_GRADES, rng.integers(len(_GRADES), size=count)),
        "Campaign": picked(("Website", "Newsletter", "Webinar", "Trade fair"), rng.integers(4, size=count)),
        "Created Date": spoiled(invalid, stamps(created, "plain"), _IMPOSSIBLE, rng),
        "Updated Date": stamps(modified, "plain"),
    }


def _links(world: World, who: Int, known: tuple[Int, Int], rng: np.random.Generator) -> Columns:
    """The Salesforce contact, or else the lead, that some prospects are connected with."""
    linked = rng.random(len(who)) < world.rates.source.crm_link
    contact, lead = (np.where(linked, row[who], -1) for row in known)
    return {
        "CRM Contact FID": salesforce_ids("003", contact),
        "CRM Lead FID": salesforce_ids("00Q", np.where(contact < 0, lead, -1)),
        "Is Deleted": None,
    }
