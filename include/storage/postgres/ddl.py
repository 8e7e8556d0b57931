"""PostgreSQL relations, derived from the tables' declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    columns = [_column(table, column) for column in table.columns]
    checks = [sa.CheckConstraint(kept.holds) for column in table.columns for kept in column.constraints]
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


def seal(
    connection: sa.Connection, table: Table, schema: str, name: str, lookups: Sequence[str | tuple[str, ...]] = ()
) -> None:
    """Add key, NOT NULL and checks to a filled relation, in one pass over it, and an index for each of ``lookups``."""
    quote = connection.dialect.identifier_preparer.quote
    required = [c for c in table.columns if table.requires(c)]
    clauses = [f"ALTER COLUMN {quote(c.name)} SET NOT NULL" for c in required]
    clauses += [f"ADD CHECK ({kept.holds})" for column in table.columns for kept in column.constraints]
    clauses.append(f"ADD PRIMARY KEY ({', '.join(quote(key) for key in table.key)})")
    place = f"{quote(schema)}.{quote(name)}"
    connection.exec_driver_sql(f"ALTER TABLE {place} {', '.join(clauses)}".replace("%", "%%"))
    for lookup in lookups:
        columns = (lookup,) if isinstance(lookup, str) else lookup
        connection.exec_driver_sql(f"CREATE INDEX ON {place} ({', '.join(map(quote, columns))})")


def _column(table: Table, column: Column) -> sa.Column[Any]:
    return sa.Column(
        column.name,
        TYPES[column.type],
        primary_key=column.name in table.key,
        autoincrement=False,
        nullable=not table.requires(column),
        comment=column.description,
    )
