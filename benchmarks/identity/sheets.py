"""Tables made of people: how many records each has, which columns, what is missing, wrong or shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from benchmarks.identity import noise
from benchmarks.identity.people import ERAS, STREETS, People, Population, Strings

Counts = Callable[[int, np.random.Generator], np.ndarray]
Gaps = Mapping[str, float]
PLACES = (  # noqa: SIM905
    "Ashford Bexley Corby Dover Ely Filey Grays Hythe Ilford Jarrow Kendal Leigh Morley Nelson Oakham Poole Redcar"
    " Selby Thorne Ulverston Ware Yarm"
).split()
OCCUPATIONS = (  # noqa: SIM905
    "politician writer painter lawyer soldier priest actor physician merchant botanist"
).split()


def about(mean: float, least: int = 1) -> Counts:
    """Records a person around a mean."""
    return lambda n, random: least + random.poisson(mean - least, n)


def uneven(mean: float, most: int) -> Counts:
    """Few people have many records, most have few."""
    return lambda n, random: np.minimum(random.geometric(1 / mean, n), most)


@dataclass(frozen=True)
class Sheet:
    """A family's table: people, records, columns with kinds, and flaws."""

    columns: Mapping[str, str]
    population: Population = field(default_factory=Population)
    records: Counts = field(default_factory=lambda: about(2.5))
    sources: Mapping[str, Gaps] = field(default_factory=lambda: {"one": {}})
    errors: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    swapped: float = 0.0  # share of records with first and last name changed places
    switchboard: float = 0.0  # share of phones that are the firm's
    family_mailbox: float = 0.0  # share of household members' addresses that are the head's
    placeholders: float = 0.0  # share of values that stand for none
    role_mailboxes: float = 0.0
    further: float = 0.0  # share of addresses and numbers behind which another of the person's stands, twice over
    once_a_source: bool = False  # a person is in a source once at most: lists without duplicates

    def make(self, people: int, seed: int) -> pa.Table:
        """A table with ``record_id``, ``source``, the columns and ``person``; its rows shuffled."""
        random = np.random.default_rng(seed)
        world = People(people, self.population, random)
        who, source = self._who(people, random)
        era = np.minimum(random.integers(0, ERAS, len(who)), ERAS - 1)
        values = {name: self._column(name, world, who, era) for name in self.columns}
        self._swap(values, random)
        names = list(self.sources)
        for name, column in values.items():
            gap = np.array([self.sources[s].get(name, 0.0) for s in names])[source]
            values[name] = self._flawed(name, column, gap, world)
        shuffled = random.permutation(len(who))
        table = {"record_id": pa.array([f"r{i}" for i in random.permutation(len(who))]),
                 "source": pa.array(np.array(names, object)[source], pa.string())}  # fmt: skip
        table |= {name: pa.array(list(column), pa.string()) for name, column in values.items()}
        return pa.table(table | {"person": pa.array(who)}).take(pa.array(shuffled))

    def _who(self, people: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if self.once_a_source:
            present = random.random((len(self.sources), people)) < 0.65
            source, who = np.nonzero(present)
            return who, source
        who = np.repeat(np.arange(people), self.records(people, random))
        return who, random.integers(0, len(self.sources), len(who))

    def _swap(self, values: dict[str, Strings], random: np.random.Generator) -> None:
        if "first_name" in values and "last_name" in values and self.swapped:
            turned = random.random(len(values["first_name"])) < self.swapped
            first, last = values["first_name"].copy(), values["last_name"].copy()
            values["first_name"][turned], values["last_name"][turned] = last[turned], first[turned]

    def _flawed(self, name: str, column: Strings, gap: np.ndarray, world: People) -> Strings:
        """A column with its errors, gaps and placeholders."""
        random = world.random
        for kind, share in self.errors.get(name, ()):
            column = noise.apply(column, kind, share, random)
        missing = random.random(len(column)) < gap
        vague = (random.random(len(column)) < self.placeholders) & ~missing
        column[missing] = None
        column[vague] = world.pick(("unknown", "N/A", "-", "none"), int(vague.sum()))
        return column

    def _column(self, name: str, world: People, who: np.ndarray, era: np.ndarray) -> Strings:
        column = self._values(name, world, who, era)
        for _ in range(2 if self.further and name in ("email", "phone") else 0):
            another = self._values(name, world, who, world.random.integers(0, ERAS, len(who)))
            column = np.where(world.random.random(len(who)) < self.further, column + "; " + another, column)
        return column

    def _values(self, name: str, world: People, who: np.ndarray, era: np.ndarray) -> Strings:
        if name == "email":
            return self._email(world, who, era)
        if name == "phone":
            desk = 2_000_000_000 + world.firm[era, who] * 7919
            at_desk = world.random.random(len(who)) < self.switchboard
            return _numbers(np.where(at_desk, desk, world.phone[era, who]), world.random)
        return COLUMNS.get(name, _number)(world, who, era)

    def _email(self, world: People, who: np.ndarray, era: np.ndarray) -> Strings:
        random = world.random
        free = random.random(len(who)) < self.population.free_mail
        box = np.where(random.random(len(who)) < self.family_mailbox, world.head[who], who)
        out = np.where(free, world.private[era, box], world.work[era, who])
        role = random.random(len(who)) < self.role_mailboxes
        desk = world.pick(("info", "sales", "support", "office"), len(who)) + "@" + world.domains[world.firm[era, who]]
        return np.where(role, desk, out)


Column = Callable[[People, np.ndarray, np.ndarray], Strings]


def _last(world: People, who: np.ndarray, era: np.ndarray) -> Strings:
    return np.where(era >= ERAS // 2, world.new_last[who], world.last[who])


def _street(world: People, who: np.ndarray, era: np.ndarray) -> Strings:
    ways = ("Street", "Road", "Lane")
    both = zip(world.house[era, who], world.street[era, who], strict=True)
    return np.array([f"{h} {STREETS[s % len(STREETS)]} {ways[s // len(STREETS) % 3]}" for h, s in both], object)


def _of(pool: Sequence[str], numbers: np.ndarray) -> Strings:
    return np.array(pool, object)[numbers % len(pool)]


def _number(world: People, who: np.ndarray, _era: np.ndarray) -> Strings:
    """A number that an authority gave."""
    return world.identifier[who]


COLUMNS: Mapping[str, Column] = {
    "first_name": lambda world, who, _: world.first[who],
    "last_name": _last,
    "full_name": lambda world, who, era: world.first[who] + " " + _last(world, who, era),
    "company": lambda world, who, era: world.firm_names[world.firm[era, who]],
    "postcode": lambda world, who, era: np.array([f"{10000 + 37 * v}" for v in world.postcode[era, who]], object),
    "city": lambda world, who, era: _of(PLACES, world.postcode[era, who]),
    "street": _street,
    "birth_date": lambda world, who, _: world.birth[who],
    "birth_place": lambda world, who, _: _of(PLACES, world.box[0, who]),
    "occupation": lambda world, who, _: _of(OCCUPATIONS, world.box[1, who] // 3),
    "username": lambda world, who, _: world.handles()[who],
}


def _numbers(values: np.ndarray, random: np.random.Generator) -> Strings:
    """Phone numbers, written in one of three ways."""
    out = np.empty(len(values), object)
    for i, (v, way) in enumerate(zip(values, random.integers(0, 3, len(values)), strict=True)):
        d = str(v)
        out[i] = (f"+1{d}", f"({d[:3]}) {d[3:6]}-{d[6:]}", f"{d[:3]}.{d[3:6]}.{d[6:]}")[way]
    return out
