"""Builds: all published tables of one version, loaded beside what readers see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from include.contracts import control
from include.contracts.errors import ContractError
from include.contracts.published import COUNTED, PUBLISHED, Counted, Published
from include.contracts.runs import DatasetRef, fingerprint
from include.storage.control.tables import CONTROL
from include.storage.lake import Lake
from include.storage.postgres import bulk, ddl

PREFIX = "build_"
LOADED = "Kindred build, loaded"
AUDITED = "Kindred build, audited"
WORK_MEMORY = "256MB"  # members are looked up in a hash, if it may hold them


@dataclass(frozen=True, slots=True)
class Build:
    """One version of the published tables; its schema's comment says how far it is."""

    version: str
    refs: Mapping[str, DatasetRef]

    @classmethod
    def of(cls, refs: Mapping[str, DatasetRef], *rules: object) -> Build:
        """Name the build of these references; ``rules`` is what else determines its content."""
        chosen = {item.table.name: refs[item.table.name] for item in PUBLISHED if item.table.name in refs}
        return cls(fingerprint({name: ref.version for name, ref in chosen.items()}, *rules), chosen)

    @property
    def schema(self) -> str:
        """Schema that holds its tables."""
        return PREFIX + self.version

    @property
    def tables(self) -> tuple[Published, ...]:
        """The published tables that it has, parents first."""
        return tuple(item for item in PUBLISHED if item.table.name in self.refs)

    @property
    def counted(self) -> tuple[Counted, ...]:
        """The counts that it gets once its rows are final."""
        present = {item.name for item in self.tables}
        return tuple(item for item in COUNTED if item.needs <= present)

    def place(self, name: str) -> str:
        """Return the quoted place of one of its tables."""
        return f'"{self.schema}"."{name}"'


def state(connection: sa.Connection, build: Build) -> str | None:
    """Return LOADED or AUDITED, or None where the build is not there in full."""
    comment = connection.execute(
        sa.text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema"),
        {"schema": build.schema},
    ).scalar()
    return comment if comment in (LOADED, AUDITED) else None


def lock(connection: sa.Connection, build: Build) -> None:
    """Let one process at a time work on the build, until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int(build.version, 16) - 2**63)))


def mark(connection: sa.Connection, build: Build, comment: str) -> None:
    """Note how far the build is."""
    connection.exec_driver_sql(f"COMMENT ON SCHEMA \"{build.schema}\" IS '{comment}'")


def load(connection: sa.Connection, lake: Lake, build: Build) -> None:
    """Load all tables of the build in the caller's transaction; what an earlier attempt left is dropped first.

    Raises ContractError.
    """
    connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{build.schema}" CASCADE')
    connection.exec_driver_sql(f'CREATE SCHEMA "{build.schema}"')
    for item in build.tables:
        ddl.create(connection, item.table, build.schema, item.name)
        rows = bulk.rows_of(lake, build.refs[item.table.name], item.table)
        bulk.copy(connection, rows, build.schema, item.name, freeze=True)
        connection.exec_driver_sql(f"ANALYZE {build.place(item.name)}")
    mark(connection, build, LOADED)


def seal(connection: sa.Connection, build: Build) -> None:
    """Let PostgreSQL itself enforce the declarations from here on, and count what it counts; it may be published.

    Raises ContractError.
    """
    for item in build.tables:
        try:
            ddl.seal(connection, item.table, build.schema, item.name, item.lookups)
        except IntegrityError as error:  # its text would quote the row
            rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or type(error.orig).__name__
            raise ContractError(f"{item.name} breaks its declaration ({rule}). Nothing was published.") from None
    _count(connection, build)
    mark(connection, build, AUDITED)


def _count(connection: sa.Connection, build: Build) -> None:
    connection.exec_driver_sql(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
    places = {item.name: build.place(item.name) for item in build.tables}
    for item in build.counted:
        ddl.create(connection, item.table, build.schema, item.name)
        names = ", ".join(f'"{name}"' for name in item.table.names)
        order = ", ".join(f'"{name}"' for name in item.table.key)
        rows = f"SELECT {names} FROM ({item.sql(places)}) AS counted ORDER BY {order}"
        connection.exec_driver_sql(f"INSERT INTO {build.place(item.name)} ({names}) {rows}")
        ddl.seal(connection, item.table, build.schema, item.name)


def sync_quarantine(connection: sa.Connection, lake: Lake, ref: DatasetRef) -> None:
    """Let the quarantine hold exactly what extract and stage have set aside now, beside what audits did."""
    connection.exec_driver_sql(f"CREATE TEMP TABLE incoming (LIKE {CONTROL}.quarantine) ON COMMIT DROP")
    bulk.copy(connection, bulk.rows_of(lake, ref, control.QUARANTINE), "", "incoming", freeze=False)
    connection.exec_driver_sql(
        f"DELETE FROM {CONTROL}.quarantine kept WHERE stage <> 'audit' "
        "AND NOT EXISTS (SELECT FROM incoming WHERE incoming.quarantine_id = kept.quarantine_id)"
    )
    connection.exec_driver_sql(f"INSERT INTO {CONTROL}.quarantine TABLE incoming ON CONFLICT DO NOTHING")


def counts(connection: sa.Connection, build: Build) -> dict[str, int]:
    """Return the rows of each of its tables."""
    query = " UNION ALL ".join(f"SELECT '{item.name}', count(*) FROM {build.place(item.name)}" for item in build.tables)
    return {name: rows for name, rows in connection.exec_driver_sql(query)} if query else {}
