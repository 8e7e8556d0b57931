"""What a table's values say together of how each of them is to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as fn

from include.matching.levels import Kind
from include.matching.records import cleaning
from include.matching.records.cleaned_columns import Hints
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import spread_texts
from include.matching.spec import MatchingSpec

VALUES = pa.schema([("k", pa.int32()), ("text", pa.string())])
COUNTED = pa.schema([("k", pa.int32()), ("one", pa.int64()), ("other", pa.int64())])
REGION = pa.schema([("region", pa.string())])


def learned(texts: Chunks, spec: MatchingSpec) -> Hints:
    """What is learned of the distinct values of columns (see ``cleaned_columns.Hints``)."""
    columns = list(spec.columns.items())
    asked = {k: kind for k, (_, kind) in enumerate(columns) if kind in cleaning.SAID}
    said = {}
    if asked:
        told = _distinct(texts, dict.fromkeys(asked)).told_met(lambda values: _counted(values, asked), COUNTED)
        sums = told.groupBy("k").agg(fn.sum("one").alias("one"), fn.sum("other").alias("other")).collect()
        found = {row["k"]: (int(row["one"] or 0), int(row["other"] or 0)) for row in sums}
        said = {columns[k][0]: found.get(k, (0, 0)) for k in asked}
    return Hints(spec.region or _region(texts, spec), said)


def _region(texts: Chunks, spec: MatchingSpec) -> str | None:
    names = list(spec.columns)
    phones = {names.index(name): 0 for name in spec.of_kind(Kind.PHONE)}
    if not phones:
        return None
    told = _distinct(texts, phones).met(_telling, VALUES)
    found = told.told_met(_told_by, REGION).collect()
    return found[0]["region"] if found else None


def _distinct(texts: Chunks, columns: Mapping[int, int | None]) -> Chunks:
    """The distinct values of columns, on the way to where they are looked at; a column may count as another."""
    parts = texts.parts

    def task(rows: pa.Table) -> Iterator[pa.Table]:
        for k, of in columns.items():
            values = pc.unique(rows[f"text{k}"]).drop_null()
            found = pa.table([np.full(len(values), k if of is None else of, np.int32), values], schema=VALUES)
            yield found.append_column("to", pa.array(spread_texts(values, parts)))

    return texts.each(task, VALUES)


def _counted(values: pa.Table, kinds: Mapping[int, Kind]) -> pa.Table:
    """What some of a column's distinct values say together of how it is to be read."""
    rows = []
    for k, kind in kinds.items():
        mine = pc.unique(values.filter(pc.equal(values["k"], k))["text"].combine_chunks())
        rows.append([k, *map(int, cleaning.SAID[kind](mine))])
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=COUNTED)


def _telling(values: pa.Table) -> pa.Table:
    """Numbers that tell the region, on the way to where they all meet."""
    found = cleaning.telling_region(pc.unique(values["text"].combine_chunks())).cast(pa.string())
    none = np.zeros(len(found), np.int32)
    return pa.table([none, found, none], names=[*VALUES.names, "to"])


def _told_by(values: pa.Table) -> pa.Table:
    """The region that the numbers drawn tell."""
    found = cleaning.learned_region(cleaning.telling_region(values["text"].combine_chunks()))
    return pa.table([[found]], schema=REGION)
