"""The traces of a person: all by which they can be found in what is kept.

They are gathered once and kept in the lake until nothing is found by them any more: when half of the person is erased,
the other half could not be found without them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date

from include.contracts.erasure import TRACES
from include.contracts.records import RecordId
from include.storage.lake import Lake
from include.storage.suppression import plain

_TELLING = re.compile(r"(?=.*\d)(?=.*[A-Za-z]).{10,}")  # a key that nothing else is likely to be


@dataclass(frozen=True)
class Traces:
    """One person, or an address that is of nobody known.

    ``records`` and ``profiles`` are ids that were theirs alone, ``values`` addresses and numbers that nobody else has,
    ``shared`` how many others have, too. ``rows`` are the keys of the rows of raw objects (``<source>.<object>``) that
    tell what they did. ``mixed`` are, by version of the crosswalk, profiles of others in which a record of theirs was.
    """

    erasure_id: str
    erased_on: str
    records: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    shared: int = 0
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """Records and profiles."""
        return (*self.records, *self.profiles)

    @property
    def values(self) -> tuple[str, ...]:
        """Addresses and numbers."""
        return (*self.emails, *self.phones)

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is looked for within texts, keys among it that cannot be mistaken."""
        keys = (key for keys in self.keys.values() for key in keys if _TELLING.fullmatch(key))
        return tuple(dict.fromkeys((*self.ids, *self.values, *keys)))

    @property
    def keys(self) -> dict[str, list[str]]:
        """The keys of the person by source, those of Salesforce also in their short form."""
        found: dict[str, list[str]] = {}
        for record in map(RecordId.parse, self.records):
            found.setdefault(record.source, []).extend(spellings(record.key))
        return found

    def suppressed(self) -> Iterator[tuple[str, str]]:
        """Yield kind and value of all by which the person would be known again."""
        yield from (("record", record) for record in self.records)
        yield from (("key", f"{source}.{key}") for source, keys in self.keys.items() for key in keys)
        yield from (("email", email) for email in self.emails)
        yield from (("phone", phone) for phone in self.phones if len(plain("phone", phone)) == 9)
        yield from (("profile", profile) for profile in self.profiles)

    def keep(self, lake: Lake) -> None:
        """Write them into the lake."""
        lake.fs.pipe_file(lake.url(TRACES, f"{self.erasure_id}.traces"), json.dumps(asdict(self)).encode())


def together(traces: Collection[Traces]) -> Traces:
    """Return the traces of several people as those of one, to be looked for at once."""

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for one in traces for value in getattr(one, name)))

    def by_place(name: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for one in traces:
            for place, values in getattr(one, name).items():
                found[place] = (*found.get(place, ()), *values)
        return found

    return Traces(
        "", "", all_of("records"), all_of("profiles"), all_of("emails"), all_of("phones"),
        sum(one.shared for one in traces), by_place("rows"), by_place("mixed"),
    )  # fmt: skip


def spellings(key: str) -> tuple[str, ...]:
    """Return a key as sources write it: an id of Salesforce has 18 letters, or the first 15 of them."""
    is_long = len(key) == 18 and key.isalnum() and key.isascii() and not key.isdecimal()
    return (key, key[:15]) if is_long else (key,)


def kept(lake: Lake, erasure_id: str) -> Traces | None:
    """Return the traces of an erasure that is at work, or None where they were not gathered to the end."""
    with suppress(FileNotFoundError, ValueError):
        given = json.loads(lake.fs.cat_file(lake.url(TRACES, f"{erasure_id}.traces")))
        tuples = {name: tuple(given[name]) for name in ("records", "profiles", "emails", "phones")}
        maps = {name: {key: tuple(ids) for key, ids in given[name].items()} for name in ("rows", "mixed")}
        return Traces(**{**given, **tuples, **maps})
    return None


def forget(lake: Lake, erasure_id: str) -> None:
    """Remove them."""
    with suppress(FileNotFoundError):
        lake.fs.rm_file(lake.url(TRACES, f"{erasure_id}.traces"))


def today(traces: Traces) -> date:
    """Return the day of the erasure."""
    return date.fromisoformat(traces.erased_on)
