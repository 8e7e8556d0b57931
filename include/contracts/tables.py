"""How a table is declared: once, as columns with type, description and constraints.

Parquet schemas, PostgreSQL DDL, audits and documentation are all derived from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from include.contracts.quoting import literal

if TYPE_CHECKING:  # DAGs read declarations while they are parsed, and pyarrow takes long to import
    import pyarrow as pa


class Type(Enum):
    """A column's logical type."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # UTC, microseconds
    JSON = "json"  # text in the lake, jsonb in the warehouse


@cache
def arrow_type(kind: Type) -> pa.DataType:
    """Return the Arrow type of a logical type."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    return {
        Type.TEXT: pa.string(),
        Type.INTEGER: pa.int64(),
        Type.NUMBER: pa.float64(),
        Type.BOOLEAN: pa.bool_(),
        Type.DATE: pa.date32(),
        Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
        Type.JSON: pa.string(),
    }[kind]


MASK = "***"
"""What stands in the place of a personal value."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a column's values keep to. ``holds`` is SQL that both engines read; where it is null, nothing is broken."""

    rule: str  # not_null, allowed_values or range
    says: str
    holds: str

    @property
    def fault(self) -> str:
        """The SQL condition of a row that breaks it."""
        return f"NOT ({self.holds})"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it means, and what its values may be."""

    name: str
    type: Type
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    personal: bool = False  # its values never appear in logs, messages, XCom or snapshots

    def told(self, value: Any) -> Any:
        """Return a value as it may be told: a personal one is masked, unless it is unknown."""
        return MASK if self.personal and value is not None else value

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """What its values keep to, whether or not one is required; the only place that knows."""
        name = f'"{self.name}"'
        found: list[Constraint] = []
        if self.allowed:
            values = ", ".join(map(literal, self.allowed))
            found.append(Constraint("allowed_values", "allowed values", f"{name} IN ({values})"))
        if self.minimum is not None:
            found.append(Constraint("range", f"at least {self.minimum:g}", f"{name} >= {self.minimum!r}"))
        if self.maximum is not None:
            found.append(Constraint("range", f"at most {self.maximum:g}", f"{name} <= {self.maximum!r}"))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: ``grain`` says what a row is, ``key`` what makes it unique.

    ``order`` are columns by which rows are written before the key, where readers ask for those that belong together.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        repeated = {name for name in names if names.count(name) > 1}
        unknown = {*self.key, *self.order} - set(names)
        if repeated or unknown:
            raise ValueError(f"table {self.name}: repeated columns {repeated}, unknown columns {unknown}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called ``name``; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def constraints(self, column: Column) -> tuple[Constraint, ...]:
        """What the values of one of its columns keep to; those of the key are never null."""
        present = Constraint("not_null", "not null", f'"{column.name}" IS NOT NULL')
        return (present, *column.constraints) if self.requires(column) else column.constraints

    def requires(self, column: Column) -> bool:
        """Tell whether every row has a value of the column."""
        return column.required or column.name in self.key

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; columns that are required or in the key are not nullable."""
        import pyarrow as pa  # noqa: PLC0415 - see above

        return pa.schema(pa.field(c.name, arrow_type(c.type), nullable=not self.requires(c)) for c in self.columns)


def text(name: str, description: str, **constraints: object) -> Column:
    """A text column."""
    return Column(name, Type.TEXT, description, **constraints)  # type: ignore[arg-type]


def integer(name: str, description: str, **constraints: object) -> Column:
    """A 64-bit integer column."""
    return Column(name, Type.INTEGER, description, **constraints)  # type: ignore[arg-type]


def count(name: str, description: str) -> Column:
    """An integer column that counts: never null, never negative."""
    return integer(name, description, required=True, minimum=0)


def number(name: str, description: str, **constraints: object) -> Column:
    """A double precision column."""
    return Column(name, Type.NUMBER, description, **constraints)  # type: ignore[arg-type]


def boolean(name: str, description: str, **constraints: object) -> Column:
    """A true/false column."""
    return Column(name, Type.BOOLEAN, description, **constraints)  # type: ignore[arg-type]


def date(name: str, description: str, **constraints: object) -> Column:
    """A calendar date column."""
    return Column(name, Type.DATE, description, **constraints)  # type: ignore[arg-type]


def timestamp(name: str, description: str, **constraints: object) -> Column:
    """A UTC timestamp column."""
    return Column(name, Type.TIMESTAMP, description, **constraints)  # type: ignore[arg-type]


def json(name: str, description: str, **constraints: object) -> Column:
    """A JSON column."""
    return Column(name, Type.JSON, description, **constraints)  # type: ignore[arg-type]
