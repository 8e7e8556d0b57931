"""The current raw rows of an object: the newest content of each file, the newest row of each key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.exports import ExportFile
from include.contracts.raw import loads_dataset
from include.contracts.tables import Type, arrow_type
from include.storage.engine import Engine
from include.storage.lake import Manifest

FEW = 200_000  # rows that are held: every rule and count that reads them is planned, and cleans them, anew otherwise
STAMPS = ("_load_id", "_file", "_line", "_extracted_at")


@dataclass(frozen=True, slots=True)
class Loads:
    """What the log says of the loads of a source: rows, unreadable rows and time, by load."""

    rows: Mapping[str, int]
    rejected: Mapping[str, int]
    extracted_at: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class RawObject:
    """Rows as received, text all of them, one a key; and how many rows gave way to newer ones or were unreadable."""

    rows: ir.Table
    received: int
    superseded: int
    rejected: int

    @property
    def current(self) -> int:
        """How many rows there are."""
        return self.received - self.superseded - self.rejected


def read_loads(engine: Engine, source: str) -> Loads:
    """Read the log of a source's loads; empty before its first extraction."""
    manifest = engine.lake.current(loads_dataset(source))
    found: list[dict[str, Any]] = []
    if manifest is not None:
        found = engine.connection.read_parquet(engine.lake.urls(manifest)).to_arrow_table().to_pylist()
    return Loads(
        {row["load_id"]: row["rows"] for row in found},
        {row["load_id"]: row["rejected"] for row in found},
        {row["load_id"]: row["extracted_at"] for row in found},
    )


def read_object(
    engine: Engine,
    manifest: Manifest | None,
    declared: ExportFile,
    loads: Loads,
    identified: Callable[[ir.Table], ir.Table] = lambda rows: rows,
) -> RawObject:
    """Return the object's current rows, its ids as ``identified`` gives them; without a manifest, none."""
    if manifest is None:
        return RawObject(_empty(declared), 0, 0, 0)
    every = [file.removesuffix(".parquet") for file in manifest.files]
    current = sorted(set(manifest.inputs.values()))
    rejected = sum(loads.rejected[load] for load in current)
    old = sum(loads.rows[load] for load in every) - sum(loads.rows[load] for load in current)
    urls = [engine.lake.url(manifest.dataset, f"{load}.parquet") for load in current if loads.rows[load]]
    if not urls:
        return RawObject(_empty(declared), old + rejected, old, rejected)
    rows = engine.ibis.read_parquet(urls, union_by_name=True)
    rows = identified(rows.join(_times(current, loads), "_load_id"))
    if sum(loads.rows[load] for load in current) <= FEW:
        rows = engine.hold(rows)
    losers = _losers(engine, rows, declared)
    if len(losers):
        rows = rows.anti_join(ibis.memtable(losers), ["_load_id", "_line"])
    return RawObject(rows, sum(loads.rows[load] for load in every), old + len(losers), rejected)


def _times(current: list[str], loads: Loads) -> ir.Table:
    times = [loads.extracted_at[load] for load in current]
    return ibis.memtable(pa.table({"_load_id": current, "_extracted_at": pa.array(times, arrow_type(Type.TIMESTAMP))}))


def _losers(engine: Engine, rows: ir.Table, declared: ExportFile) -> pa.Table:
    """Return (_load_id, _line) of the rows whose key has a newer row: changed later, or further down.

    Only keys that share a hash are compared, so the cost is one count a row, not a sort.
    """
    key = rows[declared.key].lower() if declared.key_lower else rows[declared.key]
    keyed = rows.filter(key.notnull()).mutate(_same=key, _hash=key.hash())
    repeated = engine.ibis.to_pyarrow(
        keyed.group_by("_hash").having(keyed.count() > 1).agg(n=keyed.count()).select("_hash")
    )
    if not len(repeated):
        return pa.table({"_load_id": pa.array([], pa.string()), "_line": pa.array([], pa.int64())})
    rivals = keyed.semi_join(ibis.memtable(repeated), "_hash")
    order = [ibis.desc(rivals[name]) for name in (declared.changed, "_extracted_at", "_file", "_line")]
    place = ibis.row_number().over(ibis.window(group_by="_same", order_by=order))
    ranked = rivals.mutate(_place=place)
    return engine.ibis.to_pyarrow(ranked.filter(ranked._place > 0).select("_load_id", "_line"))


def _empty(declared: ExportFile) -> ir.Table:
    schema = {name: pa.string() for name in declared.names} | {
        "_load_id": pa.string(), "_file": pa.string(), "_line": pa.int64(), "_extracted_at": arrow_type(Type.TIMESTAMP),
    }  # fmt: skip
    return ibis.memtable(pa.schema(schema).empty_table())
