"""PostgreSQL as Ibis expressions are compiled for it, beyond what Ibis does itself."""

from __future__ import annotations

from typing import Any

import ibis
import psycopg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler

COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu")  # one letter for one, as DuckDB has it, but for the last
KNOWN = """
    SELECT collname FROM pg_collation, pg_database
    WHERE datname = current_database() AND collencoding IN (-1, encoding) AND collname = ANY(%s)
"""


class Compiler(PostgresCompiler):  # type: ignore[misc]  # Ibis has no types
    """Makes letters small by Unicode's rules, whatever the locale of the database, and knows the first of a group.

    In a database of locale C, `Ä` would stay as it is. Without any such collation the database's own rules hold.
    """

    __slots__ = ("collation",)

    def __init__(self, collation: str | None) -> None:
        super().__init__()
        self.collation = collation

    def visit_Lowercase(self, op: Any, *, arg: sge.Expression) -> sge.Expression:  # noqa: ARG002, N802 - Ibis's names
        """Return the text in small letters."""
        if self.collation is not None:
            arg = sge.Collate(this=arg, expression=sge.to_identifier(self.collation, quoted=True))
        return sge.Lower(this=arg)

    def visit_First(self, op: Any, **parts: Any) -> sge.Expression:  # noqa: N802 - Ibis's name
        """Return the first value that is not null, of which Ibis takes PostgreSQL to have a function."""
        return sge.paren(self.visit_ArrayCollect(op, distinct=False, **parts), copy=False)[0]


def teach(backend: ibis.BaseBackend, connection: psycopg.Connection) -> None:
    """Let a backend compile so."""
    known = {str(name) for (name,) in connection.execute(KNOWN, [list(COLLATIONS)]).fetchall()}
    backend.compiler = Compiler(next((name for name in COLLATIONS if name in known), None))
