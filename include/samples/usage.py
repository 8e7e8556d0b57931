"""Product usage after Segment's spec: identify, group and track calls, one gzipped file a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.fading import Fading, left_of_use
from include.samples.flaws import choose, join, picked
from include.samples.names import Floats, Int
from include.samples.users import Users, make_groups, make_users
from include.samples.world import DAY, USAGE_DAYS, World
from include.samples.writing import hex_ids, stamps, write_gzip

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
_ANONYMOUS = 0.004  # of track calls, those before signing in
_DAILY = np.array((0.75, 0.30, 0.07, 0.30, 0.12))  # chance of a working day with activity, by kind of user
_BUSY = np.array((6.0, 2.2, 1.0, 1.5, 0.4))  # further events on such a day
_BREADTH = np.array((6, 4, 2, 3, 0))  # core features in use
_FADING = np.array((0.2, 0.4, 0.65))  # of a declining account's activity, in its last, second and third last week
_SPOILED = (('"type":"track"', '"type":"tracks"'), ('"timestamp":"20', '"timestamp":"?20'), ("}}\n", "\n"))


def write_usage(world: World, fading: Fading) -> Users:
    """Write one file for each of the days before the exports were taken; returns who used the product."""
    users, groups = make_users(world, fading), make_groups(world)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: _write_day(world, users, groups, number), range(USAGE_DAYS)))
    return users


def _write_day(world: World, users: Users, groups: pa.Array, number: int) -> None:
    rng = world.chance("usage day", number)
    day = world.today_day - USAGE_DAYS + number
    active = np.flatnonzero(_is_active(world, users, day, rng))
    tracks, received = _tracks(users, active, day, world.rates.source.invalid / 4, rng)
    again = active[rng.random(len(active)) < 0.04]
    known = np.union1d(np.flatnonzero(users.introduced == day), again)
    calls, called = _introductions(users, groups, known, day, rng)
    order = _delivered(np.concatenate([received, called]), world.rates.source.redelivered, rng)
    name = f"{date(1970, 1, 1) + timedelta(days=day):%Y-%m-%d}.ndjson.gz"
    lines = pa.concat_arrays([tracks, calls]).take(pa.array(order))
    write_gzip(world.out / "exports" / "usage" / name, lines)


def _delivered(when: Floats, redelivered: float, rng: np.random.Generator) -> Int:
    """The lines in order of receipt, some of them twice."""
    twice = np.flatnonzero(rng.random(len(when)) < redelivered)
    rows = np.concatenate([np.arange(len(when)), twice])
    return rows[np.argsort(np.concatenate([when, when[twice] + 5]), kind="stable")]


def _is_active(world: World, users: Users, day: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    weekend = (day + 3) % 7 >= 5
    week = (world.today_day - 1 - day) // 7
    declining = _FADING[week] if week < len(_FADING) else 1.0
    rising = 0.6 + 0.4 * (1 - (world.today_day - day) / USAGE_DAYS)
    by_trend = np.array((1.0, rising, declining))
    left = np.where(users.fades > 0, left_of_use(users.fades - day), 1.0)
    chance = _DAILY[users.kind] * by_trend[users.trend] * left * (0.12 if weekend else 1.0)
    present = (users.first <= day) & (day <= users.last)
    return np.asarray(present & (rng.random(len(users.kind)) < chance))


def _tracks(users: Users, active: Int, day: int, invalid: float, rng: np.random.Generator) -> tuple[pa.Array, Floats]:
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
    anonymous = rng.random(len(user)) < _ANONYMOUS
    caller = choose(anonymous, "", join('"userId":"', users.user_id.take(pa.array(user)), '",'))
    line = join(
        '{"type":"track","event":"', picked(EVENTS, code), '",', caller, _envelope(users, user, moment, received, rng),
        ',"properties":{"surface":"', picked(("web", "mobile", "api"), code * 7 % 3), '"}}\n',
    )  # fmt: skip
    return _spoil(line, rng.random(len(user)) < invalid, rng), received


def _envelope(users: Users, user: Int, moment: Floats, received: Floats, rng: np.random.Generator) -> pa.Array:
    """The members that all calls have."""
    at = pa.array(user)
    return join(
        '"messageId":"ajs-', hex_ids(len(user), 24, rng), '","anonymousId":"', users.anonymous_id.take(at),
        '","timestamp":"', stamps(moment), '","receivedAt":"', stamps(received), '",', users.context.take(at),
    )  # fmt: skip


def _event_codes(users: Users, user: Int, nth: Int, rng: np.random.Generator) -> Int:
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
    users: Users, groups: pa.Array, known: Int, day: int, rng: np.random.Generator
) -> tuple[pa.Array, Floats]:
    """Identify calls of the users, and for most of them the group call that follows, with their times of receipt."""
    grouped = known[rng.random(len(known)) < 0.8]
    at, also = day * DAY + users.start[known] + 2, day * DAY + users.start[grouped] + 3
    traits, workspace = users.traits.take(pa.array(known)), groups.take(pa.array(users.company[grouped]))
    identify = join(_head("identify", users, known), _envelope(users, known, at, at + 1, rng), ",", traits, "}\n")
    group = join(_head("group", users, grouped), _envelope(users, grouped, also, also + 1, rng), ",", workspace, "}\n")
    return pa.concat_arrays([identify, group]), np.concatenate([at, also]) + 1


def _head(kind: str, users: Users, user: Int) -> pa.Array:
    return join(f'{{"type":"{kind}","userId":"', users.user_id.take(pa.array(user)), '",')
