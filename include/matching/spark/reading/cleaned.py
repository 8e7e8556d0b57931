"""The values of records, cleaned: a column for each place of addresses and fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.levels import Kind
from include.matching.records import cleaning, emails
from include.matching.records.columns import encode, remapped
from include.matching.records.features import clean_columns, one_of_several
from include.matching.records.written_names import write_names
from include.matching.spark.keeping import kept
from include.matching.spark.reading.columns import lists_of
from include.matching.spark.reading.names import named
from include.matching.spark.reading.plan import Plan
from include.matching.spark.tasks import each


def cleaned(texts: DataFrame, plan: Plan) -> tuple[DataFrame, list[int]]:
    """The cleaned rows, and how many places addresses and each field have."""
    rows = kept(texts.mapInArrow(each(lambda rows: _cleaned(rows, plan)), _schema(plan)))
    return _flat(rows, plan)


def _flat(rows: DataFrame, plan: Plan) -> tuple[DataFrame, list[int]]:
    lists = ["mailboxes"] if plan.address else []
    lists += [f"values{k}" for k in range(len(plan.fields))]
    most = rows.agg(fn.count("*"), *(fn.max(fn.size(name)).alias(name) for name in lists)).collect()[0]
    places = [max(1, int(most[name] or 1)) for name in lists]
    out: list[Any] = [c for c in rows.columns if not c.startswith(("mailboxes", "values", "extensions"))]
    for name, number in zip(lists, places, strict=True):
        one = "mailbox" if name == "mailboxes" else f"{name}_"
        out += [fn.get(name, fn.lit(p)).alias(f"{one}{p}") for p in range(number)]
        behind = name.replace("values", "extensions")
        if behind != name and behind in rows.columns:
            out += [fn.get(behind, fn.lit(p)).alias(f"{behind}_{p}") for p in range(number)]
    return rows.select(*out), places if plan.address else [0, *places]


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
    return pa.table(out)


def _schema(plan: Plan) -> str:
    """The columns of ``_cleaned``."""
    found = ["at long", "source string"]
    if plan.has_names:
        found += ["first string", "last string", "loose short", "generation short", "mined short"]
    found += ["mailboxes array<string>"] if plan.address else []
    for k, (_, kind) in enumerate(plan.fields):
        found += [f"values{k} array<string>"] + ([f"extensions{k} array<string>"] if kind is Kind.PHONE else [])
    return ", ".join(found)
