"""The sample's companies: a few large, most small; customers, prospects, former customers and partners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.flaws import Ints, choose, join, layered, numbered, picked
from include.samples.geography import CITY_COUNTS, COUNTRIES, COUNTRY_CODES, draw_numbers
from include.samples.names import CULTURES, Floats, words

STANDINGS = ("Customer", "Prospect", "Former Customer", "Partner")
PLANS = ("Team", "Business", "Enterprise", "Free")
TRENDS = ("steady", "growing", "declining")
INDUSTRIES = (
    "Technology", "Manufacturing", "Retail", "Healthcare", "Banking", "Insurance", "Education", "Energy",
    "Transportation", "Consulting", "Media", "Construction",
)  # fmt: skip

_STEMS = words(
    """
    Nor Alt Vel Bran Quor Zen Lum Ark Tel Mor Cal Fen Gran Hal Ister Jov Kel Lor Mir Nex Or Pol Quan Riv Sol Tor Ul
    Var Wes Xen Yor Zet Aster Bel Cor Del Ever Fal Gal Hel Ion Jun Kar Lin Mer Nov Opt Pan Rad Sen Tri Urb Ver Wil
    """
)
_ENDS = words(
    """
    vik ara ium ex ona ent is mark dale ford gard lis mont ova path rock sen tec trix ura via wave wind yard zon eon
    ade ique us or an ette stone field bridge crest line point
    """
)
_NOUNS = words(
    """
    Logistics Systems Software Analytics Partners Foods Energy Medical Mechanics Consulting Media Networks Finance
    Robotics Textiles Interiors Pharma Freight Labs Studios Holdings Research Instruments Packaging Insurance
    """
)


@dataclass(frozen=True, slots=True)
class Companies:
    """The companies, one position each; ``size`` weighs how many people they employ."""

    name: pa.Array
    brand: pa.Array
    domain: pa.Array
    phone: pa.Array
    country: npt.NDArray[np.int64]
    city: npt.NDArray[np.int64]
    standing: npt.NDArray[np.int64]
    plan: npt.NDArray[np.int64]
    trend: npt.NDArray[np.int64]
    health: Floats
    seats: npt.NDArray[np.int64]
    employees: npt.NDArray[np.int64]
    industry: npt.NDArray[np.int64]
    scanner: npt.NDArray[np.bool_]
    created: npt.NDArray[np.int64]
    cumulative: Floats

    def __len__(self) -> int:
        return len(self.country)


def distinct(values: pa.Array, separator: str = "") -> pa.Array:
    """The values, repeated ones numbered from 2 on, so that none occurs twice."""
    while True:
        nth = pd.Series(values.to_pandas()).groupby(values.to_pandas(), sort=False).cumcount().to_numpy()
        if not nth.any():
            return values
        values = choose(nth > 0, join(values, separator, numbered(nth + 1)), values)


def make_companies(people: int, as_of_day: int, scanner_rate: float, rng: np.random.Generator) -> Companies:
    """Invent the companies of ``people`` people; days are counted from 1970-01-01."""
    count = max(60, people // 9)
    shares = np.array([culture.share for culture in CULTURES])
    by_culture = rng.choice(len(CULTURES), size=count, p=shares / shares.sum())
    country = np.array([COUNTRY_CODES.index(culture.country) for culture in CULTURES])[by_culture]
    brand, domain = _brands(country, rng)
    size = (np.arange(count) + 3.0) ** -0.85
    expected = size / size.sum() * people
    standing = rng.choice(4, size=count, p=(0.52, 0.35, 0.08, 0.05))
    plan = np.where(standing == 0, np.searchsorted((12, 60), expected + rng.normal(0, 6, count)), 3)
    trend = rng.choice(3, size=count, p=(0.62, 0.25, 0.13))
    return Companies(
        name=join(brand, _legal(country, rng)),
        brand=brand,
        domain=domain,
        phone=draw_numbers(country, rng, mobile=False),
        country=country,
        city=(rng.random(count) * CITY_COUNTS[country]).astype(np.int64),
        standing=standing,
        plan=plan,
        trend=trend,
        health=np.clip(rng.beta(5, 3, count) - 0.22 * (trend == 2) + 0.08 * (trend == 1), 0.02, 0.99),
        seats=np.maximum(2, (expected * rng.uniform(0.35, 1.3, count)).round()).astype(np.int64),
        employees=np.maximum(3, (expected * rng.uniform(2, 40, count)).round()).astype(np.int64),
        industry=rng.integers(len(INDUSTRIES), size=count),
        scanner=rng.random(count) < scanner_rate,
        created=as_of_day - rng.integers(150, 365 * 6, size=count),
        cumulative=np.cumsum(size) / size.sum() * (1 + 1e-12),
    )


def _brands(country: Ints, rng: np.random.Generator) -> tuple[pa.Array, pa.Array]:
    """Names without legal form, and domains; some brands exist twice in different trades, domains never."""
    count = len(country)
    stem = join(_some(_STEMS, count, rng), _some(_ENDS, count, rng))
    trade, twofold = _some(_NOUNS, count, rng), rng.random(count) < 0.4
    name = join(stem, " ", trade)
    name = choose(twofold, join(name, " ", _some(_NOUNS, count, rng)), name)
    style = rng.random(count)
    dashed, fused = pc.replace_substring(name, " ", "-"), pc.replace_substring(name, " ", "")
    label = pc.utf8_lower(layered(dashed, (style < 0.45, fused), (style < 0.1, stem)))
    tld = choose(rng.random(count) < 0.5, picked([c.tld for c in COUNTRIES], country), "com")
    return name, join(distinct(label, "-"), ".", tld)


def _some(options: tuple[str, ...], count: int, rng: np.random.Generator) -> pa.Array:
    return picked(options, rng.integers(len(options), size=count))


def _legal(country: Ints, rng: np.random.Generator) -> pa.Array:
    """Legal forms with a leading space; some companies have none."""
    forms = [[f" {form}" if form else "" for form in c.legal] for c in COUNTRIES]
    sizes = np.array([len(f) for f in forms])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    code = starts[country] + (rng.random(len(country)) * sizes[country]).astype(np.int64)
    return picked([form for group in forms for form in group], code)
