"""Rows that this machine's engine and Spark's tasks hand each other, as Parquet in a folder of the lake.

Tasks read and write it by the file system that the lake itself is on (``storage/spark/stored.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir

from include.identity.crosswalk.relations import Relation
from include.storage.engine import Engine
from include.storage.lake import Lake
from include.storage.spark import stored
from include.storage.spark.files import ENDING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DATASET = "identity/exchange"


@dataclass(frozen=True)
class Exchange:
    """A folder of the lake that this machine and Spark's workers reach."""

    lake: Lake
    session: SparkSession
    folder: str

    @property
    def fs(self) -> Any:
        """The file system that the lake is on."""
        return self.lake.fs

    @property
    def kept(self) -> str | None:
        """Where Spark itself may keep rows while the exchange is open; None in a store, for which it may lack a
        connector."""
        return f"file://{self.folder}/kept.draft" if self.lake.is_local else None

    def hand_over(self, engine: Engine, rows: ir.Table) -> DataFrame:
        """Let Spark read rows of the engine; each group of its file, some hundred thousand rows, is a partition."""
        place = f"{self.folder}/records.{ENDING}"
        engine.ibis.to_parquet(rows, place, compression="zstd")
        return stored.rows(self.session, self.fs, [place])

    def take(self, engine: Engine, name: str, rows: DataFrame) -> Relation:
        """Let the engine hold rows of Spark under a name."""
        places = stored.write(rows, self.fs, f"{self.folder}/{name}")
        engine.connection.read_parquet(places).create(name)
        return Relation(name)


@contextmanager
def exchange(lake: Lake, session: SparkSession) -> Iterator[Exchange]:
    """Open an exchange for the block; raises ConfigurationError where a worker cannot read the lake and write there."""
    with lake.exchange(DATASET) as folder:
        stored.require_reach(lake, session, folder)
        yield Exchange(lake, session, folder)
