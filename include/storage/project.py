"""One installation opened: its settings, its lake, its engine, its warehouse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from include.contracts.connections import CONNECTIONS, Connections
from include.contracts.settings import Settings
from include.contracts.spark import Spark, spark_of
from include.storage.control.ledger import Ledger
from include.storage.control.tables import upgrade
from include.storage.engine import Engine
from include.storage.home import open_home
from include.storage.lake import Lake
from include.storage.postgres import embedded
from include.storage.postgres.warehouse import Warehouse, is_embedded, warehouse_url
from include.storage.spill import spill_folder
from include.storage.suppression import Suppressed, read_suppressed


@dataclass(frozen=True)
class Project:
    """What every stage is handed."""

    settings: Settings
    connections: Connections = CONNECTIONS

    @cached_property
    def lake(self) -> Lake:
        """The lake at the settings' root; raises LaterVersionError where a later Kindred has written it."""
        lake = Lake(self.settings.lake_root)
        lake.require_known_format()
        return lake

    def suppressed(self) -> Suppressed:
        """Who was erased, as digests; raises ConfigurationError where their key is another one."""
        return read_suppressed(self.lake, self.settings)

    def engine(self) -> Engine:
        """A new engine session on the lake; close it by using it as a context manager."""
        kept: Engine | None = self.__dict__.get("_kept")
        return kept.session() if kept else self._engine()

    def keep_engine(self) -> None:
        """Keep an engine open until ``close``, of which each ``engine`` is a session: for a process that serves."""
        self.__dict__.setdefault("_kept", self._engine())

    def _engine(self) -> Engine:
        limit, threads = self.settings.memory_limit, self.settings.threads
        return Engine(self.lake, memory_limit=limit, threads=threads, temp=self._spill())

    @contextmanager
    def spark(self) -> Iterator[Spark]:
        """The Spark that does the work; what this process, its driver, spills lies in the home as long as the block."""
        at = spark_of(self.settings, self.connections)
        with spill_folder(self._spill()) as folder:
            yield replace(at, options={"spark.local.dir": str(folder), **at.options})

    def _spill(self) -> Path:
        open_home(self.settings.home)
        spill = self.settings.home / "spill"
        spill.mkdir(exist_ok=True)
        return spill

    def warehouse(self) -> Warehouse:
        """The warehouse, with its control tables up to date; the embedded server is started where none is named."""
        return self._warehouse

    def ledger(self) -> Ledger:
        """The run ledger in the warehouse."""
        return Ledger(self.warehouse())

    def close(self) -> None:
        """Give back what was opened; the project opens it again when it is needed."""
        warehouse, engine = (self.__dict__.pop(name, None) for name in ("_warehouse", "_kept"))
        if warehouse is not None:
            warehouse.close()
        if engine is not None:
            engine.close()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Keep the embedded server, where one is used, up for the block, and stop it if nobody else needs it."""
        embedded_here = is_embedded(self.settings, os.environ)
        with embedded.running(self.settings.home) if embedded_here else nullcontext():
            try:
                yield
            finally:
                self.close()

    @cached_property
    def _warehouse(self) -> Warehouse:
        warehouse = Warehouse(warehouse_url(self.settings, os.environ))
        upgrade(warehouse)
        return warehouse
