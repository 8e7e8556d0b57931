"""The list of segments: sizes and states, as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.contracts.errors import ConfigurationError
from include.contracts.segments import SEGMENT
from include.segments.channels import contactable_each
from include.segments.states import missing
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project
from include.storage.readers import NOTHING


def list_segments(project: Project) -> list[dict[str, Any]]:
    """Return the published rows of ``segment``, by key; raises ConfigurationError before the first publication.

    ``contactable`` of each: its members by channel and state, without those held out; empty where they are accounts.
    """
    with project.warehouse().begin() as connection:
        rows, reach = published_segments(connection), contactable_each(connection)
    return [{**row, "contactable": reach[row["segment_key"]] if row["level"] == "person" else {}} for row in rows]


def published_segments(connection: sa.Connection, place: str = READERS) -> list[dict[str, Any]]:
    """Return them on an open connection, as published, or as they stand in another schema; raises as above."""
    require_published(connection)
    rows = connection.exec_driver_sql(f'SELECT * FROM "{place}".{SEGMENT.name} ORDER BY segment_key')
    return [dict(row) for row in rows.mappings()]


def find_segment(connection: sa.Connection, key: str, config: Path, place: str = READERS) -> dict[str, Any]:
    """Return one published row of ``segment``, or one of another schema; raises UnknownError saying why there is none.

    ``config`` is the folder whose definitions may be saved but not evaluated yet.
    """
    known = {row["segment_key"]: row for row in published_segments(connection, place)}
    if key not in known:
        raise missing(key, known, config)
    return known[key]


def require_published(connection: sa.Connection) -> None:
    """Raise ConfigurationError before the first publication."""
    present = connection.execute(
        sa.text("SELECT to_regclass(:view) IS NOT NULL"), {"view": f"{READERS}.{SEGMENT.name}"}
    ).scalar()
    if not present:
        raise ConfigurationError(NOTHING)
