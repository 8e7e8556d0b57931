"""Pages of segments: the list with the grid, and one segment with its size over time, changes, overlaps and members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path as Folder
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response

from include.contracts.errors import ConfigurationError
from include.contracts.events.settings import read_events
from include.segments.channels import reachable
from include.segments.language import parse
from include.segments.listing import find_segment, published_segments
from include.segments.members import MASK
from include.segments.telling import told
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.charts import line_svg, sparkline, svg
from include.web.counts import Counts
from include.web.pages.grid import read_grid
from include.web.reading import Version
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
WHERE m.segment_key = :key AND m.member_id = ANY(:members) ORDER BY md5(m.member_id)
"""
_ACCOUNTS = f"""
SELECT m.member_id, a.name, a.domain, a.industry, m.since FROM {READERS}.segment_membership m
JOIN {READERS}.account a ON a.account_id = m.member_id
WHERE m.segment_key = :key AND m.member_id = ANY(:members) ORDER BY md5(m.member_id)
"""
_SAMPLE = f"""
SELECT member_id FROM {READERS}.segment_membership WHERE segment_key = :key ORDER BY md5(member_id) LIMIT {SAMPLE}
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
        reach = {row["segment_key"]: _reached(call.counts.contactable(connection, version, row)) for row in rows}
        trends = {row["segment_key"]: row["sizes"] for row in reading.rows_of(connection, _TRENDS)}
        grid = read_grid(connection)
    lines = {key: (sizes, sparkline(sizes)) for key, sizes in trends.items()}
    return page(call, "segments.html", version=version, segments=rows, trends=lines, grid=grid, reach=reach)


def _reached(contactable: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """How many may be contacted by each channel."""
    return {channel: reachable(states) for channel, states in contactable.items()}


@router.get("/segments/{key}")
def segment(key: Key, call: Call = READ_BOTH) -> Response:
    """Show one segment."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        found = find_segment(connection, key, call.project.settings.config)
        is_person = found["level"] == "person"
        counted = _over_all(connection, call.counts, version, key)
        ids = [row["member_id"] for row in counted["ids"]]
        sample = reading.rows_of(connection, _PEOPLE if is_person else _ACCOUNTS, key=key, members=ids)
        facts = {
            "history": reading.rows_of(connection, _HISTORY, key=key),
            "overlap": counted["overlap"],
            "changes": reading.rows_of(connection, _CHANGES, key=key),
            "curve": _curve(connection, found["measures"]),
            "reach": call.counts.contactable(connection, version, found),
            "told": _told(found, call.project.settings.config),
            "held_out": counted["held_out"][0]["members"],
        }
    if call.sees_people and is_person and sample:
        call.read("page /segments", f"segment {key}", profiles=len(sample))
    shown = sample if call.sees_people or not is_person else [{**row, "full_name": MASK} for row in sample]
    return page(call, "segment.html", version=version, segment=found, sample=shown, **facts)


def _over_all(connection: sa.Connection, counts: Counts, version: Version, key: str) -> dict[str, list[reading.Row]]:
    """What takes a look at all members: whom the sample shows, with whom they are shared, who is held out."""
    queries = {"ids": _SAMPLE, "overlap": _OVERLAP, "held_out": _HELD_OUT}
    return {
        name: counts.of(version, (name, key), partial(reading.rows_of, connection, query, key=key))
        for name, query in queries.items()
    }


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
