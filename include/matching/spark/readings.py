"""How tasks read records: what a record says by itself, given what the table says of its values.

As ``parts``: Arrow tables in and out, the engine's own cleaning on the values that a task holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.kernels.addresses import local_holds_name
from include.matching.levels import COMPARISONS, Kind
from include.matching.records import cleaning, companies, emails
from include.matching.records.columns import (
    Codes,
    Dictionary,
    Texts,
    apply,
    encode,
    hashed,
    is_whole,
    lay_out,
    numbers,
    remapped,
)
from include.matching.records.features import (
    Hints,
    clean_columns,
    frequency_bins,
    mended_columns,
    one_of_several,
)
from include.matching.records.person_names import Names, Vocabulary, Written, mine_from, write_names
from include.matching.records.spelling import spelt_as_in_addresses
from include.matching.spec import MatchingSpec

SIGN = np.uint64(1 << 63)
MAILBOX, LOCAL = "mailbox", "local"


@dataclass(frozen=True)
class Plan:
    """What a spec's columns become: addresses, names, and the fields beside them."""

    spec: MatchingSpec
    hints: Hints = field(default_factory=Hints)
    whole: Mapping[str, bool] | None = None

    @property
    def fields(self) -> list[tuple[str, Kind]]:
        """The columns that are neither names nor addresses, those of numbers as one."""
        phones = self.spec.of_kind(Kind.PHONE)[:1]
        kinds = self.spec.columns.items()
        return [(name, kind) for name, kind in kinds if kind in cleaning.CLEAN or name in phones]

    @property
    def has_names(self) -> bool:
        """Whether some column holds names."""
        return any(self.spec.of_kind(k) for k in (Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME))

    @property
    def address(self) -> str | None:
        """The column of addresses."""
        return next(iter(self.spec.of_kind(Kind.EMAIL)), None)


def whole_numbers(rows: pa.Table) -> pa.Table:
    """Of each column of numbers with fractions, whether all are whole here."""
    found = {name: is_whole(rows[name]) for name in rows.column_names}
    return pa.table(
        {"column": list(found), "whole": list(found.values())},
        schema=pa.schema([("column", pa.string()), ("whole", pa.bool_())]),
    )


def texts(rows: pa.Table, plan: Plan) -> pa.Table:
    """Every column as mended text, the hashes that records are ordered by, and how much was damaged."""
    spec = plan.spec
    ids = pc.cast(rows[spec.id], pa.large_string()).combine_chunks()
    by = pc.cast(rows[spec.order], pa.large_string()).combine_chunks() if spec.order else ids
    whole = plan.whole or {}
    raw = {name: encode(rows[name], name, whole=whole.get(name)) for name in spec.columns}
    columns, told = mended_columns(raw, spec)
    out: dict[str, Any] = {"id": ids.cast(pa.string()), "by": _ordered(hashed(by)), "then": _ordered(hashed(ids))}
    out["source"] = pc.cast(rows[spec.source], pa.string()) if spec.source else pa.nulls(rows.num_rows, pa.string())
    for k, name in enumerate(spec.columns):
        out[f"text{k}"] = _said(columns[name])
    damage = {str(one["column"]): one for one in told}
    note = ";".join(
        f"{k}:{damage[n]['records']}:{damage[n]['mended']}" for k, n in enumerate(spec.columns) if n in damage
    )
    out["damage"] = pa.array([note] + [""] * (rows.num_rows - 1), pa.string())
    return pa.table(out)


def texts_schema(plan: Plan) -> str:
    """The columns of ``texts``."""
    said = [f"text{k} string" for k in range(len(plan.spec.columns))]
    return ", ".join(["id string", "by long", "then long", "source string", *said, "damage string"])


def _ordered(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Hashes as signed numbers of the same order."""
    return (hashes ^ SIGN).view(np.int64)


def _said(column: Dictionary) -> pa.Array:
    return column.values.cast(pa.string()).take(pa.array(column.codes, mask=column.codes < 0))


def counted(values: pa.Table, kind: Kind) -> pa.Table:
    """What some of a column's distinct values say together of how it is to be read."""
    one, other = cleaning.SAID[kind](values[0].combine_chunks().drop_null())
    return pa.table({"one": [one], "other": [other]})


def telling(values: pa.Table) -> pa.Table:
    """Numbers that tell the region."""
    return pa.table({"text": cleaning.telling_region(values[0].combine_chunks().drop_null()).cast(pa.string())})


def region(values: pa.Table) -> pa.Table:
    """The region that the numbers drawn tell."""
    found = cleaning.learned_region(cleaning.telling_region(values[0].combine_chunks().drop_null()))
    return pa.table({"region": pa.array([found], pa.string())})


def cleaned(rows: pa.Table, plan: Plan) -> pa.Table:
    """The values of records, cleaned: addresses and numbers as lists, names as their columns say them."""
    spec = plan.spec
    raw = {name: encode(rows[f"text{k}"], name) for k, name in enumerate(spec.columns)}
    raw = one_of_several(raw, spec, plan.hints)
    out: dict[str, Any] = {"at": rows["at"], "source": rows["source"]}
    if plan.has_names:
        written = write_names(raw, spec)
        out |= _names(written, list(written.words)) | {"mined": np.zeros(rows.num_rows, np.int16)}
    if plan.address:
        boxes = emails.mailboxes(raw[plan.address]).mailbox
        out["mailboxes"] = _lists(np.atleast_2d(boxes.codes), boxes.values)
    for k, (name, kind, column) in enumerate(clean_columns(raw, spec, plan.hints)):
        out[f"values{k}"] = _lists(np.atleast_2d(column.codes), column.values)
        if kind is Kind.PHONE:
            said = cleaning.extensions(raw[name].values)
            behind = remapped(raw[name], said)
            out[f"extensions{k}"] = _lists(np.atleast_2d(behind.codes), behind.values)
    return pa.table(out)


def cleaned_schema(plan: Plan) -> str:
    """The columns of ``cleaned``."""
    found = ["at long", "source string"]
    if plan.has_names:
        found += ["first string", "last string", "loose short", "generation short", "mined short"]
    found += ["mailboxes array<string>"] if plan.address else []
    for k, (_, kind) in enumerate(plan.fields):
        found += [f"values{k} array<string>"] + ([f"extensions{k} array<string>"] if kind is Kind.PHONE else [])
    return ", ".join(found)


def _lists(codes: Codes, values: pa.Array) -> pa.Array:
    flat = np.ascontiguousarray(codes.T).ravel()
    said = values.cast(pa.string()).take(pa.array(flat, mask=flat < 0))
    return pa.ListArray.from_arrays(pa.array(np.arange(codes.shape[1] + 1, dtype=np.int32) * codes.shape[0]), said)


def _names(written: Written, words: Sequence[str]) -> dict[str, Any]:
    of = pa.array(words, pa.string())
    said = {name: of.take(pa.array(c, mask=c < 0)) for name, c in (("first", written.first), ("last", written.last))}
    return said | {"loose": written.loose.astype(np.int16), "generation": written.generation.astype(np.int16)}


def _written(rows: pa.Table) -> Written:
    words = Vocabulary()
    coded = []
    for name in ("first", "last"):
        column = encode(rows[name], name)
        table = np.array([words.code(v) for v in column.values.to_pylist()], np.int32)
        coded.append(apply(table, column.codes))
    loose, generation = (np.array(rows[name].to_numpy(), np.uint8) for name in ("loose", "generation"))
    return Written(coded[0], coded[1], loose, generation, words)


def _boxes(rows: pa.Table) -> emails.Mailboxes:
    """The first mailbox of each record."""
    column = encode(rows["mailbox0"], "mailbox0")
    parts = [remapped(Dictionary(np.arange(len(h), dtype=np.int32), h), h) for h in emails.halves(column.values)]
    return emails.Mailboxes(column, parts[0], parts[1])


def mined(rows: pa.Table, known: tuple[Mapping[str, int], Mapping[str, int]]) -> pa.Table:
    """The records with names read out of their addresses."""
    written = _written(rows)
    found = mine_from(written, _boxes(rows), *known)
    return _replaced(rows, _names(written, list(written.words)) | {"mined": found.astype(np.int16)})


def _replaced(rows: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    for name, column in columns.items():
        at = rows.column_names.index(name)
        rows = rows.set_column(
            at, rows.schema.field(at), pa.chunked_array([pa.array(column).cast(rows.schema.field(at).type)])
        )
    return rows


@dataclass(frozen=True)
class Spelling:
    """The vocabulary as it is before names are mended, and each name's more usual spelling."""

    vocabulary: pa.Array
    texts: Texts
    usual: tuple[Codes, Codes]
    own: tuple[Codes, Codes]


def spelt(rows: pa.Table, spelling: Spelling) -> pa.Table:
    """The records with names that their addresses spell otherwise mended."""
    boxes = _boxes(rows)
    local, _ = emails.locals_of(boxes)
    locals_ = lay_out(boxes.local.values)
    out = {}
    for name, usual, own in zip(("first", "last"), spelling.usual, spelling.own, strict=True):
        codes = _codes(rows[name], spelling.vocabulary)
        codes = spelt_as_in_addresses(codes, spelling.texts, own, local, locals_, usual)
        out[name] = spelling.vocabulary.take(pa.array(codes, mask=codes < 0))
    return _replaced(rows, out)


def _codes(column: pa.ChunkedArray, vocabulary: pa.Array) -> Codes:
    return np.array(numbers(pc.index_in(column.combine_chunks().cast(vocabulary.type), value_set=vocabulary)))


def coded(rows: pa.Table, vocabulary: pa.Array) -> pa.Table:
    """The records with their names as codes."""
    for name in ("first", "last"):
        codes = _codes(rows[name], vocabulary)
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pa.chunked_array([pa.array(codes)]))
    return rows


TOKEN = (
    "at long, slot int, kind string, value string, initial int, given int, holds int, extension string, company string"
)


def tokens(rows: pa.Table, plan: Plan, places: Sequence[int], names: Names | None) -> pa.Table:
    """A row for each value of a record of which the table has something to say, and what the record says beside it.

    ``places``: of addresses, and of each field. Slots count addresses, their local parts, then fields place by place.
    """
    n = rows.num_rows
    first, last, given, initial = _beside(rows, names)
    at = rows["at"].to_numpy()
    out = []
    company = next((f"values{k}_0" for k, (_, kind) in enumerate(plan.fields) if kind is Kind.ORGANIZATION), None)
    for slot in range(places[0]):
        column = encode(rows[f"mailbox{slot}"], "")
        local = _local(column)
        holds = _holds(local, first, last, names)
        said = {"initial": initial, "given": given, "holds": holds.astype(np.int32)}
        firm = rows[company] if company else pa.nulls(n, pa.string())
        out.append(_token(at, slot, MAILBOX, rows[f"mailbox{slot}"], company=firm, **said))
        out.append(_token(at, places[0] + slot, LOCAL, _said(local), **said))
    slot = 2 * places[0]
    for k, ((_, kind), number) in enumerate(zip(plan.fields, places[1:], strict=True)):
        for p in range(number):
            more = {"extension": rows[f"extensions{k}_{p}"]} if kind is Kind.PHONE else {}
            out.append(_token(at, slot, f"{k}", rows[f"values{k}_{p}"], initial=initial, **more))
            slot += 1
    return pa.concat_tables(out)


def _beside(rows: pa.Table, names: Names | None) -> tuple[Codes, Codes, Codes, Codes]:
    if names is None:
        none = np.full(rows.num_rows, -1, np.int32)
        return none, none, none, none
    first, last = (np.array(rows[name].to_numpy(), np.int32) for name in ("first", "last"))
    given = np.where(first >= 0, first, last)
    letter = np.append(names.texts.points, 0)[names.texts.offsets[:-1]].astype(np.int32)
    return first, last, given, apply(letter, given)


def _local(column: Dictionary) -> Dictionary:
    half = remapped(
        Dictionary(np.arange(len(column.values), dtype=np.int32), column.values), emails.halves(column.values)[0]
    )
    return Dictionary(apply(half.codes, column.codes), half.values)


def _holds(local: Dictionary, first: Codes, last: Codes, names: Names | None) -> npt.NDArray[np.uint8]:
    holds = np.full(len(local.codes), 2, np.uint8)
    if names is not None:
        texts = lay_out(local.values)
        local_holds_name(
            local.codes, first, last, texts.points, texts.offsets, names.texts.offsets, names.texts.points, holds
        )
    return holds


def _token(at: npt.NDArray[np.int64], slot: int, kind: str, value: Any, **said: Any) -> pa.Table:
    n = len(at)
    column = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    none = {
        "initial": pa.int32(),
        "given": pa.int32(),
        "holds": pa.int32(),
        "extension": pa.string(),
        "company": pa.string(),
    }
    columns = {"at": at, "slot": np.full(n, slot, np.int32), "kind": pa.array([kind] * n), "value": column}
    columns |= {name: said.get(name, pa.nulls(n, type_)) for name, type_ in none.items()}
    table = pa.table(columns)
    return table.filter(pc.is_valid(table["value"]))


def judged_values(counts: pa.Table, plan: Plan) -> pa.Table:
    """What the table says of each value: a class; of a local part whether many go by it (1), and it is a role (2)."""
    kinds, values = counts["kind"].to_numpy(zero_copy_only=False), counts["value"].combine_chunks()
    asked = ("carriers", "letters", "named", "alike", "people", "extensions")
    carriers, letters, named, alike, people, extensions = (counts[n].to_numpy().astype(np.int64) for n in asked)
    out = emails.shared_by(carriers, letters).astype(np.int16)
    for k, (_, kind) in enumerate(plan.fields):
        mine = kinds == str(k)
        if not COMPARISONS[kind.value].classes:
            out[mine] = frequency_bins(carriers[mine])
        elif kind is Kind.PHONE:
            out[mine] = np.where(extensions[mine] > 1, np.maximum(out[mine], 1), out[mine])
    local = np.flatnonzero(kinds == LOCAL)
    role = emails.is_role(values.take(pa.array(local)), named[local], alike[local], people[local])
    out[local] = (out[local] > 0) + 2 * role
    return pa.table({"kind": counts["kind"], "value": counts["value"], "said": out})


def settled(rows: pa.Table, places: Sequence[int], free: frozenset[str], names: Names | None) -> pa.Table:
    """What is known of the addresses of each record: sharing class, whether at a free provider, whether a name's."""
    first, last, _, _ = _beside(rows, names)
    for p in range(places[0]):
        column = encode(rows[f"mailbox{p}"], "")
        local = _local(column)
        domain = pc.list_element(pc.split_pattern(rows[f"mailbox{p}"].combine_chunks(), "@", max_splits=1), 1)
        is_free = pc.fill_null(pc.is_in(domain, value_set=pa.array(sorted(free), pa.string())), False).to_numpy(
            zero_copy_only=False
        )
        holds = _holds(local, first, last, names)
        shared, of_local = (np.nan_to_num(rows[f"said{s}"].to_numpy()).astype(np.int16) for s in (p, places[0] + p))
        has = column.codes >= 0
        shared = np.where(of_local >= 2, emails.NO_EVIDENCE, shared)
        shared = np.where(has & is_free & (shared == 0), emails.PRIVATE, shared)
        numbered = pc.match_substring_regex(local.values, r"\d\d").to_numpy(zero_copy_only=False).astype(np.int32)
        made = ((holds == 1) & (apply(numbered, local.codes) == 0)) | (of_local % 2 == 1)
        for name, said in (("shared", shared), ("free", is_free & has), ("made", made)):
            rows = rows.append_column(f"{name}{p}", pa.array(said.astype(np.int16)))
        rows = rows.append_column(f"domain{p}", domain)
    return rows


def no_company(rows: pa.Table, k: int, names: Names | None) -> pa.Table:
    """The records without what is known to be no company, and what is counted to tell of others whether they are."""
    column = encode(rows[f"values{k}_0"], "")
    said = None
    if names is not None:
        first, last, _, _ = _beside(rows, names)
        said = _Named(first, last, names.vocabulary)
    none = companies.is_none(column, said)  # type: ignore[arg-type]
    codes = np.where(none, -1, column.codes).astype(np.int32)
    return rows.append_column(f"firm{k}", _said(Dictionary(codes, column.values)))


@dataclass(frozen=True)
class _Named:
    first: Codes
    last: Codes
    vocabulary: Sequence[str]
