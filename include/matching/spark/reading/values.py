"""What the table says of each value of a record: by how many it is shared, and whose addresses are free mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.kernels.addresses import local_holds_name
from include.matching.levels import COMPARISONS, Kind
from include.matching.records import emails
from include.matching.records.columns import Codes, Dictionary, apply, encode, lay_out, remapped
from include.matching.records.features import frequency_bins
from include.matching.records.person_names import Names
from include.matching.spark.keeping import kept
from include.matching.spark.reading.columns import texts_of
from include.matching.spark.reading.plan import Plan
from include.matching.spark.tasks import each, whole

DISTINCT = ("letters", "people", "extensions")
MAILBOX, LOCAL = "mailbox", "local"
FAMILY = "family"  # a date, beside a last name
TOKEN = (
    "at long, slot int, kind string, value string, initial int, given int, holds int, extension string, company string"
)


def said_of_values(rows: DataFrame, plan: Plan, places: Sequence[int], names: Any, records: int) -> DataFrame:
    """The rows with what the table says of each of their values, slot by slot.

    ``places``: of addresses, and of each field. Slots count addresses, their local parts, then fields place by place,
    then dates once more, beside last names.
    """
    if not sum(places):
        return rows
    told = rows.mapInArrow(each(lambda rows: _tokens(rows, plan, places, names.value)), TOKEN).persist()
    said = _counted(told).mapInArrow(whole(lambda part: _judged(part, plan)), "kind string, value string, said short")
    dates = sum(number for (_, kind), number in zip(plan.fields, places[1:], strict=True) if kind is Kind.DATE)
    slots = [f"said{slot}" for slot in range(2 * places[0] + sum(places[1:]) + dates)]
    by_slot = [fn.max(fn.when(fn.col("slot") == slot, fn.col("said"))).alias(name) for slot, name in enumerate(slots)]
    of_record = told.select("at", "slot", "kind", "value").join(said, ["kind", "value"]).groupBy("at").agg(*by_slot)
    rows = rows.join(of_record, "at", "left").fillna(0, slots)
    if not plan.address:
        rows = kept(rows)
        told.unpersist()
        return rows
    free = frozenset(emails.FREE | _free_domains(told, records))
    more = [f"shared{p} short, free{p} short, made{p} short, domain{p} string" for p in range(places[0])]
    schema = ", ".join([*(f"{f.name} {f.dataType.simpleString()}" for f in rows.schema), *more])
    rows = kept(rows.mapInArrow(each(lambda rows: _settled(rows, places, free, names.value)), schema))
    told.unpersist()
    return rows


def _counted(told: DataFrame) -> DataFrame:
    """How many records carry each value together with a name and an extension, all of a value in one partition."""
    beside = told.groupBy("kind", "value", "initial", "given", "holds", "extension").agg(fn.count("*").alias("records"))
    return beside.repartition("kind", "value")


def _free_domains(told: DataFrame, records: int) -> set[str]:
    """The domains that the table itself says are free mail."""
    domain = fn.element_at(fn.split("value", "@", 2), 2).alias("domain")
    counts = told.filter(fn.col("kind") == MAILBOX).select(domain, "company").groupBy("domain", "company").count()
    has = fn.col("company").isNotNull()
    of = counts.groupBy("domain").agg(
        fn.sum("count").alias("carried"), fn.sum(fn.when(has, 1).otherwise(0)).alias("companies"),
        fn.sum(fn.when(has, fn.col("count")).otherwise(0)).alias("named"),
        fn.max(fn.when(has, fn.col("count")).otherwise(0)).alias("largest"),
    ).persist()  # fmt: skip
    any_company = bool((of.agg(fn.sum("named")).collect()[0][0] or 0) > 0)
    few = of.filter(fn.col("companies") >= emails.SEVERAL if any_company else fn.col("carried") > emails.MANY).toArrow()
    of.unpersist()
    carried, number, named, largest = (few[n].to_numpy() for n in ("carried", "companies", "named", "largest"))
    free = emails.is_nobodys(number, named, largest) if any_company else emails.is_common(carried, records)
    return set(few["domain"].filter(pa.array(free)).to_pylist())


def _tokens(rows: pa.Table, plan: Plan, places: Sequence[int], names: Names | None) -> pa.Table:
    """A row for each value of a record of which the table has something to say, and what the record says beside it.

    ``places``: of addresses, and of each field. Slots count addresses, their local parts, then fields place by place.
    """
    n = rows.num_rows
    first, last, given, initial = names_beside(rows, names)
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
        out.append(_token(at, places[0] + slot, LOCAL, texts_of(local), **said))
    slot = 2 * places[0]
    for k, ((_, kind), number) in enumerate(zip(plan.fields, places[1:], strict=True)):
        for p in range(number):
            more = {"extension": rows[f"extensions{k}_{p}"]} if kind is Kind.PHONE else {}
            out.append(_token(at, slot, f"{k}", rows[f"values{k}_{p}"], initial=initial, **more))
            slot += 1
    for k, ((_, kind), number) in enumerate(zip(plan.fields, places[1:], strict=True)):
        for p in range(number if kind is Kind.DATE else 0):
            out.append(
                _token(at, slot, f"{FAMILY}{k}", _beside_last(rows[f"values{k}_{p}"], first, last), initial=initial)
            )
            slot += 1
    return pa.concat_tables(out)


def _beside_last(values: pa.ChunkedArray, first: Codes, last: Codes) -> pa.Array:
    """Each value with its record's last name, null where the record does not say both names."""
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
            out[mine] = np.where(extensions[mine] > 1, np.maximum(out[mine], 1), out[mine])
        if kind is Kind.DATE:
            family = kinds == f"{FAMILY}{k}"
            out[family] = letters[family] > 1
    local = np.flatnonzero(kinds == LOCAL)
    role = emails.is_role(values.take(pa.array(local)), named[local], alike[local], people[local])
    out[local] = (out[local] > 0) + 2 * role
    found = pa.table({"kind": counts["kind"], "value": counts["value"], "said": out})
    return found.filter(pa.array(out != 0))


def _settled(rows: pa.Table, places: Sequence[int], free: frozenset[str], names: Names | None) -> pa.Table:
    """What is known of the addresses of each record: sharing class, whether at a free provider, whether a name's."""
    first, last, _, _ = names_beside(rows, names)
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
