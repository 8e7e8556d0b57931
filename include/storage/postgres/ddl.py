"""PostgreSQL relations, derived from the tables' declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SetColumnComment, SetTableComment
from sqlalchemy.types import TypeEngine

from include.contracts.tables import Column, Table, Type

TYPES: Mapping[Type, TypeEngine[Any]] = MappingProxyType(
    {
        Type.TEXT: sa.Text(),
        Type.INTEGER: sa.BigInteger(),
        Type.NUMBER: sa.Double(),
        Type.BOOLEAN: sa.Boolean(),
        Type.DATE: sa.Date(),
        Type.TIMESTAMP: sa.DateTime(timezone=True),
        Type.JSON: JSONB(),
    }
)


def relation(table: Table, schema: str, name: str, metadata: sa.MetaData | None = None) -> sa.Table:
    """Return the SQLAlchemy table of a declaration, with key, NOT NULL, checks and comments."""
    columns = [_column(column, is_key=column.name in table.key) for column in table.columns]
    checks = [sa.CheckConstraint(rule) for column in table.columns for rule in checks_of(column)]
    return sa.Table(name, metadata or sa.MetaData(), *columns, *checks, schema=schema, comment=table.grain)


def create(connection: sa.Connection, table: Table, schema: str, name: str) -> None:
    """Create the bare relation: typed columns and comments, ready to be filled fast; :func:`seal` does the rest."""
    bare = sa.Table(
        name, sa.MetaData(), *(sa.Column(c.name, TYPES[c.type], comment=c.description) for c in table.columns),
        schema=schema, comment=table.grain,
    )  # fmt: skip
    comments: list[sa.schema.ExecutableDDLElement] = [
        SetTableComment(bare),
        *(SetColumnComment(column) for column in bare.columns),
    ]
    statements = [str(s.compile(dialect=connection.dialect)) for s in [sa.schema.CreateTable(bare), *comments]]
    connection.exec_driver_sql(";".join(statements).replace("%", "%%"))


def seal(connection: sa.Connection, table: Table, schema: str, name: str, lookups: Sequence[str] = ()) -> None:
    """Add key, NOT NULL and checks to a filled relation, in one pass over it, and an index a column in ``lookups``."""
    quote = connection.dialect.identifier_preparer.quote
    required = [c for c in table.columns if c.required or c.name in table.key]
    clauses = [f"ALTER COLUMN {quote(c.name)} SET NOT NULL" for c in required]
    clauses += [f"ADD CHECK ({rule})" for column in table.columns for rule in checks_of(column)]
    clauses.append(f"ADD PRIMARY KEY ({', '.join(quote(key) for key in table.key)})")
    place = f"{quote(schema)}.{quote(name)}"
    connection.exec_driver_sql(f"ALTER TABLE {place} {', '.join(clauses)}".replace("%", "%%"))
    for column in lookups:
        connection.exec_driver_sql(f"CREATE INDEX ON {place} ({quote(column)})")


def checks_of(column: Column) -> Iterator[str]:
    """Yield a SQL condition for each constraint of the column on its values; null fulfils all."""
    name = f'"{column.name}"'
    if column.allowed:
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in column.allowed)
        yield f"{name} IN ({values})"
    if column.minimum is not None:
        yield f"{name} >= {column.minimum!r}"
    if column.maximum is not None:
        yield f"{name} <= {column.maximum!r}"


def _column(column: Column, *, is_key: bool) -> sa.Column[Any]:
    return sa.Column(
        column.name,
        TYPES[column.type],
        primary_key=is_key,
        autoincrement=False,
        nullable=not (column.required or is_key),
        comment=column.description,
    )
