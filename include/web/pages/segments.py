"""Pages of segments: the list with the grid, and one segment with its size over time, changes, overlaps and members."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from include.contracts.metrics import GRID_DIMENSIONS
from include.segments.channels import contactable
from include.segments.listing import find_segment, published_segments
from include.segments.members import MASK
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.charts import line_svg, svg
from include.web.render import page

router = APIRouter(include_in_schema=False)

Key = Annotated[str, Path(min_length=1, max_length=100)]
SAMPLE = 20
CHANGES = 50
DAYS = 120
_GRID = f"SELECT nps_class, usage_tier, sum(profiles)::bigint AS profiles FROM {READERS}.grid GROUP BY 1, 2"
_HISTORY = f"""
SELECT as_of, size, entered, exited, state FROM {READERS}.segment_history WHERE segment_key = :key
ORDER BY as_of DESC LIMIT {DAYS}
"""
_OVERLAP = f"""
SELECT other.segment_key, count(*) AS shared FROM {READERS}.segment_membership mine
JOIN {READERS}.segment_membership other USING (member_id)
WHERE mine.segment_key = :key AND other.segment_key <> :key GROUP BY 1 ORDER BY 2 DESC, 1
"""
_CHANGES = f"""
SELECT on_date, kind, member_id, other_member_id, cause FROM {READERS}.segment_event WHERE segment_key = :key
ORDER BY on_date DESC, sequence DESC, kind DESC, member_id LIMIT {CHANGES}
"""
_PEOPLE = f"""
SELECT m.member_id, p.full_name, p.company, p.title, m.since, m.confidence, m.is_holdout
FROM {READERS}.segment_membership m JOIN {READERS}.profile p ON p.profile_id = m.member_id
WHERE m.segment_key = :key ORDER BY md5(m.member_id) LIMIT {SAMPLE}
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
    """Show all segments, and where all people are between NPS and usage."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        rows = published_segments(connection)
        cells = {(row["nps_class"], row["usage_tier"]): row["profiles"] for row in reading.rows_of(connection, _GRID)}
    return page(call, "segments.html", version=version, segments=rows, grid=_grid(cells), axes=GRID_DIMENSIONS)


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
            "reach": contactable(connection, key, holdout=False) if is_person else {},
            "held_out": reading.rows_of(connection, _HELD_OUT, key=key)[0]["members"],
        }
    shown = sample if call.sees_people or not is_person else [{**row, "full_name": MASK} for row in sample]
    return page(call, "segment.html", version=version, segment=found, sample=shown, **facts)


@router.get("/segments/{key}/size.svg")
def size(key: Key, call: Call = READ_SEGMENTS) -> Response:
    """Draw a segment's size over time."""
    with reading.snapshot(call.project) as connection:
        find_segment(connection, key, call.project.settings.config)
        rows = reading.rows_of(connection, _HISTORY, key=key)
    return svg(line_svg([(row["as_of"], row["size"]) for row in rows], "members"))


def _grid(cells: dict[tuple[str, str], int]) -> dict[str, Any]:
    """The people by NPS class and usage tier; a cell's heat is its share of the fullest, in ten steps."""
    fullest = max(cells.values(), default=0)
    rows, columns = (list(dict.fromkeys(cell[axis] for cell in sorted(cells))) for axis in (0, 1))
    heat = {cell: -(-10 * count // fullest) if fullest else 0 for cell, count in cells.items()}
    return {"rows": rows, "columns": columns, "cells": cells, "heat": heat}
