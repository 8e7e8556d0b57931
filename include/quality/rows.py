"""Setting aside the rows of a build that break a row-level expectation, with all that depends on them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from include.contracts.published import Published
from include.contracts.tables import Column, Type
from include.quality.expectations import Expectation, place_tables
from include.quality.recount import recount, removed_from
from include.storage.control.tables import CONTROL
from include.storage.postgres.build import Build


def set_aside(connection: sa.Connection, build: Build, broken: Sequence[Expectation]) -> dict[str, int]:
    """Move faulty rows of the build to the quarantine, in the caller's transaction; returns rows removed by table.

    A dependent row goes too; where the reference may be empty, it is emptied. Counts of what went are made anew.
    """
    removed: dict[str, int] = {}
    for item in build.tables:
        mine = [expectation for expectation in broken if expectation.table == item.name]
        for expectation in mine:
            for column in expectation.faults:
                _quarantine(connection, build, item, expectation, column)
        conditions = [f"({fault})" for expectation in mine for fault in expectation.faults.values()]
        conditions += _follow(connection, build, item, set(removed))
        if conditions:
            count = _remove(connection, build, item, " OR ".join(conditions))
            removed.update({item.name: count} if count else {})
    recount(connection, build, removed)
    return removed


def _quarantine(
    connection: sa.Connection, build: Build, item: Published, expectation: Expectation, column: str
) -> None:
    """Note each faulty row by its key; columns of the key that hold personal values are left out."""
    shown = [f'"{key}"' for key in item.table.key if not item.table.column(key).personal]
    whole = ", ".join(f'"{key}"' for key in item.table.key)
    kind = _value_class(item.table.column(column))
    query = f"""
        INSERT INTO {CONTROL}.quarantine
            (quarantine_id, source, object, source_key, stage, rule, "column", value_class, reason, load_id)
        SELECT
            encode(sha256(convert_to(:version || :name || :rule || :column || concat_ws('|', {whole}), 'UTF8')), 'hex'),
            'warehouse', :name, concat_ws('|', {", ".join(shown)}), 'audit', :rule, :column, {kind},
            :reason, :version
        FROM {build.place(item.name)} WHERE {_literal(expectation.faults[column])}
        ON CONFLICT DO NOTHING"""
    facts = {
        "version": build.version, "name": item.name, "rule": expectation.name,
        "column": column, "reason": expectation.reason,
    }  # fmt: skip
    connection.execute(sa.text(query), facts)


def _follow(connection: sa.Connection, build: Build, item: Published, gone: set[str]) -> list[str]:
    """Empty the optional references to rows that are gone; return the conditions of rows that must go as well."""
    conditions = []
    for reference in item.references:
        if reference.parent not in gone:
            continue
        dangling = f'"{reference.column}" IN (SELECT id FROM {removed_from(reference.parent)})'
        if reference.where:
            dangling += f" AND {place_tables(build, reference.where)}"
        if reference.optional:
            connection.execute(
                sa.text(f'UPDATE {build.place(item.name)} SET "{reference.column}" = NULL WHERE {dangling}')
            )
        else:
            conditions.append(f"({dangling})")
    return conditions


def _remove(connection: sa.Connection, build: Build, item: Published, condition: str) -> int:
    """Delete the rows and remember the first column of their keys for those that refer to them."""
    connection.exec_driver_sql(f"CREATE TEMP TABLE {removed_from(item.name)} (id text) ON COMMIT DROP")
    query = f"""
        WITH deleted AS (DELETE FROM {build.place(item.name)} WHERE {_literal(condition)} RETURNING *)
        INSERT INTO {removed_from(item.name)} SELECT "{item.table.key[0]}" FROM deleted"""
    return int(connection.execute(sa.text(query)).rowcount)


def _literal(sql: str) -> str:
    """Keep colons of the SQL from being read as parameters."""
    return sql.replace(":", "\\:")


def _value_class(column: Column) -> str:
    """Return a SQL expression that says what kind of value a column holds, without the value."""
    name = f'"{column.name}"'
    filled = {
        Type.INTEGER: f"CASE WHEN {name} < 0 THEN 'negative' ELSE 'number' END",
        Type.NUMBER: f"CASE WHEN {name} < 0 THEN 'negative' ELSE 'number' END",
    }.get(column.type, f"'{column.type.value}'")
    return f"CASE WHEN {name} IS NULL THEN 'empty' ELSE {filled} END"
