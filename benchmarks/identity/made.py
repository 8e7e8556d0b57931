"""Made tables with known truth, of any size and several mixes of kinds and flaws, to look at and to report on.

``python benchmarks/identity/made.py MIX PEOPLE SEED OUT.parquet``. Mixes: ``customers`` (four systems; job changes,
married and swapped names, nicknames, typos, shared mailboxes, families, gaps), ``patients`` (names, birth date,
postcode, phone; no address of email), ``contributors`` (a full name and an email only). Seed 1 is for looking at while
building; seed 2 is for reporting.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from nicknames import NickNamer

SPECS = {
    "customers": {"first_name": "first_name", "last_name": "last_name", "full_name": "full_name", "email": "email",
                  "phone": "phone", "company": "organization", "postcode": "code"},
    "patients": {"first_name": "first_name", "last_name": "last_name", "birth_date": "date", "postcode": "code",
                 "phone": "phone", "city": "text"},
    "contributors": {"full_name": "full_name", "email": "email"},
}  # fmt: skip
LOCALES = (("en_US", 0.5), ("en_GB", 0.2), ("de_DE", 0.12), ("fr_FR", 0.1), ("pl_PL", 0.08))
FREE = np.array(["gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.net"], object)
ROLES = np.array(["info", "sales", "office", "support"], object)
AREAS = np.array(
    [f"+1{area}" for area in (415, 212, 312, 213, 617, 206, 303, 404, 512, 602, 702, 703, 713, 718)], object
)
TOWN = 1_000_000  # people that are made at a time
Strings = np.ndarray


def person_list(locale: str, which: str) -> list[str]:
    """Faker's own list of names for a locale."""
    return sorted(set(getattr(import_module(f"faker.providers.person.{locale}").Provider, which)))


class Made:
    """People and their records, column by column; people of one ``town`` of a table ``of`` more than they are."""

    def __init__(self, people: int, seed: int, of: int | None = None, town: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.people, self.of = people, of or people
        self.locale = self.random.choice(len(LOCALES), people, p=[share for _, share in LOCALES])
        self.first, self.last = self._names("first_names"), self._names("last_names")
        self._families()
        companies = max(20, people // 25)
        words = [person_list(code, "last_names") for code, _ in LOCALES]
        stems = np.array(sorted({w for some in words for w in some if w.isalpha()}), object)
        self.company_names = (
            self._pick(stems, companies)
            + " "
            + self._pick(np.array(["Systems", "Foods", "Labs", "Media", "Energy", "Partners"], object), companies)
        )
        named = enumerate(self.company_names, town * companies)
        self.domains = pc.utf8_lower(
            pa.array([f"{n.replace(' ', '')}{i if i % 3 else ''}.com" for i, n in named])
        ).to_numpy(zero_copy_only=False)
        weight = 1.0 / np.arange(1, companies + 1) ** 0.6
        self.company = self.random.choice(companies, people, p=weight / weight.sum())
        self.next_company = np.where(
            self.random.random(people) < 0.12, self.random.integers(0, companies, people), self.company
        )
        self.phone, self.next_phone = self._phones(people), self._phones(people)
        self.next_phone = np.where(self.next_company == self.company, self.phone, self.next_phone)
        self.postcode = self.random.integers(10000, 10000 + max(200, people // 20), people)
        self.birth = np.datetime64("1940-01-01") + self.random.integers(0, 24000, people)
        self.married = np.where(self.random.random(people) < 0.04, self._names("last_names"), self.last)

    def _names(self, which: str) -> Strings:
        out = np.empty(self.people, object)
        for k, (code, _) in enumerate(LOCALES):
            names = person_list(code, which)
            pool = np.array(names, object)
            self.random.shuffle(pool)
            weight = 1.0 / np.arange(1, len(pool) + 1) ** 0.8
            mine = self.locale == k
            out[mine] = self.random.choice(pool, int(mine.sum()), p=weight / weight.sum())
        if which == "last_names" and self.people > 50_000:  # rare surnames: real lists are longer than Faker's
            rare = self.random.random(self.people) < 0.4
            suffix = self._pick(
                np.array(["son", "berg", "man", "ton", "well", "ova", "field", "ski"], object), self.people
            )
            out[rare] = (out + suffix)[rare]
        return out

    def _families(self) -> None:
        pairs = np.flatnonzero(self.random.random(self.people - 1) < 0.02)
        self.family = np.zeros(self.people, bool)
        self.family[pairs + 1] = True
        self.last[pairs + 1] = self.last[pairs]

    def _pick(self, pool: Strings, n: int) -> Strings:
        return pool[self.random.integers(0, len(pool), n)]

    def _phones(self, n: int) -> Strings:
        areas = AREAS[: 1 + self.of // 250_000]  # so that no more people share a number by chance in a larger table
        area = "+1415" if len(areas) == 1 else self._pick(areas, n).astype(str)
        return np.char.add(area, self.random.integers(2_000_000, 9_999_999, n).astype(str)).astype(object)

    def some(self, n: int, share: float) -> np.ndarray:
        return self.random.random(n) < share

    def typos(self, values: Strings, share: float) -> Strings:
        """One letter dropped, doubled, replaced or swapped with the next."""
        out = values.copy()
        for i in np.flatnonzero(self.some(len(values), share)):
            text = out[i]
            if not text or len(text) < 4:
                continue
            at, kind = int(self.random.integers(1, len(text) - 1)), int(self.random.integers(0, 4))
            letter = "etaoinsr"[int(self.random.integers(0, 8))]
            out[i] = (text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[:at] + letter + text[at + 1 :],
                      text[:at] + text[at + 1] + text[at] + text[at + 2 :])[kind]  # fmt: skip
        return out


def plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "x"


def local_parts(made: Made, first: Strings, last: Strings, style: np.ndarray) -> Strings:
    f, s = np.array([plain(v) for v in first], object), np.array([plain(v) for v in last], object)
    initial = np.array([v[0] for v in f], object)
    number = made.random.integers(1, 99, len(f)).astype(str).astype(object)
    return np.choose(style, [f + "." + s, initial + s, f + s, f + number, s + "." + f], mode="wrap")


def records(made: Made, per_person: float) -> tuple[np.ndarray, dict[str, Strings]]:
    """Draw the records: whose each is, and its attributes with flaws."""
    count = 1 + made.random.poisson(per_person - 1, made.people)
    who = np.repeat(np.arange(made.people), count)
    n = len(who)
    first, last = made.first[who], np.where(made.some(n, 0.5), made.last[who], made.married[who])
    nick = NickNamer()
    short = {v: sorted(nick.nicknames_of(v.lower())) for v in set(made.first)}
    for i in np.flatnonzero(made.some(n, 0.08)):
        options = short[first[i]]
        if options:
            first[i] = options[int(made.random.integers(0, min(3, len(options))))].title()
    style = made.random.integers(0, 3, made.people)
    later = made.some(n, 0.5)
    firm = np.where(later, made.next_company[who], made.company[who])
    work = local_parts(made, made.first[who], made.last[who], style[who]) + "@" + made.domains[firm]
    free_style = made.random.integers(0, 5, made.people)
    home = (
        local_parts(made, made.first, made.last, free_style)
        + made.random.integers(1, max(99, made.of // 150), made.people).astype(str).astype(object)
        + "@"  # a provider gives an address away once, so the numbers grow with the people
        + made._pick(FREE, made.people)
    )
    relative = np.maximum(np.arange(made.people) - 1, 0)
    home = np.where(made.family & made.some(made.people, 0.3), home[relative], home)
    email = np.where(made.some(n, 0.3), home[who], work)
    email = np.where(made.some(n, 0.015), made._pick(ROLES, n) + "@" + made.domains[firm], made.typos(email, 0.015))
    email = np.where(made.some(n, 0.05), np.char.upper(email.astype(str)).astype(object), email)
    first, last = made.typos(first, 0.025), made.typos(last, 0.03)
    initial = made.some(n, 0.03)
    first = np.where(initial, np.array([v[0] + "." for v in first], object), first)
    swapped = made.some(n, 0.015)
    first, last = np.where(swapped, last, first), np.where(swapped, first, last)
    birth = made.birth[who] + np.where(made.some(n, 0.03), made.random.integers(-9, 9, n), 0)
    return who, {
        "first_name": first, "last_name": last, "email": email,
        "phone": np.where(later, made.next_phone[who], made.phone[who]), "company": made.company_names[firm],
        "postcode": np.where(made.some(n, 0.1), made.postcode[who] + 7, made.postcode[who]).astype(str).astype(object),
        "birth_date": birth.astype(str).astype(object),
        "city": np.char.add("City ", (made.postcode[who] % 300).astype(str)).astype(object),
    }  # fmt: skip


GAPS = {
    "first_name": 0.04,
    "last_name": 0.02,
    "email": 0.08,
    "phone": 0.45,
    "company": 0.15,
    "postcode": 0.5,
    "birth_date": 0.15,
    "city": 0.2,
}


def make(mix: str, people: int, seed: int, of: int | None = None, town: int = 0) -> pa.Table:
    """A table with ``record_id``, the mix's columns and ``person``, its rows shuffled; or the part of it of a town."""
    made = Made(people, seed, of, town)
    who, columns = records(made, {"customers": 3.0, "patients": 2.0, "contributors": 1.6}[mix])
    n = len(who)
    source = made.random.integers(0, 4, n)
    whole = columns["first_name"] + " " + columns["last_name"]
    gone = {
        name: made.some(n, 0.03 if mix == "contributors" and name == "email" else share) for name, share in GAPS.items()
    }
    if mix == "customers":
        gone["first_name"] |= source == 3
        gone["last_name"] |= source == 3
        columns["full_name"], gone["full_name"] = whole, (source != 3) | made.some(n, 0.3)
    if mix == "contributors":
        columns["full_name"], gone["full_name"] = whole, np.zeros(n, bool)
    ids = np.char.add(f"r{town}-" if town else "r", made.random.permutation(n).astype(str))
    out = {"record_id": pa.array(ids.tolist()),
           "source": pa.array(np.array(["crm", "email", "usage", "nps"], object)[source], pa.string())}  # fmt: skip
    for name in SPECS[mix]:
        out[name] = pa.array(columns[name], pa.string(), mask=gone[name])
    out["person"] = pa.array(who + town * people)
    return pa.table(out).take(pa.array(made.random.permutation(n)))


def towns(mix: str, people: int, seed: int) -> Iterator[pa.Table]:
    """A table as ``make`` has it, town by town where it is of more people than are made at a time (in 3 GB)."""
    number = -(-people // TOWN)
    for town in range(number):
        yield make(mix, people // number, seed + town, people, town)


if __name__ == "__main__":
    table = make(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    pq.write_table(table, Path(sys.argv[4]), row_group_size=122_880)
    print(table.num_rows)
