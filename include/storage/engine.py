"""The engine of relational transforms: Ibis on DuckDB, reading from and writing to the lake."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import ClassVar, Self
from uuid import uuid4

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.expr.operations import Cast, DatabaseTable, Namespace

from include.contracts.errors import ContractError
from include.contracts.runs import DatasetRef
from include.contracts.tables import Table, Type
from include.storage.lake import Lake, Manifest
from include.storage.spill import spill_folder

IBIS_TYPES: Mapping[Type, str] = {
    Type.TEXT: "string",
    Type.INTEGER: "int64",
    Type.NUMBER: "float64",
    Type.BOOLEAN: "boolean",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamp('UTC', 6)",
    Type.JSON: "string",
}
EXPRESSION = 100_000  # objects that a large plan is made of


class Transforms(ABC):
    """The engine of a step's transforms, this machine's or Spark; use it as a context manager."""

    name: ClassVar[str]  # what the report of a stage calls it
    lake: Lake

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""

    @abstractmethod
    def read(self, table: Table, at: DatasetRef | Manifest | None) -> ir.Table:
        """Return the version's rows; no version gives the empty table."""

    @abstractmethod
    def view(self, rows: ir.Table) -> ir.Table:
        """Give rows a name of their own, so that what is built on them need not be compiled from the start."""

    @abstractmethod
    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once."""

    @abstractmethod
    def spool(self, rows: ir.Table) -> ir.Table:
        """Have many rows ready that are yet to be put in order."""

    def write(
        self,
        table: Table,
        rows: ir.Table,
        *,
        version: str,
        inputs: Mapping[str, str] | None = None,
        point: bool = True,
        ordered: bool = True,
        extends: Manifest | None = None,
    ) -> DatasetRef:
        """Write ``rows`` as a version of the dataset, in the table's order, if they keep its declaration.

        A version that exists already is left as it is. A log grows by ``extends``, the version whose files
        come before the new one. Raises ContractError.
        """
        present = self.lake.manifest(table.name, version)
        if present is not None:
            if point:
                self.lake.point(present.ref)
            return present.ref
        order = list(dict.fromkeys((*table.order, *table.key))) if ordered else []
        files, count = self._put(table, conform(table, rows), order, version)
        before, rows_before = (extends.files, extends.rows) if extends else ((), 0)
        return self.lake.commit(table.name, version, [*before, *files], rows_before + count, inputs, point=point)

    @abstractmethod
    def _put(self, table: Table, rows: ir.Table, order: Sequence[str], version: str) -> tuple[Sequence[str], int]:
        """Write files that keep the declaration; returns their names and the number of rows. Raises ContractError."""


class Engine(Transforms):
    """One DuckDB session that spills to disk beyond ``memory_limit``; use it as a context manager."""

    name = "duckdb"

    def __init__(self, lake: Lake, *, memory_limit: str = "4GB", threads: int = 0, temp: Path | None = None) -> None:
        self.lake = lake
        plan_cheaply()
        self._resources, self._opening = ExitStack(), Lock()
        self._spill = self._resources.enter_context(spill_folder(temp))
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(self._spill),
            "preserve_insertion_order": False,
        }
        if threads:
            options["threads"] = threads
        self._begin(duckdb.connect(config=options))
        if lake.remote is not None:
            self.connection.register_filesystem(lake.remote)

    def close(self) -> None:
        """Give back the session, and with the first one the database and its room to spill."""
        self.connection.close()
        self._resources.close()

    def session(self) -> Engine:
        """Return another session on the same database, opened at once, which may be used beside this one.

        What it holds goes with it; memory, threads and room to spill are those of all of them.
        """
        other = object.__new__(Engine)
        other.lake, other._spill, other._resources, other._opening = self.lake, self._spill, ExitStack(), Lock()
        with self._opening:
            other._begin(self.connection.cursor())
        return other

    def _begin(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self._viewed = connection, list[ir.Table]()
        self.connection.execute("SET TimeZone = 'UTC'").complete()
        self.ibis = ibis.duckdb.from_connection(self.connection)

    def read(self, table: Table, at: DatasetRef | Manifest | None) -> ir.Table:
        """Return the version's rows; no version gives the empty table.

        A column that was declared after a file of a log was written is null in that file's rows.
        """
        manifest = self.lake.open(at) if isinstance(at, DatasetRef) else at
        files = self.lake.urls(manifest) if manifest else []
        if not files:
            nullable = pa.schema(field.with_nullable(True) for field in table.schema)  # as files are read
            return ibis.memtable(nullable.empty_table())
        rows = self.ibis.read_parquet(files, union_by_name=len(files) > 1)
        later = [column for column in table.columns if column.name not in rows.columns]
        return rows.mutate(**{c.name: ibis.null(IBIS_TYPES[c.type]) for c in later}) if later else rows

    def expose(self, name: str, table: Table, at: DatasetRef | Manifest | None) -> None:
        """Let SQL read a version under a name."""
        self.ibis.create_view(name, self.read(table, at), overwrite=True)

    def view(self, rows: ir.Table) -> ir.Table:
        """Give rows a name of their own, so that what is built on them need not be compiled from the start.

        Unlike Ibis's own view, it is not planned to find out its columns, which the rows tell.
        """
        self._viewed.append(rows)  # Ibis drops the tables in memory that nobody holds
        name, query = f"viewed_{uuid4().hex}", self._compiled(rows)
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {query}").complete()
        return self._table(name, rows.schema())

    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once; they stay in memory, or spill, until the session ends."""
        columns = ", ".join(column.sql("duckdb") for column in rows.schema().to_sqlglot_column_defs("duckdb"))
        name, query = f"held_{uuid4().hex}", self._compiled(rows)
        self.connection.execute(f"CREATE TEMP TABLE {name} ({columns}); INSERT INTO {name} {query}").complete()
        return self._table(name, rows.schema())

    def release(self, rows: ir.Table) -> None:
        """Give up rows that are held."""
        self.connection.execute(f'DROP TABLE IF EXISTS "{rows.op().name}"').complete()

    def spool(self, rows: ir.Table) -> ir.Table:
        """Compute rows into a file that goes with the session, for many rows that are yet to be put in order.

        To join and to sort at once takes the memory of both, and neither can spill what it is working on.
        """
        place = self._spill / f"spooled_{uuid4().hex}.parquet"
        self.ibis.to_parquet(_as(rows, rows.schema()), place)
        return self.ibis.read_parquet(place)

    def _compiled(self, rows: ir.Table) -> str:
        self.ibis._run_pre_execute_hooks(rows)  # registers tables in memory
        return str(self.ibis.compile(rows))

    def _table(self, name: str, schema: ibis.Schema) -> ir.Table:
        return DatabaseTable(name=name, schema=schema, source=self.ibis, namespace=Namespace()).to_expr()

    def _put(self, table: Table, rows: ir.Table, order: Sequence[str], version: str) -> tuple[Sequence[str], int]:
        file = f"{version}.parquet"
        with self.lake.drafted(table.name, file) as place:
            self.ibis.to_parquet(rows.order_by(order) if order else rows, place, compression="zstd")
            return [file], self._check(table, place)

    def _check(self, table: Table, place: str) -> int:
        """Return the number of rows of a written file that keeps its declaration."""
        # fetchall, since DuckDB holds a connection whose result was not read to its end
        (row,) = self.connection.execute(f"{counting(table)} FROM read_parquet(?)", [place]).fetchall()
        return judged(table, row)


def counting(table: Table) -> str:
    """Return the SELECT of a table's rows, and of those that break each of its rules."""
    key = ", ".join(f'"{name}"' for name in table.key)
    counts = ", ".join(f"count(*) FILTER (WHERE {sql})" for sql in _rules(table).values()) or "0"
    return f"SELECT count(*), count(*) - count(DISTINCT ({key})), {counts}"


def judged(table: Table, counts: Sequence[int]) -> int:
    """Return the number of rows, by what ``counting`` counted; raises ContractError where a rule is broken."""
    key = ", ".join(f'"{name}"' for name in table.key)
    broken = dict(zip([f"unique key ({key})", *_rules(table)], counts[1:], strict=False))
    faults = [f"{rule}: {count} rows" for rule, count in broken.items() if count]
    if faults:
        raise ContractError(f"{table.name} would break its declaration ({'; '.join(faults)}); nothing was published.")
    return int(counts[0])


def _rules(table: Table) -> dict[str, str]:
    """What each constraint says, and the SQL condition of a row that breaks it."""
    return {f"{kept.says} on {c.name}": kept.fault for c in table.columns for kept in table.constraints(c)}


def plan_cheaply() -> None:
    """Settle for the process what planning costs most.

    A SELECT a step is compiled, since fused ones repeat in full what they have in common; and Python looks for cyclic
    garbage once a plan, which at its usual pace takes a third of the time.
    """
    ibis.options.sql.fuse_selects = False
    often, *rest = gc.get_threshold()
    if 0 < often < EXPRESSION:
        gc.set_threshold(EXPRESSION, *rest)


def conform(table: Table, rows: ir.Table) -> ir.Table:
    """Select the declared columns in order, cast to their types; raises ContractError when one is missing."""
    missing = [name for name in table.names if name not in rows.columns]
    if missing:
        raise ContractError(f"{table.name} lacks the declared columns {', '.join(missing)}.")
    return _as(rows, {column.name: IBIS_TYPES[column.type] for column in table.columns})


def _as(rows: ir.Table, types: Mapping[str, object]) -> ir.Table:
    # `.cast` would leave out casts that look needless to Ibis, and DuckDB's sum of integers is a HUGEINT.
    return rows.select(**{name: Cast(rows[name], to=kind).to_expr() for name, kind in types.items()})
