"""Email addresses: the canonical mailbox, and what the data says of domains, local parts and shared mailboxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.records.columns import Codes, Dictionary, apply, distinct, remapped
from include.matching.records.placeholders import MAILBOXES, ROLES

ALIASES: Mapping[str, str] = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "ya.ru": "yandex.ru",
    "yandex.com": "yandex.ru",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
}
DOTLESS = ("gmail.com", "proton.me")  # providers that deliver j.o.e@ and joe@ to the same mailbox
DASH_TAGGED = ("yahoo.com", "yahoo.co.uk", "ymail.com")
FREE = frozenset(
    "gmail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com aol.com proton.me gmx.de gmx.net"
    " gmx.com web.de mail.com mail.ru yandex.ru qq.com 163.com 126.com zoho.com fastmail.com t-online.de orange.fr"
    " free.fr"
    " wanadoo.fr libero.it hotmail.co.uk yahoo.co.uk hotmail.fr yahoo.fr comcast.net verizon.net att.net btinternet.com"
    " sbcglobal.net cox.net bigpond.com hey.com duck.com naver.com users.noreply.github.com".split()
)
Counts = npt.NDArray[np.int64]
_ADDRESS = r"^[^@\s,;]+@[^@\s,;]+$"
MANY, SEVERAL = 50, 8  # records, and companies, that no domain has fewer of that the table says is free mail
PRIVATE = 2  # the sharing class of one person's mailbox at a free provider
NO_EVIDENCE = 255  # the sharing class of a value that so many people carry that agreeing on it says nothing


@dataclass(frozen=True)
class Mailboxes:
    """Distinct mailboxes, each with its local part and domain."""

    mailbox: Dictionary  # place by record, where records may have several
    local: Dictionary  # one entry a mailbox, not a record
    domain: Dictionary  # one entry a mailbox, not a record

    @property
    def first(self) -> Mailboxes:
        """The same of each record's first mailbox alone."""
        return replace(self, mailbox=Dictionary(self.mailbox.codes[0], self.mailbox.values))


def mailboxes(column: Dictionary) -> Mailboxes:
    """Fold each address to its mailbox; the address as received is untouched elsewhere."""
    text = pc.utf8_trim(pc.utf8_lower(column.values), " \t\r\n<>.\"'")
    text = pc.replace_substring_regex(text, r"^(mailto:|.*<)", "")
    text = pc.replace_substring_regex(text, r'^"?([^"@\s]+)"@', r"\1@")  # quoted without need
    placeholder = pc.is_in(text, value_set=pa.array(sorted(MAILBOXES)))
    text = pc.if_else(pc.and_(pc.match_substring_regex(text, _ADDRESS), pc.invert(placeholder)), text, None)
    text = pc.replace_substring_regex(text, r"^\d+\+(.*@users\.noreply\.)", r"\1")  # a code host's own numbering
    local, domain = halves(text)
    domains = remapped(Dictionary(np.arange(len(text), dtype=np.int32), domain), domain)
    aliased = pa.array([ALIASES.get(d, d) for d in map(in_ascii, domains.values.to_pylist())], pa.string())
    domain = aliased.take(pa.array(domains.codes, mask=domains.codes < 0))
    plain = _without_tags(local, domain)
    plain = pc.if_else(pc.equal(plain, ""), local, plain)
    folded = remapped(column, pc.binary_join_element_wise(plain, domain, "@"))
    parts = [remapped(Dictionary(np.arange(len(half), dtype=np.int32), half), half) for half in halves(folded.values)]
    return Mailboxes(folded, parts[0], parts[1])


def in_ascii(domain: str) -> str:
    """The domain as the name system writes it: ``müller.de`` is ``xn--mller-kva.de``."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def as_mailboxes(addresses: pa.Array) -> pa.Array:
    """The mailbox of each address as text, null where it is none."""
    folded = mailboxes(Dictionary(np.arange(len(addresses), dtype=np.int32), addresses)).mailbox
    return folded.values.take(pa.array(folded.codes, mask=folded.codes < 0))


def halves(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The local part and the domain of each address."""
    parts = pc.split_pattern(text, "@", max_splits=1)
    return pc.list_element(parts, 0), pc.list_element(parts, 1)


def _without_tags(local: pa.Array, domain: pa.Array) -> pa.Array:
    plain = pc.if_else(pc.match_substring(local, "+"), pc.replace_substring_regex(local, r"\+.*$", ""), local)
    dash = pc.and_(pc.is_in(domain, value_set=pa.array(DASH_TAGGED)), pc.match_substring(plain, "-"))
    if pc.any(dash).as_py():
        plain = pc.if_else(dash, pc.replace_substring_regex(plain, r"-.*$", ""), plain)
    dotless = pc.is_in(domain, value_set=pa.array(DOTLESS))
    return pc.if_else(dotless, pc.replace_substring(plain, ".", ""), plain)


def free_domains(domain: Codes, company: Codes | None, names: pa.Array, *, records: int) -> npt.NDArray[np.uint8]:
    """1 for each domain that is free mail: known to be, or shared by many companies none of which holds half of it.

    Without companies a domain that holds a hundredth of all ``records`` (and at least fifty) counts as free.
    """
    free = np.array([name in FREE for name in names.to_pylist()], bool)
    if company is None or not (company >= 0).any():
        carried = np.bincount(domain[domain >= 0], minlength=len(names))
        return (free | is_common(carried, records)).astype(np.uint8)
    companies, named, largest, _ = _companies(domain, company, len(names))
    return (free | is_nobodys(companies, named, largest)).astype(np.uint8)


def is_common(carried: Counts, records: int) -> npt.NDArray[np.bool_]:
    """Which domains are free mail by how many records carry them."""
    return np.asarray(carried > max(MANY, 0.01 * records))


def is_nobodys(companies: Counts, named: Counts, largest: Counts) -> npt.NDArray[np.bool_]:
    """Which domains are free mail by their companies: how many, how many records say one, and the largest."""
    return np.asarray((companies >= SEVERAL) & (named >= 20) & (largest < 0.5 * named))


def is_employers(named: Counts, largest: Counts) -> npt.NDArray[np.bool_]:
    """Which domains stand for their largest company, by how many records say one, and that one."""
    return np.asarray((named >= 2) & (largest >= 0.8 * named))


def company_of_domain(domain: Codes, company: Codes, free: npt.NDArray[np.uint8]) -> Codes:
    """The company that a corporate domain stands for (one that holds 80 % of its records), else -1."""
    _, named, largest, top = _companies(domain, company, len(free))
    return np.where((free == 0) & is_employers(named, largest), top, -1).astype(np.int32)


def _companies(domain: Codes, company: Codes, size: int) -> tuple[npt.NDArray[np.int64], ...]:
    """For each domain: distinct companies, records with one, the records of the largest, and which that is."""
    both = (domain >= 0) & (company >= 0)
    pair, count = np.unique(domain[both].astype(np.int64) << 32 | company[both], return_counts=True)
    where = (pair >> 32).astype(np.int64)
    order = np.lexsort((pair, -count, where))
    start = np.flatnonzero(np.diff(where[order], prepend=-1))
    largest, top = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    largest[where[order][start]] = count[order][start]
    top[where[order][start]] = (pair & 0xFFFFFFFF)[order][start]
    return np.bincount(where, minlength=size), np.bincount(where, count, size).astype(np.int64), largest, top


def sharing(codes: Codes, size: int, initial: Codes) -> npt.NDArray[np.uint8]:
    """How widely each value of an identifying column is shared, by the distinct first letters of its carriers' names.

    0: one person's (up to two letters, for one person may go by two names), 1: three or four, ``NO_EVIDENCE``: five
    or more letters, or so many carriers that the value cannot be one person's.
    """
    carriers = np.bincount(codes[codes >= 0], minlength=size)
    named = (initial >= 0) & (np.append(carriers, 0)[codes] > 2)  # two carriers are two letters at most
    pairs = distinct(codes[named].astype(np.int64) << 32 | initial[named])
    return shared_by(carriers, np.bincount(pairs >> 32, minlength=size))


def shared_by(carriers: Counts, letters: Counts) -> npt.NDArray[np.uint8]:
    """The sharing class of values by their carriers and the distinct first letters of the carriers' names."""
    letters = np.where(carriers > 2, letters, 0)
    grade = np.select([letters <= 2, letters <= 4], [0, 1], NO_EVIDENCE)
    unnamed = np.select([carriers <= 12, carriers <= 50], [0, 1], NO_EVIDENCE)
    return np.where(carriers > 200, NO_EVIDENCE, np.where(letters > 0, grade, unnamed)).astype(np.uint8)


def role_locals(local: Codes, values: pa.Array, first: Codes, holds: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Local parts that belong to a function, not a person: ten or more differently named records carry the local part
    and under a tenth of them are named like it; or it is one of the usual words."""
    named = (local >= 0) & (first >= 0) & (holds < 2)
    size = len(values)
    count = np.bincount(local[named], minlength=size)
    alike = np.bincount(local[named], holds[named] == 1, size)
    people = np.bincount(distinct(local[named].astype(np.int64) << 32 | first[named]) >> 32, minlength=size)
    return is_role(values, count, alike, people)


def is_role(values: pa.Array, count: Counts, alike: Counts, people: Counts) -> npt.NDArray[np.bool_]:
    """Which local parts are a function's, by their named records, those named like it, and their distinct names."""
    learned = (count >= 10) & (alike < 0.1 * count) & (people >= np.maximum(5, 0.3 * count))
    usual = pc.is_in(pc.replace_substring_regex(values, r"[._\d]+$", ""), value_set=pa.array(sorted(ROLES)))
    trusted = (count >= 10) & (alike >= 0.1 * count)
    return np.asarray(learned | (usual.to_numpy(zero_copy_only=False) & ~trusted))


def locals_of(boxes: Mailboxes) -> tuple[Codes, Codes]:
    """Each record's local part and domain."""
    return apply(boxes.local.codes, boxes.mailbox.codes), apply(boxes.domain.codes, boxes.mailbox.codes)
