"""Where pairs meet their records, and rows what is said of a value that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.spark.parts.chunks import Longs, Task
from include.matching.spark.table import Places

SLICE = 100_000  # pairs that are compared at a time


def with_left(pairs: pa.Schema, *records: pa.Schema) -> pa.Schema:
    """The columns of pairs, and those of their left records."""
    beside = [field.with_name(f"l_{field.name}") for schema in records for field in schema if field.name != "at"]
    return pa.schema([*pairs, *beside])


def left_beside(places: Places) -> Task:
    """A task that puts what a part says of its records beside the pairs that have them on the left.

    The pairs go on to the part of their right record, by which they are ordered.
    """

    def task(pairs: pa.Table, *records: pa.Table) -> Iterator[pa.Table]:
        pairs = pairs.sort_by([("right", "ascending"), ("left", "ascending")]).combine_chunks()
        of = of_records(records)
        for start in range(0, pairs.num_rows, SLICE):
            yield places.sent(beside(pairs.slice(start, SLICE), of, "left", "l"), "right")

    return task


def right_beside(then: Callable[[pa.Table], pa.Table]) -> Task:
    """A task on pairs beside which a part puts what it says of the records that they have on the right."""

    def task(pairs: pa.Table, *records: pa.Table) -> Iterator[pa.Table]:
        of = of_records(records)
        for start in range(0, pairs.num_rows, SLICE):
            yield then(beside(pairs.slice(start, SLICE), of, "right", "r"))

    return task


def of_records(records: Sequence[pa.Table]) -> pa.Table:
    """What is said of the records of a part, in their order."""
    ordered = [_in_order(one) for one in records]
    of = ordered[0]
    for more in ordered[1:]:
        for name in more.column_names:
            of = of if name == "at" else of.append_column(more.schema.field(name), more[name])
    return of


def _in_order(rows: pa.Table) -> pa.Table:
    at = rows["at"].to_numpy()
    return (rows if (np.diff(at) > 0).all() else rows.sort_by("at")).combine_chunks()


def stand(rows: pa.Table, key: str, of: pa.Table) -> Longs:
    """Where the records that rows name as their ``key`` stand in what is said of all records of a part, in order."""
    return np.asarray(rows[key].to_numpy() - of["at"][0].as_py())


def summed(rows: pa.Table, by: str, number: str) -> pa.Table:
    """The sum of a number of rows, by one of their columns."""
    return rows.group_by(by).aggregate([(number, "sum")]).rename_columns([by, number])


def beside(pairs: pa.Table, of: pa.Table, key: str, side: str) -> pa.Table:
    """Pairs with what is said of the records that they name as their ``key``, as columns of that ``side``."""
    found = of.drop_columns(["at"]).take(pa.array(stand(pairs, key, of)))
    for field in found.schema:
        pairs = pairs.append_column(field.with_name(f"{side}_{field.name}"), found[field.name])
    return pairs


def where(keys: Longs, ordered: Longs) -> tuple[Longs, npt.NDArray[np.bool_]]:
    """Where each key is among ordered ones, and whether it is."""
    if not len(ordered):
        return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return at, ordered[at] == keys


def runs(keys: Longs) -> tuple[Longs, Longs]:
    """The distinct ones of some numbers, ascending, and how many are of each."""
    ordered = np.sort(keys)
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(keys) else np.zeros(0, np.int64)
    return ordered[start], np.diff(np.append(start, len(keys)))
