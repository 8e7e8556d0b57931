"""The last day that a source covers whole: windows of days end on it, so that no day counts that is not all in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.metrics import SOURCE_DAY
from include.measures.settings import SourceThresholds

USAGE, EMAIL, SURVEY, CONTRACTS = "usage_event", "email_activity", "nps_response", "contract"
STREAMS = frozenset({USAGE, EMAIL})
"""Staged tables into which rows come every day."""


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One object of a source: its last complete day, how long before the logical date that is, and what it feeds."""

    source: str
    object: str
    through: date
    age_days: int
    missing_days: int
    is_stale: bool
    feeds: frozenset[str]


def source_days(
    rows: Iterable[Mapping[str, Any]], *, as_of: date, zone: str, limits: SourceThresholds
) -> tuple[SourceDay, ...]:
    """Return the last complete day, in the time zone, of each row of staged/source_state.

    An export taken within the last ``settles_minutes`` of a day is one of the whole day. A stream of
    activity that was silent for longer than ``stale_after_days``, and than it ever is, when its source was exported
    ends with its newest row: silence as long as that is more likely an export that failed.
    """
    found = []
    for row in rows:
        patience = max(limits.stale_after_days, row["usual_silence"])
        silence = row["complete_before"] - row["newest_at"]
        feeds = frozenset(row["feeds"].split(", "))
        broken = feeds & STREAMS and silence > timedelta(days=patience)
        end: datetime = row["newest_at"] if broken else row["complete_before"]
        settled = end + timedelta(minutes=limits.settles_minutes)
        through = min(settled.astimezone(ZoneInfo(zone)).date() - timedelta(days=1), as_of)
        age = (as_of - through).days
        found.append(SourceDay(row["source"], row["object"], through, age, row["missing_days"], age > patience, feeds))
    return tuple(sorted(found, key=lambda state: (state.source, state.object)))


def through(states: Iterable[SourceDay], table: str, as_of: date) -> date:
    """Return the day on which windows over a staged table end: the last that all its sources cover, stale ones aside.

    Where every source is stale it is the latest of theirs, where there is none the logical date.
    """
    mine = [state for state in states if table in state.feeds]
    fresh = [state.through for state in mine if not state.is_stale]
    return min(fresh) if fresh else max((state.through for state in mine), default=as_of)


def table(states: Iterable[SourceDay]) -> ir.Table:
    """Return the states as rows of source_day."""
    rows = [{name: getattr(state, name) for name in SOURCE_DAY.names} for state in states]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SOURCE_DAY.schema))
