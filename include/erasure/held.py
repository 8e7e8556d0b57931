"""Which rows of PostgreSQL hold a value: tables are read by ranges of pages, and looked at as files are.

The server only hands out its text, a few pages at a time, each row after its place; so a table is looked at for a
hundred people as quickly as for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from include.erasure.bytewise import in_batches, picked
from include.erasure.search import Search

PAGES = 2  # of a table, that are looked at together
RANGE = 512  # pages that are asked for at once
_SEPARATOR = b"\x1f"
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> ''
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
  AND (t.typcategory IN ('S', 'U', 'C', 'X') OR (t.typcategory = 'A' AND e.typcategory IN ('S', 'U', 'C')))
  AND t.typname <> 'uuid' AND has_table_privilege(c.oid, 'SELECT') AND (%(all)s OR n.nspname = ANY(%(schemas)s))
ORDER BY 1, 2, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that can hold text."""

    schema: str
    table: str
    name: str
    type: str
    is_generated: bool = False

    @property
    def place(self) -> sql.Identifier:
        """Its table, in a statement that is given values."""
        return named(self.schema, self.table)

    @property
    def identifier(self) -> sql.Identifier:
        """Its name, likewise."""
        return named(self.name)

    @property
    def is_bytes(self) -> bool:
        """Whether it holds bytes."""
        return self.type == "bytea"

    @property
    def is_json(self) -> bool:
        """Whether what it holds has to stay JSON."""
        return self.type in ("json", "jsonb")

    @property
    def text(self) -> sql.Composable:
        """SQL of its value as text."""
        return sql.SQL("encode({}, 'escape')" if self.is_bytes else "{}::text").format(self.identifier)


@dataclass(frozen=True)
class Held:
    """The rows of one table that hold a value: what stands in ``columns``, by the place of the row."""

    columns: Sequence[Column]
    rows: Mapping[str, Sequence[Any]]

    @property
    def name(self) -> str:
        """The table, with its schema."""
        return f"{self.columns[0].schema}.{self.columns[0].table}"


def named(*parts: str) -> sql.Identifier:
    """Return a name as a statement spells it that is given values: what marks those is doubled in it."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))


def server(connection: sa.Connection) -> psycopg.Connection[Any]:
    """Return the driver's own connection, which quotes whatever a table is called."""
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver


def columns_of(connection: sa.Connection, schemas: Collection[str] | None) -> list[list[Column]]:
    """Return the columns that can hold text of each table of these schemas, or of all."""
    given = {"all": schemas is None, "schemas": sorted(schemas or [])}
    tables: dict[tuple[str, str], list[Column]] = {}
    for row in server(connection).execute(_COLUMNS, given).fetchall():
        tables.setdefault((row[0], row[1]), []).append(Column(*row))
    return list(tables.values())


def held(
    connection: sa.Connection,
    search: Search,
    schemas: Collection[str] | None = None,
    *,
    but: Collection[tuple[str, str]] = (),
) -> Iterator[Held]:
    """Yield the rows in which a value stands, by table; columns ``but`` for which nothing is looked for."""
    tables = [[column for column in table if (column.table, column.name) not in but]
              for table in (columns_of(connection, schemas) if search else ())]  # fmt: skip
    tables = [table for table in tables if table]
    mark = b"\x1e" + secrets.token_hex(4).encode()
    places: dict[int, set[str]] = {}
    parts = ((number, content) for number, table in enumerate(tables) for content in _read(connection, table, mark))
    for batch in in_batches(parts, itemgetter(1)):
        for at in picked([content for _, content in batch], search.expressions):
            number, content = batch[at]
            rows = (content.rfind(mark, 0, start) + len(mark) for start, _ in search.spans(content))
            places.setdefault(number, set()).update(content[at : content.index(_SEPARATOR, at)].decode() for at in rows)
    for number, those in sorted(places.items()):
        if (found := _exactly(connection, tables[number], those, search)).rows:
            yield found


def _exactly(connection: sa.Connection, columns: Sequence[Column], places: Collection[str], search: Search) -> Held:
    """Read rows by their places, and tell which columns hold a value."""
    selected = sql.SQL(", ").join(column.identifier if column.is_bytes else column.text for column in columns)
    query = sql.SQL("SELECT ctid::text, {} FROM {} WHERE ctid = ANY(%s::tid[])").format(selected, columns[0].place)
    rows = {row[0]: row[1:] for row in server(connection).execute(query, [sorted(places)]).fetchall()}
    where = {place: [n for n, value in enumerate(row) if _holds(search, value)] for place, row in rows.items()}
    holding = sorted({n for found in where.values() for n in found})
    found = {place: [rows[place][n] for n in holding] for place, numbers in where.items() if numbers}
    return Held([columns[n] for n in holding], found)


def _holds(search: Search, value: str | bytes | None) -> bool:
    return any(search.spans(value)) if isinstance(value, bytes) else search.is_in(value)


def _read(connection: sa.Connection, columns: Sequence[Column], mark: bytes) -> Iterable[bytes]:
    query = sql.SQL(
        "SELECT convert_to(said, 'UTF8') FROM generate_series(%(first)s::int, %(last)s::int, {pages}) AS page, "
        "LATERAL (SELECT string_agg({mark} || ctid::text || chr(31) || concat_ws(chr(31), {texts}), '') AS said "
        "FROM {place} WHERE ctid >= format('(%%s,0)', page)::tid AND ctid < format('(%%s,0)', page + {pages})::tid) "
        "AS few WHERE said IS NOT NULL"
    ).format(
        pages=sql.Literal(PAGES),
        mark=sql.Literal(mark.decode()),
        texts=sql.SQL(", ").join(column.text for column in columns),
        place=columns[0].place,
    )
    driver = server(connection)
    size = sql.SQL("SELECT pg_relation_size({}::regclass) / current_setting('block_size')::int").format(
        sql.Literal(columns[0].place.as_string(driver))
    )
    ((pages,),) = driver.execute(size, []).fetchall()
    for first in range(0, pages, RANGE):
        last = min(first + RANGE, pages) - 1
        with driver.cursor(binary=True) as cursor:
            yield from (row[0] for row in cursor.stream(query, {"first": first, "last": last}))
