"""What a system wrote down about people it met: their true values with the flaws of life laid over them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.samples.companies import Companies
from include.samples.flaws import (
    Mask, ascii_spelling, choose, dotted, halves, join, layered, picked, spaced, tagged, typos,
)  # fmt: skip
from include.samples.geography import written
from include.samples.people import TITLES, Int, People
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


def observe(
    who: Int, second: Mask, people: People, companies: Companies, rates: RecordRates, rng: np.random.Generator
) -> Sightings:
    """Write down the people ``who``; ``second`` marks further records of somebody the source already has."""
    count = len(who)
    marks = Marks.none(count)
    marks.add("duplicate", second)
    stale = (people.old_company[who] >= 0) & (rng.random(count) < rates.stale)
    marks.add("old_job", stale)
    company = np.where(stale, people.old_company[who], people.company[who])
    first, last = _names(who, people, rates, marks, rng)
    email = _email(who, second, stale, people, companies.domain.take(pa.array(company)), rates, marks, rng)
    phone, mobile = _phones(who, stale, people, rates, marks, rng)
    title = picked(TITLES, np.where(stale, people.old_title[who], people.title[who]))
    return Sightings(
        who=who,
        company=company,
        first=first,
        last=last,
        email=email,
        phone=phone,
        mobile=mobile,
        organization=_organization(company, companies, rates, marks, rng),
        title=choose(rng.random(count) < 0.15, None, title),
        marks=marks,
    )


def _names(
    who: Int, people: People, rates: RecordRates, marks: Marks, rng: np.random.Generator
) -> tuple[pa.Array, pa.Array]:
    rows, hit = pa.array(who), _Dice(rng, len(who))
    latin = hit(0.5)
    first = choose(latin, people.first_latin.take(rows), people.first.take(rows))
    last = choose(latin, people.last_latin.take(rows), people.last.take(rows))
    former = people.former_last.take(rows)
    last = marks.changed("former_surname", last, choose(hit(rates.maiden), pc.coalesce(former, last), last))
    short = people.nickname.take(rows)
    first = marks.changed("nickname", first, choose(hit(rates.nickname), pc.coalesce(short, first), first))
    plain = hit(rates.ascii)
    first, last = (marks.changed("ascii", v, ascii_spelling(v, plain)) for v in (first, last))
    first = marks.changed("typo_first", first, typos(first, hit(rates.typo_first), rng))
    last = marks.changed("typo_last", last, typos(last, hit(rates.typo_last), rng))
    initial = join(pc.utf8_slice_codeunits(first, 0, 1), picked(["", "."], rng.integers(2, size=len(who))))
    first = marks.changed("initial", first, choose(hit(rates.initial), initial, first))
    upper, lower = hit(rates.upper), hit(rates.lower)
    first, last = (marks.changed("case", v, _cased(v, upper, lower)) for v in (first, last))
    blank = hit(rates.placeholder)
    marks.add("placeholder", blank)
    first = choose(blank, picked(_NO_NAME, rng.integers(len(_NO_NAME), size=len(who))), first)
    missing = hit(rates.missing_first)
    first = marks.changed("missing_first", first, choose(missing, None, first))
    first, last = _misplaced(first, last, rates, marks, hit)
    stray = hit(rates.whitespace)
    last = marks.changed("whitespace", last, spaced(last, stray, rng))
    return marks.changed("whitespace", first, spaced(first, stray, rng)), last


def _misplaced(
    first: pa.Array, last: pa.Array, rates: RecordRates, marks: Marks, hit: _Dice
) -> tuple[pa.Array, pa.Array]:
    """First and last name exchanged, or both in the last name's field."""
    whole = pc.is_valid(first).to_numpy(zero_copy_only=False)
    swapped = hit(rates.swapped) & whole
    marks.add("swapped", swapped)
    first, last = choose(swapped, last, first), choose(swapped, first, last)
    together = hit(rates.full_in_one) & whole & ~swapped
    marks.add("full_in_one", together)
    return choose(together, None, first), choose(together, join(first, " ", last), last)


def _email(
    who: Int, second: Mask, stale: Mask, people: People, domain: pa.Array, rates: RecordRates, marks: Marks,
    rng: np.random.Generator,
) -> pa.Array:  # fmt: skip
    rows, hit = pa.array(who), _Dice(rng, len(who))
    private = people.private_email.take(rows)
    work = choose(
        stale, pc.coalesce(people.old_email.take(rows), people.work_email.take(rows)), people.work_email.take(rows)
    )
    own = hit(rates.private_email) | (second & hit(0.6))
    email = marks.changed("private_email", work, choose(own, pc.coalesce(private, work), work))
    gmail = pc.ends_with(email, "@gmail.com").to_numpy(zero_copy_only=False)
    email = marks.changed("gmail_dots", email, dotted(email, gmail & hit(rates.gmail_dots)))
    email = marks.changed("plus_tag", email, tagged(email, hit(rates.plus_tag), rng))
    local, rest = halves(email)
    email = marks.changed("typo_email", email, join(typos(local, hit(rates.typo_email), rng), "@", rest))
    email = marks.changed("case", email, choose(hit(rates.upper * 2), pc.utf8_upper(email), email))
    role = hit(rates.role_mailbox)
    mailbox = join(picked(_ROLES, (rng.random(len(who)) ** 2 * len(_ROLES)).astype(np.int64)), "@", domain)
    marks.add("role_mailbox", role)
    blank, missing = hit(rates.placeholder), hit(rates.missing_email)
    marks.add("placeholder", blank & ~missing)
    nothing = picked(_NO_EMAIL, (rng.random(len(who)) ** 2 * len(_NO_EMAIL)).astype(np.int64))
    email = layered(email, (role, mailbox), (blank, nothing))
    email = marks.changed("whitespace", email, spaced(email, hit(rates.whitespace / 2), rng))
    return marks.changed("missing_email", email, choose(missing, None, email))


def _phones(
    who: Int, stale: Mask, people: People, rates: RecordRates, marks: Marks, rng: np.random.Generator
) -> tuple[pa.Array, pa.Array]:
    rows, hit = pa.array(who), _Dice(rng, len(who))
    country = people.country[who]
    style = rng.choice(8, size=(2, len(who)), p=(0.28, 0.2, 0.12, 0.14, 0.08, 0.04, 0.08, 0.06))
    office = choose(stale, people.old_office.take(rows), people.office.take(rows))
    both = pa.array(np.concatenate([country, country]))
    numbers = written(pa.concat_arrays([office, people.mobile.take(rows)]), both.to_numpy(), style.reshape(-1))
    phone = choose(hit(0.3), numbers[len(who) :], numbers[: len(who)])
    blank, missing = hit(rates.placeholder), hit(rates.missing_phone)
    marks.add("placeholder", blank & ~missing)
    phone = choose(blank, picked(_NO_PHONE, rng.integers(len(_NO_PHONE), size=len(who))), phone)
    phone = marks.changed("missing_phone", phone, choose(missing, None, phone))
    return phone, choose(hit(0.45), numbers[len(who) :], None)


def _organization(
    company: Int, companies: Companies, rates: RecordRates, marks: Marks, rng: np.random.Generator
) -> pa.Array:
    rows, hit = pa.array(company), _Dice(rng, len(company))
    name, brand = companies.name.take(rows), companies.brand.take(rows)
    form = rng.integers(3, size=len(company))
    variant = layered(brand, (form == 1, pc.utf8_upper(name)), (form == 2, pc.utf8_lower(brand)))
    name = marks.changed("organization_variant", name, choose(hit(rates.organization_variant), variant, name))
    blank, missing = hit(rates.placeholder), hit(rates.missing_organization)
    marks.add("placeholder", blank & ~missing)
    name = choose(blank, picked(_NO_COMPANY, rng.integers(len(_NO_COMPANY), size=len(company))), name)
    return marks.changed("missing_organization", name, choose(missing, None, name))


def _cased(values: pa.Array, upper: Mask, lower: Mask) -> pa.Array:
    return layered(values, (upper, pc.utf8_upper(values)), (lower, pc.utf8_lower(values)))


@dataclass(frozen=True, slots=True)
class _Dice:
    """Throws independent masks of one length."""

    rng: np.random.Generator
    count: int

    def __call__(self, rate: float) -> Mask:
        return np.asarray(self.rng.random(self.count) < rate)
