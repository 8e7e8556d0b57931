"""Made populations: people with names, households, employers, addresses, and the eras of their lives.

An era is the time between two moves. What changes with a move is the family's to say (``Population.moves``): nothing,
each thing by itself, or employer, address, number and mailbox together; and whether a whole household moves as one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

import numpy as np

Strings = np.ndarray
FREE = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.net", "aol.com", "proton.me")
ERAS = 4
SYLLABLES = (  # noqa: SIM905
    "ba be bo da del du fa fen ga gol ha hul in ja kel ko la lem lo ma mar mi na nak no or pa pet ra ro sa sch sin so"
    " ta tin to ul va vel wa wick za zim"
).split()
STREETS = (  # noqa: SIM905
    "Oak Elm Mill Church Station High Park Lake Hill River Garden Bridge School Market Forest Castle"
).split()
TRADES = ("Systems", "Foods", "Labs", "Media", "Energy", "Partners", "Works", "Logistics", "Health", "Studio")


@dataclass(frozen=True)
class Population:
    """What kind of people: the shares of countries, how names are spread, and how lives go."""

    locales: Mapping[str, float] = field(default_factory=lambda: {"en_US": 1.0})
    zipf: float = 0.8  # how uneven names are; 0: all as frequent
    rare_surnames: float = 0.3  # share of surnames that hardly anybody else has
    married: float = 0.04  # share of people whose surname changes between eras
    households: float = 0.0  # share of people who live in the household of the one before them
    moves: float = 0.0  # probability of a move from era to era
    together: bool = True  # a move changes everything at once
    free_mail: float = 0.3  # share of private addresses
    numbered: float = 0.5  # share of private addresses with a number in them
    firms: int = 25  # people a firm
    towns: int = 400  # people a postcode
    born: tuple[int, int] = (1935, 2005)


@cache
def names_of(locale: str, which: str) -> tuple[str, ...]:
    """Faker's own list of names for a locale, sorted."""
    return tuple(sorted(set(getattr(import_module(f"faker.providers.person.{locale}").Provider, which))))


def plain(text: str) -> str:
    """Lower-case ASCII letters and digits of a text."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return "".join(c for c in folded if c.isascii() and c.isalnum())


class People:
    """``n`` people; every attribute is an array by person, or by era and person."""

    def __init__(self, n: int, kind: Population, random: np.random.Generator) -> None:
        self.n, self.kind, self.random = n, kind, random
        codes, shares = list(kind.locales), np.array(list(kind.locales.values()))
        self.locale = random.choice(len(codes), n, p=shares / shares.sum())
        self.first = self._names(codes, "first_names")
        self.middle = self._names(codes, "first_names")
        self.last = self._names(codes, "last_names")
        rare = random.random(n) < kind.rare_surnames
        self.last[rare] = self.invented(int(rare.sum()), 2, 4)
        self.of_household = random.random(n) < kind.households
        self.of_household[:1] = False
        self.head = np.maximum.accumulate(np.where(self.of_household, 0, np.arange(n)))
        self.last = np.where(self.of_household & (random.random(n) < 0.85), self.last[self.head], self.last)
        days = random.integers(0, 365 * (kind.born[1] - kind.born[0]), n)
        self.birth = (np.datetime64(f"{kind.born[0]}-01-01") + days).astype(str).astype(object)
        self.firms = max(8, n // kind.firms)
        stems = self.invented(self.firms, 2, 3)
        self.firm_names = np.array([f"{s} {self._one(TRADES)}" for s in stems], object)
        self.domains = np.array([f"{plain(s)}{i if i % 3 == 0 else ''}.com" for i, s in enumerate(stems)], object)
        self.identifier = np.array([f"{v:09d}" for v in random.integers(1e8, 1e9, n)], object)
        self._live()
        self.private, self.work = self._addresses()

    def _one(self, pool: Sequence[str]) -> str:
        return pool[int(self.random.integers(len(pool)))]

    def pick(self, pool: Sequence[str], n: int) -> Strings:
        """``n`` values of a pool, evenly."""
        return np.array(pool, object)[self.random.integers(0, len(pool), n)]

    def invented(self, n: int, least: int, most: int) -> Strings:
        """Words of ``least`` to ``most`` syllables that are no real names."""
        count = self.random.integers(least, most + 1, n)
        parts = self.random.integers(0, len(SYLLABLES), (n, most))
        return np.array(["".join(SYLLABLES[p] for p in parts[i, : count[i]]).capitalize() for i in range(n)], object)

    def _names(self, codes: Sequence[str], which: str) -> Strings:
        out = np.empty(self.n, object)
        for k, code in enumerate(codes):
            pool = np.array(names_of(code, which), object)
            self.random.shuffle(pool)
            weight = 1.0 / np.arange(1, len(pool) + 1) ** self.kind.zipf
            mine = self.locale == k
            out[mine] = self.random.choice(pool, int(mine.sum()), p=weight / weight.sum())
        return out

    def _live(self) -> None:
        """Employer, address, number, mailbox and surname in each era; households share address and moves."""
        n, random, kind = self.n, self.random, self.kind
        moved = random.random((ERAS, n)) < kind.moves
        moved[0] = True
        changes = [moved if kind.together else moved & (random.random((ERAS, n)) < 0.6) for _ in range(4)]
        for change in changes:
            change[0] = True
        weight = 1.0 / np.arange(1, self.firms + 1) ** 0.5
        self.firm = self._eras(random.choice(self.firms, (ERAS, n), p=weight / weight.sum()), changes[0])
        home = changes[1][:, self.head]
        self.postcode = self._eras(random.integers(0, max(30, n // kind.towns), (ERAS, n))[:, self.head], home)
        self.street = self._eras(random.integers(0, max(60, n // 8), (ERAS, n))[:, self.head], home)
        self.house = self._eras(random.integers(1, 200, (ERAS, n))[:, self.head], home)
        self.phone = self._eras(random.integers(2_000_000_000, 9_999_999_999, (ERAS, n)), changes[2])
        self.box = self._eras(random.integers(0, 10**9, (ERAS, n)), changes[3])
        self.work_style = random.integers(0, 3, n)
        self.new_last = np.where(random.random(n) < kind.married, random.permutation(self.last), self.last)

    @staticmethod
    def _eras(drawn: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Keep an era's value until it changes."""
        out = drawn.copy()
        for era in range(1, ERAS):
            out[era] = np.where(change[era], drawn[era], out[era - 1])
        return out

    def _addresses(self) -> tuple[Strings, Strings]:
        """Each person's private address and that at the employer, by era; nobody gets what another has."""
        private, work = (np.empty((ERAS, self.n), object) for _ in range(2))
        taken: dict[str, int] = {}
        for era in range(ERAS):
            for p in range(self.n):
                first, last = plain(self.first[p]) or "x", plain(self.last[p]) or "y"
                box, firm = int(self.box[era, p]), int(self.firm[era, p])
                number = str(box // 64 % max(99, self.n // 40)) if box % 1000 < 1000 * self.kind.numbered else ""
                styles = (f"{first}.{last}", f"{first[0]}{last}", f"{first}{last}", f"{last}{first[0]}",
                          f"{first}_{last}", f"{last}.{first}")  # fmt: skip
                private[era, p] = _free(styles[box // 7 % 6] + number, FREE[box // 3 % len(FREE)], p, taken)
                styles = (f"{first}.{last}", f"{first[0]}{last}")
                work[era, p] = _free(styles[self.work_style[firm % self.n] % 2], self.domains[firm], p, taken)
        return private, work

    def handles(self) -> Strings:
        """The name that each person goes by online; nobody gets what another has."""
        taken: dict[str, int] = {}
        out = np.empty(self.n, object)
        for p in range(self.n):
            first, last, b = plain(self.first[p]) or "x", plain(self.last[p]) or "y", int(self.box[0, p])
            syllables = f"{SYLLABLES[b % 43]}{SYLLABLES[b // 43 % 43]}{b % 97}"
            styles = (first, last, f"{first[0]}{last}", syllables, f"{first}{last[0]}")
            out[p] = _free(styles[b // 11 % 5], "", p, taken).rstrip("@")
        return out


def _free(local: str, domain: str, person: int, taken: dict[str, int]) -> str:
    """The address, with a number where somebody else has it."""
    number, address = 1, f"{local}@{domain}"
    while taken.setdefault(address, person) != person:
        number += 1
        address = f"{local}{number}@{domain}"
    return address
