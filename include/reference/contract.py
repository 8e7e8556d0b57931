"""The data contract, from the declarations: what readers of the warehouse may rely on.

By the Open Data Contract Standard 3.1 (https://bitol-io.github.io/open-data-contract-standard/).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.published import PUBLISHED, Published, Reference
from include.contracts.runs import fingerprint
from include.contracts.tables import Column, Type
from include.storage.postgres.warehouse import READERS

PURPOSE = (
    "One profile a person and an account, what was measured of them, segments and reports; as of each logical date."
)
LOGICAL: Mapping[Type, tuple[str, str]] = MappingProxyType(  # logical type, and PostgreSQL's
    {
        Type.TEXT: ("string", "text"),
        Type.INTEGER: ("integer", "bigint"),
        Type.NUMBER: ("number", "double precision"),
        Type.BOOLEAN: ("boolean", "boolean"),
        Type.DATE: ("date", "date"),
        Type.TIMESTAMP: ("timestamp", "timestamp with time zone"),
        Type.JSON: ("object", "jsonb"),
    }
)


def contract(tables: Collection[str] = ()) -> dict[str, Any]:
    """Return the contract of the published tables, of all where none is named.

    Its version follows from what it says of them. Raises ConfigurationError.
    """
    known = {published.name: published for published in PUBLISHED}
    for name in tables:
        if name not in known:
            raise ConfigurationError(f"There is no published table {name!r}{nearest(name, known)}.")
    schema = [_table(published) for name, published in known.items() if not tables or name in tables]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "kindred.customers",
        "name": "Kindred's published tables",
        "version": fingerprint(schema),
        "status": "active",
        "domain": "customers",
        "description": {
            "purpose": PURPOSE,
            "usage": f"Read the views of the schema {READERS}; all of them change in one transaction.",
            "limitations": "Columns of the class personal are for whoever may see them; consent holds.",
        },
        "servers": [
            {"server": "warehouse", "type": "postgresql", "host": "localhost", "port": 5432,
             "database": "warehouse", "schema": READERS},
        ],
        "schema": schema,
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d", "description": "One build after each night's sources"},
            {"property": "retention", "value": "retention.yaml", "description": "How long versions stay"},
        ],
    }  # fmt: skip


def render(tables: Collection[str] = ()) -> str:
    """Return the contract as YAML. Raises ConfigurationError."""
    return yaml.safe_dump(contract(tables), sort_keys=False, allow_unicode=True, width=120)


def _table(published: Published) -> dict[str, Any]:
    table = published.table
    return {
        "name": published.name,
        "physicalName": published.name,
        "physicalType": "view",
        "logicalType": "object",
        "dataGranularityDescription": table.grain,
        "properties": [_column(published, column) for column in table.columns],
    }


def _column(published: Published, column: Column) -> dict[str, Any]:
    logical, physical = LOGICAL[column.type]
    told: dict[str, Any] = {
        "name": column.name, "logicalType": logical, "physicalType": physical, "description": column.description,
        "required": published.table.requires(column),
    }  # fmt: skip
    if column.name in published.table.key:
        told |= {"primaryKey": True, "primaryKeyPosition": published.table.key.index(column.name) + 1}
    if column.personal:
        told["classification"] = "personal"
    if bounds := {name: value for name in ("minimum", "maximum") if (value := getattr(column, name)) is not None}:
        told["logicalTypeOptions"] = bounds
    if column.allowed:
        told["quality"] = [_allowed(column)]
    if relations := [*_relations(published, column)]:
        told["relationships"] = relations
    return told


def _allowed(column: Column) -> dict[str, Any]:
    return {
        "type": "library", "metric": "invalidValues", "mustBe": 0, "dimension": "conformity",
        "arguments": {"validValues": [*column.allowed]},
    }  # fmt: skip


def _relations(published: Published, column: Column) -> Iterator[dict[str, Any]]:
    """What a column always leads to; one that may name what is gone, or leads elsewhere by row, promises nothing."""
    for reference in published.references:
        if reference.column == column.name and not reference.past and not reference.where:
            yield {"type": "foreignKey", "to": f"{reference.parent}.{_key_of(reference)}"}


def _key_of(reference: Reference) -> str:
    (parent,) = (published.table for published in PUBLISHED if published.name == reference.parent)
    return parent.key[0]
