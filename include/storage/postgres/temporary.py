"""Rows that one transaction computes once and reads several times, in temporary tables that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import ibis
import ibis.expr.types as ir
import psycopg
from ibis.expr.operations import DatabaseTable, Namespace

NUMBERS = count()
CAN_KEEP = "SELECT has_database_privilege(current_database(), 'TEMP') AND NOT pg_is_in_recovery()"
READ_ONLY = "SAVEPOINT reading; SET TRANSACTION READ ONLY"
SAMPLED = "SET LOCAL default_statistics_target = 10"  # ANALYZE looks at 3,000 rows, which tell how many there are
READS_ON = "RELEASE SAVEPOINT reading"


@dataclass(frozen=True)
class TemporaryTables:
    """Keeps rows in temporary tables of a transaction; between two of them it reads only, as PostgreSQL sees to.

    A transaction that reads only may make no table, but a part of one may read only, up to its savepoint.
    """

    connection: psycopg.Connection
    backend: ibis.BaseBackend

    @classmethod
    def of(cls, connection: psycopg.Connection, backend: ibis.BaseBackend) -> TemporaryTables | None:
        """Let a transaction that has just begun read only, and keep what it computes.

        None where it may keep nothing: on a standby, or without the right to temporary tables.
        """
        (can_keep,) = connection.execute(CAN_KEEP).fetchone() or (False,)
        connection.execute(SAMPLED)
        connection.execute(READ_ONLY if can_keep else "SET TRANSACTION READ ONLY")
        return cls(connection, backend) if can_keep else None

    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows and keep them until the transaction ends; the server then knows how many there are."""
        name, query = f"held_{next(NUMBERS)}", self.backend.compile(rows)
        self._write(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {query}", f"ANALYZE {name}")
        return DatabaseTable(name=name, schema=rows.schema(), source=self.backend, namespace=Namespace()).to_expr()

    def release(self, rows: ir.Table) -> None:
        """Give up rows that are kept."""
        self._write(f"DROP TABLE {rows.op().name}")

    def _write(self, *statements: str) -> None:
        for statement in (READS_ON, *statements, READ_ONLY):
            self.connection.execute(statement)
