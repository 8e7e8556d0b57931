"""The state of a segment: published, held back, refused, unjudged, or not evaluated yet; and what may be exported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.nearest import nearest
from include.contracts.segments import SEGMENT
from include.segments.catalog import Catalog, load
from include.segments.lacking import lacked
from include.storage.engine import Engine
from include.storage.postgres.warehouse import READERS

Row = Mapping[str, Any]
KEPT = ("held", "unjudged")  # their members are those that readers saw before


def unsound(rows: Iterable[Row]) -> list[str]:
    """Return a sentence for each segment, a row of ``segment``, that is held back, refused, unjudged, or empty.

    Those of which nothing is known for want of a source are left to ``remarks``, which tells them source by source.
    """
    told = (row for row in rows if row["state"] != "published" or not row["size"])
    return [sentence(row) for row in told if not (is_unknown(row) and lacked(row))]


def sentence(row: Row) -> str:
    """Say why a segment is held back, refused or unjudged, what its readers see, and what to do about it."""
    if row["state"] == "unjudged":
        kept = f" Its members are the {row['size']:,} that it had." if row["size"] else ""
        return f"{row['segment_key']} cannot be judged. {row['reason']}{kept}"
    if row["state"] == "refused":
        kept = f"its members are the {row['size']:,} that it had" if row["size"] else "it has no members"
        return f"{row['segment_key']} is refused, and {kept}: {row['reason']}"
    if row["state"] == "published":
        unknown = f"; of {row['unknown']:,} too little is known to say" if row.get("unknown") else ""
        return f"{row['segment_key']} has no members{unknown}."
    command = f" To publish it: python -m include approve {row['approval']} --reason …" if row["approval"] else ""
    return f"{row['segment_key']} is held back: {row['reason']}{command}"


def is_unknown(row: Row) -> bool:
    """Tell whether nobody knows who is in a segment, which is not to have no members."""
    return row["state"] == "unjudged" and not row["size"]


def published_rows(engine: Engine) -> list[dict[str, Any]]:
    """Return the rows of ``segment`` that readers see, by key, from the lake; none before the first publication."""
    current = engine.lake.current(SEGMENT.name)
    rows = engine.read(SEGMENT, current.ref if current else None)
    found: list[dict[str, Any]] = rows.order_by("segment_key").to_pyarrow().to_pylist()
    return found


def unevaluated(catalog: Catalog, rows: Iterable[Row]) -> list[str]:
    """Return the keys of the definitions that are saved and that no run has seen yet, sorted."""
    saved = {*(segment.key for segment in catalog.segments), *(refused.key for refused in catalog.refused)}
    return sorted(saved - {row["segment_key"] for row in rows})


def missing(key: str, known: Iterable[str], config: Path) -> UnknownError:
    """Return the error for a segment that is not published: it is not evaluated yet, or there is none."""
    catalog = load(config)
    if key in unevaluated(catalog, ()):
        catalog.segment(key)  # raises what is wrong with it, if something is
        return UnknownError(f"{key} is saved but not evaluated yet; run `python -m include run` first.")
    return UnknownError(f"There is no segment {key!r}{nearest(key, known)}.")


def require_exportable(connection: sa.Connection, row: Row) -> None:
    """Raise ConfigurationError for a segment that is refused, or held back or unjudged and was never published."""
    if row["state"] == "refused" or (row["state"] in KEPT and _last_published(connection, row) is None):
        raise ConfigurationError(f"{sentence(row)} Nothing was exported, so that no audience is emptied by it.")


def last_stood(connection: sa.Connection, row: Row) -> str | None:
    """Say of a segment that is held back or unjudged from which day its members are; None for any other."""
    if row["state"] not in KEPT:
        return None
    return f"{sentence(row)} These are its members as of {_last_published(connection, row)}."


def _last_published(connection: sa.Connection, row: Row) -> object:
    query = f"SELECT max(as_of) FROM {READERS}.segment_history WHERE segment_key = :key AND state = 'published'"
    return connection.execute(sa.text(query), {"key": row["segment_key"]}).scalar()
