"""Time zones: each distinct text is read once."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.time_zones import zone_of
from include.storage.engine import Engine


def with_time_zones(engine: Engine, people: ir.Table) -> ir.Table:
    """Give the IANA name of the time zone that ``time_zone`` names, or null for what names none."""
    found = engine.ibis.to_pyarrow(people.filter(people.time_zone.notnull()).select(_said=people.time_zone).distinct())
    said = found["_said"].to_pylist()
    told = ibis.memtable(pa.table({"_said": found["_said"], "_zone": pa.array(map(zone_of, said), pa.string())}))
    rows = people.left_join(told, people.time_zone == told["_said"])
    return rows.mutate(time_zone=rows["_zone"]).drop("_said", "_zone")
