"""What happened to the mails that prospects were sent: people's doings, and those of machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.exports import pardot
from include.samples.agents import (
    AGENTS,
    BROWSER_SHARES,
    BROWSERS,
    FIRST_BROWSER,
    FIRST_SCANNER,
    NETWORKS,
    NO_AGENT,
    SCANNERS,
)  # fmt: skip
from include.samples.crm import Columns
from include.samples.flaws import Mask, choose, join, layered, numbered, picked
from include.samples.names import Floats, Int
from include.samples.world import DAY, USAGE_DAYS, World, rarely, spoiled
from include.samples.writing import CsvFile, stamps

CLICK, FORM, SENT, OPEN, UNSUBSCRIBE, BOUNCE, HEADER_UNSUBSCRIBE = 1, 4, 6, 11, 12, 13, 35
_TYPE_NAMES = ["Email Tracker" if kind == CLICK else "Form" if kind == FORM else "Email" for kind in range(36)]
_LINKS = ("https://sample.example/pricing", "https://sample.example/blog/release", "https://sample.example/webinar",
          "https://sample.example/preferences")  # fmt: skip
MAILINGS = 24
_FIRST_PROSPECT, _FIRST_ACTIVITY, _FIRST_MAILING, _FIRST_CAMPAIGN = 10_000_000, 500_000_000, 8_100, 4_000


@dataclass(slots=True)
class Audience:
    """The prospects as the mailings find and leave them, one position each."""

    gmail: Mask
    frequency: Floats  # the chance of being sent a mailing
    opted_out: Mask
    bounced: Mask
    last: Floats  # when they last did something, -1 for never


@dataclass(frozen=True, slots=True)
class _Events:
    """Activities: of which kind, whose, when, by which agent, on which link."""

    kind: Int
    row: Int
    when: Floats
    agent: Int
    link: Int

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Int) -> _Events:
        return _Events(*(getattr(self, column.name)[rows] for column in fields(self)))


def _events(kind: int, row: Int, when: Floats, agent: Int | int, link: Int | int = 0) -> _Events:
    return _Events(*(np.broadcast_to(v, row.shape) for v in (kind, row, when, agent, link)))


def prospect_ids(rows: Int) -> pa.Array:
    """The numbers of the prospects in some rows."""
    return numbered(_FIRST_PROSPECT + rows)


def write_mailings(world: World, audience: Audience) -> None:
    """Write visitor_activity.csv; the audience is left as those mailings leave it."""
    with CsvFile(world.out / "exports" / pardot.ACTIVITY.path, pardot.ACTIVITY.names) as file:
        for mailing in range(MAILINGS):
            rng = world.chance("mailing", mailing)
            events = _mailing(world, audience, mailing, rng)
            did = ~np.isin(events.kind, (SENT, BOUNCE))
            audience.last[events.row[did]] = events.when[did]
            if len(events):
                file.write(_columns(world, events, (mailing, file.rows), rng))


def _mailing(world: World, audience: Audience, mailing: int, rng: np.random.Generator) -> _Events:
    """One mailing and all that follows from it, in order of time."""
    day = world.today_day - USAGE_DAYS + 1 + mailing * USAGE_DAYS // MAILINGS
    ready = ~audience.opted_out & ~audience.bounced & (rng.random(len(audience.gmail)) < audience.frequency)
    row = np.flatnonzero(ready)
    sent = day * DAY + 8 * 3600 + rng.random(len(row)) * 1500
    parts = list(_reactions(world, audience, row, sent, rng))
    events = _Events(*(np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(_Events)))
    order = np.argsort(events.when, kind="stable")
    return events.take(order[events.when[order] < world.today])


def _reactions(world: World, audience: Audience, row: Int, sent: Floats, rng: np.random.Generator) -> Iterator[_Events]:
    """All that follows from one mailing to the prospects in ``row``."""
    count, people = len(row), world.people
    who = world.roster.prospect.who[row]
    yield _events(SENT, row, sent, NO_AGENT)
    bounces = people.bounced[who] & (rng.random(count) < 0.75)
    audience.bounced[row[bounces]] = True
    yield _events(BOUNCE, row[bounces], sent[bounces] + rng.random(bounces.sum()) * 90, NO_AGENT)
    apple = people.apple[who] & ~bounces & (rng.random(count) < 0.95)
    yield _events(OPEN, row[apple], sent[apple] + 5 + rng.exponential(5400, apple.sum()), 0)
    scanned = world.companies.scanner[people.company[who]] & ~bounces & ~audience.gmail[row]
    yield from _scans(row[scanned], sent[scanned], rng)
    opened = (rng.random(count) < 0.08 + 0.5 * people.interest[who]) & ~bounces
    yield from _human(audience, row[opened], sent[opened] + 120 + rng.exponential(9 * 3600, opened.sum()), rng)


def _scans(row: Int, sent: Floats, rng: np.random.Generator) -> Iterator[_Events]:
    """Security scanners follow every link within seconds, often the one to unsubscribe too."""
    agent = FIRST_SCANNER + rng.integers(len(SCANNERS), size=len(row))
    start = sent + 1 + rng.random(len(row)) * 12
    for link in range(len(_LINKS)):
        yield _events(CLICK, row, start + link * rng.random(len(row)) * 2, agent, link)
    curious = rng.random(len(row)) < 0.3
    yield _events(UNSUBSCRIBE, row[curious], start[curious] + 4, agent[curious])


def _human(audience: Audience, row: Int, when: Floats, rng: np.random.Generator) -> Iterator[_Events]:
    """People open, some click, a few fill in a form or unsubscribe."""
    count = len(row)
    browser = FIRST_BROWSER + rng.choice(len(BROWSERS), size=count, p=BROWSER_SHARES)
    yield _events(OPEN, row, when, np.where(audience.gmail[row], 1, browser))
    clicked = rng.random(count) < 0.13
    later = when + 15 + rng.exponential(60, count)
    yield _events(CLICK, row[clicked], later[clicked], browser[clicked], rng.integers(3, size=clicked.sum()))
    filled = clicked & (rng.random(count) < 0.12)
    yield _events(FORM, row[filled], later[filled] + 90, browser[filled])
    leaving = rng.random(count) < 0.006
    audience.opted_out[row[leaving]] = True
    by_header = leaving & (rng.random(count) < 0.25)
    by_page = leaving & ~by_header
    yield _events(UNSUBSCRIBE, row[by_page], later[by_page] + 30, browser[by_page])
    yield _events(HEADER_UNSUBSCRIBE, row[by_header], later[by_header], NO_AGENT)


def _columns(world: World, events: _Events, at: tuple[int, int], rng: np.random.Generator) -> Columns:
    """The file's columns; ``at`` holds the mailing's number and how many activities came before."""
    (mailing, before), count, form = at, len(events), events.kind == FORM
    invalid = rarely(world.rates.source.invalid, count, rng)
    wrong_kind = invalid & (rng.random(count) < 0.5)
    made = stamps(events.when, "plain")
    link = picked(_LINKS, events.link)
    return {
        "id": numbered(_FIRST_ACTIVITY + before + np.arange(count)),
        "prospect_id": prospect_ids(events.row),
        "type": spoiled(wrong_kind, numbered(events.kind), ("99", "open", "6.5"), rng),
        "type_name": picked(_TYPE_NAMES, events.kind),
        "details": layered(pa.repeat(f"Newsletter {mailing + 1}", count),
                           (events.kind == CLICK, link), (form, "Demo request")),
        "campaign_id": str(_FIRST_CAMPAIGN + mailing // 4),
        "list_email_id": choose(form, None, str(_FIRST_MAILING + mailing)),
        "created_at": spoiled(invalid & ~wrong_kind, made, ("2026-09-31 10:00:00", "soon"), rng),
        "user_agent": picked(AGENTS, events.agent),
        "ip": _addresses(events.row, events.agent, rng),
    }  # fmt: skip


def _addresses(row: Int, agent: Int, rng: np.random.Generator) -> pa.Array:
    """IP addresses: Apple's relay, Google's proxy, a scanner's data centre, else the prospect's own."""
    parts = (80 + row % 90, row // 90 % 250, row // 22_500 % 250, row % 250)
    own = pc.binary_join_element_wise(*(numbered(part) for part in parts), ".")
    network = join(picked(NETWORKS, agent), numbered(rng.integers(1, 255, len(row))))
    return choose(agent == NO_AGENT, None, pc.coalesce(network, own))
