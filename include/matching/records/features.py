"""The records as the engine sees them: dictionary-encoded, cleaned, in an order that the rows' order cannot change."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.matching.kernels.addresses import local_spells_name
from include.matching.levels import COMPARISONS, Kind
from include.matching.records import cleaning, companies, emails
from include.matching.records.cleaned_columns import Hints, clean_columns, mended_columns, one_of_several
from include.matching.records.columns import (
    Codes,
    Dictionary,
    Texts,
    apply,
    canonical,
    distinct,
    encode,
    hashed,
    lay_out,
    marks,
    remapped,
)
from include.matching.records.person_names import Names, name_records, said_of_relatives
from include.matching.records.readings import in_common, readings, witnesses
from include.matching.spec import MatchingSpec

BINS = 24  # a value's bin is the logarithm to base 2 of how many records carry it
Bins = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Emails:
    """Each record's addresses: codes of mailbox, local part and domain, and what was learned of them."""

    mailbox: Dictionary  # of each record's first address
    places: Codes  # of all its mailboxes, place by record (see ``several``), as the next two
    local: Codes
    domain: Codes
    domains: pa.Array
    texts: Texts  # of the local parts
    locals: pa.Array
    shared: Bins  # a mailbox: its sharing class
    is_free: npt.NDArray[np.uint8]  # a domain
    name_made: npt.NDArray[np.uint8]  # place by record: the local part is the record's name, or a common word

    @property
    def marks(self) -> npt.NDArray[np.int64]:
        """Of each mailbox, place by record (see ``columns.marks``)."""
        return marks(self.places, self.mailbox.values)

    @property
    def local_marks(self) -> npt.NDArray[np.int64]:
        """Of each local part, place by record."""
        return marks(self.local, self.locals)

    @property
    def domain_marks(self) -> npt.NDArray[np.int64]:
        """Of each domain, place by record."""
        return marks(self.domain, self.domains)

    @property
    def employers(self) -> npt.NDArray[np.int64]:
        """Of each domain that is an employer's, place by record."""
        return np.where(apply(self.is_free.astype(np.int32), self.domain) == 0, self.domain_marks, -1)


@dataclass(frozen=True)
class Field:
    """A column of any other kind."""

    name: str
    kind: Kind
    column: Dictionary  # of each record's first value
    places: Codes  # of all its values, place by record (see ``several``)
    texts: Texts
    bins: Bins  # a value: its frequency bin, or its sharing class where the kind identifies people
    parts: npt.NDArray[np.int32] | None = None  # of each value: a date's year, month and day, a postcode's area
    extension: Codes | None = None  # phones: place by record, what is dialled after the number
    of_relative: Bins | None = None  # dates: place by record, 1 where a relative's record says the same

    @property
    def marks(self) -> npt.NDArray[np.int64]:
        """Of each value, place by record (see ``columns.marks``)."""
        return marks(self.places, self.column.values)


@dataclass(frozen=True)
class Features:
    """All that later steps read; record k here is row ``row[k]`` of the input."""

    size: int
    given_ids: pa.ChunkedArray
    ids: pa.Array  # as text
    row: npt.NDArray[np.int64]
    source: Codes
    names: Names | None
    emails: Emails | None
    fields: tuple[Field, ...]
    notes: dict[str, object] = field(default_factory=dict)
    is_sourced: bool = False  # which source a record is of is evidence

    @property
    def says_first_name(self) -> npt.NDArray[np.bool_]:
        """Which records say a first name themselves, more than its initial."""
        if self.names is None:
            return np.zeros(self.size, bool)
        written = apply(1 - self.names.is_initial.astype(np.int32), self.names.first) == 1
        return np.asarray(written & ~self.names.mined)


def featurize(records: pa.Table, spec: MatchingSpec) -> Features:
    """Encode and clean the spec's columns; raises ConfigurationError where the table cannot be matched by it."""
    check_columns(records.column_names, spec)
    ids = _texts(records, spec.id, "an id")
    row = _stable_order(ids, _texts(records, spec.order, "an order") if spec.order else ids, spec)
    with ThreadPoolExecutor(2) as pool:
        encoded = pool.map(lambda name: encode(records[name], name), spec.columns)
        raw = dict(zip(spec.columns, encoded, strict=True))
    source = encode(records[spec.source], spec.source).codes[row] if spec.source else np.zeros(0, np.int32)
    raw = {name: Dictionary(column.codes[row], column.values) for name, column in raw.items()}
    raw, damage = mended_columns(raw, spec)
    hints = Hints.of(raw, spec)
    raw = one_of_several(raw, spec, hints)
    address = next(iter(spec.of_kind(Kind.EMAIL)), None)
    with ThreadPoolExecutor(1) as pool:  # Arrow cleans the other columns while Python reads the names
        cleaning = pool.submit(clean_columns, raw, spec, hints)
        addresses = emails.mailboxes(raw[address]) if address else None
        names = name_records(raw, spec, addresses.first if addresses else None)
        columns = cleaning.result()
    fields = [_with_extensions(_field(name, kind, column, names), raw[name]) for name, kind, column in columns]
    mail = (
        _emails(addresses, names, next((f for f in fields if f.kind is Kind.ORGANIZATION), None)) if addresses else None
    )
    notes: dict[str, object] = {"damaged_values": damage, "no_companies": []}
    for k, f in enumerate(fields):
        if f.kind is Kind.ORGANIZATION:
            fields[k], notes["no_companies"] = _with_companies(f, names, mail)
    return Features(
        len(row), records[spec.id], ids, row, source, names, mail, tuple(fields), notes, spec.compares_sources
    )


def check_columns(known: Sequence[str], spec: MatchingSpec) -> None:
    """Raise ConfigurationError where a table of these columns cannot be matched by the spec."""
    for name in [spec.id, *filter(None, (spec.order, spec.source)), *spec.columns]:
        if name not in known:
            raise ConfigurationError(f"The table has no column {name!r}{nearest(name, known)}.")
        if known.count(name) > 1:
            raise ConfigurationError(f"The table has {known.count(name)} columns called {name!r}; rename all but one.")


def _texts(records: pa.Table, name: str, what: str) -> pa.Array:
    """A column that every record needs, as text."""
    column = records[name]
    if column.null_count:
        raise ConfigurationError(f"The column {name!r} has {column.null_count} nulls; every record needs {what}.")
    if pa.types.is_nested(column.type):
        raise ConfigurationError(f"The column {name!r} holds {column.type}; {what} is a plain value.")
    try:
        text = pc.cast(column, pa.large_string())
    except pa.ArrowInvalid:
        raise ConfigurationError(f"The column {name!r} holds bytes that are not text.") from None
    return text.combine_chunks() if text.num_chunks != 1 else text.chunk(0)


def _stable_order(ids: pa.Array, by: pa.Array, spec: MatchingSpec) -> npt.NDArray[np.int64]:
    """Order records by a hash of what orders them: the same for any order of rows, and as good as random."""
    hashes = hashed(ids)
    order = np.argsort(hashes, kind="stable")
    repeated = int((np.diff(hashes[order]) == 0).sum()) if len(ids) else 0
    if repeated:
        distinct = pc.count_distinct(ids).as_py()
        if distinct < len(ids):
            raise ConfigurationError(
                f"The id column {spec.id!r} repeats {len(ids) - distinct} ids; ids must be distinct."
            )
    return order if by is ids else np.lexsort((hashes, hashed(by)))


def _field(name: str, kind: Kind, column: Dictionary, names: Names | None) -> Field:
    (codes,), kept = canonical([column.codes.reshape(-1)], len(column.values))
    places = np.atleast_2d(codes.reshape(column.codes.shape))
    column = Dictionary(places[0], column.values.take(pa.array(kept)))
    if COMPARISONS[kind.value].classes:
        bins = emails.sharing(
            codes, len(kept), _each_place(names.initials, places) if names else np.full_like(codes, -1)
        )
    else:
        bins = frequency_bins(column.counts())
    parts = cleaning.PARTS[kind](column.values.to_pylist()) if kind in cleaning.PARTS else None
    of_relative = said_of_relatives(places, names) if kind is Kind.DATE and names is not None else None
    return Field(name, kind, column, places, lay_out(column.values), bins, parts, None, of_relative)


def _each_place(of_records: Codes, places: Codes) -> Codes:
    """What is said of each record, for each of its places, one after the other."""
    return of_records if len(places) == 1 else np.tile(of_records, len(places))


def _with_extensions(f: Field, raw: Dictionary) -> Field:
    """A phone column with its extensions, and what those say of how widely numbers are shared."""
    if f.kind is not Kind.PHONE:
        return f
    extension = remapped(raw, cleaning.extensions(raw.values)).codes
    both = (extension >= 0) & (f.places >= 0)
    pairs = distinct(f.places[both].astype(np.int64) << 32 | extension[both])
    return replace(
        f, extension=extension, bins=shared_by_extensions(f.bins, np.bincount(pairs >> 32, minlength=len(f.bins)))
    )


def shared_by_extensions(classes: Bins, extensions: npt.NDArray[np.int64]) -> Bins:
    """The sharing classes of numbers, given how many extensions each has: several people share a switchboard."""
    return np.where(extensions > 1, np.maximum(classes, 1), classes).astype(np.uint8)


def frequency_bins(counts: npt.NDArray[np.int64]) -> Bins:
    """The logarithm to base 2 of each count, rounded down."""
    return np.minimum(np.log2(np.maximum(counts, 1)), BINS - 1).astype(np.uint8)


def _emails(boxes: emails.Mailboxes, names: Names | None, company: Field | None) -> Emails:
    """What the table says of its addresses; here each place of a record counts as a record."""
    (codes,), kept = canonical([boxes.mailbox.codes.reshape(-1)], len(boxes.mailbox.values))
    places = np.atleast_2d(codes.reshape(boxes.mailbox.codes.shape))
    mailbox = Dictionary(places[0], boxes.mailbox.values.take(pa.array(kept)))
    (local,), local_kept = canonical([apply(boxes.local.codes[kept], codes)], len(boxes.local.values))
    (domain,), domain_kept = canonical([apply(boxes.domain.codes[kept], codes)], len(boxes.domain.values))
    locals_, domains = boxes.local.values.take(pa.array(local_kept)), boxes.domain.values.take(pa.array(domain_kept))
    texts = lay_out(locals_)
    holds = np.full(len(local), 2, np.uint8)
    initials = given = np.full(len(local), -1, np.int32)
    if names is not None:
        first, last, given, initials = (
            _each_place(said, places) for said in (names.first, names.last, names.given, names.initials)
        )
        holds = names.spelt_in(local, texts, first, last)
        seen = witnesses(first, last, local, locals_, holds)
        read = lay_out(readings(in_common(seen), len(names.vocabulary)))
        local_spells_name(local, first, last, texts.points, texts.offsets, read.offsets, read.points, holds)
    shared = emails.sharing(codes, len(kept), initials)
    role = emails.role_locals(local, locals_, given, holds)
    has = codes >= 0
    of_role = np.zeros(len(kept), bool)
    of_role[codes[has]] = role[local[has]]
    shared[of_role] = emails.NO_EVIDENCE
    employer = _each_place(company.column.codes, places) if company else None
    free = emails.free_domains(domain, employer, domains, records=places.shape[1])
    private = np.zeros(len(kept), bool)
    private[codes[has]] = free[domain[has]] == 1
    shared[private & (shared == 0)] = emails.PRIVATE
    numbered = pc.match_substring_regex(locals_, r"\d\d").to_numpy(zero_copy_only=False).astype(np.int32)
    made = (holds == 1) & (apply(numbered, local) == 0)  # a name with a number is its owner's own word
    common = emails.sharing(local, len(locals_), initials)
    made |= apply((common > 0).astype(np.int32), local) == 1  # and so is not what many go by (github@, linux@)
    by_name = made.astype(np.uint8).reshape(places.shape)
    local, domain = local.reshape(places.shape), domain.reshape(places.shape)
    return Emails(mailbox, places, local, domain, domains, texts, locals_, shared, free, by_name)


def _with_companies(company: Field, names: Names | None, mail: Emails | None) -> tuple[Field, list[dict[str, object]]]:
    """Take companies that are none away, and let a corporate domain stand for its company where that is missing.

    Returns the column, and the values that the table itself says are none.
    """
    column, learned = company.column, np.zeros(len(company.column.values), bool)
    none = companies.is_none(column, names)
    if names is not None and mail is not None:
        domain = mail.domain[0]
        own = np.where(apply(mail.is_free.astype(np.int32), domain) == 0, domain, -1).astype(np.int32)
        learned = companies.shares_nothing(column, names.given, own, domain >= 0)
        none |= np.append(learned, False)[column.codes]
    counts, codes = column.counts(), np.where(none, -1, column.codes).astype(np.int32)
    told: list[dict[str, object]] = [
        {"value": str(column.values[int(v)]), "records": int(counts[v])} for v in np.flatnonzero(learned)
    ]
    if mail is not None:
        stands = emails.company_of_domain(mail.domain[0], codes, mail.is_free)
        for domain in mail.domain:
            codes = np.where(codes < 0, apply(stands, domain), codes)
    filled = Dictionary(codes, column.values)
    return replace(company, column=filled, places=codes[None, :], bins=frequency_bins(filled.counts())), told
