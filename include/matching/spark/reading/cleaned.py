"""The values of records, cleaned: a column for each place of addresses and fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as fn

from include.matching.levels import Kind
from include.matching.records import cleaning, emails
from include.matching.records.cleaned_columns import clean_columns, one_of_several
from include.matching.records.columns import encode, remapped
from include.matching.records.written_names import write_names
from include.matching.spark.chunks import Chunks
from include.matching.spark.reading.columns import lists_of
from include.matching.spark.reading.names import named
from include.matching.spark.reading.order import with_places
from include.matching.spark.reading.plan import Plan
from include.matching.spark.table import Places

LONGEST = pa.schema([("k", pa.int32()), ("most", pa.int64())])


def cleaned(texts: Chunks, plan: Plan, at: Places) -> tuple[Chunks, list[int]]:
    """The cleaned rows, values as lists, and how many places addresses and each field have."""
    rows = texts.each(lambda rows: _cleaned(with_places(rows, at), plan), _schema(plan)).kept()
    lists = ["mailboxes"] if plan.address else []
    lists += [f"values{k}" for k in range(len(plan.fields))]
    most = rows.told(lambda part: _longest(part, lists), LONGEST).groupBy("k").agg(fn.max("most").alias("most"))
    found = {row["k"]: row["most"] for row in most.collect()}
    places = [max(1, int(found.get(k) or 1)) for k in range(len(lists))]
    return rows, places if plan.address else [0, *places]


def _longest(rows: pa.Table, lists: Sequence[str]) -> pa.Table:
    """How many values a record has at most, of addresses and of each field."""
    most = [pc.max(pc.list_value_length(rows[name])).as_py() for name in lists]
    return pa.table([np.arange(len(lists), dtype=np.int32), most], schema=LONGEST)


def _cleaned(rows: pa.Table, plan: Plan) -> pa.Table:
    """The values of records, cleaned: addresses and numbers as lists, names as their columns say them."""
    spec = plan.spec
    raw = {name: encode(rows[f"text{k}"], name) for k, name in enumerate(spec.columns)}
    raw = one_of_several(raw, spec, plan.hints)
    out: dict[str, Any] = {"at": rows["at"], "source": rows["source"]}
    if plan.has_names:
        written = write_names(raw, spec)
        out |= named(written) | {"mined": np.zeros(rows.num_rows, np.int16)}
    if plan.address:
        boxes = emails.mailboxes(raw[plan.address]).mailbox
        out["mailboxes"] = lists_of(np.atleast_2d(boxes.codes), boxes.values)
    for k, (name, kind, column) in enumerate(clean_columns(raw, spec, plan.hints)):
        out[f"values{k}"] = lists_of(np.atleast_2d(column.codes), column.values)
        if kind is Kind.PHONE:
            said = cleaning.extensions(raw[name].values)
            behind = remapped(raw[name], said)
            out[f"extensions{k}"] = lists_of(np.atleast_2d(behind.codes), behind.values)
    return pa.table(out).cast(_schema(plan))


def _schema(plan: Plan) -> pa.Schema:
    """The columns of ``_cleaned``."""
    texts = pa.list_(pa.string())
    found = [("at", pa.int64()), ("source", pa.string())]
    if plan.has_names:
        found += [("first", pa.string()), ("last", pa.string())]
        found += [(name, pa.int16()) for name in ("loose", "generation", "mined")]
    found += [("mailboxes", texts)] if plan.address else []
    for k, (_, kind) in enumerate(plan.fields):
        found += [(f"values{k}", texts)] + ([(f"extensions{k}", texts)] if kind is Kind.PHONE else [])
    return pa.schema(found)
