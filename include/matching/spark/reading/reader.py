"""A table read: rows that stand by themselves, and what was learned of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from include.matching.constraints import Decision
from include.matching.levels import Kind
from include.matching.memory import MOST
from include.matching.pairs.comparison import Group, group_of, said_by_source
from include.matching.records import emails
from include.matching.records.features import BINS, check_columns, frequency_bins
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.cleaned import cleaned
from include.matching.spark.reading.columns import flat, spread_texts
from include.matching.spark.reading.companies import with_companies
from include.matching.spark.reading.hints import learned
from include.matching.spark.reading.names import with_affinity, with_names
from include.matching.spark.reading.order import IDS, check_ids, damaged, ids_of, in_order, whole_columns
from include.matching.spark.reading.plan import Plan
from include.matching.spark.reading.values import said_of_values
from include.matching.spark.rows import Layout, Lexicon, without_evidence
from include.matching.spark.table import Places
from include.matching.spec import MatchingSpec
from include.matching.weights.fit import FEWEST

CARRIED = pa.schema(
    [("k", pa.int32()), ("first", pa.bool_()), ("value", pa.string()), ("bin", pa.int16()), ("count", pa.int64())]
)
SPREAD = pa.schema(
    [("k", pa.int32()), ("value", pa.string()), ("count", pa.int64()), ("bin", pa.int16()), ("values", pa.int64())]
)


@dataclass(frozen=True)
class Read:
    """The rows of a table, and what was learned of it."""

    rows: Chunks
    ids: Chunks  # at, id
    places: Places
    layout: Layout
    groups: list[Group]
    notes: dict[str, Any]


def checked(records: DataFrame, spec: MatchingSpec) -> int:
    """How many records a table has; raises ConfigurationError where it cannot be matched by the spec."""
    check_columns(records.columns, spec)
    return check_ids(records, spec)


def read(
    records: DataFrame, spec: MatchingSpec, size: int, partitions: int, bypassing: Sequence[Decision] = ()
) -> Read:
    """Read a table of so many records in so many partitions; what decisions are ``bypassing`` is no evidence."""
    plan = Plan(spec, whole=whole_columns(records, spec))
    ordered, at = in_order(records, plan, partitions)
    plan = replace(plan, hints=learned(ordered, spec))
    rows, places = cleaned(ordered, plan, at)
    lexicon, affinity = None, None
    if plan.has_names:
        full = bool(spec.of_kind(Kind.FULL_NAME))
        rows, lexicon, affinity = with_names(rows, places, size, at, full=full)
    else:
        rows = rows.each(lambda part: flat(part, places), flat(rows.schema.empty_table(), places).schema)
    names = records.sparkSession.sparkContext.broadcast(lexicon.names if lexicon else None)
    rows = said_of_values(rows, plan, places, names, size, at)
    rows, none = with_companies(rows, plan, places, names, at, named=plan.has_names)
    layout = _layout(plan, places, lexicon)

    def as_rows(part: pa.Table, *of: pa.Table) -> pa.Table:
        found = _as_rows(with_affinity(part, *of) if of else part, layout, places)
        return without_evidence(found, layout, bypassing, spec) if bypassing else found

    rows = (rows.met(as_rows, layout.schema, affinity) if affinity else rows.each(as_rows, layout.schema)).kept()
    sizes, shared = _values(rows, layout, at)
    notes = {"damaged_values": damaged(ordered, spec), "no_companies": none, "shared_values": shared}
    ids = ordered.each(lambda part: ids_of(part, at), IDS).kept()
    return Read(rows, ids, at, layout, _groups(sizes, layout), notes)


def _layout(plan: Plan, places: Sequence[int], lexicon: Lexicon | None) -> Layout:
    fields = zip(plan.fields, places[1:], strict=True)
    said = tuple((name, kind, 1 if kind is Kind.ORGANIZATION else number) for (name, kind), number in fields)
    return Layout(places[0], said, lexicon, plan.spec.compares_sources)


def _as_rows(rows: pa.Table, layout: Layout, places: Sequence[int]) -> pa.Table:
    """The columns of a row (see ``rows.Layout``), from those of each place and of what is said in each slot."""
    columns: dict[str, str] = {}
    slot, late = 2 * layout.addresses, 2 * layout.addresses + sum(places[1:])
    for k, (_, kind, number) in enumerate(layout.fields):
        for p in range(number):
            columns |= {f"value{k}_{p}": f"values{k}_{p}", f"bin{k}_{p}": f"said{slot + p}"}
            columns |= {f"extension{k}_{p}": f"extensions{k}_{p}", f"of_relative{k}_{p}": f"said{late + p}"}
        slot += places[1 + k]
        late += number if kind is Kind.DATE else 0
    return pa.table([rows[columns.get(name, name)] for name in layout.schema.names], schema=layout.schema)


def _asked(layout: Layout) -> list[tuple[str, str, str, str, int]]:
    """Of each column beside the names: name, role, what its values and their bins are called, and its places."""
    asked = [("email", "email", "mailbox", "shared", layout.addresses)] if layout.addresses else []
    fields = enumerate(layout.fields)
    return asked + [(name, kind.value, f"value{k}_", f"bin{k}_", places) for k, (name, kind, places) in fields]


def _values(rows: Chunks, layout: Layout, at: Places) -> tuple[pa.Table, list[dict[str, Any]]]:
    """How many values of each column have so many records and are of each bin; and the values that so many share that
    they are no evidence, most carried first (see ``memory.shared_values``)."""
    asked = _asked(layout)
    carried = rows.each(lambda part: _carried(part, asked, at.parts), CARRIED)
    found = carried.told_met(_spread, SPREAD).toArrow()
    is_size = pc.is_null(found["value"])
    sizes = found.filter(is_size).group_by(["k", "count", "bin"]).aggregate([("values", "sum")])
    told = found.filter(pc.invert(is_size)).sort_by(
        [("k", "ascending"), ("count", "descending"), ("value", "ascending")]
    )
    shared = [one for k in range(len(asked)) for one in told.filter(pc.equal(told["k"], k)).slice(0, MOST).to_pylist()]
    named = [{"column": asked[one["k"]][0], "value": one["value"], "records": one["count"]} for one in shared]
    return sizes.rename_columns(["k", "count", "bin", "values"]), named


def _carried(rows: pa.Table, asked: Sequence[tuple[str, str, str, str, int]], parts: int) -> pa.Table:
    """How many records of a part have each value of a column (``k`` among those asked), in their ``first`` place or
    not, on the way to where all of a value's are counted."""
    every = []
    for k, (_, _, value, bin_, places) in enumerate(asked):
        for p in range(places):
            mine = pa.table({"value": rows[f"{value}{p}"], "bin": rows[f"{bin_}{p}"]})
            mine = mine.filter(pc.is_valid(mine["value"])).group_by(["value", "bin"]).aggregate([([], "count_all")])
            beside = [np.full(mine.num_rows, k, np.int32), np.full(mine.num_rows, p == 0)]
            every.append(pa.table([*beside, *mine.columns], schema=CARRIED))
    found = pa.concat_tables([CARRIED.empty_table(), *every])
    return found.append_column("to", pa.array(spread_texts(found["value"], parts)))


def _spread(carried: pa.Table) -> pa.Table:
    """How many values have so many records and are of each bin; and, with the ``value``, the most common of those that
    are no evidence."""
    every = carried.group_by(["k", "first", "value", "bin"]).aggregate([("count", "sum")])
    first = every.filter(every["first"]).group_by(["k", "count_sum", "bin"]).aggregate([([], "count_all")])
    sizes = pa.table([first["k"], pa.nulls(len(first), pa.string()), *first.columns[1:]], schema=SPREAD)
    stopped = every.filter(pc.equal(every["bin"], emails.NO_EVIDENCE)).group_by(["k", "value"])
    stopped = stopped.aggregate([("count_sum", "sum")]).filter(pc.field("count_sum_sum") > 1)
    stopped = stopped.sort_by([("count_sum_sum", "descending"), ("value", "ascending")])
    told = [sizes]
    for k in pc.unique(stopped["k"]).to_pylist():
        mine = stopped.filter(pc.equal(stopped["k"], k)).slice(0, MOST)
        none = np.zeros(len(mine), np.int64)
        told.append(
            pa.table([mine["k"], mine["value"], mine["count_sum_sum"], none.astype(np.int16), none], schema=SPREAD)
        )
    return pa.concat_tables(told)


def _groups(sizes: pa.Table, layout: Layout) -> list[Group]:
    """The groups of evidence: how the records of each are spread over bins."""
    found = []
    if layout.lexicon is not None:
        names = layout.lexicon.names
        for name, role, counts in (
            ("first_name", "first", names.first_count), ("last_name", "last", names.last_count),
        ):  # fmt: skip
            found.append(_group(name, role, counts, frequency_bins(counts), np.ones(len(counts), np.int64)))
        found.append(Group("names", "names", np.zeros(BINS), np.zeros(BINS), 0.0))
    for at, (name, role, *_) in enumerate(_asked(layout)):
        mine = sizes.filter(pc.equal(sizes["k"], at))
        found.append(_group(name, role, *(mine[n].to_numpy().astype(np.int64) for n in ("count", "bin", "values"))))
    return found + (said_by_source() if layout.is_sourced else [])


def _group(name: str, role: str, counts: Any, bins: Any, values: Any) -> Group:
    """A group from how many values have so many records and are of each bin."""
    use = (counts > 1) & (bins < BINS)
    n, bins_, times = counts[use].astype(np.float64), bins[use], values[use]
    keep = np.bincount(bins_, n * times, BINS).astype(np.float64)
    pairs = np.bincount(bins_, n * (n - 1) * times, BINS).astype(np.float64)
    return group_of(name, role, keep, pairs, records=float((counts * values).sum()), fewest=FEWEST)
