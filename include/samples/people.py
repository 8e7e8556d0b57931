"""The true people of the sample: names, employers, addresses and telephones, before any system wrote them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from include.samples.companies import Companies
from include.samples.flaws import Mask, choose, join, numbered, picked
from include.samples.geography import CITY_COUNTS, COUNTRY_CODES, draw_numbers
from include.samples.mailboxes import Mailboxes, make_mailboxes
from include.samples.names import CULTURES, Floats, Int
from include.samples.naming import Names, nicknames
from include.samples.rates import PeopleRates

DEPARTMENTS = (
    "Marketing",
    "Sales",
    "Engineering",
    "Finance",
    "Operations",
    "Human Resources",
    "IT",
    "Customer Success",
)
_RANKS = ("{} Specialist", "{} Manager", "Senior {} Manager", "Head of {}", "Director of {}", "VP {}", "{} Assistant")
_RANK_SHARES = (0.30, 0.25, 0.13, 0.10, 0.07, 0.03, 0.12)
TITLES = tuple(rank.format(department) for department in DEPARTMENTS for rank in _RANKS)
KINDS = ("power", "regular", "light", "lapsed", "visitor")  # how somebody uses the product
_KIND_SHARES = (0.09, 0.38, 0.28, 0.15, 0.10)
_WOMEN = 0.49
_EARLIEST, _LATEST = -6_200, 13_500  # birthdays, 1953 to 2006
_STREETS = ("High Street", "Station Road", "Hauptstraße", "Rue de la Gare", "Calle Mayor", "Main Street", "Oak Avenue",
            "Via Roma", "Park Lane", "Lindenweg", "Church Road", "ul. Długa")  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """The people, one position each, with their true values."""

    first: pa.Array
    last: pa.Array
    first_latin: pa.Array
    last_latin: pa.Array
    former_last: pa.Array  # null for most
    nickname: pa.Array  # null for most
    company: Int
    old_company: Int  # -1 where never changed
    title: Int
    old_title: Int
    country: Int
    city: Int
    street: pa.Array
    postcode: pa.Array
    mailboxes: Mailboxes
    born: Int  # days since 1970-01-01, mostly negative
    mobile: pa.Array  # national digits
    office: pa.Array
    old_office: pa.Array
    kind: Int  # of KINDS
    interest: Floats  # 0 to 1: how readily they react to mail
    opted_out: Mask
    bounced: Mask
    apple: Mask  # their mail program fetches pictures ahead

    def __len__(self) -> int:
        return len(self.company)


def make_people(
    count: int, companies: Companies, rates: PeopleRates, apple_rate: float, rng: np.random.Generator
) -> People:
    """Invent the people and who they work for."""
    company = _employers(count, companies, rng)
    moved = rng.random(count) < rates.job_change
    former = np.where(moved, _employers(count, companies, rng), company)
    culture = _cultures(companies, company, rng)
    country = np.where(rng.random(count) < 0.9, companies.country[company], _homes()[culture])
    kin = _families(count, rates.family, rng)
    names = _names(culture, company, kin, rates, rng)
    maiden = names.pop("email_last")
    private = rng.random(count) < rates.private_address
    boxes = make_mailboxes(names["first_latin"], maiden, company=company, former=former, companies=companies,
                           private=private, rng=rng)  # fmt: skip
    shared = (kin >= 0) & (rng.random(count) < rates.family_mailbox)
    theirs = boxes.private.take(pa.array(np.maximum(kin, 0)))
    return People(
        **names,
        company=company,
        old_company=np.where(former == company, -1, former),
        mailboxes=Mailboxes(boxes.work, boxes.former, choose(shared, theirs, boxes.private)),
        country=country,
        **_reach(country, np.where(kin >= 0, kin, np.arange(count)), rng),
        **_habits(count, rates, apple_rate, rng),
    )


def _names(culture: Int, company: Int, kin: Int, rates: PeopleRates, rng: np.random.Generator) -> dict[str, Any]:
    """Names now and before; ``email_last`` is the surname that the work address was made from."""
    count = len(culture)
    woman = rng.random(count) < _WOMEN
    names = Names.draw(culture, woman, rng).with_colleagues(company, rates.same_named_colleague, rng)
    now, before = names.with_families(kin).spelled(), Names.draw(culture, woman, rng).spelled()
    changed = woman & (rng.random(count) < rates.surname_change / _WOMEN)
    user = rng.random(count) < rates.nickname_user
    return {
        "first": now.first,
        "last": now.last,
        "first_latin": now.first_latin,
        "last_latin": now.last_latin,
        "former_last": choose(changed, before.last, None),
        "nickname": nicknames(now.first_latin, user, rng.integers(100, size=count)),
        "email_last": choose(changed & (rng.random(count) < 0.5), before.last_latin, now.last_latin),
    }


def _reach(country: Int, home: Int, rng: np.random.Generator) -> dict[str, Any]:
    """Where people live and their telephones; kin share the home at position ``home`` and its telephone."""
    count, at = len(country), pa.array(home)
    number = numbered(rng.integers(1, 240, count))
    street = join(number, " ", picked(_STREETS, rng.integers(len(_STREETS), size=count)))
    return {
        "city": (rng.random(count) * CITY_COUNTS[country]).astype(np.int64)[home],
        "street": street.take(at),
        "postcode": numbered(rng.integers(1000, 99999, count), 5).take(at),
        "mobile": draw_numbers(country, rng, mobile=True).take(at),
        "office": draw_numbers(country, rng, mobile=False),
        "old_office": draw_numbers(country, rng, mobile=False),
    }


def _habits(count: int, rates: PeopleRates, apple_rate: float, rng: np.random.Generator) -> dict[str, Any]:
    """Birthdays, jobs, use of the product, and how people treat mail."""
    return {
        "title": _titles(count, rng),
        "old_title": _titles(count, rng),
        "born": rng.integers(_EARLIEST, _LATEST, count),
        "kind": rng.choice(len(KINDS), size=count, p=_KIND_SHARES),
        "interest": rng.beta(1.3, 3.5, count),
        "opted_out": rng.random(count) < rates.opted_out,
        "bounced": rng.random(count) < rates.bounced,
        "apple": rng.random(count) < apple_rate,
    }


def _employers(count: int, companies: Companies, rng: np.random.Generator) -> Int:
    return np.searchsorted(companies.cumulative, rng.random(count), side="right")


def _homes() -> Int:
    return np.array([COUNTRY_CODES.index(culture.country) for culture in CULTURES])


def _cultures(companies: Companies, company: Int, rng: np.random.Generator) -> Int:
    """Most people share their company's country's culture, the others are drawn from all."""
    local = {culture.country: position for position, culture in enumerate(CULTURES)}
    home = np.array([local[code] for code in COUNTRY_CODES])[companies.country[company]]
    shares = np.array([culture.share for culture in CULTURES])
    anywhere = rng.choice(len(CULTURES), size=len(company), p=shares / shares.sum())
    return np.where(rng.random(len(company)) < 0.78, home, anywhere)


def _families(count: int, rate: float, rng: np.random.Generator) -> Int:
    """For some people the position of a relative whose surname, address and telephone they share, else -1."""
    order = rng.permutation(count)
    pairs = int(count * rate / 2)
    kin = np.full(count, -1)
    kin[order[:pairs]] = order[pairs : 2 * pairs]
    return kin


def _titles(count: int, rng: np.random.Generator) -> Int:
    rank = rng.choice(len(_RANKS), size=count, p=_RANK_SHARES)
    return np.asarray(rng.integers(len(DEPARTMENTS), size=count) * len(_RANKS) + rank)
