"""Giving names to many people at once: drawn by culture, shared by colleagues and families, spelled in two ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.flaws import Ints, Mask, choose, layered, picked
from include.samples.names import CULTURES, Int, Pool, nickname, pools, romanised

_NICKNAMES = 3  # how many of a name's short forms are in use


@dataclass(frozen=True, slots=True)
class Spelled:
    """First and last names as written, and in Latin letters where their script is another."""

    first: pa.Array
    last: pa.Array
    first_latin: pa.Array
    last_latin: pa.Array


@dataclass(frozen=True, slots=True)
class Names:
    """People's names as positions in the pools of all cultures laid end to end."""

    first: Int
    last: Int

    @classmethod
    def draw(cls, culture: Int, woman: Mask, rng: np.random.Generator) -> Names:
        """Draw a name for each person from the pools of their culture and sex."""
        first, last = np.zeros(len(culture), np.int64), np.zeros(len(culture), np.int64)
        given, family = rng.random(len(culture)), rng.random(len(culture))
        first_offset = last_offset = 0
        for group, (firsts, lasts) in enumerate(_groups()):
            here = np.flatnonzero(culture * 2 + woman == group)
            first[here] = firsts.draw(given[here]) + first_offset
            last[here] = lasts.draw(family[here]) + last_offset
            first_offset += len(firsts.names)
            last_offset += len(lasts.names)
        return cls(first, last)

    def with_colleagues(self, company: Int, rate: float, rng: np.random.Generator) -> Names:
        """Give a share of the people the full name of a colleague."""
        order = np.argsort(company, kind="stable")
        same = np.flatnonzero(company[order][1:] == company[order][:-1])
        chosen = same[rng.random(len(same)) < rate]
        to, origin = order[chosen + 1], order[chosen]
        first, last = self.first.copy(), self.last.copy()
        first[to], last[to] = self.first[origin], self.last[origin]
        return Names(first, last)

    def with_families(self, kin: Int) -> Names:
        """Give people the surname of their kin; -1 is none."""
        rows = np.flatnonzero(kin >= 0)
        last = self.last.copy()
        last[rows] = self.last[kin[rows]]
        return Names(self.first, last)

    def spelled(self) -> Spelled:
        """The names as text."""
        firsts, lasts = zip(*_groups(), strict=True)
        return Spelled(
            first=picked([name for pool in firsts for name in pool.names], self.first),
            last=picked([name for pool in lasts for name in pool.names], self.last),
            first_latin=picked([name for pool in firsts for name in _latin(pool)], self.first),
            last_latin=picked([name for pool in lasts for name in _latin(pool)], self.last),
        )


def _groups() -> list[tuple[Pool, Pool]]:
    """First and last name pools of each culture's men and women."""
    every = [pools(culture) for culture in CULTURES]
    return [pair for p in every for pair in ((p.men, p.men_last), (p.women, p.women_last))]


def _latin(pool: Pool) -> list[str]:
    """Latin names keep their diacritics; only other scripts are spelled out."""
    return [n if ord(n[0]) < 0x250 else spelled for n, spelled in zip(pool.names, pool.latin, strict=True)]


def nicknames(first: pa.Array, user: Mask, choice: Ints) -> pa.Array:
    """A short form for those who use one and whose name has one, else null; each distinct name is looked up once."""
    encoded = pc.dictionary_encode(first)
    known = encoded.dictionary.to_pylist()
    forms = [pa.array([nickname(name, pick) for name in known], pa.string()) for pick in range(_NICKNAMES)]
    chosen = layered(
        forms[0].take(encoded.indices),
        *((choice % _NICKNAMES == pick, form.take(encoded.indices)) for pick, form in enumerate(forms)),
    )
    return choose(user, chosen, None)


def slugs(names: pa.Array) -> pa.Array:
    """Names as mail addresses spell them: ASCII letters and digits, lower case."""
    encoded = pc.dictionary_encode(names)
    kept = ["".join(ch for ch in romanised(name).lower() if ch.isalnum()) for name in encoded.dictionary.to_pylist()]
    return pa.array([slug or "x" for slug in kept], pa.string()).take(encoded.indices)
