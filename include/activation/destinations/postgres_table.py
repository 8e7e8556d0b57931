"""A table in a PostgreSQL database: rows are upserted and deleted by its key, a batch in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NoSuchTableError, OperationalError

from include.activation.destination import (
    ACCEPTED,
    Batch,
    Change,
    Destination,
    NothingAcceptedError,
    Outcome,
    OutcomeUnknownError,
    halved,
)
from include.contracts.configuration import Strict
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.storage.postgres.warehouse import DRIVER

READ_ROWS = 10_000


class RowsRefused(Exception):  # noqa: N818 - it tells which batch to halve, and is seen by nobody
    """The table refuses a row of the batch."""


class PostgresTable(Destination):
    """A table that is there already, with a unique key; the connection is one of Airflow's to PostgreSQL."""

    rekeys: ClassVar[bool] = True
    batch_rows: ClassVar[int] = 5_000

    class ListSettings(Strict):
        """Which table."""

        table: str = Field(min_length=1, description="Name of the table")
        db_schema: str = Field("public", alias="schema", description="Schema that it is in")

    @cached_property
    def _engine(self) -> sa.Engine:
        given = self.connection
        query = {name: str(value) for name, value in given.extra.items() if name.startswith("ssl")}
        url = URL.create(
            DRIVER, given.login or None, given.password or None, given.host or None, given.port, given.schema or None,
            query,
        )  # fmt: skip
        return sa.create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10})

    @cached_property
    def _table(self) -> sa.Table:
        return sa.Table(self.list.table, sa.MetaData(), autoload_with=self._engine, schema=self.list.db_schema)

    @property
    def _key(self) -> sa.Column[Any]:
        return self._table.c[self.sync.key_field]

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield that the table, a column or a unique key is not there."""
        try:
            columns = self._table.c
        except NoSuchTableError:
            yield "settings.table", f"{self.declared.destination} has no table {self.list.table!r}"
            return
        except OperationalError:
            name = self.connection.name
            raise ConfigurationError(f"The database of the connection {name!r} does not answer; look at it.") from None
        for setting, name in self.sync.unknown(columns.keys()):
            yield setting, f"{self.list.table} has no column {name!r}{nearest(name, columns.keys())}"
        if self.sync.key_field in columns and not self._is_unique():
            yield "key", f"{self.sync.key_field} of {self.list.table} is not unique; give it a unique key"

    def _is_unique(self) -> bool:
        found = sa.inspect(self._engine)
        place: Any = {"table_name": self.list.table, "schema": self.list.db_schema}
        keys: list[list[str | None]] = [[*found.get_pk_constraint(**place)["constrained_columns"]]]
        keys += [[*one["column_names"]] for one in found.get_unique_constraints(**place)]
        keys += [one["column_names"] for one in found.get_indexes(**place) if one["unique"]]
        return [self.sync.key_field] in keys

    def deliver(self, batch: Batch) -> Outcome:
        """Make the changes in one transaction; the row that the table refuses is found and left out."""
        return halved(batch, self._apply, RowsRefused, str)

    def present(self) -> Iterator[str]:
        """Yield the keys that the table has."""
        with self._engine.connect() as connection:
            rows = connection.execution_options(stream_results=True, yield_per=READ_ROWS).execute(sa.select(self._key))
            for (key,) in rows:
                yield str(key)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _apply(self, batch: Batch) -> Outcome:
        try:
            connection = self._engine.connect()
        except OperationalError:
            raise NothingAcceptedError(f"{self.declared.destination} does not answer; run again later.") from None
        with connection:
            try:
                with connection.begin():
                    self._write(connection, batch)
            except (DataError, IntegrityError) as error:
                state = getattr(error.orig, "sqlstate", None)
                raise RowsRefused(f"{type(error).__name__}, SQLSTATE {state}") from None
            except OperationalError:
                raise OutcomeUnknownError(f"{self.declared.destination} broke off; run again later.") from None
            except DBAPIError as error:
                raise ConfigurationError(
                    f"{self.declared.destination} refuses the statement (SQLSTATE "
                    f"{getattr(error.orig, 'sqlstate', None)}); see that the table and its rights are as before."
                ) from None
        return ACCEPTED

    def _write(self, connection: sa.Connection, batch: Batch) -> None:
        if batch.verb == "remove":
            keys = [change.key for change in batch.changes]
            connection.execute(sa.delete(self._table).where(self._key.in_(keys)))
            return
        for change in batch.changes:
            if change.former_key:
                self._rekey(connection, change)
        for columns in {frozenset(change.fields) for change in batch.changes}:  # nearly always one set
            rows = [dict(change.fields) for change in batch.changes if change.fields.keys() == columns]
            given = insert(self._table)
            others = {name: given.excluded[name] for name in columns if name != self.sync.key_field}
            at_key = [self._key]
            statement = (
                given.on_conflict_do_update(index_elements=at_key, set_=others)
                if others
                else given.on_conflict_do_nothing(index_elements=at_key)
            )
            connection.execute(statement, rows)

    def _rekey(self, connection: sa.Connection, change: Change) -> None:
        """Give the row its new key, and keep what else it has; a row that has that key already is the one to keep."""
        other = self._table.alias()
        is_there = sa.exists().where(other.c[self.sync.key_field] == change.key)
        former = self._key == change.former_key
        moved = sa.update(self._table).where(former, ~is_there)
        connection.execute(moved.values({self.sync.key_field: change.key}))
        connection.execute(sa.delete(self._table).where(former))
