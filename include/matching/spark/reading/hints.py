"""What a table's values say together of how each of them is to be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.levels import Kind
from include.matching.records import cleaning
from include.matching.records.features import Hints
from include.matching.spark.tasks import whole
from include.matching.spec import MatchingSpec


def learned(texts: DataFrame, spec: MatchingSpec) -> Hints:
    """What is learned of the distinct values of columns (see ``features.Hints``)."""
    said = {}
    for k, (name, kind) in enumerate(spec.columns.items()):
        if kind in cleaning.SAID:
            distinct = texts.select(f"text{k}").distinct()
            counts = distinct.mapInArrow(whole(_counting(kind)), "one long, other long")
            row = counts.agg(fn.sum("one").alias("one"), fn.sum("other").alias("other")).collect()[0]
            said[name] = (int(row["one"] or 0), int(row["other"] or 0))
    return Hints(spec.region or _region(texts, spec), said)


def _region(texts: DataFrame, spec: MatchingSpec) -> str | None:
    names = list(spec.columns)
    phones = [texts.select(fn.col(f"text{names.index(name)}").alias("text")) for name in spec.of_kind(Kind.PHONE)]
    if not phones:
        return None
    every = reduce(DataFrame.unionByName, phones).distinct()
    told = every.mapInArrow(whole(_telling), "text string").coalesce(1)
    found = told.mapInArrow(whole(_told_by), "region string").collect()
    return found[0]["region"] if found else None


def _counting(kind: Kind) -> Callable[[pa.Table], pa.Table]:
    return lambda values: _counted(values, kind)


def _counted(values: pa.Table, kind: Kind) -> pa.Table:
    """What some of a column's distinct values say together of how it is to be read."""
    one, other = cleaning.SAID[kind](values[0].combine_chunks().drop_null())
    return pa.table({"one": [one], "other": [other]})


def _telling(values: pa.Table) -> pa.Table:
    """Numbers that tell the region."""
    return pa.table({"text": cleaning.telling_region(values[0].combine_chunks().drop_null()).cast(pa.string())})


def _told_by(values: pa.Table) -> pa.Table:
    """The region that the numbers drawn tell."""
    found = cleaning.learned_region(cleaning.telling_region(values[0].combine_chunks().drop_null()))
    return pa.table({"region": pa.array([found], pa.string())})
