"""Functions of text and of numbers that Spark has otherwise: DuckDB's own, run in its tasks on batches of a column.

What a letter's lower case is, what a pattern finds, how JSON is read and written, which text is a number, and the last
digit of a cosine differ from engine to engine. So where a measure asks for one of these, a task asks DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PREFIX = "duckdb_"  # of their names in Spark
TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(), "double": pa.float64(), "boolean": pa.bool_(), "bigint": pa.int64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"), "array<string>": pa.list_(pa.string()),
}  # fmt: skip
BORROWED: Mapping[str, tuple[str, str]] = {
    "lower": ("lower({})", "string"),
    "regexp_matches": ("regexp_matches({}, {}, 's')", "boolean"),
    "regexp_replace": ("regexp_replace({}, {}, {}, 'g')", "string"),
    "json_extract_string": ("json_extract_string({}, {})", "string"),
    "json_keys": ("json_keys({})", "array<string>"),
    "to_json": ("CAST({} AS JSON)::VARCHAR", "string"),
    "jaro_winkler_similarity": ("jaro_winkler_similarity({}, {})", "double"),
    "sin": ("sin({})", "double"),
    "cos": ("cos({})", "double"),
    "atan": ("atan({})", "double"),
    "pow": ("pow({}::DOUBLE, {}::DOUBLE)", "double"),
    "to_bigint": ("TRY_CAST({} AS BIGINT)", "bigint"),
    "to_double": ("TRY_CAST({} AS DOUBLE)", "double"),
    "to_boolean": ("TRY_CAST({} AS BOOLEAN)", "boolean"),
    "to_date": ("TRY_CAST({} AS DATE)", "date"),
    "to_timestamp": ("TRY_CAST({} AS TIMESTAMPTZ)", "timestamp"),
}
"""By name, DuckDB's expression of the arguments, and the type of what it gives."""


def register(session: SparkSession) -> None:
    """Let the session's SQL call them, by their name behind PREFIX."""
    from pyspark.sql.functions import arrow_udf  # noqa: PLC0415  where Spark is not used, it may not be installed

    for name, (_, returns) in BORROWED.items():
        session.udf.register(f"{PREFIX}{name}", arrow_udf(_function(name), returns))


def _function(name: str) -> Callable[..., pa.Array]:
    """The function on columns of a batch."""

    def of_batch(*columns: pa.Array) -> pa.Array:
        return called(name, *columns)

    return of_batch


def called(name: str, *columns: pa.Array) -> pa.Array:
    """The function's values of a batch."""
    expression, returns = BORROWED[name]
    names = [f"_{n}" for n in range(len(columns))]
    batch = pa.table(dict(zip(names, columns, strict=True)))
    found = _connection().from_arrow(batch).project(expression.format(*names)).to_arrow_table()
    return found.column(0).cast(TYPES[returns]).combine_chunks()


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """A task's own DuckDB."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'").complete()
    return connection
