"""Time zones by the names of the IANA database, however a system writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

NAMES = files("tzdata.zoneinfo")
USUAL = {"Etc/UTC": "UTC", "Factory": ""}
CLOSE = 0.85  # so that a letter may be wrong, and no other place is meant
_OFFSET = re.compile(r"^\(?(utc|gmt) ?[+-]\d\d?:?\d\d\)? ")  # before the labels of HubSpot
_BETWEEN = re.compile(r"_slash_|_hyphen_|[/_ -]+")  # HubSpot's own names have words for what stands between words


def zone_of(text: str) -> str | None:
    """Return the IANA name of the time zone that a text names; None where it names none.

    A name is understood in any case, by the city alone, by the name that it had before (`US/Eastern`), as HubSpot
    writes it (`america_slash_new_york`, `UTC -05:00 America New York`) and by that of Windows (`W. Europe Standard
    Time`). A distance from UTC is no time zone, for it has no summer.
    """
    return _zones().get(_key(text))


def spelled(text: str) -> str:
    """Return the IANA name of the time zone that a condition names; raises ValueError, which says what comes near."""
    if found := zone_of(text):
        return found
    near = get_close_matches(_key(text), _zones(), n=1, cutoff=CLOSE)
    meant = f"did you mean {_zones()[near[0]]!r}?" if near else "name a place, as in 'Europe/Berlin'"
    raise ValueError(f"{text!r} is no time zone; {meant}")


@cache
def names() -> tuple[str, ...]:
    """Return the names that time zones have today, sorted."""
    return tuple(sorted(set(_zones().values())))


def _key(text: str) -> str:
    return _BETWEEN.sub(" ", _OFFSET.sub("", text.strip().lower())).strip()


@cache
def _zones() -> dict[str, str]:
    """The name of each zone by all that may be written for it."""
    today = dict(_names_today())
    known = {_key(written): name for written, name in today.items()}
    cities: dict[str, set[str]] = {}
    for written, name in today.items():
        if not written.startswith("Etc/"):  # whose signs are turned round: Etc/GMT+2 is two hours behind
            cities.setdefault(_key(written.rpartition("/")[2]), set()).add(name)
    for city, found in cities.items():
        if len(found) == 1:
            known.setdefault(city, *found)
    for windows, name in _of_windows().items():
        known.setdefault(_key(windows), today.get(name, name))
    return known


def _names_today() -> Iterator[tuple[str, str]]:
    """Each name, and the one that it has today: a link that no country's list of zones has is an old name."""
    lines = [line.split() for line in (NAMES / "tzdata.zi").read_text(encoding="utf-8").splitlines()]
    listed = (NAMES / "zone.tab").read_text(encoding="utf-8").splitlines()
    current = {line.split("\t")[2] for line in listed if not line.startswith("#")}
    for kind, *names in lines:
        if kind not in ("Z", "L"):
            continue
        name = names[0] if kind == "Z" else names[1]
        now = names[0] if kind == "L" and "/" in name and name not in current else name
        if USUAL.get(now, now):
            yield name, USUAL.get(now, now)


def _of_windows() -> dict[str, str]:
    from babel.core import get_global  # noqa: PLC0415 - DAGs read declarations while they are parsed

    return dict(get_global("windows_zone_mapping"))
