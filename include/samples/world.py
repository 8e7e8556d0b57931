"""The whole sample company's world, and the seeded chance that each part of it draws from."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.samples.companies import Companies, make_companies
from include.samples.flaws import Mask, choose, join, picked
from include.samples.names import Int
from include.samples.people import People, make_people
from include.samples.rates import RATES, Rates, RecordRates
from include.samples.roster import Roll, Roster, make_roster
from include.samples.sightings import Sightings, observe
from include.samples.writing import CsvFile

DAY = 86_400.0
USAGE_DAYS = 120


@dataclass(frozen=True, slots=True)
class World:
    """Companies, people, who is in which source; ``today`` is the first second of the day the exports were taken."""

    out: Path
    seed: int
    as_of: date
    rates: Rates
    companies: Companies
    people: People
    roster: Roster
    truth: CsvFile

    @property
    def today_day(self) -> int:
        """The day the exports were taken, counted from 1970-01-01."""
        return (self.as_of - date(1970, 1, 1)).days

    @property
    def today(self) -> float:
        """Its first second; whatever the exports hold is older."""
        return self.today_day * DAY

    def chance(self, part: str, number: int = 0) -> np.random.Generator:
        """The random numbers of one part of the sample, the same whatever other parts do."""
        return chance(self.seed, part, number)

    def sight(
        self, part: str, roll: Roll, number: int, rows: slice, rates: RecordRates | None = None
    ) -> tuple[Sightings, np.random.Generator]:
        """What one source has of the people in some rows of its roll."""
        rng = self.chance(part, number)
        flaws = rates or self.rates.record
        return observe(roll.who[rows], roll.second[rows], (self.people, self.companies), flaws, rng), rng

    def confess(self, kind: str, ids: pa.Array, seen: Sightings) -> None:
        """Write the true persons of records apart from the exports."""
        people = person_ids(seen.who)
        self.truth.write({"record_id": join(f"{kind}:", ids), "person_id": people, "flaws": seen.marks.text()})


def chance(seed: int, part: str, number: int = 0) -> np.random.Generator:
    """Random numbers that depend on the seed, the part's name and a number only."""
    return np.random.default_rng([seed, zlib.crc32(part.encode()), number])


def person_ids(who: Int) -> pa.Array:
    """Person ids."""
    return join("person-", pa.array(who + 1).cast(pa.string()))


def make_world(out: Path, *, people: int, seed: int, as_of: date, truth: CsvFile, rates: Rates = RATES) -> World:
    """Invent everything but the exports."""
    today = (as_of - date(1970, 1, 1)).days
    companies = make_companies(people, today, rates.source.scanner_company, chance(seed, "companies"))
    crowd = make_people(people, companies, rates.people, rates.source.apple_privacy, chance(seed, "people"))
    roster = make_roster(crowd, companies, rates.source, chance(seed, "roster"))
    return World(out, seed, as_of, rates, companies, crowd, roster, truth)


def lived(world: World, count: int, rng: np.random.Generator, mean_days: float = 420.0) -> tuple[Int, Int]:
    """Creation and last change of ``count`` rows, in seconds since 1970, both before today."""
    age = np.clip(rng.exponential(mean_days, count), 2, 2200)
    created = world.today - age * DAY + rng.integers(0, int(DAY), count)
    modified = created + rng.random(count) ** 0.4 * (world.today - created)
    return created.astype(np.int64), modified.astype(np.int64)


def rarely(rate: float, count: int, rng: np.random.Generator, least: int = 2) -> Mask:
    """A mask that holds at a low rate, but at least so many times however few the rows."""
    draw = rng.random(count)
    return np.asarray(draw <= max(rate, np.sort(draw)[min(least, count) - 1]))


def spoiled(mask: Mask, values: pa.Array, wrong: tuple[str, ...], rng: np.random.Generator) -> pa.Array:
    """Values with impossible ones where masked."""
    return choose(mask, picked(wrong, rng.integers(len(wrong), size=len(values))), values)
