"""Rows that this machine's engine and Spark's tasks hand each other, as Parquet in a folder of the lake.

Tasks read and write it by the file system that the lake itself is on, with the credentials that their own machine has;
so whatever store the lake is on, Spark needs no connector for it. What tasks do is in ``exchanged``, which is light.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ibis.expr.types as ir
import pyarrow.parquet as pq

from include.contracts.errors import ConfigurationError
from include.identity import exchanged
from include.identity.crosswalk.relations import Relation
from include.storage.engine import Engine
from include.storage.lake import Lake

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
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  Spark may not be installed

        place = f"{self.folder}/records.{exchanged.ENDING}"
        engine.ibis.to_parquet(rows, place, compression="zstd")
        with self.fs.open(place, "rb") as file:
            written = pq.ParquetFile(file)
            groups, schema = written.num_row_groups, from_arrow_schema(written.schema_arrow)
        numbers = self.session.range(groups, numPartitions=max(groups, 1))
        return numbers.mapInArrow(partial(exchanged.read, fs=self.fs, place=place), schema)

    def take(self, engine: Engine, name: str, rows: DataFrame) -> Relation:
        """Let the engine hold rows of Spark under a name."""
        from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  as above

        task = partial(exchanged.written, fs=self.fs, place=f"{self.folder}/{name}")
        places = sorted(row["place"] for row in rows.mapInArrow(task, "place string").collect())
        self.fs.invalidate_cache()
        nothing = to_arrow_schema(rows.schema).empty_table()
        found = engine.connection.read_parquet(places) if places else engine.connection.from_arrow(nothing)
        found.create(name)
        return Relation(name)


@contextmanager
def exchange(lake: Lake, session: SparkSession) -> Iterator[Exchange]:
    """Open an exchange for the block; raises ConfigurationError where a worker cannot read the lake and write there."""
    with lake.exchange(DATASET) as folder:
        _require_reach(lake, session, folder)
        yield Exchange(lake, session, folder)


def _require_reach(lake: Lake, session: SparkSession, folder: str) -> None:
    asked = uuid4().hex
    lake.fs.pipe_file(f"{folder}/{exchanged.ASKED}", asked.encode())
    several = session.sparkContext.defaultParallelism * 2
    task = partial(exchanged.reached, fs=lake.fs, folder=folder)
    rows = session.range(several, numPartitions=several).mapInArrow(task, "said string, place string").collect()
    lake.fs.invalidate_cache()
    wrong = {row["said"] for row in rows} - {asked}
    if wrong or not all(lake.fs.exists(row["place"]) for row in rows):
        reason = f" ({min(wrong)})" if wrong else ""
        raise ConfigurationError(
            f"Spark's workers cannot read and write the lake at {lake.root}{reason}: "
            "it has to be a folder that all machines share, or a store that they have credentials for."
        )
