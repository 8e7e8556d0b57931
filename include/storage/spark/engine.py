"""The engine of relational transforms on a cluster: Ibis on Apache Spark, reading from and writing to the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import sqlglot
from ibis.backends.pyspark.datatypes import PySparkSchema
from ibis.expr.operations import DatabaseTable, Namespace

from include.contracts.runs import DatasetRef
from include.contracts.tables import Table
from include.storage.engine import IBIS_TYPES, Transforms, counting, judged, plan_cheaply
from include.storage.lake import Lake, Manifest
from include.storage.spark import stored
from include.storage.spark.dialect import Kindred
from include.storage.spark.functions import register

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SETTINGS: Mapping[str, str] = {
    "spark.sql.ansi.enabled": "true",  # what does not fit is an error, and not another value
}


Keep = Callable[["DataFrame"], "DataFrame"]


class SparkEngine(Transforms):
    """Does what the engine of one machine does, in a session of Spark's that goes on when it is closed.

    ``keep`` computes a frame once and returns what reads it.
    The lake has to be a store that all workers reach, or a folder that they have under the same name.
    """

    name = "spark"

    def __init__(self, lake: Lake, session: SparkSession, keep: Keep) -> None:
        self.lake, self.keep = lake, keep
        plan_cheaply()
        self.session = session
        self.ibis = Kindred()
        self.ibis.do_connect(self.session, **SETTINGS)
        register(self.session)
        self._names: list[str] = []
        self._held: list[DataFrame] = []
        self._asked: list[ir.Table] = []  # Ibis drops the tables in memory that nobody holds

    def close(self) -> None:
        """Give back what is held."""
        for name in self._names:
            self.session.catalog.dropTempView(name)
        for frame in self._held:
            frame.unpersist()
        for kept in (self._names, self._held, self._asked):
            kept.clear()

    def read(self, table: Table, at: DatasetRef | Manifest | None) -> ir.Table:
        """Return the version's rows, read at most once; no version gives the empty table."""
        manifest = self.lake.open(at) if isinstance(at, DatasetRef) else at
        schema = ibis.schema({c.name: IBIS_TYPES[c.type] for c in table.columns})
        if manifest is None or not manifest.files:
            return ibis.memtable(schema.to_pyarrow().empty_table())
        rows = self._files(table, *self.lake.urls(manifest)).persist()
        self._held.append(rows)
        return self._named(rows, schema)

    def view(self, rows: ir.Table) -> ir.Table:
        """Compute rows, so that what is built on them need not be planned from the start, which costs Spark more."""
        return self.hold(rows)

    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once, and ``keep`` them."""
        held = self.keep(self._frame(rows))
        self._held.append(held)
        return self._named(held, rows.schema())

    def spool(self, rows: ir.Table) -> ir.Table:
        """Return rows as they are: what Spark has joined it writes to disk by itself before it puts it in order."""
        return rows

    def _put(self, table: Table, rows: ir.Table, order: Sequence[str], version: str) -> tuple[Sequence[str], int]:
        """In as many files as their size asks for."""
        frame = self._frame(rows)
        with self.lake.drafted_parts(table.name, version) as (folder, files):
            files.extend(stored.write(frame.orderBy(*order) if order else frame, self.lake.fs, f"{folder}/part"))
            count = self._check(table, *files)
        return files, count

    def _check(self, table: Table, *places: str) -> int:
        """Return the number of rows of written files that keep their declaration."""
        name = self._call(self._files(table, *places))
        asked = sqlglot.transpile(f"{counting(table)} FROM {name}", read="duckdb", write="spark")[0]
        (row,) = self.session.sql(asked).collect()
        return judged(table, row)

    def _files(self, table: Table, *places: str) -> DataFrame:
        """The rows of files; a column that was declared later is null in them."""
        schema = PySparkSchema.from_ibis(ibis.schema({c.name: IBIS_TYPES[c.type] for c in table.columns}))
        return stored.rows(self.session, self.lake.remote, places, schema)

    def _frame(self, rows: ir.Table) -> DataFrame:
        self._asked.append(rows)
        self.ibis._run_pre_execute_hooks(rows)
        return self.session.sql(self.ibis.compile(rows))

    def _named(self, frame: DataFrame, schema: ibis.Schema) -> ir.Table:
        return DatabaseTable(name=self._call(frame), schema=schema, source=self.ibis, namespace=Namespace()).to_expr()

    def _call(self, frame: DataFrame) -> str:
        """Give a frame a name in SQL."""
        name = f"rows_{uuid4().hex}"
        frame.createTempView(name)
        self._names.append(name)
        return name
