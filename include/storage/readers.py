"""Readers: the published tables as Ibis expressions, from the lake (DuckDB) or from the warehouse (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import ibis
import ibis.expr.types as ir
import psycopg

from include.contracts.errors import ConfigurationError
from include.contracts.measures import CUSTOMER_360
from include.contracts.published import PUBLISHED
from include.contracts.tables import Table
from include.storage.engine import Engine
from include.storage.holding import Holding
from include.storage.lake import Manifest
from include.storage.postgres.dialect import teach
from include.storage.postgres.temporary import TemporaryTables
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project

NOTHING = "Nothing is published yet; run `python -m include run` first."
VIEWS = {item.table.name: item.name for item in PUBLISHED}
WORK_MEMORY = "256MB"  # PostgreSQL looks members up in a hash, if it may hold them


class Reader(Protocol):
    """Where published tables are read."""

    def table(self, table: Table) -> ir.Table:
        """Return a published table; raises ConfigurationError before the first run."""

    @property
    def hold(self) -> Holding:
        """Keeps rows that are read again, where the reader can keep them."""


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

    @cached_property
    def hold(self) -> Holding:
        """Keeps rows in the engine's memory, as long as the reader is there."""
        return Holding(self.engine, keeps_all=True)

    def input(self, table: Table) -> ir.Table:
        """Return a table of an earlier stage, of the version that the published measures were made from."""
        return self.engine.read(table, self._input(table))

    def files(self, table: Table) -> list[str]:
        """Return the data files of the same version, for SQL; none where there is no version."""
        found = self._input(table)
        return self.engine.lake.urls(found) if found else []

    def latest(self, table: Table) -> ir.Table:
        """Return the current version of a table that the measures do not read; without one, no rows."""
        return self.engine.read(table, self.engine.lake.current(table.name))

    @cached_property
    def _inputs(self) -> Mapping[str, str]:
        measured = self.engine.lake.current(CUSTOMER_360.name)
        return measured.inputs if measured else {}

    def _input(self, table: Table) -> Manifest | None:
        version, lake = self._inputs.get(table.name), self.engine.lake
        return lake.version(table.name, version) if version else lake.current(table.name)


@dataclass(frozen=True)
class WarehouseReader:
    """Reads the views that readers of the warehouse have; ``keeper`` keeps rows where the server lets it."""

    backend: ibis.BaseBackend
    keeper: TemporaryTables | None = None

    def table(self, table: Table) -> ir.Table:
        """Return a published table; raises ConfigurationError before the first publication."""
        name = VIEWS.get(table.name, table.name)
        if name not in self.backend.list_tables(database=READERS):
            raise ConfigurationError(NOTHING)
        return self.backend.table(name, database=READERS)

    @cached_property
    def hold(self) -> Holding:
        """Keeps rows as long as the reader is there; where the server does not let it, they stay as they are."""
        return Holding(self.keeper, keeps_all=True)


@contextmanager
def lake_reader(project: Project) -> Iterator[LakeReader]:
    """Open the lake for reading."""
    with project.engine() as engine:
        yield LakeReader(engine)


@contextmanager
def warehouse_reader(project: Project) -> Iterator[WarehouseReader]:
    """Open the warehouse for reading, on one connection in one transaction, which writes no more than it keeps."""
    with project.warehouse().begin() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        connection.exec_driver_sql("SET LOCAL jit = off")  # compiling a preview takes longer than running it
        backend = ibis.postgres.from_connection(driver)
        teach(backend, driver)
        yield WarehouseReader(backend, TemporaryTables.of(driver, backend))
