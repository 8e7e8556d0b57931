"""Product usage after Segment's spec: identify, group and track calls, one gzipped file a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.companies import PLANS
from include.samples.flaws import choose, join, numbered, picked, spaced
from include.samples.people import Int
from include.samples.world import DAY, USAGE_DAYS, World
from include.samples.writing import hex_ids, stamps, uuids, write_gzip

CORE_EVENTS = (
    "Report Published",
    "Dashboard Shared",
    "Workflow Run",
    "Data Imported",
    "Audience Built",
    "Comment Added",
)
OTHER_EVENTS = ("Signed In", "Settings Viewed", "Notification Opened")
EVENTS = (*CORE_EVENTS, *OTHER_EVENTS)
_SIGNED_IN = len(CORE_EVENTS)
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
_DAILY = np.array((0.75, 0.30, 0.07, 0.30, 0.12))  # chance of a working day with activity, by kind of user
_BUSY = np.array((6.0, 2.2, 1.0, 1.5, 0.4))  # further events on such a day
_BREADTH = np.array((6, 4, 2, 3, 0))  # core features in use
_FADING = np.array((0.2, 0.4, 0.65))  # of a declining account's activity, in its last, second and third last week
_SPOILED = (('"type":"track"', '"type":"tracks"'), ('"timestamp":"20', '"timestamp":"?20'), ("}}\n", "\n"))


@dataclass(frozen=True, slots=True)
class _Users:
    """The product's users, one position each."""

    user_id: pa.Array
    anonymous_id: pa.Array
    context: pa.Array
    traits: pa.Array
    company: Int
    kind: Int
    trend: Int
    first: Int  # first and last day of activity, counted from 1970-01-01
    last: Int
    introduced: Int  # the day of the identify call that each user surely has
    start: npt.NDArray[np.float64]


def write_usage(world: World) -> None:
    """Write one file for each of the days before the exports were taken."""
    users, groups = _users(world), _groups(world)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: _write_day(world, users, groups, number), range(USAGE_DAYS)))


def quoted(values: pa.Array) -> pa.Array:
    """Values as JSON strings; nulls stay null."""
    escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    return join('"', escaped, '"')


def _member(name: str, values: pa.Array) -> pa.Array:
    """A JSON member with a leading comma, or nothing where the value is null."""
    return pc.fill_null(join(f',"{name}":', quoted(values)), "")


def _groups(world: World) -> pa.Array:
    """What a group call says of each company's workspace."""
    companies = world.companies
    plan = picked([p.lower() for p in PLANS], companies.plan)
    return join('"groupId":"ws-', numbered(np.arange(len(companies))), '","traits":{"name":', quoted(companies.name),
                _member("domain", companies.domain), _member("plan", plan), ',"seats":', numbered(companies.seats), "}")  # fmt: skip


def _users(world: World) -> _Users:
    roll, rng, today = world.roster.user, world.chance("users"), world.today_day
    count, begin = len(roll), today - USAGE_DAYS
    company, kind = world.people.company[roll.who], world.people.kind[roll.who].copy()
    kind[(world.companies.standing[company] == 2) & (rng.random(count) < 0.9)] = 3
    created = today - np.clip(rng.exponential(260, count), 1, 1800).astype(np.int64)
    last = np.where(kind == 3, today - rng.integers(31, USAGE_DAYS - 5, count), today - 1)
    created = np.where(kind == 3, np.minimum(created, last - rng.integers(5, 300, count)), created)
    first = np.maximum(created, begin)
    late = rng.random(count) < world.rates.source.before_account
    reported = np.where(late, np.minimum(first + rng.integers(3, 20, count), today - 1), created)
    number = numbered(100_000 + np.arange(count))
    traits = [_traits(world, index, rows, reported[rows]) for index, rows in roll.chunks()]
    host = join(numbered(81 + company % 90), ".", numbered(company // 90 % 250), ".", numbered(roll.who % 250), ".",
                numbered(1 + roll.who // 250 % 250))  # fmt: skip
    context = join('"context":{"ip":"', host, '","userAgent":"', picked(_AGENTS, rng.integers(3, size=count)),
                   '","library":{"name":"analytics.js","version":"2.11.1"},"groupId":"ws-', numbered(company), '"}')  # fmt: skip
    return _Users(
        user_id=join("u", number),
        anonymous_id=uuids(count, rng),
        context=context,
        traits=pa.concat_arrays(traits),
        company=company,
        kind=kind,
        trend=world.companies.trend[company],
        first=first,
        last=last,
        introduced=first + (rng.random(count) * (last - first + 1)).astype(np.int64),
        start=rng.normal(10.5, 2.5, count).clip(5, 20) * 3600,
    )


def _traits(world: World, number: int, rows: slice, created: Int) -> pa.Array:
    """What identify calls say of each user: two names, one, or none, beside the address."""
    seen, rng = world.sight("usage", world.roster.user, number, rows)
    count = len(seen.who)
    style = rng.choice(3, size=count, p=(0.6, 0.3, 0.1))
    whole = join(pc.fill_null(seen.first, ""), " ", seen.last)
    whole = spaced(pc.utf8_trim_whitespace(whole), rng.random(count) < 0.01, rng)
    ids = join("u", numbered(100_000 + np.arange(rows.start, rows.stop)))
    world.confess("usage.user", ids, seen)
    body = join(
        _member("email", seen.email),
        _member("firstName", choose(style == 0, seen.first, None)),
        _member("lastName", choose(style == 0, seen.last, None)),
        _member("name", choose(style == 1, whole, None)),
        _member("phone", choose(rng.random(count) < 0.35, seen.phone, None)),
        _member("title", choose(rng.random(count) < 0.4, seen.title, None)),
        pc.fill_null(join(',"company":{"name":', quoted(seen.organization), "}"), ""),
        _member("createdAt", stamps(created * DAY + 9 * 3600)),
    )
    return join('"traits":{', pc.utf8_slice_codeunits(body, 1), "}")


def _write_day(world: World, users: _Users, groups: pa.Array, number: int) -> None:
    rng = world.chance("usage day", number)
    day = world.today_day - USAGE_DAYS + number
    active = np.flatnonzero(_is_active(world, users, day, rng))
    tracks, received = _tracks(users, active, day, world.rates.source.invalid / 4, rng)
    again = active[rng.random(len(active)) < 0.04]
    known = np.union1d(np.flatnonzero(users.introduced == day), again)
    calls, called = _introductions(users, groups, known, day, rng)
    lines, when = pa.concat_arrays([tracks, calls]), np.concatenate([received, called])
    twice = np.flatnonzero(rng.random(len(when)) < world.rates.source.redelivered)
    rows = np.concatenate([np.arange(len(when)), twice])
    order = rows[np.argsort(np.concatenate([when, when[twice] + 5]), kind="stable")]
    name = f"{date(1970, 1, 1) + timedelta(days=day):%Y-%m-%d}.ndjson.gz"
    write_gzip(world.out / "exports" / "usage" / name, [lines.take(pa.array(order))])


def _is_active(world: World, users: _Users, day: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    weekend = (day + 3) % 7 >= 5
    week = (world.today_day - 1 - day) // 7
    fading = _FADING[week] if week < len(_FADING) else 1.0
    rising = 0.6 + 0.4 * (1 - (world.today_day - day) / USAGE_DAYS)
    by_trend = np.array((1.0, rising, fading))
    chance = _DAILY[users.kind] * by_trend[users.trend] * (0.12 if weekend else 1.0)
    present = (users.first <= day) & (day <= users.last)
    return np.asarray(present & (rng.random(len(users.kind)) < chance))


def _tracks(
    users: _Users, active: Int, day: int, invalid: float, rng: np.random.Generator
) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """The day's track calls and when they were received; each active day opens with a sign-in."""
    events = 1 + rng.poisson(_BUSY[users.kind[active]])
    user = np.repeat(active, events)
    nth = np.arange(len(user)) - np.repeat(np.cumsum(events) - events, events)
    code = _event_codes(users, user, nth, rng)
    arrival = (users.start[active] + rng.normal(0, 2400, len(active))).clip(0, DAY - 20_000)
    moment = day * DAY + np.repeat(arrival, events) + nth * rng.uniform(20, 700, len(user))
    received = np.minimum(moment + rng.exponential(1.5, len(user)), day * DAY + DAY - 1)
    offline = rng.random(len(user)) < 0.01
    moment = np.minimum(np.where(offline, moment - rng.random(len(user)) * 2 * DAY, moment), received)
    at, anonymous = pa.array(user), rng.random(len(user)) < 0.004
    line = join(
        '{"type":"track","event":"', picked(EVENTS, code), '","messageId":"ajs-', hex_ids(len(user), 24, rng), '",',
        choose(anonymous, "", join('"userId":"', users.user_id.take(at), '",')),
        '"anonymousId":"', users.anonymous_id.take(at), '","timestamp":"', stamps(moment), '","receivedAt":"', stamps(received),
        '",', users.context.take(at), ',"properties":{"surface":"', picked(("web", "mobile", "api"), code * 7 % 3), '"}}\n',
    )  # fmt: skip
    return _spoil(line, rng.random(len(user)) < invalid, rng), received


def _event_codes(users: _Users, user: Int, nth: Int, rng: np.random.Generator) -> Int:
    breadth = _BREADTH[users.kind[user]]
    favourite = user % len(CORE_EVENTS)
    core = (favourite + (rng.random(len(user)) ** 2 * breadth).astype(np.int64)) % len(CORE_EVENTS)
    other = _SIGNED_IN + 1 + rng.integers(2, size=len(user))
    busy = (breadth > 0) & (rng.random(len(user)) < 0.8)
    return np.where(nth == 0, _SIGNED_IN, np.where(busy, core, other))


def _spoil(lines: pa.Array, mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> pa.Array:
    """Break some lines: an unknown type, an impossible time, a line cut short."""
    kind = rng.integers(len(_SPOILED), size=len(lines))
    for number, (right, wrong) in enumerate(_SPOILED):
        rows = pa.array(mask & (kind == number))
        lines = pc.replace_with_mask(lines, rows, pc.replace_substring(lines.filter(rows), right, wrong))
    return lines


def _introductions(
    users: _Users, groups: pa.Array, known: Int, day: int, rng: np.random.Generator
) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """Identify calls of the users, and for most of them the group call that follows."""
    moment = day * DAY + users.start[known] + 2
    identify = _call("identify", users, known, moment, users.traits.take(pa.array(known)), rng)
    grouped = known[rng.random(len(known)) < 0.8]
    after = day * DAY + users.start[grouped] + 3
    group = _call("group", users, grouped, after, groups.take(pa.array(users.company[grouped])), rng)
    return pa.concat_arrays([identify, group]), np.concatenate([moment, after])


def _call(
    kind: str, users: _Users, user: Int, moment: npt.NDArray[np.float64], body: pa.Array, rng: np.random.Generator
) -> pa.Array:
    at = pa.array(user)
    return join(
        f'{{"type":"{kind}","messageId":"ajs-', hex_ids(len(user), 24, rng), '","userId":"', users.user_id.take(at),
        '","anonymousId":"', users.anonymous_id.take(at), '","timestamp":"', stamps(moment), '","receivedAt":"',
        stamps(moment + 1), '",', users.context.take(at), ",", body, "}\n",
    )  # fmt: skip
