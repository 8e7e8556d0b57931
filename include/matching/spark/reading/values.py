"""What the table says of each value of a record: by how many it is shared, and whose addresses are free mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.levels import COMPARISONS, Kind
from include.matching.records import emails
from include.matching.records.columns import Codes, Dictionary, Texts, apply, encode, lay_out, remapped
from include.matching.records.features import frequency_bins, shared_by_extensions
from include.matching.records.person_names import Names, have_relatives
from include.matching.records.readings import COMMON, SEEN, in_common, readings, witnesses
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import spread_texts, texts_of
from include.matching.spark.reading.free_mail import domain_of, free_domains
from include.matching.spark.reading.plan import Plan
from include.matching.spark.table import Places

DISTINCT = ("letters", "people", "extensions")
MAILBOX, LOCAL = "mailbox", "local"
FAMILY = "family"  # a date, beside a last name
BESIDE = ["kind", "value", "initial", "given", "holds", "extension"]
ASKED = pa.schema(
    [("kind", pa.string()), ("value", pa.string()), ("initial", pa.int32()), ("given", pa.int32()),
     ("holds", pa.int32()), ("extension", pa.string()), ("records", pa.int64()), ("home", pa.int32())]
)  # fmt: skip
SAID = pa.schema([("kind", pa.string()), ("value", pa.string()), ("said", pa.int16())])


def said_of_values(  # noqa: PLR0917  what values are told by
    rows: Chunks, plan: Plan, places: Sequence[int], names: Any, records: int, at: Places
) -> Chunks:
    """The rows with what the table says of each of their values, slot by slot.

    ``places``: of addresses, and of each field. Slots count addresses, their local parts, then fields place by place,
    then dates once more, beside last names.
    """
    if not sum(places):
        return rows
    read = rows.held.sparkSession.sparkContext.broadcast(_readings(rows, places[0], names))
    asked = rows.each(lambda part: _asked(_tokens(part, plan, places, names.value, read.value), at), ASKED)
    said = asked.met(lambda part: _told(part, plan), SAID)
    slots = [
        pa.field(f"said{slot}", pa.int16())
        for slot in range(2 * places[0] + sum(places[1:]) + len(_dates(plan, places)))
    ]
    schema = pa.schema([*rows.schema, *slots])
    if not plan.address:
        return rows.met(lambda part, of: _with_said(part, of, plan, places), schema, said).kept()
    free = frozenset(emails.FREE | free_domains(rows, plan, places, records))
    more = [(name, kind) for p in range(places[0]) for name, kind in _of_place(p)]
    schema = pa.schema([*schema, *(pa.field(*one) for one in more)])

    def task(part: pa.Table, of: pa.Table) -> pa.Table:
        return _settled(_with_said(part, of, plan, places), places, free, names.value, read.value)

    return rows.met(task, schema, said).kept()


def _readings(rows: Chunks, places: int, names: Any) -> Texts | None:
    """How names are written in addresses that do not spell them (see ``readings``)."""
    if not places or names.value is None:
        return None
    parts = rows.parts
    seen = rows.each(lambda part: _witnesses(part, places, names.value, parts), SEEN)
    return lay_out(readings(seen.told_met(in_common, COMMON).toArrow(), len(names.value.vocabulary)))


def _witnesses(rows: pa.Table, places: int, names: Names, parts: int) -> pa.Table:
    """What the addresses of a part say of names, each once, on the way to where all of a word's are counted."""
    first, last, _, _ = names_beside(rows, names)
    seen = []
    for p in range(places):
        local = _local(encode(rows[f"mailbox{p}"], ""))
        seen.append(witnesses(first, last, local.codes, local.values, _holds(local, first, last, names)))
    found = pa.concat_tables(seen).group_by(SEEN.names).aggregate([])
    return found.append_column("to", pa.array(spread_texts(found["word"], parts)))


def _of_place(p: int) -> list[tuple[str, pa.DataType]]:
    return [*((f"{name}{p}", pa.int16()) for name in ("shared", "free", "made")), (f"domain{p}", pa.string())]


def _asked(tokens: pa.Table, at: Places) -> pa.Table:
    """How many records of a part carry each value together with a name and an extension, on the way to where all of a
    value's are counted; ``home``: that part."""
    home = at.part_of(tokens["at"].to_numpy()[:1])
    found = tokens.group_by(BESIDE).aggregate([("at", "count")]).rename_columns([*BESIDE, "records"])
    found = found.append_column("home", pa.array(np.repeat(home, found.num_rows))).cast(ASKED)
    return found.append_column("to", pa.array(spread_texts(found["value"], at.parts)))


def _told(asked: pa.Table, plan: Plan) -> pa.Table:
    """What the table says of values, on the way to the parts that asked."""
    said = _judged(asked.group_by(BESIDE).aggregate([("records", "sum")]).rename_columns([*BESIDE, "records"]), plan)
    homes = asked.group_by(["kind", "value", "home"]).aggregate([])
    found = homes.join(said, ["kind", "value"], join_type="inner")
    return pa.table([found[name] for name in (*SAID.names, "home")], names=[*SAID.names, "to"])


def _with_said(rows: pa.Table, said: pa.Table, plan: Plan, places: Sequence[int]) -> pa.Table:
    """The rows with what is said of the value of each slot, 0 where nothing is."""
    columns = [(MAILBOX, rows[f"mailbox{p}"]) for p in range(places[0])]
    columns += [(LOCAL, texts_of(_local(encode(rows[f"mailbox{p}"], "")))) for p in range(places[0])]
    for k, number in enumerate(places[1:]):
        columns += [(f"{k}", rows[f"values{k}_{p}"]) for p in range(number)]
    columns += [(f"{FAMILY}{k}", _beside_last(rows, rows[f"values{k}_{p}"])) for k, p in _dates(plan, places)]
    for slot, (kind, values) in enumerate(columns):
        of = said.filter(pc.equal(said["kind"], kind))
        at = pc.index_in(values, value_set=of["value"].combine_chunks())
        found = pc.fill_null(
            of["said"].combine_chunks().take(at.combine_chunks() if isinstance(at, pa.ChunkedArray) else at), 0
        )
        rows = rows.append_column(f"said{slot}", found)
    return rows


def _tokens(rows: pa.Table, plan: Plan, places: Sequence[int], names: Names | None, read: Texts | None) -> pa.Table:
    """A row for each value of a record of which the table has something to say, and what the record says beside it.

    ``places``: of addresses, and of each field.
    """
    first, last, given, initial = names_beside(rows, names)
    at = rows["at"].to_numpy()
    out = []
    for p in range(places[0]):
        local = _local(encode(rows[f"mailbox{p}"], ""))
        holds = _holds(local, first, last, names, read)
        said = {"initial": initial, "given": given, "holds": holds.astype(np.int32)}
        out += [_token(at, MAILBOX, rows[f"mailbox{p}"], **said), _token(at, LOCAL, texts_of(local), **said)]
    for k, ((_, kind), number) in enumerate(zip(plan.fields, places[1:], strict=True)):
        for p in range(number):
            more = {"extension": rows[f"extensions{k}_{p}"]} if kind is Kind.PHONE else {}
            out.append(_token(at, f"{k}", rows[f"values{k}_{p}"], initial=initial, **more))
    for k, p in _dates(plan, places):
        out.append(_token(at, f"{FAMILY}{k}", _beside_last(rows, rows[f"values{k}_{p}"]), initial=initial))
    return pa.concat_tables(out)


def _dates(plan: Plan, places: Sequence[int]) -> list[tuple[int, int]]:
    """Field and place of each date of a record."""
    fields = enumerate(zip(plan.fields, places[1:], strict=True))
    return [(k, p) for k, ((_, kind), number) in fields if kind is Kind.DATE for p in range(number)]


def _beside_last(rows: pa.Table, values: pa.ChunkedArray) -> pa.Array:
    """Each value with its record's last name, null where the record does not say both names."""
    if "last" not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    first, last = (rows[name].to_numpy() for name in ("first", "last"))
    named = pa.array(last, mask=(first < 0) | (last < 0)).cast(pa.string())
    return pc.binary_join_element_wise(values.combine_chunks(), named, " ")


def names_beside(rows: pa.Table, names: Names | None) -> tuple[Codes, Codes, Codes, Codes]:
    """Each record's first and last name, the one of them that it goes by, and that one's first letter; -1: none."""
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


def _holds(
    local: Dictionary, first: Codes, last: Codes, names: Names | None, read: Texts | None = None
) -> npt.NDArray[np.uint8]:
    if names is None:
        return np.full(len(local.codes), 2, np.uint8)
    return names.spelt_in(local.codes, lay_out(local.values), first, last, read)


def _token(at: npt.NDArray[np.int64], kind: str, value: Any, **said: Any) -> pa.Table:
    n = len(at)
    column = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    columns = {"at": at, "kind": pa.array([kind] * n, pa.string()), "value": column}
    none = {name: pa.nulls(n, ASKED.field(name).type) for name in BESIDE[2:]}
    table = pa.table({**columns, **none, **said})
    return table.filter(pc.is_valid(table["value"]))


def _of_values(beside: pa.Table) -> pa.Table:
    """Of each value, how many records carry it, and of how many first letters, names and extensions."""
    records, initial, given, holds = (beside[name] for name in ("records", "initial", "given", "holds"))
    named = pc.fill_null(pc.and_(pc.greater_equal(given, 0), pc.less(holds, 2)), False)
    alike = pc.fill_null(pc.and_(named, pc.equal(holds, 1)), False)
    columns = {
        "kind": beside["kind"], "value": beside["value"], "carriers": records,
        "letters": pc.if_else(pc.greater_equal(initial, 0), initial, None),
        "named": pc.multiply(records, named.cast(pa.int64())), "alike": pc.multiply(records, alike.cast(pa.int64())),
        "people": pc.if_else(named, given, None), "extensions": beside["extension"],
    }  # fmt: skip
    every = pa.table(columns)
    asked = [(name, "count_distinct" if name in DISTINCT else "sum") for name in every.column_names[2:]]
    found = every.group_by(["kind", "value"]).aggregate(asked)
    return found.select(["kind", "value", *map("_".join, asked)]).rename_columns(every.column_names)


def _judged(beside: pa.Table, plan: Plan) -> pa.Table:
    """What the table says of a value, where it says anything: a class; of a local part whether many go by it (1), and
    it is a role (2); of a date and a last name whether relatives have both (1)."""
    counts = _of_values(beside)
    kinds, values = counts["kind"].to_numpy(zero_copy_only=False), counts["value"].combine_chunks()
    asked = ("carriers", "letters", "named", "alike", "people", "extensions")
    carriers, letters, named, alike, people, extensions = (counts[n].to_numpy().astype(np.int64) for n in asked)
    out = emails.shared_by(carriers, letters).astype(np.int16)
    for k, (_, kind) in enumerate(plan.fields):
        mine = kinds == str(k)
        if not COMPARISONS[kind.value].classes:
            out[mine] = frequency_bins(carriers[mine])
        elif kind is Kind.PHONE:
            out[mine] = shared_by_extensions(out[mine], extensions[mine])
        if kind is Kind.DATE:
            family = kinds == f"{FAMILY}{k}"
            out[family] = have_relatives(letters[family])
    local = np.flatnonzero(kinds == LOCAL)
    role = emails.is_role(values.take(pa.array(local)), named[local], alike[local], people[local])
    out[local] = (out[local] > 0) + 2 * role
    found = pa.table({"kind": counts["kind"], "value": counts["value"], "said": out})
    return found.filter(pa.array(out != 0))


def _settled(
    rows: pa.Table, places: Sequence[int], free: frozenset[str], names: Names | None, read: Texts | None
) -> pa.Table:
    """What is known of the addresses of each record: sharing class, whether at a free provider, whether a name's."""
    first, last, _, _ = names_beside(rows, names)
    for p in range(places[0]):
        column = encode(rows[f"mailbox{p}"], "")
        local = _local(column)
        domain = domain_of(rows[f"mailbox{p}"])
        is_free = pc.fill_null(pc.is_in(domain, value_set=pa.array(sorted(free), pa.string())), False).to_numpy(
            zero_copy_only=False
        )
        holds = _holds(local, first, last, names, read)
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
