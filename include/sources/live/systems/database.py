"""Any database that SQLAlchemy knows: the objects of a kind from tables, by a cursor column with the key to break ties.

Pages follow (cursor, key), so rows of one moment are neither lost nor doubled at a page's end, and a row that changes
while pages are read comes once more, in its new state. Times without a zone are read as UTC. What has no column that
tells of changes is read whole, by its key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import sqlalchemy as sa

from include.contracts.connections import Connection
from include.contracts.errors import (
    ConfigurationError,
    CredentialError,
    LiveError,
    PermissionDeniedError,
    RefusedError,
    UnreachableError,
)
from include.contracts.exports import ExportFile
from include.contracts.systems import ROW_KEY
from include.remote.budget import Allowance
from include.sources.live import csv_pages
from include.sources.live.asking import Asked
from include.sources.live.system import Access, LiveKind

PAGE_ROWS = 20_000
DIALECTS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_CREDENTIAL = ("password authentication failed", "no password supplied", "Access denied for user")
_KINDS = {"number": sa.types.Numeric | sa.types.Integer | sa.types.Float, "flag": sa.types.Boolean,
          "moment": sa.types.DateTime, "day": sa.types.Date}  # fmt: skip


class Database:
    """One database, whose tables the options name by object."""

    def __init__(self, access: Access) -> None:
        self._access, self._settings = access, access.settings
        self._rows = int(access.settings.options.get("page_rows", PAGE_ROWS))
        try:
            self._engine = sa.create_engine(_url(access.connection), pool_pre_ping=True)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"{access.source}: the connection {access.connection.name!r} is of no database that can be opened here "
                f"({type(error).__name__}); install its driver."
            ) from None

    def close(self) -> None:
        """Give connections back."""
        self._engine.dispose()

    def check(self, declared: ExportFile) -> None:
        """Ask for one row of the object."""
        self._ask(self._query(declared).limit(1))

    def fields(self, declared: ExportFile) -> Mapping[str, str]:
        """Return the columns of the object's table with their kinds; nothing for a query."""
        table = self._table(declared)
        if table.startswith("("):
            return {}
        schema, _, name = table.rpartition(".")
        with self._told():
            found = sa.inspect(self._engine).get_columns(name, schema=schema or None)
        kinds = {str(column["name"]): _kind(column["type"]) for column in found}
        renamed = {own: column for column, own in self._settings.columns.get(declared.object, {}).items()}
        return {renamed.get(name, name): kind for name, kind in kinds.items()}

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the rows in the order of cursor and key."""
        present = self.fields(declared) or dict.fromkeys(self._named(declared))
        columns = [name for name in declared.names if name in present]
        if self._access.format == "csv":
            yield csv_pages.header(columns)
        query = self._query(declared, columns)
        cursor: sa.ColumnClause[Any] = sa.column(declared.changed)
        key: sa.ColumnClause[Any] = sa.column(declared.key)
        bounded = page = _bounded(query, cursor, asked)
        while rows := self._ask(page.order_by(cursor, key).limit(self._rows)):
            yield self._text(columns, rows)
            at, of = (rows[-1][columns.index(column.name)] for column in (cursor, key))
            page = bounded.where((cursor > at) | ((cursor == at) & (key > of)))

    def _table(self, declared: ExportFile) -> str:
        table = self._settings.options.get(declared.object)
        if not table:
            where = f"live.options.{declared.object}"
            raise ConfigurationError(f"{self._access.source}: {where} names no table, nor a query in brackets.")
        return table.strip()

    def _named(self, declared: ExportFile) -> Sequence[str]:
        """The declared columns that a query has to have: those that are named, and those that a file must have."""
        named = self._settings.columns.get(declared.object, {})
        return [name for name in declared.names if name in named or name in declared.required]

    def _query(self, declared: ExportFile, columns: Sequence[str] | None = None) -> sa.Select[Any]:
        """The object under its declared names, as a subquery that is asked of."""
        if declared.key == ROW_KEY:
            raise ConfigurationError(
                f"{self._access.source}: the mapping says of no column that it is the key of {declared.object}, by "
                "which a table is read; add key to it, or leave the table to an export."
            )
        own, preparer = self._settings.columns.get(declared.object, {}), self._engine.dialect.identifier_preparer
        given = columns if columns is not None else [declared.key, declared.changed]
        listed = ", ".join(f"{preparer.quote(own.get(c, c))} AS {preparer.quote(c)}" for c in given)
        inner = sa.text(f"SELECT {listed} FROM {self._table(declared)} asked_of")
        named = inner.columns(*(sa.column(c) for c in given)).subquery("asked")
        return sa.select(*(named.c[c] for c in given))

    def _ask(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        with self._access.budget.request(), self._told(), self._engine.connect() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sa.text("SET TIME ZONE 'UTC'"))
            return connection.execute(query).fetchall()

    def _told(self) -> _Told:
        return _Told(self._access.source, self._access.connection.name)

    def _text(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
        """A page as text, column by column, in the format of the system's files."""
        values = zip(*rows, strict=True)
        table = pa.table({name: _as_text(said) for name, said in zip(columns, values, strict=True)})
        if self._access.format == "csv":
            sink = pa.BufferOutputStream()
            pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="all_valid"))
            return bytes(sink.getvalue().to_pybytes())
        with duckdb.connect() as session:
            session.register("page", table)
            lines = session.sql("SELECT to_json(page)::VARCHAR AS line FROM page").to_arrow_table()["line"]
        return ("\n".join(lines.to_pylist()) + "\n").encode()


def _bounded(query: sa.Select[Any], cursor: sa.ColumnClause[Any], asked: Asked) -> sa.Select[Any]:
    query = query.where(cursor.is_not(None))
    if asked.since is not None:
        query = query.where(cursor >= _naive(asked.since))
    return query.where(cursor < _naive(asked.until)) if asked.until is not None else query


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _as_text(values: Sequence[Any]) -> pa.Array:
    """A column as text: times as ISO has them, yes and no as true and false, documents as JSON."""
    found = [json.dumps(value) if isinstance(value, dict | list) else value for value in values]
    try:
        array = pa.array(found)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # of several types
        array = pa.array([None if value is None else f"{value}" for value in found])
    if pa.types.is_timestamp(array.type):
        return pc.strftime(array, "%Y-%m-%dT%H:%M:%SZ")
    return array.cast(pa.string())


def _kind(found: sa.types.TypeEngine[Any]) -> str:
    return next((kind for kind, types in _KINDS.items() if isinstance(found, types)), "text")


def _url(connection: Connection) -> sa.URL:
    dialect = DIALECTS.get(connection.kind, connection.kind)
    if dialect == "sqlite":
        return sa.URL.create("sqlite", database=connection.host or connection.schema)
    return sa.URL.create(
        dialect, connection.login or None, connection.password or None, connection.host or None, connection.port,
        connection.schema or None,
    )  # fmt: skip


class _Told:
    """Says what a database's error means to a person; its text may hold values, so it stays untold."""

    def __init__(self, source: str, connection: str) -> None:
        self._source, self._connection = source, connection

    def __enter__(self) -> None:
        """Nothing is held."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sa.exc.SQLAlchemyError):
            raise self._meaning(error) from None

    def _meaning(self, error: sa.exc.SQLAlchemyError) -> LiveError:
        cause = getattr(error, "orig", None)
        code, name = str(getattr(cause, "sqlstate", "") or ""), type(cause or error).__name__
        by = f"the connection {self._connection!r}"
        if code.startswith("28") or any(words in str(cause) for words in _CREDENTIAL):
            return CredentialError(f"{self._source} refuses the credential of {by}; renew it.")
        if code == "42501":
            return PermissionDeniedError(f"{self._source} knows the credential of {by}; grant what it may not read.")
        if code.startswith("42") or isinstance(error, sa.exc.NoSuchTableError | sa.exc.ProgrammingError):
            return RefusedError(f"{self._source} has no such table or column, or may not show it ({name}).")
        return UnreachableError(f"{self._source} cannot be reached by {by}, or broke off ({name}); run again later.")


KIND = LiveKind(
    open=Database,
    protocol="SQL through SQLAlchemy, in pages by cursor and key",
    allowance=Allowance(at_once=2),
    overlap=timedelta(minutes=10),
    credential="an Airflow connection of type postgres, mysql, sqlite or any dialect of SQLAlchemy that is installed",
    options={"page_rows": f"rows a page, {PAGE_ROWS:,}"},
    takes_objects=True,
)
