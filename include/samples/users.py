"""The product's users as its usage calls show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.agents import BROWSERS
from include.samples.companies import PLANS
from include.samples.fading import Fading
from include.samples.flaws import choose, join, numbered, picked, spaced
from include.samples.geography import time_zones
from include.samples.names import Floats, Int
from include.samples.people import KINDS
from include.samples.world import DAY, USAGE_DAYS, World
from include.samples.writing import stamps, uuids

_FIRST_USER = 100_000
_LAPSED = KINDS.index("lapsed")
CORE_USERS = tuple(
    KINDS.index(kind) for kind in ("power", "regular", "light")
)  # others do no core action worth telling
_FORMER_CUSTOMER = 2  # of companies.STANDINGS


@dataclass(frozen=True, slots=True)
class Users:
    """The product's users, one position each; days are counted from 1970-01-01."""

    user_id: pa.Array
    anonymous_id: pa.Array
    context: pa.Array  # the member of each call, as JSON
    traits: pa.Array  # the member of identify calls, as JSON
    company: Int
    kind: Int
    trend: Int
    fades: Int  # the day before which the company's use falls, 0 for none
    first: Int  # the first day of activity in the files
    last: Int
    introduced: Int  # the day of the identify call that each user surely has
    start: Floats  # when the working day begins, in seconds


def quoted(values: pa.Array) -> pa.Array:
    """Values as JSON strings; nulls stay null."""
    escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    return join('"', escaped, '"')


def make_users(world: World, fading: Fading) -> Users:
    """The users of the roster; lapsed ones stopped a month ago or earlier, new ones began lately.

    Former customers' people have lapsed, but where the contract ended lately they stayed until its end.
    """
    roll, rng, today = world.roster.user, world.chance("users"), world.today_day
    count, company = len(roll), world.people.company[roll.who]
    stays = fading.is_gone[company]
    left = (world.companies.standing[company] == _FORMER_CUSTOMER) & (rng.random(count) < 0.9) & ~stays
    kind = np.where(left, _LAPSED, world.people.kind[roll.who])
    created, last = _lifetimes(kind, today, rng)
    last = np.where(stays, np.minimum(last, fading.end[company]), last)
    created = np.minimum(created, last)
    first = np.maximum(created, today - USAGE_DAYS)
    late = rng.random(count) < world.rates.source.before_account
    reported = np.where(late, np.minimum(first + rng.integers(3, 20, count), today - 1), created)
    return Users(
        user_id=_user_ids(np.arange(count)),
        anonymous_id=uuids(count, rng),
        context=_context(company, roll.who, rng),
        traits=pa.concat_arrays([_traits(world, number, rows, reported[rows]) for number, rows in roll.chunks()]),
        company=company,
        kind=kind,
        trend=world.companies.trend[company],
        fades=np.where(fading.fades[company], fading.end[company], 0),
        first=first,
        last=last,
        introduced=first + (rng.random(count) * (last - first + 1)).astype(np.int64),
        start=rng.normal(10.5, 2.5, count).clip(5, 20) * 3600,
    )


def make_groups(world: World) -> pa.Array:
    """What a group call says of each company's workspace, as JSON members."""
    companies = world.companies
    plan = picked([plan.lower() for plan in PLANS], companies.plan)
    traits = join('{"name":', quoted(companies.name), _member("domain", companies.domain), _member("plan", plan))
    number = numbered(np.arange(len(companies)))
    return join('"groupId":"ws-', number, '","traits":', traits, ',"seats":', numbered(companies.seats), "}")


def _user_ids(rows: Int) -> pa.Array:
    return join("u", numbered(_FIRST_USER + rows))


def _lifetimes(kind: Int, today: int, rng: np.random.Generator) -> tuple[Int, Int]:
    """The days on which accounts were created, and the last ones on which they may be active."""
    count, lapsed = len(kind), kind == _LAPSED
    created = today - np.clip(rng.exponential(260, count), 1, 1800).astype(np.int64)
    last = np.where(lapsed, today - rng.integers(31, USAGE_DAYS - 5, count), today - 1)
    return np.where(lapsed, np.minimum(created, last - rng.integers(5, 300, count)), created), last


def _context(company: Int, who: Int, rng: np.random.Generator) -> pa.Array:
    """Network address, browser and workspace."""
    parts = (81 + company % 90, company // 90 % 250, who % 250, 1 + who // 250 % 250)
    address = pc.binary_join_element_wise(*(numbered(part) for part in parts), ".")
    agent = picked(BROWSERS, rng.integers(3, size=len(company)))
    library = '","library":{"name":"analytics.js","version":"2.11.1"},"groupId":"ws-'
    return join('"context":{"ip":"', address, '","userAgent":"', agent, library, numbered(company), '"}')


def _member(name: str, values: pa.Array) -> pa.Array:
    """A JSON member with a leading comma, or nothing where the value is null."""
    return pc.fill_null(join(f',"{name}":', quoted(values)), "")


def _traits(world: World, number: int, rows: slice, created: Int) -> pa.Array:
    """What identify calls say of each user: two names, one, or none, beside the address."""
    seen, rng = world.sight("usage", world.roster.user, number, rows)
    world.confess("usage.user", _user_ids(np.arange(rows.start, rows.stop)), seen)
    count = len(seen.who)
    style = rng.choice(3, size=count, p=(0.6, 0.3, 0.1))
    zones = time_zones(world.people.country[seen.who], world.people.city[seen.who])
    members = join(
        _member("email", seen.email),
        _member("firstName", choose(style == 0, seen.first, None)),
        _member("lastName", choose(style == 0, seen.last, None)),
        _member("name", choose(style == 1, spaced(seen.whole, rng.random(count) < 0.01, rng), None)),
        _member("phone", choose(rng.random(count) < 0.35, seen.phone, None)),
        _member("title", choose(rng.random(count) < 0.4, seen.title, None)),
        pc.fill_null(join(',"company":{"name":', quoted(seen.organization), "}"), ""),
        _member("createdAt", stamps(created * DAY + 9 * 3600)),
        _member("timezone", choose(rng.random(count) < 0.8, zones, None)),
    )
    return join('"traits":{', pc.utf8_slice_codeunits(members, 1), "}")
