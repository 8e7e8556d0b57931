"""Until when each object of a source is complete, from the log of its loads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.staged import SOURCE_STATE
from include.staging.desk import Desk

DAY = timedelta(days=1)


def completeness(desk: Desk) -> ir.Table:
    """Return the source's rows of staged/source_state: one for each object that has a file.

    A file of a day holds all of it. The files that hold a state are exported together, so what is newest in any of
    them tells when.
    """
    times = {name: sorted(_times(desk, name)) for name in desk.manifests}
    states = [moments[-1] for name, moments in times.items() if moments and not desk.is_daily(name)]
    rows: list[dict[str, Any]] = []
    for name, moments in times.items():
        if moments:
            daily = desk.is_daily(name)
            newest = moments[-1] + DAY if daily else moments[-1]
            rows.append(
                {
                    "source": desk.source, "object": name, "newest_at": newest,
                    "complete_before": newest if daily else max(states),
                    "missing_days": _gaps(moments) if daily else 0,
                }
            )  # fmt: skip
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SOURCE_STATE.schema))


def _times(desk: Desk, name: str) -> set[datetime]:
    manifest = desk.manifests[name]
    return {desk.loads.extracted_at[load] for load in manifest.inputs.values()} if manifest else set()


def _gaps(days: Sequence[datetime]) -> int:
    """Count the days between the first and the last without a file."""
    return (days[-1] - days[0]) // DAY + 1 - len(days)
