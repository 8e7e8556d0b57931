"""A table read: rows that stand by themselves, and what was learned of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from include.matching.constraints import Decision
from include.matching.levels import Kind
from include.matching.memory import MOST
from include.matching.pairs.comparison import Group, group_of, said_by_source
from include.matching.records import emails
from include.matching.records.features import BINS, check_columns, frequency_bins
from include.matching.spark.keeping import kept
from include.matching.spark.reading.cleaned import cleaned
from include.matching.spark.reading.companies import with_companies
from include.matching.spark.reading.hints import learned
from include.matching.spark.reading.names import with_names
from include.matching.spark.reading.order import check_ids, damaged, in_order, whole_columns
from include.matching.spark.reading.plan import Plan
from include.matching.spark.reading.values import said_of_values
from include.matching.spark.rows import Layout, Lexicon, without_evidence
from include.matching.spark.tasks import ddl, each
from include.matching.spec import MatchingSpec
from include.matching.weights.fit import FEWEST


@dataclass(frozen=True)
class Read:
    """The rows of a table, and what was learned of it."""

    rows: DataFrame
    ids: DataFrame  # at, id
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
    session = records.sparkSession
    plan = Plan(spec, whole=whole_columns(records, spec))
    ordered = in_order(records, plan, partitions)
    plan = replace(plan, hints=learned(ordered, spec))
    rows, places = cleaned(ordered, plan)
    mailed, full = bool(plan.address), bool(spec.of_kind(Kind.FULL_NAME))
    rows, lexicon = with_names(rows, size, mailed=mailed, full=full) if plan.has_names else (rows, None)
    names = session.sparkContext.broadcast(lexicon.names if lexicon else None)
    rows = said_of_values(rows, plan, places, names, size)
    rows, none = with_companies(rows, plan, places, names, named=plan.has_names)
    layout = _layout(plan, places, lexicon)
    rows = _as_rows(rows, layout, places)
    if bypassing:
        rows = rows.mapInArrow(each(lambda part: without_evidence(part, layout, bypassing, spec)), ddl(layout.schema))
    rows = kept(rows)
    values = _values(rows, layout)  # not kept: what each asks for is another part
    notes = {"damaged_values": damaged(ordered, spec), "no_companies": none, "shared_values": _shared(values, layout)}
    return Read(rows, ordered.select("at", "id"), layout, _groups(values, layout), notes)


def _layout(plan: Plan, places: Sequence[int], lexicon: Lexicon | None) -> Layout:
    fields = zip(plan.fields, places[1:], strict=True)
    said = tuple((name, kind, 1 if kind is Kind.ORGANIZATION else number) for (name, kind), number in fields)
    return Layout(places[0], said, lexicon, plan.spec.compares_sources)


def _as_rows(rows: DataFrame, layout: Layout, places: Sequence[int]) -> DataFrame:
    """The columns of a row (see ``rows.Layout``), from those of each place and of what is said in each slot."""
    columns = [fn.col(name) for name in ("at", "source")]
    if layout.lexicon is not None:
        columns += [fn.col(name) for name in ("first", "last", "affinity", "mined", "loose", "generation")]
    for p in range(layout.addresses):
        columns += [fn.col(f"{name}{p}") for name in ("mailbox", "shared", "free", "made")]
    slot, late = 2 * layout.addresses, 2 * layout.addresses + sum(places[1:])
    for k, (_, kind, number) in enumerate(layout.fields):
        for p in range(number):
            columns.append(fn.col(f"values{k}_{p}").alias(f"value{k}_{p}"))
            columns.append(fn.col(f"said{slot + p}").alias(f"bin{k}_{p}"))
            columns += [fn.col(f"extensions{k}_{p}").alias(f"extension{k}_{p}")] if kind is Kind.PHONE else []
            columns += [fn.col(f"said{late + p}").alias(f"of_relative{k}_{p}")] if kind is Kind.DATE else []
        slot += places[1 + k]
        late += number if kind is Kind.DATE else 0
    return rows.select(*columns)


def _asked(layout: Layout) -> list[tuple[str, str, str, str, int]]:
    """Of each column beside the names: name, role, what its values and their bins are called, and its places."""
    asked = [("email", "email", "mailbox", "shared", layout.addresses)] if layout.addresses else []
    fields = enumerate(layout.fields)
    return asked + [(name, kind.value, f"value{k}_", f"bin{k}_", places) for k, (name, kind, places) in fields]


def _values(rows: DataFrame, layout: Layout) -> DataFrame:
    """How many records have each value of a column (``k`` among those ``_asked``), in their ``first`` place or not."""
    one = [
        fn.struct(
            fn.lit(k).alias("k"), fn.lit(p == 0).alias("first"), fn.col(f"{value}{p}").alias("value"),
            fn.col(f"{bin_}{p}").alias("bin"),
        )
        for k, (_, _, value, bin_, places) in enumerate(_asked(layout)) for p in range(places)
    ]  # fmt: skip
    if not one:
        return rows.sparkSession.createDataFrame([], "k int, first boolean, value string, bin short, count long")
    every = rows.select(fn.explode(fn.array(*one)).alias("one")).select("one.*").filter("value is not null")
    return every.groupBy("k", "first", "value", "bin").count()


def _groups(values: DataFrame, layout: Layout) -> list[Group]:
    """The groups of evidence: how the records of each are spread over bins."""
    found = []
    if layout.lexicon is not None:
        names = layout.lexicon.names
        for name, role, counts in (
            ("first_name", "first", names.first_count), ("last_name", "last", names.last_count),
        ):  # fmt: skip
            found.append(_group(name, role, counts, frequency_bins(counts), np.ones(len(counts), np.int64)))
        found.append(Group("names", "names", np.zeros(BINS), np.zeros(BINS), 0.0))
    sizes = values.filter("first").groupBy("k", "count", "bin").agg(fn.count("*").alias("values")).toArrow()
    for at, (name, role, *_) in enumerate(_asked(layout)):
        mine = sizes.filter(pc.equal(sizes["k"], at))
        found.append(_group(name, role, *(mine[n].to_numpy().astype(np.int64) for n in ("count", "bin", "values"))))
    return found + (said_by_source() if layout.is_sourced else [])


def _shared(values: DataFrame, layout: Layout) -> list[dict[str, Any]]:
    """The values that so many share that they are no evidence, most carried first (see ``memory.shared_values``)."""
    stopped = values.filter(fn.col("bin") == emails.NO_EVIDENCE).groupBy("k", "value")
    stopped = stopped.agg(fn.sum("count").alias("count")).filter("count > 1")
    place = fn.row_number().over(Window.partitionBy("k").orderBy(fn.desc("count"), "value"))
    told = stopped.withColumn("place", place).filter(fn.col("place") <= MOST).orderBy("k", "place").collect()
    names = [name for name, *_ in _asked(layout)]
    return [{"column": names[row["k"]], "value": row["value"], "records": row["count"]} for row in told]


def _group(name: str, role: str, counts: Any, bins: Any, values: Any) -> Group:
    """A group from how many values have so many records and are of each bin."""
    use = (counts > 1) & (bins < BINS)
    n, bins_, times = counts[use].astype(np.float64), bins[use], values[use]
    keep = np.bincount(bins_, n * times, BINS).astype(np.float64)
    pairs = np.bincount(bins_, n * (n - 1) * times, BINS).astype(np.float64)
    return group_of(name, role, keep, pairs, records=float((counts * values).sum()), fewest=FEWEST)
