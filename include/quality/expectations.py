"""What is expected of a build: derived from the tables' declarations and references, and from ``quality.yaml``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.published import PLACE, PUBLISHED, Published
from include.contracts.tables import Table
from include.quality.settings import Level, Rules, TableRules
from include.storage.postgres.build import Build

REASONS: Mapping[str, str] = {
    "not_null": "A required value is missing",
    "allowed_values": "A value is none of the declared ones",
    "range": "A value is outside its declared range",
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation of one table: a Great Expectations class with its arguments, and what a failure means.

    ``faults`` gives, by column, the SQL condition that a faulty row fulfils; every expectation of level row has some.
    """

    table: str
    name: str
    level: Level
    kind: str
    reason: str
    column: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def expectations(build: Build, rules: Rules, published: Mapping[str, int]) -> list[Expectation]:
    """Return all expectations of the build; ``published`` is how many rows readers have of each table now."""
    found: list[Expectation] = []
    for item in build.tables:
        own = rules.tables.get(item.name, TableRules())
        found += _declared(item)
        found += _references(build, item)
        found += _volume(item, own.least_share_of_published, published)
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
    for rule, faults in _declared_faults(item.table).items():
        if faults:
            yield _of_rows(item.name, rule, "row", f"{REASONS[rule]}: {', '.join(faults)}.", faults)


def _declared_faults(table: Table) -> dict[str, dict[str, str]]:
    """Return by rule, and by column, the condition of a row that breaks it.

    One expectation a rule, not one a column: Great Expectations takes 17 ms for each.
    """
    found: dict[str, dict[str, str]] = {rule: {} for rule in REASONS}
    for column in table.columns:
        for kept in table.constraints(column):
            known = found[kept.rule].get(column.name)
            found[kept.rule][column.name] = f"{known} OR {kept.fault}" if known else kept.fault
    return found


def _of_rows(table: str, name: str, level: Level, reason: str, faults: Mapping[str, str]) -> Expectation:
    query = "SELECT 1 FROM {batch} WHERE " + _escaped(" OR ".join(f"({fault})" for fault in faults.values()))
    column = next(iter(faults)) if len(faults) == 1 else ""
    return Expectation(
        table, name, level, "UnexpectedRowsExpectation", reason, column, {"unexpected_rows_query": query}, faults
    )


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


def _volume(item: Published, share: float | None, published: Mapping[str, int]) -> Iterator[Expectation]:
    rows = published.get(item.name)
    if rows and share:
        yield Expectation(
            item.name, "enough_rows", "table", "ExpectTableRowCountToBeBetween",
            f"There are fewer than {share:.0%} of the rows that readers have now; "
            "where that is meant, lower least_share_of_published in quality.yaml.",
            arguments={"min_value": math.ceil(rows * share)},
        )  # fmt: skip


def _configured(build: Build, table: str, rules: TableRules) -> Iterator[Expectation]:
    for null in rules.nulls:
        yield Expectation(
            table, "filled", null.level, "ExpectColumnProportionOfNonNullValuesToBeBetween",
            f"More than {null.most:.0%} of the rows have no value.", null.column,
            {"column": null.column, "min_value": round(1 - null.most, 6)},
        )  # fmt: skip
    for row in rules.rows:
        yield _of_rows(table, row.name, row.level, row.reason, {row.column: row.faulty})
    for rule in rules.queries:
        if not _absent(build, rule.faulty):
            yield Expectation(
                table, rule.name, rule.level, "UnexpectedRowsExpectation", rule.reason,
                arguments={"unexpected_rows_query": place_tables(build, rule.faulty)},
            )  # fmt: skip


def place_tables(build: Build, sql: str) -> str:
    """Put the build's tables where the SQL says ``{name}``."""
    return PLACE.sub(lambda found: build.place(found.group(1)), sql)


def _absent(build: Build, sql: str) -> set[str]:
    """Return the published tables that the query names and the build lacks; raises ConfigurationError."""
    known = {item.name for item in PUBLISHED}
    named = set(PLACE.findall(sql))
    for name in sorted(named - known):
        raise ConfigurationError(f"A query in quality.yaml names {{{name}}}, no published table{nearest(name, known)}.")
    return named - {item.name for item in build.tables}


def _escaped(sql: str) -> str:
    return sql.replace("{", "{{").replace("}", "}}")


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
