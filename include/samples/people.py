"""The true people of the sample: names, employers, addresses and telephones, before any system wrote them down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.companies import Companies
from include.samples.flaws import Mask, choose, halves, join, numbered, picked
from include.samples.geography import COUNTRIES, COUNTRY_CODES, draw_numbers
from include.samples.names import CULTURES, Culture, Floats, nickname, pools, romanised
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
TITLES = tuple(rank.format(department) for department in DEPARTMENTS for rank in _RANKS)
_RANK_SHARES = (0.30, 0.25, 0.13, 0.10, 0.07, 0.03, 0.12)
FREE_MAIL = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "hotmail.com",
    "icloud.com",
    "gmx.de",
    "web.de",
    "mail.ru",
    "qq.com",
)
_FREE_SHARES = (0.46, 0.15, 0.12, 0.10, 0.07, 0.04, 0.03, 0.02, 0.01)
KINDS = ("power", "regular", "light", "lapsed", "visitor")  # how somebody uses the product
_STREETS = ("High Street", "Station Road", "Hauptstraße", "Rue de la Gare", "Calle Mayor", "Main Street", "Oak Avenue",
            "Via Roma", "Park Lane", "Lindenweg", "Church Road", "ul. Długa")  # fmt: skip

Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class People:
    """The people, one position each; the true values."""

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
    work_email: pa.Array
    old_email: pa.Array  # null where never changed
    private_email: pa.Array  # null for some
    mobile: pa.Array  # national digits
    office: pa.Array
    old_office: pa.Array
    kind: Int
    interest: Floats  # 0 to 1: how readily they react to mail
    opted_out: Mask
    bounced: Mask
    apple: Mask

    def __len__(self) -> int:
        return len(self.company)


def make_people(
    count: int, companies: Companies, rates: PeopleRates, apple_rate: float, rng: np.random.Generator
) -> People:
    """Invent the people and who they work for."""
    company = np.searchsorted(companies.cumulative, rng.random(count), side="right")
    culture = _cultures(companies, company, rng)
    country = np.where(rng.random(count) < 0.9, companies.country[company], _homes()[culture])
    woman = rng.random(count) < 0.49
    names = _Names.draw(culture, woman, rng)
    names = names.with_colleagues(company, rates.same_named_colleague, rng)
    kin = _families(count, rates.family, rng)
    names = names.with_families(kin)
    first, first_latin, last, last_latin = names.spelled()
    former_first = _Names.draw(culture, woman, rng).spelled()
    changed = woman & (rng.random(count) < rates.surname_change / 0.49)
    moved = rng.random(count) < rates.job_change
    old_company = np.where(moved, np.searchsorted(companies.cumulative, rng.random(count), side="right"), -1)
    old_company = np.where(old_company == company, -1, old_company)
    moved = old_company >= 0
    email_last = choose(changed & (rng.random(count) < 0.5), former_first[3], last_latin)
    addresses = _addresses(first_latin, email_last, company, old_company, companies, rates, kin, rng)
    home = np.where(kin >= 0, kin, np.arange(count))
    mobile = draw_numbers(country, rng, mobile=True)
    street = join(numbered(rng.integers(1, 240, count)), " ", picked(_STREETS, rng.integers(len(_STREETS), size=count)))
    title = _titles(count, rng)
    return People(
        first=first,
        last=last,
        first_latin=first_latin,
        last_latin=last_latin,
        former_last=choose(changed, former_first[2], None),
        nickname=_nicknames(first_latin, rng.random(count) < rates.nickname_user, rng),
        company=company,
        old_company=old_company,
        title=title,
        old_title=_titles(count, rng),
        country=country,
        city=(rng.random(count) * np.array([len(c.cities) for c in COUNTRIES])[country]).astype(np.int64)[home],
        street=street.take(pa.array(home)),
        postcode=numbered(rng.integers(1000, 99999, count), 5).take(pa.array(home)),
        work_email=addresses[0],
        old_email=choose(moved, addresses[1], None),
        private_email=addresses[2],
        mobile=mobile.take(pa.array(home)),
        office=draw_numbers(country, rng, mobile=False),
        old_office=draw_numbers(country, rng, mobile=False),
        kind=rng.choice(5, size=count, p=(0.09, 0.38, 0.28, 0.15, 0.10)),
        interest=rng.beta(1.3, 3.5, count),
        opted_out=rng.random(count) < rates.opted_out,
        bounced=rng.random(count) < rates.bounced,
        apple=rng.random(count) < apple_rate,
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """Names as positions in one list that holds the pools of all cultures end to end."""

    first: Int
    last: Int

    @classmethod
    def draw(cls, culture: Int, woman: Mask, rng: np.random.Generator) -> _Names:
        first, last = np.zeros(len(culture), np.int64), np.zeros(len(culture), np.int64)
        given, family = rng.random(len(culture)), rng.random(len(culture))
        first_offset = last_offset = 0
        for position, entry in enumerate(CULTURES):
            p = pools(entry)
            for is_woman, firsts, lasts in ((False, p.men, p.men_last), (True, p.women, p.women_last)):
                here = np.flatnonzero((culture == position) & (woman == is_woman))
                first[here] = firsts.draw(given[here]) + first_offset
                last[here] = lasts.draw(family[here]) + last_offset
                first_offset += len(firsts.names)
                last_offset += len(lasts.names)
        return cls(first, last)

    def with_colleagues(self, company: Int, rate: float, rng: np.random.Generator) -> _Names:
        """Give some people the full name of a colleague."""
        order = np.argsort(company, kind="stable")
        same = np.flatnonzero(company[order][1:] == company[order][:-1])
        chosen = same[rng.random(len(same)) < rate]
        return self._copied(order[chosen + 1], order[chosen], first=True)

    def with_families(self, kin: Int) -> _Names:
        """Give people the surname of their kin."""
        rows = np.flatnonzero(kin >= 0)
        return self._copied(rows, kin[rows], first=False)

    def _copied(self, to: Int, origin: Int, *, first: bool) -> _Names:
        firsts, lasts = self.first.copy(), self.last.copy()
        lasts[to] = self.last[origin]
        if first:
            firsts[to] = self.first[origin]
        return _Names(firsts, lasts)

    def spelled(self) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
        """First names, their Latin forms, last names, their Latin forms."""
        firsts = [p for c in CULTURES for p in (pools(c).men, pools(c).women)]
        lasts = [p for c in CULTURES for p in (pools(c).men_last, pools(c).women_last)]
        return (
            picked([name for p in firsts for name in p.names], self.first),
            picked([_latin(n, s) for p in firsts for n, s in zip(p.names, p.latin, strict=True)], self.first),
            picked([name for p in lasts for name in p.names], self.last),
            picked([_latin(n, s) for p in lasts for n, s in zip(p.names, p.latin, strict=True)], self.last),
        )


def _latin(name: str, spelled: str) -> str:
    """Latin names keep their diacritics; only other scripts are spelled out."""
    return name if ord(name[0]) < 0x250 else spelled


def _homes() -> Int:
    return np.array([COUNTRY_CODES.index(culture.country) for culture in CULTURES])


def _cultures(companies: Companies, company: Int, rng: np.random.Generator) -> Int:
    """Most people share their company's country's culture, the others are drawn from all."""
    local: dict[str, Culture] = {culture.country: culture for culture in CULTURES}
    home = np.array([CULTURES.index(local[code]) for code in COUNTRY_CODES])[companies.country[company]]
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


def _nicknames(first: pa.Array, user: Mask, rng: np.random.Generator) -> pa.Array:
    """A short form for those who use one and whose name has one; each distinct name is looked up once."""
    encoded = pc.dictionary_encode(first)
    pick = int(rng.integers(4))
    short = pa.array([nickname(name, pick) for name in encoded.dictionary.to_pylist()], pa.string())
    return choose(user, short.take(encoded.indices), None)


def slugs(names: pa.Array) -> pa.Array:
    """Names as mail addresses spell them: ASCII letters and digits only, lower case."""
    encoded = pc.dictionary_encode(names)
    spelled = [
        "".join(ch for ch in romanised(n).lower() if ch.isalnum()) or "x" for n in encoded.dictionary.to_pylist()
    ]
    return pa.array(spelled, pa.string()).take(encoded.indices)


def _addresses(
    first: pa.Array,
    last: pa.Array,
    company: Int,
    old_company: Int,
    companies: Companies,
    rates: PeopleRates,
    kin: Int,
    rng: np.random.Generator,
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Work, former work and private addresses; no two people own one mailbox, but for families that share it."""
    count = len(company)
    f, s = slugs(first), slugs(last)
    convention = np.random.default_rng(len(companies)).choice(
        6, size=len(companies), p=(0.46, 0.2, 0.1, 0.1, 0.08, 0.06)
    )
    domains = companies.domain
    work = join(_local(f, s, convention[company]), "@", domains.take(pa.array(company)))
    former = np.maximum(old_company, 0)
    old = join(_local(f, s, convention[former]), "@", domains.take(pa.array(former)))
    provider = picked(FREE_MAIL, rng.choice(len(FREE_MAIL), size=count, p=_FREE_SHARES))
    number = choose(rng.random(count) < 0.55, numbered(rng.integers(1, 99, count), 2), "")
    private = join(_local(f, s, rng.choice(6, size=count, p=(0.4, 0.15, 0.2, 0.1, 0.1, 0.05))), number, "@", provider)
    own = _own_mailboxes(pa.concat_arrays([work, old, private]))
    private = choose(rng.random(count) < rates.private_address, own[2 * count :], None)
    shared = (kin >= 0) & (rng.random(count) < rates.family_mailbox)
    private = choose(shared, private.take(pa.array(np.where(kin >= 0, kin, 0))), private)
    return own[:count], own[count : 2 * count], private


def _local(first: pa.Array, last: pa.Array, convention: Int) -> pa.Array:
    initial = pc.utf8_slice_codeunits(first, 0, 1)
    forms = (
        join(first, ".", last),
        join(initial, last),
        join(first, last),
        join(initial, ".", last),
        join(last, ".", first),
        join(first, "_", last),
    )
    result = forms[0]
    for number, form in enumerate(forms[1:], 1):
        result = choose(convention == number, form, result)
    return result


def _own_mailboxes(addresses: pa.Array) -> pa.Array:
    """Number the local parts of mailboxes that two people would share, seen as Gmail does: without dots."""
    while True:
        local, domain = halves(addresses)
        key = join(pc.replace_substring(local, ".", ""), "@", domain).to_pandas()
        nth = pd.Series(key).groupby(key, sort=False).cumcount().to_numpy()
        if not nth.any():
            return addresses
        addresses = choose(nth > 0, join(local, numbered(nth + 1), "@", domain), addresses)
