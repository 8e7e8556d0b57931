"""Until when each object of a source is complete, from the log of its loads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.staged import SOURCE_STATE
from include.staging.desk import Desk

DAY = timedelta(days=1)
RHYTHM = timedelta(days=120)  # the time before the newest row in which its rhythm is looked for


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
                    "usual_silence": 1 if daily else _usual_silence(desk, name),
                    "feeds": ", ".join(sorted({feed.table for feed in desk.system.feeds if feed.object == name})),
                }
            )  # fmt: skip
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SOURCE_STATE.schema))


def _times(desk: Desk, name: str) -> set[datetime]:
    manifest = desk.manifests[name]
    return {desk.loads.extracted_at[load] for load in manifest.inputs.values()} if manifest else set()


def _usual_silence(desk: Desk, name: str) -> int:
    """Return the most days between two days with rows, as the rows themselves tell when they were changed."""
    rows, changed = desk.raw(name).rows, desk.declared(name).changed
    found = rows.select(day=rows[changed].left(10)).distinct().to_pyarrow()["day"].to_pylist()
    days = sorted(day for text in found if (day := _day(text)))
    lately = [day for day in days if day >= days[-1] - RHYTHM]
    return max(((later - day) // DAY for day, later in pairwise(lately)), default=0)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _gaps(days: Sequence[datetime]) -> int:
    """Count the days between the first and the last without a file."""
    return (days[-1] - days[0]) // DAY + 1 - len(days)
