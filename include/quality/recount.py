"""Recounting: published counts are of published rows, also after rows were set aside.

The history of sizes stays as the run found it: it is compared with other days, whose faults are not today's.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import COVERAGE, GRID, GRID_DIMENSIONS, NOT_KNOWN, UNKNOWN
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import LEVELS, SEGMENT, SEGMENT_MEMBERSHIP
from include.storage.postgres.build import Build


def removed_from(table: str) -> str:
    """Return the temporary table that remembers what was removed from a table: ``id``, the first column of its key."""
    return f'"gone_{table}"'


def recount(connection: sa.Connection, build: Build, removed: Collection[str]) -> None:
    """Count anew what stands on the tables that rows were removed from, in the caller's transaction."""
    if SEGMENT_MEMBERSHIP.name in removed:
        _count_members(connection, build)
    if CUSTOMER_360.name in removed and GRID.name in build.refs:
        _count_cells(connection, build)
    if CUSTOMER_360.name in removed and COVERAGE.name in build.refs:
        _count_families(connection, build)
    if PROFILE.name in removed and ACCOUNT.name in build.refs:
        _count_people(connection, build)


def _count_members(connection: sa.Connection, build: Build) -> None:
    """Take the members that went out of their segments' sizes and shares, and tell how many they were."""
    population = " ".join(
        f"WHEN '{level}' THEN (SELECT count(*) FROM {build.place(measured.name)})"
        for level, measured in zip(LEVELS, (CUSTOMER_360, ACCOUNT_360), strict=True)
    )
    query = f"""
        UPDATE {build.place(SEGMENT.name)} segment SET
            size = size - members, set_aside = set_aside + members,
            share = coalesce((size - members)::float8 / nullif(CASE level {population} END, 0), 0)
        FROM (SELECT id, count(*) AS members FROM {removed_from(SEGMENT_MEMBERSHIP.name)} GROUP BY id) gone
        WHERE gone.id = segment.segment_key"""
    connection.exec_driver_sql(query)


def _count_cells(connection: sa.Connection, build: Build) -> None:
    same = " AND ".join(f"counted.{name} = grid.{name}" for name in GRID_DIMENSIONS)
    within = " AND ".join(f"grid.{name} = coalesce(c.{name}, '{NOT_KNOWN}')" for name in GRID_DIMENSIONS)
    each = ", ".join(f"grid.{name}" for name in GRID_DIMENSIONS)
    customers, grid = build.place(CUSTOMER_360.name), build.place(GRID.name)
    query = f"""
        UPDATE {grid} grid SET profiles = people,
            share = coalesce(people::float8 / nullif((SELECT count(*) FROM {customers}), 0), 0)
        FROM (
            SELECT {each}, count(c.profile_id) AS people FROM {grid} grid LEFT JOIN {customers} c ON {within}
            GROUP BY {each}
        ) counted
        WHERE {same}"""
    connection.exec_driver_sql(query)


def _count_families(connection: sa.Connection, build: Build) -> None:
    for family, (column, unknown) in UNKNOWN.items():
        query = f"""
            UPDATE {build.place(COVERAGE.name)} SET profiles = known,
                share = coalesce(known::float8 / nullif(everybody, 0), 0)
            FROM (
                SELECT count(*) AS everybody,
                    count(*) FILTER (WHERE "{column}" IS NOT NULL AND "{column}" IS DISTINCT FROM :unknown) AS known
                FROM {build.place(CUSTOMER_360.name)}
            ) counted
            WHERE family = :family"""
        connection.execute(sa.text(query), {"family": family, "unknown": unknown})


def _count_people(connection: sa.Connection, build: Build) -> None:
    account = build.place(ACCOUNT.name)
    query = f"""
        UPDATE {account} account SET people = counted.people
        FROM (
            SELECT a.account_id, count(p.profile_id) AS people
            FROM {account} a LEFT JOIN {build.place(PROFILE.name)} p USING (account_id) GROUP BY a.account_id
        ) counted
        WHERE counted.account_id = account.account_id AND counted.people <> account.people"""
    connection.exec_driver_sql(query)
