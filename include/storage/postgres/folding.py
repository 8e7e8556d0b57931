"""Small letters by Unicode's rules, whatever the locale of the database: in one of locale C `Ä` would stay as it is."""

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


class FoldingCompiler(PostgresCompiler):  # type: ignore[misc]  # Ibis has no types
    """Compiles for PostgreSQL, small letters by a collation."""

    __slots__ = ("collation",)

    def __init__(self, collation: str) -> None:
        super().__init__()
        self.collation = collation

    def visit_Lowercase(self, op: Any, *, arg: sge.Expression) -> sge.Expression:  # noqa: ARG002, N802 - Ibis's names
        """Return the text in small letters."""
        by = sge.to_identifier(self.collation, quoted=True)
        return sge.Lower(this=sge.Collate(this=arg, expression=by))


def fold_letters(backend: ibis.BaseBackend, connection: psycopg.Connection) -> None:
    """Let a backend make letters small by Unicode's rules; without any such collation, by the database's."""
    known = {str(name) for (name,) in connection.execute(KNOWN, [list(COLLATIONS)]).fetchall()}
    collation = next((name for name in COLLATIONS if name in known), None)
    if collation is not None:
        backend.compiler = FoldingCompiler(collation)
