"""The rows that the lake holds already: what an overlap brings again is passed by, what has changed is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from include.contracts.exports import ExportFile
from include.sources.files.reading import LINE
from include.sources.loads import Load
from include.storage.engine import Engine
from include.storage.lake import Lake

ZONES = timedelta(days=1)  # by which a time with an offset may stand before the same in UTC


class Held:
    """The rows of an object that were changed since a moment, each known by a digest of all that it says."""

    def __init__(
        self, engine: Callable[[], Engine], lake: Lake, dataset: str, loads: list[Load], since: datetime | None
    ) -> None:
        self._open, self._since, self._resources = engine, since, ExitStack()
        self._engine: Engine | None = None
        self._urls = [lake.url(dataset, load.data_file) for load in loads if load.rows > load.rejected]
        self._columns: tuple[str, ...] | None = None

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def _session(self) -> duckdb.DuckDBPyConnection:
        """The session that compares, opened when the first row is to be compared."""
        if self._engine is None:
            self._engine = self._resources.enter_context(self._open())
        return self._engine.connection

    def without(self, declared: ExportFile, rows: pa.Table) -> pa.Table:
        """Return the rows that are not held in the very same words."""
        if not self._urls or not rows.num_rows:
            return rows
        columns = tuple(name for name in rows.column_names if name != LINE)
        if columns != self._columns:
            self._prepare(declared, columns)
            self._columns = columns
        session = self._session
        session.register("asked", rows)
        new: pa.Table = session.sql(
            f"SELECT * FROM asked ANTI JOIN held ON {_digest(columns)} = held.digest ORDER BY {LINE}"
        ).to_arrow_table()
        session.unregister("asked")
        return new

    def _prepare(self, declared: ExportFile, columns: tuple[str, ...]) -> None:
        session = self._session
        held = session.read_parquet(self._urls, union_by_name=True)
        present = [name for name in columns if name in held.columns]
        given = ", ".join(f'"{name}"' if name in present else f'NULL::VARCHAR AS "{name}"' for name in columns)
        changed = f"replace(left(\"{declared.changed}\", 19), 'T', ' ')"
        since = self._since - ZONES if self._since else None
        recent = f"{changed} >= '{since:%Y-%m-%d %H:%M:%S}'" if since else "true"
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE held AS SELECT DISTINCT {_digest(columns)} AS digest FROM (SELECT {given} "
            f'FROM read_parquet(?, union_by_name=true) WHERE {recent} OR "{declared.changed}" IS NULL)',
            [self._urls],
        ).complete()


def _digest(columns: tuple[str, ...]) -> str:
    """SQL of a number that two rows share only if all their columns say the same."""
    listed = ", ".join(f'"{name}"' for name in columns)
    return f"md5_number(to_json([{listed}])::VARCHAR)"
