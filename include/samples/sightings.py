"""What a system wrote down about people it met: their true values with the flaws of life laid over them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.companies import Companies
from include.samples.flaws import (
    Mask,
    ascii_spelling,
    choose,
    dotted,
    halves,
    join,
    layered,
    picked,
    spaced,
    tagged,
    typos,
)
from include.samples.geography import written
from include.samples.names import Int
from include.samples.people import TITLES, People
from include.samples.rates import RecordRates

FLAWS = (
    "old_job", "former_surname", "private_email", "plus_tag", "gmail_dots", "nickname", "initial", "typo_first",
    "typo_last", "typo_email", "swapped", "full_in_one", "ascii", "case", "whitespace", "role_mailbox", "placeholder",
    "missing_first", "missing_email", "missing_phone", "missing_organization", "organization_variant", "duplicate",
    "deleted", "invalid",
)  # fmt: skip
_ROLES = ("info", "sales", "office", "contact", "support", "marketing")
_NO_NAME = ("n/a", "N/A", "unknown", "test", "-", "xxx", "none")
_NO_EMAIL = ("test@test.com", "none@none.com", "noemail@noemail.com", "na@na.com", "unknown@unknown.com")
_NO_PHONE = ("00000", "0000000000", "n/a", "123456789", "+1 000 000 0000")
_PHONE_STYLES = (0.28, 0.20, 0.12, 0.14, 0.08, 0.04, 0.08, 0.06)  # as in geography.written
_NO_COMPANY = ("n/a", "none", "unknown", "self", "-", "test")


@dataclass(slots=True)
class Marks:
    """Which flaws each record carries, one bit a flaw of FLAWS."""

    bits: npt.NDArray[np.uint32]

    @classmethod
    def none(cls, count: int) -> Marks:
        """No flaws on ``count`` records."""
        return cls(np.zeros(count, dtype=np.uint32))

    def add(self, flaw: str, mask: Mask) -> None:
        """Mark the masked records."""
        self.bits |= mask.astype(np.uint32) << np.uint32(FLAWS.index(flaw))

    def changed(self, flaw: str, before: pa.Array, after: pa.Array) -> pa.Array:
        """Mark the records whose value became another, and return the new values."""
        differs = pc.fill_null(pc.not_equal(before, after), False)
        appeared = pc.not_equal(pc.is_null(before), pc.is_null(after))
        self.add(flaw, pc.or_(differs, appeared).to_numpy(zero_copy_only=False))
        return after

    def text(self) -> pa.Array:
        """The flaws of each record by name, parted by ``|``."""
        distinct, codes = np.unique(self.bits, return_inverse=True)
        names = ["|".join(f for n, f in enumerate(FLAWS) if int(bits) >> n & 1) for bits in distinct]
        return picked(names, codes)


@dataclass(frozen=True, slots=True)
class Sightings:
    """Records of people in one source, one position each, as that source has them."""

    who: Int
    company: Int
    first: pa.Array
    last: pa.Array
    email: pa.Array
    phone: pa.Array
    mobile: pa.Array
    organization: pa.Array
    title: pa.Array
    marks: Marks = field(repr=False)

    @property
    def whole(self) -> pa.Array:
        """First and last names in one, without stray spaces around them."""
        return pc.utf8_trim_whitespace(join(pc.fill_null(self.first, ""), " ", self.last))


def observe(
    who: Int, second: Mask, world: tuple[People, Companies], rates: RecordRates, rng: np.random.Generator
) -> Sightings:
    """Write down the people ``who``; ``second`` marks further records of somebody the source already has."""
    people, companies = world
    stale = (people.old_company[who] >= 0) & (rng.random(len(who)) < rates.stale)
    company = np.where(stale, people.old_company[who], people.company[who])
    pen = _Pen(who, second, stale, company, people, companies, rates, Marks.none(len(who)), rng)
    pen.marks.add("duplicate", second)
    pen.marks.add("old_job", stale)
    first, last = pen.names()
    phone, mobile = pen.phones()
    title = picked(TITLES, np.where(stale, people.old_title[who], people.title[who]))
    return Sightings(
        who=who,
        company=company,
        first=first,
        last=last,
        email=pen.email(),
        phone=phone,
        mobile=mobile,
        organization=pen.organization(),
        title=choose(pen.hit(0.15), None, title),
        marks=pen.marks,
    )


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes some people's values down, making mistakes and marking them."""

    who: Int
    second: Mask
    stale: Mask
    company: Int
    people: People
    companies: Companies
    rates: RecordRates
    marks: Marks
    rng: np.random.Generator

    def hit(self, rate: float) -> Mask:
        """A throw of dice for each record."""
        return np.asarray(self.rng.random(len(self.who)) < rate)

    def any_of(self, options: tuple[str, ...], skew: float = 1.0) -> pa.Array:
        """One of the options for each record; the first ones more often the greater the skew."""
        return picked(options, (self.rng.random(len(self.who)) ** skew * len(options)).astype(np.int64))

    def names(self) -> tuple[pa.Array, pa.Array]:
        """First and last names."""
        rates, marks = self.rates, self.marks
        missing, blank = self.hit(rates.missing_first), self.hit(rates.placeholder)
        blank &= ~missing
        initial = self.hit(rates.initial) & ~missing & ~blank
        written = ~(missing | blank | initial)
        first, last = self._spelled(written)
        first = marks.changed("typo_first", first, typos(first, self.hit(rates.typo_first) & written, self.rng))
        last = marks.changed("typo_last", last, typos(last, self.hit(rates.typo_last), self.rng))
        upper, lower = self.hit(rates.upper), self.hit(rates.lower)
        first, last = (marks.changed("case", v, _cased(v, upper, lower)) for v in (first, last))
        letter = join(pc.utf8_slice_codeunits(first, 0, 1), self.any_of(("", ".")))
        for flaw, mask in (("initial", initial), ("placeholder", blank), ("missing_first", missing)):
            marks.add(flaw, mask)
        first = layered(first, (initial, letter), (blank, self.any_of(_NO_NAME)), (missing, None))
        first, last = self._misplaced(first, last, ~missing & ~blank)
        stray = self.hit(rates.whitespace)
        first, last = (marks.changed("whitespace", v, spaced(v, stray, self.rng)) for v in (first, last))
        return first, last

    def _spelled(self, written: Mask) -> tuple[pa.Array, pa.Array]:
        """Names in one of their scripts and spellings; short forms and former surnames among them."""
        people, rows, marks = self.people, pa.array(self.who), self.marks
        latin = self.hit(0.5)
        first = choose(latin, people.first_latin.take(rows), people.first.take(rows))
        last = choose(latin, people.last_latin.take(rows), people.last.take(rows))
        former, short = people.former_last.take(rows), people.nickname.take(rows)
        maiden, familiar = self.hit(self.rates.maiden), self.hit(self.rates.nickname) & written
        last = marks.changed("former_surname", last, choose(maiden, pc.coalesce(former, last), last))
        first = marks.changed("nickname", first, choose(familiar, pc.coalesce(short, first), first))
        plain = self.hit(self.rates.ascii)
        first = marks.changed("ascii", first, ascii_spelling(first, plain & written))
        return first, marks.changed("ascii", last, ascii_spelling(last, plain))

    def _misplaced(self, first: pa.Array, last: pa.Array, whole: Mask) -> tuple[pa.Array, pa.Array]:
        """First and last name exchanged, or both in the last name's field."""
        swapped = self.hit(self.rates.swapped) & whole
        together = self.hit(self.rates.full_in_one) & whole & ~swapped
        self.marks.add("swapped", swapped)
        self.marks.add("full_in_one", together)
        first, last = choose(swapped, last, first), choose(swapped, first, last)
        return choose(together, None, first), choose(together, join(first, " ", last), last)

    def email(self) -> pa.Array:
        """Mail addresses: of work or private, tagged, dotted, mistyped, somebody else's, invented or missing."""
        rates, marks, boxes, rows = self.rates, self.marks, self.people.mailboxes, pa.array(self.who)
        missing, blank, role = (self.hit(r) for r in (rates.missing_email, rates.placeholder, rates.role_mailbox))
        blank, role = blank & ~missing, role & ~missing & ~blank
        own = ~(missing | blank | role)
        work, private = choose(self.stale, boxes.former.take(rows), boxes.work.take(rows)), boxes.private.take(rows)
        at_home = (self.hit(rates.private_email) | (self.second & self.hit(0.6))) & own
        email = marks.changed("private_email", work, choose(at_home, pc.coalesce(private, work), work))
        gmail = pc.ends_with(email, "@gmail.com").to_numpy(zero_copy_only=False)
        email = marks.changed("gmail_dots", email, dotted(email, gmail & self.hit(rates.gmail_dots) & own))
        email = marks.changed("plus_tag", email, tagged(email, self.hit(rates.plus_tag) & own, self.rng))
        local, domain = halves(email)
        mistyped = typos(local, self.hit(rates.typo_email) & own, self.rng)
        email = marks.changed("typo_email", email, join(mistyped, "@", domain))
        for flaw, mask in (("role_mailbox", role), ("placeholder", blank), ("missing_email", missing)):
            marks.add(flaw, mask)
        shared = join(self.any_of(_ROLES, 2), "@", self.companies.domain.take(pa.array(self.company)))
        email = layered(email, (role, shared), (blank, self.any_of(_NO_EMAIL, 2)), (missing, None))
        email = marks.changed("case", email, choose(self.hit(rates.upper * 2), pc.utf8_upper(email), email))
        return marks.changed("whitespace", email, spaced(email, self.hit(rates.whitespace / 2), self.rng))

    def phones(self) -> tuple[pa.Array, pa.Array]:
        """A telephone, now and then the mobile one or nonsense, and a mobile telephone."""
        people, rows, count = self.people, pa.array(self.who), len(self.who)
        country = people.country[self.who]
        style = self.rng.choice(8, size=2 * count, p=_PHONE_STYLES)
        office = choose(self.stale, people.old_office.take(rows), people.office.take(rows))
        both = pa.concat_arrays([office, people.mobile.take(rows)])
        numbers = written(both, np.concatenate([country, country]), style)
        office, mobile = numbers[:count], numbers[count:]
        missing = self.hit(self.rates.missing_phone)
        blank = self.hit(self.rates.placeholder) & ~missing
        self.marks.add("missing_phone", missing)
        self.marks.add("placeholder", blank)
        phone = layered(office, (self.hit(0.3), mobile), (blank, self.any_of(_NO_PHONE)), (missing, None))
        return phone, choose(self.hit(0.45), mobile, None)

    def organization(self) -> pa.Array:
        """Employers' names in several spellings, nonsense or missing."""
        rows, rates = pa.array(self.company), self.rates
        name, brand = self.companies.name.take(rows), self.companies.brand.take(rows)
        missing = self.hit(rates.missing_organization)
        blank = self.hit(rates.placeholder) & ~missing
        form = self.rng.integers(3, size=len(self.company))
        variant = layered(brand, (form == 1, pc.utf8_upper(name)), (form == 2, pc.utf8_lower(brand)))
        varied = self.hit(rates.organization_variant) & ~blank & ~missing
        name = self.marks.changed("organization_variant", name, choose(varied, variant, name))
        self.marks.add("placeholder", blank)
        self.marks.add("missing_organization", missing)
        return layered(name, (blank, self.any_of(_NO_COMPANY)), (missing, None))


def _cased(values: pa.Array, upper: Mask, lower: Mask) -> pa.Array:
    return layered(values, (upper, pc.utf8_upper(values)), (lower, pc.utf8_lower(values)))
