"""Records in the order of the hashes of their ids, their columns as mended text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.contracts.errors import ConfigurationError
from include.matching.records.columns import encode, hashed, is_whole
from include.matching.records.features import mended_columns
from include.matching.spark.keeping import kept
from include.matching.spark.reading.columns import called, texts_of
from include.matching.spark.reading.plan import Plan
from include.matching.spark.tasks import Task, each
from include.matching.spec import MatchingSpec

SIGN = np.uint64(1 << 63)


def mapped(records: DataFrame, names: Sequence[str], task: Task, schema: str) -> DataFrame:
    """A task on some of a table's own columns, which go to it by number: not any name may be said to Spark."""
    numbered = [called(name).alias(f"c{at}") for at, name in enumerate(names)]
    return records.select(*numbered).mapInArrow(each(lambda rows: task(rows.rename_columns(names))), schema)


def whole_columns(records: DataFrame, spec: MatchingSpec) -> dict[str, bool]:
    """Of each column of numbers with fractions, whether all of its values are whole."""
    floats = [name for name, kind in records.dtypes if kind in ("double", "float") and name in spec.columns]
    if not floats:
        return {}
    said = mapped(records, floats, _whole_numbers, "column string, whole boolean")
    found = said.groupBy("column").agg(fn.min("whole").alias("all")).collect()
    return {row["column"]: bool(row["all"]) for row in found}


def check_ids(records: DataFrame, spec: MatchingSpec) -> int:
    """How many records there are; raises ConfigurationError where one has no id, no order, or another's id."""
    asked = list(filter(None, (spec.id, spec.order)))
    distinct = fn.count_distinct(called(spec.id).cast("string"))
    size, ids, *there = records.agg(fn.count("*"), distinct, *(fn.count(called(name)) for name in asked)).collect()[0]
    for name, number in zip(asked, there, strict=True):
        if number < size:
            what = "an id" if name == spec.id else "an order"
            raise ConfigurationError(f"The column {name!r} has {size - number} nulls; every record needs {what}.")
    if ids < size:
        raise ConfigurationError(f"The id column {spec.id!r} repeats {size - ids} ids; ids must be distinct.")
    return int(size)


def in_order(records: DataFrame, plan: Plan, partitions: int) -> DataFrame:
    """The mended texts with each record's place ``at`` in the order of the hashes."""
    spec = plan.spec
    asked = list(dict.fromkeys([spec.id, *filter(None, (spec.order, spec.source)), *spec.columns]))
    said = mapped(records, asked, lambda rows: _texts(rows, plan, partitions), _schema(plan))
    said = said.repartitionById(partitions, "part")
    return numbered(said.drop("part").sortWithinPartitions("by", "then", "id"), "at")[0]


def numbered(ordered: DataFrame, name: str) -> tuple[DataFrame, int]:
    """The rows of a table in order with the place of each, and how many there are."""
    marked = kept(ordered.withColumn("mark", fn.monotonically_increasing_id()))
    part = fn.shiftright("mark", 33)
    counts = {int(r["part"]): int(r["count"]) for r in marked.groupBy(part.alias("part")).count().collect()}
    before, places = 0, []
    for at in range(max(counts, default=0) + 1):
        places.append(fn.lit(before).cast("long"))
        before += counts.get(at, 0)
    offset = fn.element_at(fn.array(*places), (part + 1).cast("int"))
    return marked.withColumn(name, fn.col("mark").bitwiseAND(fn.lit((1 << 33) - 1)) + offset).drop("mark"), before


def damaged(ordered: DataFrame, spec: MatchingSpec) -> list[dict[str, Any]]:
    """Of each column in how many records a spreadsheet damaged it, and in how many that was mended."""
    told = ordered.filter("damage <> ''").select(fn.explode(fn.split("damage", ";")).alias("one"))
    parts = fn.split("one", ":")
    columns = [parts[i].cast("long").alias(name) for i, name in enumerate(("k", "records", "mended"))]
    sums = [fn.sum(name).alias(name) for name in ("records", "mended")]
    found = told.select(*columns).groupBy("k").agg(*sums).orderBy("k").collect()
    names = list(spec.columns)
    return [{"column": names[row["k"]], "records": row["records"], "mended": row["mended"]} for row in found]


def _whole_numbers(rows: pa.Table) -> pa.Table:
    """Of each column of numbers with fractions, whether all are whole here."""
    found = {name: is_whole(rows[name]) for name in rows.column_names}
    return pa.table(
        {"column": list(found), "whole": list(found.values())},
        schema=pa.schema([("column", pa.string()), ("whole", pa.bool_())]),
    )


def _texts(rows: pa.Table, plan: Plan, partitions: int) -> pa.Table:
    """Every column as mended text, the hashes that records are ordered by, and how much was damaged.

    ``part``: of so many ranges of hashes, each as likely as any other, in which the record's is.
    """
    spec = plan.spec
    ids = pc.cast(rows[spec.id], pa.large_string()).combine_chunks()
    by = pc.cast(rows[spec.order], pa.large_string()).combine_chunks() if spec.order else ids
    whole = plan.whole or {}
    raw = {name: encode(rows[name], name, whole=whole.get(name)) for name in spec.columns}
    columns, told = mended_columns(raw, spec)
    first = hashed(by)
    part = (first >> np.uint64(32)) * np.uint64(partitions) >> np.uint64(32)
    out: dict[str, Any] = {"part": part.astype(np.int32), "id": ids.cast(pa.string())}
    out |= {"by": _ordered(first), "then": _ordered(hashed(ids))}
    out["source"] = pc.cast(rows[spec.source], pa.string()) if spec.source else pa.nulls(rows.num_rows, pa.string())
    for k, name in enumerate(spec.columns):
        out[f"text{k}"] = texts_of(columns[name])
    damage = {str(one["column"]): one for one in told}
    note = ";".join(
        f"{k}:{damage[n]['records']}:{damage[n]['mended']}" for k, n in enumerate(spec.columns) if n in damage
    )
    out["damage"] = pa.array([note] + [""] * (rows.num_rows - 1), pa.string())
    return pa.table(out)


def _schema(plan: Plan) -> str:
    """The columns of ``_texts``."""
    said = [f"text{k} string" for k in range(len(plan.spec.columns))]
    return ", ".join(["part int", "id string", "by long", "then long", "source string", *said, "damage string"])


def _ordered(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Hashes as signed numbers of the same order."""
    return (hashes ^ SIGN).view(np.int64)
