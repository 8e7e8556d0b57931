"""The records as the engine sees them: dictionary-encoded, cleaned, in an order that the rows' order cannot change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.matching.kernels.comparison import local_holds_name
from include.matching.levels import Kind
from include.matching.records import cleaning, emails
from include.matching.records.columns import (
    Codes,
    Dictionary,
    Texts,
    apply,
    canonical,
    encode,
    hashed,
    lay_out,
    remapped,
)
from include.matching.records.person_names import Names, name_records
from include.matching.spec import MatchingSpec

BINS = 24  # a value's bin is the logarithm to base 2 of how many records carry it
Bins = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Emails:
    """Each record's address: codes of mailbox, local part and domain, and what was learned of them."""

    mailbox: Dictionary
    local: Codes
    domain: Codes
    domains: pa.Array
    texts: Texts  # of the local parts
    locals: pa.Array
    shared: Bins  # a mailbox: its sharing class
    is_free: npt.NDArray[np.uint8]  # a domain
    name_made: npt.NDArray[np.uint8]  # a record: its local part is its name, or a common word


@dataclass(frozen=True)
class Field:
    """A column of any other kind."""

    name: str
    kind: Kind
    column: Dictionary
    texts: Texts
    bins: Bins  # a value: its frequency bin, or its sharing class where the kind identifies people
    parts: npt.NDArray[np.int32] | None = None  # dates: year, month, day of each value


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


def featurize(records: pa.Table, spec: MatchingSpec) -> Features:
    """Encode and clean the spec's columns; raises ConfigurationError where the table cannot be matched by it."""
    _check(records, spec)
    ids = _ids(records, spec)
    row = _stable_order(ids, spec)
    with ThreadPoolExecutor(2) as pool:
        encoded = pool.map(lambda name: encode(records[name], name), spec.columns)
        raw = dict(zip(spec.columns, encoded, strict=True))
    source = encode(records[spec.source], spec.source).codes[row] if spec.source else np.zeros(0, np.int32)
    raw = {name: Dictionary(column.codes[row], column.values) for name, column in raw.items()}
    address = next(iter(spec.of_kind(Kind.EMAIL)), None)
    with ThreadPoolExecutor(1) as pool:  # Arrow cleans the other columns while Python reads the names
        cleaning = pool.submit(_clean_columns, raw, spec)
        addresses = emails.mailboxes(raw[address]) if address else None
        names = name_records(raw, spec, addresses)
        columns = cleaning.result()
    fields = [_field(name, kind, column, names) for name, kind, column in columns]
    mail = (
        _emails(addresses, names, next((f for f in fields if f.kind is Kind.ORGANIZATION), None)) if addresses else None
    )
    if mail is not None:
        fields = [_with_companies(f, mail) if f.kind is Kind.ORGANIZATION else f for f in fields]
    return Features(len(row), records[spec.id], ids, row, source, names, mail, tuple(fields))


def _check(records: pa.Table, spec: MatchingSpec) -> None:
    known = records.column_names
    for name in [spec.id, *([spec.source] if spec.source else []), *spec.columns]:
        if name not in known:
            raise ConfigurationError(f"The table has no column {name!r}{nearest(name, known)}.")
        if known.count(name) > 1:
            raise ConfigurationError(f"The table has {known.count(name)} columns called {name!r}; rename all but one.")


def _ids(records: pa.Table, spec: MatchingSpec) -> pa.Array:
    column = records[spec.id]
    if column.null_count:
        raise ConfigurationError(f"The id column {spec.id!r} has {column.null_count} nulls; every record needs an id.")
    if pa.types.is_nested(column.type):
        raise ConfigurationError(f"The id column {spec.id!r} holds {column.type}; an id is a plain value.")
    try:
        text = pc.cast(column, pa.large_string())
    except pa.ArrowInvalid:
        raise ConfigurationError(f"The id column {spec.id!r} holds bytes that are not text.") from None
    return text.combine_chunks() if text.num_chunks != 1 else text.chunk(0)


def _stable_order(ids: pa.Array, spec: MatchingSpec) -> npt.NDArray[np.int64]:
    """Order records by a hash of their ids: the same for any order of rows, and as good as random."""
    hashes = hashed(ids)
    order = np.argsort(hashes, kind="stable")
    repeated = int((np.diff(hashes[order]) == 0).sum()) if len(ids) else 0
    if repeated:
        distinct = pc.count_distinct(ids).as_py()
        if distinct < len(ids):
            raise ConfigurationError(
                f"The id column {spec.id!r} repeats {len(ids) - distinct} ids; ids must be distinct."
            )
    return order


def _each(clean: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    return lambda distinct: pa.array([clean(v) or None for v in distinct.to_pylist()], pa.string())


_CLEAN: Mapping[Kind, Callable[[pa.Array], pa.Array]] = {
    Kind.ORGANIZATION: _each(cleaning.clean_organization),
    Kind.CODE: cleaning.clean_codes,
    Kind.IDENTIFIER: cleaning.clean_identifiers,
    Kind.TEXT: _each(cleaning.clean_text),
    Kind.DATE: lambda distinct: pa.array([d or None for d in cleaning.parse_dates(distinct.to_pylist())], pa.string()),
}
_IDENTIFYING = (Kind.PHONE, Kind.IDENTIFIER)


def _clean_columns(raw: Mapping[str, Dictionary], spec: MatchingSpec) -> list[tuple[str, Kind, Dictionary]]:
    """The columns that are neither names nor the first address, cleaned."""
    found = []
    for name, kind in spec.columns.items():
        if kind in _CLEAN:
            column = remapped(raw[name], _CLEAN[kind](raw[name].values))
        elif kind is Kind.PHONE:
            column = remapped(raw[name], cleaning.clean_phones(raw[name].values, spec.region))
        elif kind is Kind.EMAIL and name != spec.of_kind(Kind.EMAIL)[0]:
            kind, column = Kind.IDENTIFIER, emails.mailboxes(raw[name]).mailbox  # noqa: PLW2901
        else:
            continue
        found.append((name, kind, column))
    return found


def clean_value(kind: Kind, text: str, spec: MatchingSpec) -> str | None:
    """One value as a column of that kind holds it, None where it is a placeholder."""
    alone = pa.array([text])
    cleaned = cleaning.clean_phones(alone, spec.region) if kind is Kind.PHONE else _CLEAN[kind](alone)
    return cleaned[0].as_py()  # type: ignore[no-any-return]


def _field(name: str, kind: Kind, column: Dictionary, names: Names | None) -> Field:
    codes, kept = canonical([column.codes], len(column.values))
    column = Dictionary(codes[0], column.values.take(pa.array(kept)))
    if kind in _IDENTIFYING:
        bins = emails.sharing(
            column.codes, len(kept), names.initials if names else np.full(len(codes[0]), -1, np.int32)
        )
    else:
        bins = frequency_bins(column.counts())
    parts = (
        np.array([cleaning.date_of(v) for v in column.values.to_pylist()], np.int32).reshape(-1, 3)
        if kind is Kind.DATE
        else None
    )
    return Field(name, kind, column, lay_out(column.values), bins, parts)


def frequency_bins(counts: npt.NDArray[np.int64]) -> Bins:
    """The logarithm to base 2 of each count, rounded down."""
    return np.minimum(np.log2(np.maximum(counts, 1)), BINS - 1).astype(np.uint8)


def _emails(boxes: emails.Mailboxes, names: Names | None, company: Field | None) -> Emails:
    codes, kept = canonical([boxes.mailbox.codes], len(boxes.mailbox.values))
    mailbox = Dictionary(codes[0], boxes.mailbox.values.take(pa.array(kept)))
    (local,), local_kept = canonical([apply(boxes.local.codes[kept], mailbox.codes)], len(boxes.local.values))
    (domain,), domain_kept = canonical([apply(boxes.domain.codes[kept], mailbox.codes)], len(boxes.domain.values))
    locals_, domains = boxes.local.values.take(pa.array(local_kept)), boxes.domain.values.take(pa.array(domain_kept))
    texts = lay_out(locals_)
    none = np.full(len(local), -1, np.int32)
    holds = np.full(len(local), 2, np.uint8)
    if names is not None:
        local_holds_name(
            local, names.first, names.last, texts.points, texts.offsets, names.texts.offsets, names.texts.points, holds
        )
    shared = emails.sharing(mailbox.codes, len(kept), names.initials if names else none)
    role = emails.role_locals(local, locals_, names.given if names else none, holds)
    has = mailbox.codes >= 0
    of_role = np.zeros(len(kept), bool)
    of_role[mailbox.codes[has]] = role[local[has]]
    shared[of_role] = emails.NO_EVIDENCE
    free = emails.free_domains(domain, company.column.codes if company else None, domains)
    private = np.zeros(len(kept), bool)
    private[mailbox.codes[has]] = free[domain[has]] == 1
    shared[private & (shared == 0)] = emails.PRIVATE
    numbered = pc.match_substring_regex(locals_, r"\d\d").to_numpy(zero_copy_only=False).astype(np.int32)
    made = (holds == 1) & (apply(numbered, local) == 0)  # a name with a number is its owner's own word
    common = emails.sharing(local, len(locals_), names.initials if names else none)
    made |= apply((common > 0).astype(np.int32), local) == 1  # and so is not what many go by (github@, linux@)
    return Emails(mailbox, local, domain, domains, texts, locals_, shared, free, made.astype(np.uint8))


def _with_companies(company: Field, mail: Emails) -> Field:
    """Let a corporate domain stand for its company where the company is missing."""
    stands = emails.company_of_domain(mail.domain, company.column.codes, mail.is_free)
    codes = np.where(company.column.codes < 0, apply(stands, mail.domain), company.column.codes)
    filled = Dictionary(codes, company.column.values)
    return Field(company.name, company.kind, filled, company.texts, frequency_bins(filled.counts()))
