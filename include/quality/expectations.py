"""What is expected of a build: derived from the tables' declarations and references, and from ``quality.yaml``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.published import PUBLISHED, Published
from include.contracts.tables import Column
from include.quality.rules import Level, Rules, TableRules
from include.storage.build import Build

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation of one table: a Great Expectations class with its arguments, and what a failure means.

    ``faulty`` is the SQL condition that a faulty row fulfils; every expectation of level row has one.
    """

    table: str
    name: str
    level: Level
    kind: str
    reason: str
    column: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    faulty: str = ""


def expectations(build: Build, rules: Rules, published: Mapping[str, int]) -> list[Expectation]:
    """Return all expectations of the build; ``published`` is how many rows readers have of each table now."""
    found: list[Expectation] = []
    for item in build.tables:
        own = rules.tables.get(item.name, TableRules())
        found += _declared(item)
        found += _references(build, item)
        found += _volume(item, own.least_share_of_published or rules.least_share_of_published, published)
        found += _configured(build, item.name, own)
    return found


def _declared(item: Published) -> Iterator[Expectation]:
    key = ", ".join(item.table.key)
    yield Expectation(
        item.name, "columns", "table", "ExpectTableColumnsToMatchSet", "The columns are not the declared ones.",
        arguments={"column_set": list(item.table.names), "exact_match": True},
    )  # fmt: skip
    repeated = f"SELECT 1 FROM {{batch}} GROUP BY {_quoted(item.table.key)} HAVING count(*) > 1"
    yield Expectation(
        item.name, "unique_key", "table", "UnexpectedRowsExpectation", f"Two rows have the same {key}.",
        arguments={"unexpected_rows_query": repeated},
    )  # fmt: skip
    for column in item.table.columns:
        yield from _of_column(item.name, column, required=column.required or column.name in item.table.key)


def _of_column(table: str, column: Column, *, required: bool) -> Iterator[Expectation]:
    name = f'"{column.name}"'
    if required:
        yield Expectation(
            table, "not_null", "row", "ExpectColumnValuesToNotBeNull", "A required value is missing.", column.name,
            {"column": column.name}, f"{name} IS NULL",
        )  # fmt: skip
    if column.allowed:
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in column.allowed)
        yield Expectation(
            table, "allowed_values", "row", "ExpectColumnValuesToBeInSet", "The value is none of the declared ones.",
            column.name, {"column": column.name, "value_set": list(column.allowed)}, f"{name} NOT IN ({values})",
        )  # fmt: skip
    if column.minimum is not None or column.maximum is not None:
        low = [] if column.minimum is None else [f"{name} < {column.minimum!r}"]
        high = [] if column.maximum is None else [f"{name} > {column.maximum!r}"]
        limits = {"min_value": column.minimum, "max_value": column.maximum}
        yield Expectation(
            table, "range", "row", "ExpectColumnValuesToBeBetween", "The value is outside its declared range.",
            column.name, {"column": column.name, **limits}, " OR ".join(low + high),
        )  # fmt: skip


def _references(build: Build, item: Published) -> Iterator[Expectation]:
    present = {parent.name: parent for parent in build.tables}
    for reference in item.references:
        if reference.past or reference.parent not in present:
            continue
        parent = present[reference.parent]
        condition = f" AND {place_tables(build, reference.where)}" if reference.where else ""
        query = (
            f'SELECT 1 FROM {{batch}} WHERE "{reference.column}" IS NOT NULL{condition} '
            f'AND "{reference.column}" NOT IN (SELECT "{parent.table.key[0]}" FROM {build.place(parent.name)} '
            f'WHERE "{parent.table.key[0]}" IS NOT NULL)'
        )
        yield Expectation(
            item.name, f"refers_to_{parent.name}", "table", "UnexpectedRowsExpectation",
            f"A row refers to no {parent.name}.", reference.column, {"unexpected_rows_query": query},
        )  # fmt: skip


def _volume(item: Published, share: float, published: Mapping[str, int]) -> Iterator[Expectation]:
    rows = published.get(item.name)
    if rows:
        yield Expectation(
            item.name, "enough_rows", "table", "ExpectTableRowCountToBeBetween",
            f"There are fewer than {share:.0%} of the rows that readers have now.",
            arguments={"min_value": math.ceil(rows * share)},
        )  # fmt: skip


def _configured(build: Build, table: str, rules: TableRules) -> Iterator[Expectation]:
    for null in rules.nulls:
        yield Expectation(
            table, "filled", null.level, "ExpectColumnProportionOfNonNullValuesToBeBetween",
            f"More than {null.most:.0%} of the rows have no value.", null.column,
            {"column": null.column, "min_value": 1 - null.most},
        )  # fmt: skip
    for row in rules.rows:
        query = f"SELECT 1 FROM {{batch}} WHERE {_escaped(row.faulty)}"
        yield Expectation(
            table, row.name, row.level, "UnexpectedRowsExpectation", row.reason, row.column,
            {"unexpected_rows_query": query}, row.faulty,
        )  # fmt: skip
    for rule in rules.queries:
        if not _absent(build, rule.faulty):
            yield Expectation(
                table, rule.name, rule.level, "UnexpectedRowsExpectation", rule.reason,
                arguments={"unexpected_rows_query": place_tables(build, rule.faulty)},
            )  # fmt: skip


def place_tables(build: Build, sql: str) -> str:
    """Put the build's tables where the SQL says ``{name}``."""
    return _PLACE.sub(lambda found: build.place(found.group(1)), sql)


def _absent(build: Build, sql: str) -> set[str]:
    """Return the published tables that the query names and the build lacks; raises ConfigurationError."""
    known = {item.name for item in PUBLISHED}
    named = set(_PLACE.findall(sql))
    for name in sorted(named - known):
        raise ConfigurationError(f"A query in quality.yaml names {{{name}}}, no published table{nearest(name, known)}.")
    return named - {item.name for item in build.tables}


def _escaped(sql: str) -> str:
    return sql.replace("{", "{{").replace("}", "}}")


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
