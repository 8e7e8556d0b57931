"""A search within the query engine: expressions of RE2 pick rows, and what is picked is looked at exactly.

Few rows are picked, and only those are seen by functions of Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import duckdb

from include.contracts.quoting import identifier, literal
from include.erasure.search import Search


class Sought:
    """Values that are looked for in columns, as SQL; ``serve`` lets a session know the functions that it names."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self._name = f"sought_{uuid4().hex}"

    def serve(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a session know this search; twice is once."""
        if connection.execute("FROM duckdb_functions() WHERE function_name = $1 LIMIT 1", [self._name]).fetchone():
            return
        connection.create_function(self._name, self.search.is_in, ["VARCHAR"], "BOOLEAN")
        connection.create_function(f"{self._name}_blanked", self.search.blanked, ["VARCHAR"], "VARCHAR")

    def named_in(self, columns: Sequence[str]) -> str:
        """Return the condition that one of the columns holds a value, all looked at together."""
        if not columns or not self.search:
            return "false"
        texts = f"concat_ws(chr(31), {', '.join(map(identifier, columns))})"
        picked = " OR ".join(f"regexp_matches({texts}, {literal(each)}, 'i')" for each in self.search.expressions)
        return f"CASE WHEN {picked} THEN {self._name}({texts}) ELSE false END"

    def blanked(self, column: str) -> str:
        """SQL of a column without the values; it is asked of few rows only."""
        return f"{self._name}_blanked({identifier(column)})"
