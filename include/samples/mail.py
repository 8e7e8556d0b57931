"""Account Engagement's prospects, and what happened to the mails they were sent: people and machines alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples import formats
from include.samples.crm import SOURCES, place
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.people import Int
from include.samples.world import DAY, USAGE_DAYS, World, lived, spoiled
from include.samples.writing import CsvFile, flags, salesforce_ids, stamps

CLICK, FORM, SENT, OPEN, UNSUBSCRIBE, BOUNCE, HEADER_UNSUBSCRIBE = 1, 4, 6, 11, 12, 13, 35
_TYPE_NAMES = {CLICK: "Email Tracker", FORM: "Form"}
APPLE = "Mozilla/5.0"
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
)
_SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.4896.75 Safari/537.36",
    "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))",
    "python-requests/2.31.0",
)
AGENTS = (APPLE, GMAIL_PROXY, *_SCANNERS, *_BROWSERS, None)
_SCANNER, _BROWSER, _NO_AGENT = 2, 5, len(AGENTS) - 1
_LINKS = ("https://sample.example/pricing", "https://sample.example/blog/release", "https://sample.example/webinar",
          "https://sample.example/preferences")  # fmt: skip
MAILINGS = 24


@dataclass(frozen=True, slots=True)
class _Happenings:
    """Activities of one kind after one mailing: whose, when, by which agent."""

    kind: int
    row: Int
    when: npt.NDArray[np.float64]
    agent: Int
    link: Int


@dataclass(slots=True)
class _Audience:
    """The prospects as the mailings find and leave them, one position each."""

    gmail: Mask
    frequency: npt.NDArray[np.float64]
    opted_out: Mask
    bounced: Mask
    last: npt.NDArray[np.float64]


def write_mail(world: World) -> None:
    """Write visitor_activity.csv and prospects.csv."""
    audience = _audience(world)
    path = world.out / "exports" / formats.ACTIVITY.path
    with CsvFile(path, formats.ACTIVITY.names) as file:
        for mailing in range(MAILINGS):
            _write_mailing(world, audience, mailing, file)
    _write_prospects(world, audience)


def _audience(world: World) -> _Audience:
    rng, roll = world.chance("audience"), world.roster.prospect
    count, people = len(roll), world.people
    gmail = [_at_gmail(world, number, rows) for number, rows in roll.chunks()]
    return _Audience(
        gmail=np.concatenate(gmail),
        frequency=np.array((0.06, 0.22, 0.7))[rng.choice(3, size=count, p=(0.3, 0.58, 0.12))],
        opted_out=people.opted_out[roll.who] & (rng.random(count) < 0.7),
        bounced=np.zeros(count, dtype=bool),
        last=np.full(count, -1.0),
    )


def _at_gmail(world: World, number: int, rows: slice) -> Mask:
    seen, _ = _sight(world, number, rows)
    found: Mask = pc.fill_null(pc.match_substring(pc.utf8_lower(seen.email), "@gmail."), False).to_numpy(
        zero_copy_only=False
    )
    return found


def _sight(world: World, number: int, rows: slice):  # type: ignore[no-untyped-def]
    return world.sight("prospect", world.roster.prospect, number, rows, replace(world.rates.record, missing_email=0.0))


def _write_mailing(world: World, audience: _Audience, mailing: int, file: CsvFile) -> None:
    rng = world.chance("mailing", mailing)
    day = world.today_day - USAGE_DAYS + 1 + mailing * USAGE_DAYS // MAILINGS
    ready = ~audience.opted_out & ~audience.bounced & (rng.random(len(audience.gmail)) < audience.frequency)
    row = np.flatnonzero(ready)
    sent = day * DAY + 8 * 3600 + rng.random(len(row)) * 1500
    parts = list(_reactions(world, audience, row, sent, rng))
    when = np.concatenate([part.when for part in parts])
    order = np.argsort(when, kind="stable")
    order = order[when[order] < world.today]
    kind = np.concatenate([np.full(len(part.row), part.kind) for part in parts])[order]
    who = np.concatenate([part.row for part in parts])[order]
    agent = np.concatenate([part.agent for part in parts])[order]
    link = np.concatenate([part.link for part in parts])[order]
    audience.last[who] = np.where(np.isin(kind, (SENT, BOUNCE)), audience.last[who], when[order])
    _write_activities(world, file, (kind, who, when[order], agent, link), mailing, rng)


def _reactions(
    world: World, audience: _Audience, row: Int, sent: npt.NDArray[np.float64], rng: np.random.Generator
) -> Iterator[_Happenings]:
    """All that follows from one mailing to the prospects in ``row``."""
    count, people = len(row), world.people
    who = world.roster.prospect.who[row]
    yield _happen(SENT, row, sent, _NO_AGENT)
    bounces = people.bounced[who] & (rng.random(count) < 0.75)
    audience.bounced[row[bounces]] = True
    yield _happen(BOUNCE, row[bounces], sent[bounces] + rng.random(bounces.sum()) * 90, _NO_AGENT)
    apple = people.apple[who] & ~bounces & (rng.random(count) < 0.95)
    yield _happen(OPEN, row[apple], sent[apple] + 5 + rng.exponential(5400, apple.sum()), 0)
    scanned = world.companies.scanner[people.company[who]] & ~bounces & ~audience.gmail[row]
    yield from _scans(row[scanned], sent[scanned], rng)
    opened = (rng.random(count) < 0.08 + 0.5 * people.interest[who]) & ~bounces
    yield from _human(audience, row[opened], sent[opened] + 120 + rng.exponential(9 * 3600, opened.sum()), rng)


def _happen(kind: int, row: Int, when: npt.NDArray[np.float64], agent: Int | int, link: Int | int = 0) -> _Happenings:
    return _Happenings(kind, row, when, np.broadcast_to(agent, row.shape), np.broadcast_to(link, row.shape))


def _scans(row: Int, sent: npt.NDArray[np.float64], rng: np.random.Generator) -> Iterator[_Happenings]:
    """Security scanners follow every link within seconds, often the one to unsubscribe too."""
    agent = _SCANNER + rng.integers(len(_SCANNERS), size=len(row))
    start = sent + 1 + rng.random(len(row)) * 12
    for link in range(len(_LINKS)):
        yield _happen(CLICK, row, start + link * rng.random(len(row)) * 2, agent, link)
    curious = rng.random(len(row)) < 0.3
    yield _happen(UNSUBSCRIBE, row[curious], start[curious] + 4, agent[curious])


def _human(
    audience: _Audience, row: Int, when: npt.NDArray[np.float64], rng: np.random.Generator
) -> Iterator[_Happenings]:
    """People open, some click, a few fill in a form or unsubscribe."""
    browser = _BROWSER + rng.choice(len(_BROWSERS), size=len(row), p=(0.4, 0.2, 0.2, 0.1, 0.1))
    yield _happen(OPEN, row, when, np.where(audience.gmail[row], 1, browser))
    clicked = rng.random(len(row)) < 0.13
    later = when + 15 + rng.exponential(60, len(row))
    yield _happen(CLICK, row[clicked], later[clicked], browser[clicked], rng.integers(3, size=clicked.sum()))
    filled = clicked & (rng.random(len(row)) < 0.12)
    yield _happen(FORM, row[filled], later[filled] + 90, browser[filled])
    leaving = rng.random(len(row)) < 0.006
    by_header = leaving & (rng.random(len(row)) < 0.25)
    audience.opted_out[row[leaving]] = True
    yield _happen(
        UNSUBSCRIBE, row[leaving & ~by_header], later[leaving & ~by_header] + 30, browser[leaving & ~by_header]
    )
    yield _happen(HEADER_UNSUBSCRIBE, row[by_header], later[by_header], _NO_AGENT)


def _write_activities(
    world: World,
    file: CsvFile,
    events: tuple[Int, Int, npt.NDArray[np.float64], Int, Int],
    mailing: int,
    rng: np.random.Generator,
) -> None:
    kind, who, when, agent, link = events
    count = len(kind)
    if count == 0:
        return
    invalid = rng.random(count) < world.rates.source.invalid / 2
    subject = f"Newsletter {mailing + 1}"
    name = choose(kind == CLICK, picked(_LINKS, link), choose(kind == FORM, "Demo request", subject))
    form = kind == FORM
    file.write({
        "id": numbered(500_000_000 + file.rows + np.arange(count)),
        "prospect_id": numbered(10_000_000 + who),
        "type": spoiled(invalid, numbered(kind), ("99", "open", "6.5"), rng),
        "type_name": picked([_TYPE_NAMES.get(k, "Email") for k in range(40)], kind),
        "details": name,
        "campaign_id": str(4000 + mailing // 4),
        "list_email_id": choose(form, None, str(8100 + mailing)),
        "created_at": spoiled(invalid & (kind == SENT), stamps(when, "plain"), ("2026-09-31 10:00:00", "soon"), rng),
        "user_agent": picked(AGENTS, agent),
        "ip": _addresses(who, agent, rng),
    })  # fmt: skip


def _addresses(who: Int, agent: Int, rng: np.random.Generator) -> pa.Array:
    """IP addresses: Apple's relay, Google's proxy, a scanner's data centre, else the prospect's own."""
    own = join(
        numbered(80 + who % 90),
        ".",
        numbered(who // 90 % 250),
        ".",
        numbered(who // 22_500 % 250),
        ".",
        numbered(who % 250),
    )
    byte = numbered(rng.integers(1, 255, len(who)))
    networks = {0: "17.58.101.", 1: "66.249.84.", 2: "40.94.31.", 3: "40.94.31.", 4: "40.94.31."}
    network = picked([networks.get(a) for a in range(len(AGENTS))], agent)
    return choose(agent == _NO_AGENT, None, pc.coalesce(join(network, byte), own))


def _write_prospects(world: World, audience: _Audience) -> None:
    roll, people = world.roster.prospect, world.people
    contact, lead = (r.first_row(len(people)) for r in (world.roster.contact, world.roster.lead))
    with CsvFile(world.out / "exports" / formats.PROSPECT.path, formats.PROSPECT.names) as file:
        for number, rows in roll.chunks():
            seen, rng = _sight(world, number, rows)
            count = len(seen.who)
            created, modified = lived(world, count, rng, 500.0)
            ids = numbered(10_000_000 + np.arange(rows.start, rows.stop))
            linked = rng.random(count) < world.rates.source.crm_link
            contact_row = np.where(linked, contact[seen.who], -1)
            city, country = place(people.country[seen.who], people.city[seen.who])
            invalid = rng.random(count) < world.rates.source.invalid
            seen.marks.add("invalid", invalid)
            made = spoiled(invalid, stamps(created, "plain"), ("2025-02-30 10:00:00", "0000-00-00 00:00:00"), rng)
            interest = people.interest[seen.who]
            file.write({
                "Prospect Id": ids,
                "First Name": seen.first,
                "Last Name": seen.last,
                "Email": seen.email,
                "Company": seen.organization,
                "Website": choose(rng.random(count) < 0.2, world.companies.domain.take(pa.array(seen.company)), None),
                "Job Title": seen.title,
                "Country": choose(rng.random(count) < 0.6, country, None),
                "City": choose(rng.random(count) < 0.3, city, None),
                "Zip": choose(rng.random(count) < 0.2, people.postcode.take(pa.array(seen.who)), None),
                "Phone": choose(rng.random(count) < 0.5, seen.phone, None),
                "Source": picked(SOURCES, rng.integers(len(SOURCES), size=count)),
                "Do Not Email": flags(audience.opted_out[rows] & (rng.random(count) < 0.3), "Yes", "No"),
                "Do Not Call": flags(rng.random(count) < 0.02, "Yes", "No"),
                "Opted Out": flags(audience.opted_out[rows], "Yes", "No"),
                "Email Bounced": flags(audience.bounced[rows], "Yes", "No"),
                "Score": numbered((interest * 220 * rng.random(count)).astype(np.int64)),
                "Grade": picked(("A+", "A", "A-", "B+", "B", "C+", "C", "D", "F", None), rng.integers(10, size=count)),
                "Campaign": picked(("Website", "Newsletter", "Webinar", "Trade fair"), rng.integers(4, size=count)),
                "Created Date": made,
                "Updated Date": stamps(modified, "plain"),
                "Last Activity At": stamps(audience.last[rows], "plain"),
                "CRM Contact FID": salesforce_ids("003", contact_row),
                "CRM Lead FID": salesforce_ids("00Q", np.where(linked & (contact_row < 0), lead[seen.who], -1)),
            })  # fmt: skip
            world.confess("email.prospect", ids, seen)
