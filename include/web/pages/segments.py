"""Pages of segments: the list with the grid, and one segment with its size over time, changes, overlaps and members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from pathlib import Path as Folder
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response

from include.contracts.errors import ConfigurationError
from include.contracts.events.settings import read_events
from include.contracts.metrics import GRID_DIMENSIONS
from include.contracts.tables import MASK
from include.segments.channels import contactable, contactable_each, reachable
from include.segments.language import parse
from include.segments.listing import find_segment, published_segments
from include.segments.states import is_unknown
from include.segments.telling import told
from include.storage.control.delivered import syncs
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.charts import line_svg, sparkline, svg
from include.web.pages.grid import grid_of, read_grid
from include.web.render import page

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Path(min_length=1, max_length=100)]
SAMPLE = 20
CHANGES = 50
DAYS = 120
TREND = 30  # days of the small lines in the list
_TRENDS = f"""
SELECT segment_key, jsonb_agg(size ORDER BY as_of) AS sizes FROM (
  SELECT segment_key, size, as_of, row_number() OVER (PARTITION BY segment_key ORDER BY as_of DESC) AS place
  FROM {READERS}.segment_history) AS h
WHERE place <= {TREND} GROUP BY 1
"""
_HISTORY = f"""
SELECT as_of, size, entered, exited, state FROM {READERS}.segment_history WHERE segment_key = :key
ORDER BY as_of DESC LIMIT {DAYS}
"""
_OVERLAP = f"""
SELECT o.other_key AS segment_key, s.name, o.members AS shared FROM {READERS}.segment_overlap o
JOIN {READERS}.segment s ON s.segment_key = o.other_key WHERE o.segment_key = :key ORDER BY 3 DESC, 1
"""
_CHANGES = f"""
SELECT e.on_date, e.kind, e.member_id, e.other_member_id, e.cause, p.full_name, a.name,
  p.profile_id IS NOT NULL OR a.account_id IS NOT NULL AS is_known
FROM (SELECT * FROM {READERS}.segment_event WHERE segment_key = :key
      ORDER BY on_date DESC, sequence DESC, kind DESC, member_id LIMIT {CHANGES}) AS e
LEFT JOIN {READERS}.profile p ON p.profile_id = e.member_id
LEFT JOIN {READERS}.account a ON a.account_id = e.member_id
ORDER BY e.on_date DESC, e.sequence DESC, e.kind DESC, e.member_id
"""
_CELLS = (
    f"SELECT {', '.join(GRID_DIMENSIONS)}, members AS profiles FROM {READERS}.segment_cell WHERE segment_key = :key"
)
_PEOPLE = f"""
SELECT m.member_id, p.full_name, p.company, p.title, m.since, m.confidence, m.is_holdout
FROM {READERS}.segment_membership m JOIN {READERS}.profile p ON p.profile_id = m.member_id
WHERE m.segment_key = :key ORDER BY m.member_id LIMIT {SAMPLE}
"""
_ACCOUNTS = f"""
SELECT m.member_id, a.name, a.domain, a.industry, m.since FROM {READERS}.segment_membership m
JOIN {READERS}.account a ON a.account_id = m.member_id
WHERE m.segment_key = :key ORDER BY md5(m.member_id) LIMIT {SAMPLE}
"""
_HELD_OUT = f"""
SELECT count(*) AS members FROM {READERS}.segment_membership WHERE segment_key = :key AND is_holdout
"""


@router.get("/segments")
def segments(call: Call = READ_SEGMENTS) -> Response:
    """Show all segments, and where all people are between NPS, usage and renewal."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        rows = published_segments(connection)
        reach = contactable_each(connection)
        trends = {row["segment_key"]: row["sizes"] for row in reading.rows_of(connection, _TRENDS)}
        grid = read_grid(connection)
    lines = {key: (sizes, sparkline(sizes)) for key, sizes in trends.items()}
    people = [row["segment_key"] for row in rows if row["level"] == "person"]
    reached = {key: {channel: reachable(states) for channel, states in reach[key].items()} for key in people}
    judged = sorted((row for row in rows if not is_unknown(row)), key=itemgetter("name"))
    unjudged = sorted(filter(is_unknown, rows), key=itemgetter("name"))
    return page(
        call, "segments.html", version=version, judged=judged, unjudged=unjudged, trends=lines, grid=grid, reach=reached
    )


@router.get("/segments/{key}")
def segment(key: Key, call: Call = READ_BOTH) -> Response:
    """Show one segment."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        found = find_segment(connection, key, call.project.settings.config)
        is_person = found["level"] == "person"
        sample = reading.rows_of(connection, _PEOPLE if is_person else _ACCOUNTS, key=key)
        facts = {
            "history": reading.rows_of(connection, _HISTORY, key=key),
            "overlap": reading.rows_of(connection, _OVERLAP, key=key),
            "changes": reading.rows_of(connection, _CHANGES, key=key),
            "grid": grid_of(reading.rows_of(connection, _CELLS, key=key)),
            "syncs": syncs(connection, key),
            "curve": _curve(connection, found["measures"]),
            "reach": contactable(connection, key, holdout=False) if is_person else {},
            "told": _told(found, call.project.settings.config),
            "held_out": reading.rows_of(connection, _HELD_OUT, key=key)[0]["members"],
        }
    shown = {row["member_id"] for row in (*sample, *facts["changes"]) if row.get("full_name")}
    if call.sees_people and shown:
        call.read("page /segments", f"segment {key}", profiles=len(shown))
    if not call.sees_people:
        sample, facts["changes"] = _masked(sample), _masked(facts["changes"])
    return page(call, "segment.html", version=version, segment=found, sample=sample, unknown=is_unknown(found), **facts)


def _masked(rows: Sequence[reading.Row]) -> list[reading.Row]:
    """The rows with the names of people covered."""
    return [{**row, "full_name": MASK} if row.get("full_name") else row for row in rows]


def _told(segment: reading.Row, config: Folder) -> Sequence[str]:
    """The published definition in words; none of one that is not of the language."""
    try:
        return told(parse(segment["definition"] or "", segment["level"], read_events(config)))
    except ConfigurationError:
        return ()


def _curve(connection: sa.Connection, measures: Collection[str]) -> list[reading.Row]:
    """What mails lead to, where the segment rests on it."""
    rests = any(name.startswith(("email_frequency", "email_expected")) for name in measures)
    return reading.rows_of(connection, f"SELECT * FROM {READERS}.email_curve ORDER BY sent_from") if rests else []


@router.get("/segments/{key}/size.svg")
def size(key: Key, call: Call = READ_SEGMENTS) -> Response:
    """Draw a segment's size over time."""
    with reading.snapshot(call.project) as connection:
        find_segment(connection, key, call.project.settings.config)
        rows = reading.rows_of(connection, _HISTORY, key=key)
    return svg(line_svg([(row["as_of"], row["size"]) for row in rows], "members"))
