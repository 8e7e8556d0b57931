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
from include.matching.records.cleaned_columns import mended_columns
from include.matching.records.columns import encode, hashed, is_whole
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import called, texts_of
from include.matching.spark.reading.plan import Plan
from include.matching.spark.table import Places
from include.matching.spark.tasks import each
from include.matching.spec import MatchingSpec

SIGN = np.uint64(1 << 63)
IDS = pa.schema([("at", pa.int64()), ("id", pa.string())])
COUNTED = pa.schema([("part", pa.int32()), ("records", pa.int64())])
DAMAGE = pa.schema([("k", pa.int64()), ("records", pa.int64()), ("mended", pa.int64())])


def own_columns(records: DataFrame, names: Sequence[str]) -> DataFrame:
    """Some of a table's own columns by number: not any name may be said to Spark."""
    return records.select(*(called(name).alias(f"c{at}") for at, name in enumerate(names)))


def whole_columns(records: DataFrame, spec: MatchingSpec) -> dict[str, bool]:
    """Of each column of numbers with fractions, whether all of its values are whole."""
    floats = [name for name, kind in records.dtypes if kind in ("double", "float") and name in spec.columns]
    if not floats:
        return {}
    task = each(lambda rows: _whole_numbers(rows.rename_columns(floats)))
    said = own_columns(records, floats).mapInArrow(task, "column string, whole boolean")
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


def in_order(records: DataFrame, plan: Plan, partitions: int) -> tuple[Chunks, Places]:
    """The mended texts in the order of the hashes, and which part holds the record at each place of it."""
    spec = plan.spec
    asked = list(dict.fromkeys([spec.id, *filter(None, (spec.order, spec.source)), *spec.columns]))
    said = Chunks.from_rows(
        own_columns(records, asked),
        lambda rows: _texts(rows.rename_columns(asked), plan, partitions),
        _schema(plan),
        partitions,
    )
    ordered = said.met(_sorted, _schema(plan)).kept()
    counts = ordered.told(_counted, COUNTED).toArrow()
    return ordered, Places.of(np.bincount(counts["part"].to_numpy(), counts["records"].to_numpy(), partitions))


def with_places(ordered: pa.Table, places: Places) -> pa.Table:
    """The rows of a part with the place of each."""
    first = places.starts[ordered["part"][0].as_py()]
    return ordered.append_column("at", pa.array(first + np.arange(ordered.num_rows)))


def ids_of(ordered: pa.Table, places: Places) -> pa.Table:
    """The place and the id of each record."""
    return with_places(ordered, places).select(IDS.names)


def damaged(ordered: Chunks, spec: MatchingSpec) -> list[dict[str, Any]]:
    """Of each column in how many records a spreadsheet damaged it, and in how many that was mended."""
    told = (
        ordered.told(_notes, DAMAGE)
        .groupBy("k")
        .agg(fn.sum("records").alias("records"), fn.sum("mended").alias("mended"))
    )
    names = list(spec.columns)
    found = told.orderBy("k").collect()
    return [{"column": names[row["k"]], "records": row["records"], "mended": row["mended"]} for row in found]


def _sorted(texts: pa.Table) -> pa.Table:
    return texts.sort_by([(name, "ascending") for name in ("by", "then", "id")])


def _counted(ordered: pa.Table) -> pa.Table:
    return pa.table([ordered["part"][:1], [ordered.num_rows]], schema=COUNTED)


def _notes(ordered: pa.Table) -> pa.Table:
    """How many records are damaged, column by column."""
    notes = [note.split(":") for said in ordered["damage"].to_pylist() if said for note in said.split(";")]
    return pa.table([[int(note[i]) for note in notes] for i in range(3)], schema=DAMAGE)


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
    found = pa.table(out).cast(_schema(plan))
    return found.append_column("to", found["part"])


def _schema(plan: Plan) -> pa.Schema:
    """The columns of ``_texts``."""
    texts = [(f"text{k}", pa.string()) for k in range(len(plan.spec.columns))]
    order = [("part", pa.int32()), ("id", pa.string()), ("by", pa.int64()), ("then", pa.int64())]
    return pa.schema([*order, ("source", pa.string()), *texts, ("damage", pa.string())])


def _ordered(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Hashes as signed numbers of the same order."""
    return (hashes ^ SIGN).view(np.int64)
