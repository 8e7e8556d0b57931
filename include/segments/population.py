"""Readers: the published tables as Ibis expressions, from the lake (DuckDB) or from the warehouse (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import ibis
import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.runs import DatasetRef
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.segments.expression import Population
from include.segments.listing import NOTHING
from include.storage.engine import Engine
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project

WORK_MEMORY = "256MB"  # PostgreSQL looks members up in a hash, if it may hold them


class Reader(Protocol):
    """Where published tables are read."""

    def table(self, table: Table) -> ir.Table:
        """Return a published table; raises ConfigurationError before the first run."""


@dataclass(frozen=True)
class LakeReader:
    """Reads the current versions of the lake; ``versions`` of former stages are those that they were made from."""

    engine: Engine

    def table(self, table: Table) -> ir.Table:
        """Return a published table; raises ConfigurationError before the first run."""
        current = self.engine.lake.current(table.name)
        if current is None:
            raise ConfigurationError(NOTHING)
        return self.engine.read(table, current.ref)

    def input(self, table: Table) -> ir.Table:
        """Return a table of an earlier stage, of the version that the published measures were made from."""
        measured = self.engine.lake.current(CUSTOMER_360.name)
        version = measured.inputs.get(table.name) if measured else None
        return self.engine.read(table, DatasetRef(table.name, version, 0)) if version else self.latest(table)

    def latest(self, table: Table) -> ir.Table:
        """Return the current version of a table that the measures do not read; without one, no rows."""
        current = self.engine.lake.current(table.name)
        return self.engine.read(table, current.ref if current else None)


@dataclass(frozen=True)
class WarehouseReader:
    """Reads the views that readers of the warehouse have."""

    backend: ibis.BaseBackend

    def table(self, table: Table) -> ir.Table:
        """Return a published table; raises ConfigurationError before the first publication."""
        if table.name not in self.backend.list_tables(database=READERS):
            raise ConfigurationError(NOTHING)
        return self.backend.table(table.name, database=READERS)


@contextmanager
def lake_reader(project: Project) -> Iterator[LakeReader]:
    """Open the lake for reading."""
    with project.engine() as engine:
        yield LakeReader(engine)


@contextmanager
def warehouse_reader(project: Project) -> Iterator[WarehouseReader]:
    """Open the warehouse for reading, on one connection in one read-only transaction."""
    with project.warehouse().begin() as connection:
        driver = connection.connection.driver_connection
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        connection.exec_driver_sql("SET LOCAL jit = off")  # compiling a preview takes longer than running it
        yield WarehouseReader(ibis.postgres.from_connection(driver))


def population(reader: Reader) -> Population:
    """Return what is published, as what conditions are asked about."""
    segment, membership = reader.table(SEGMENT), reader.table(SEGMENT_MEMBERSHIP)
    rows = segment.select("segment_key", "level").to_pyarrow().to_pylist()
    levels = {row["segment_key"]: row["level"] for row in rows}

    def members(key: str) -> tuple[str, ir.Table]:
        if key not in levels:
            raise ConfigurationError(f"Segment {key!r} is not published yet; run the pipeline first.")
        return levels[key], membership.filter(membership.segment_key == key).select("member_id")

    return Population(as_of(reader), reader.table(CUSTOMER_360), reader.table(ACCOUNT_360), members)


def as_of(reader: Reader) -> date:
    """Return the logical date of what is published; the small table is asked first."""
    for table in (SEGMENT, CUSTOMER_360):
        day: date | None = reader.table(table).as_of.max().to_pyarrow().as_py()
        if day is not None:
            return day
    raise ConfigurationError("There are no profiles yet; see that the exports have people in them.")
