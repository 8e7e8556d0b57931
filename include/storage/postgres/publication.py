"""Publishing: pointing the views that readers use to another build, all of them in one transaction."""

from __future__ import annotations

import time
from datetime import date

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError

from include.contracts.errors import FatalError, RetryableError
from include.contracts.published import Counted, Published
from include.contracts.quoting import literal
from include.contracts.runs import Run
from include.storage import days
from include.storage.control.tables import CONTROL, PUBLICATION, STAGE_RUN
from include.storage.postgres.build import AUDITED, LOADED, PREFIX, Build, state
from include.storage.postgres.warehouse import READERS, Warehouse

READER_ROLE = "kindred_reader"
PUBLISH_LOCK = 4_957_342
LOCK_TIMEOUT = "500ms"  # below PostgreSQL's deadlock_timeout, so that it is never a reader who has to give way
ATTEMPTS = 240  # two minutes
BEGINNING = "unify"  # the stage with which a build begins


def publish(warehouse: Warehouse, build: Build, run: Run) -> bool:
    """Let readers see the build; returns False when they see it already.

    Readers that are in a transaction finish it on what they began with: the switch waits for them.
    Raises FatalError for a build that no audit has passed or that was begun before the one that readers see (a task
    that is tried again late), EarlierDayError for one of an earlier day, RetryableError when readers do not let go.
    """
    for _ in range(ATTEMPTS):
        try:
            with warehouse.begin() as connection:
                return _switch(connection, build, run)
        except OperationalError as error:
            if not isinstance(error.orig, (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)):
                raise
            time.sleep(0.5)
    raise RetryableError(
        "Readers have held the published views for two minutes; what they see stays as it was. "
        "End the long transactions that pg_stat_activity shows, or wait, and publish again."
    )


def current(connection: sa.Connection) -> str | None:
    """Return the version that readers see."""
    return connection.execute(sa.select(PUBLICATION.c.version).where(PUBLICATION.c.is_current)).scalar()


def day(connection: sa.Connection) -> date | None:
    """Return the logical date of what readers see."""
    return connection.execute(sa.select(PUBLICATION.c.as_of).where(PUBLICATION.c.is_current)).scalar()


def tables(connection: sa.Connection) -> set[str]:
    """Return the published tables: the views that stand on a build, and no view of anybody else in the schema."""
    query = sa.text(
        "SELECT DISTINCT view_name FROM information_schema.view_table_usage "
        "WHERE view_schema = :schema AND starts_with(table_schema, :prefix)"
    )
    return set(connection.execute(query, {"schema": READERS, "prefix": PREFIX}).scalars())


def drop_old(warehouse: Warehouse, build: Build, keep: int) -> list[str]:
    """Drop the builds beyond the ``keep`` latest published ones, and unpublished ones older than ``build``.

    One that a reader still holds stays until the next time. Returns the versions dropped.
    """
    dropped = []
    with warehouse.begin() as connection:
        candidates = _superseded(connection, build, keep)
    for version in candidates:
        try:
            with warehouse.begin() as connection:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PUBLISH_LOCK)))
                if version not in _superseded(connection, build, keep):
                    continue  # somebody has published or dropped it in between
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                connection.exec_driver_sql(f'DROP SCHEMA "{PREFIX}{version}" CASCADE')
                connection.execute(
                    sa.text(f"DELETE FROM {CONTROL}.quarantine WHERE stage = 'audit' AND load_id = :version"),
                    {"version": version},
                )
            dropped.append(version)
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
    return dropped


def _switch(connection: sa.Connection, build: Build, run: Run) -> bool:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PUBLISH_LOCK)))
    seen = current(connection)
    if seen == build.version:
        return False
    days.require_forward(run, day(connection))
    if seen is not None and _is_older(connection, run, seen):
        raise FatalError(
            f"Build {build.version} was begun before build {seen}, which readers see now; they keep it. "
            "Run the pipeline again to publish what is newest."
        )
    if state(connection, build) != AUDITED:
        raise FatalError(f"Build {build.version} has passed no audit; load and audit it before it is published.")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    views = tables(connection)
    if views:  # all before any is changed: a reader sees every view old, or every view new
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(_view, sorted(views)))} IN ACCESS EXCLUSIVE MODE")
    shown: list[Published | Counted] = [*build.tables, *build.counted]
    for name in sorted(views - {item.name for item in shown}):
        _drop_view(connection, name)
    for item in shown:
        _point_view(connection, build, item, exists=item.name in views)
    _admit_readers(connection)
    _record(connection, build, run)
    return True


def _is_older(connection: sa.Connection, run: Run, seen: str) -> bool:
    """Tell whether the ledger knows that the run began its build before any that gave readers what they see."""
    began = sa.select(sa.func.max(STAGE_RUN.c.place)).where(STAGE_RUN.c.stage == BEGINNING)
    published = STAGE_RUN.alias()
    others = sa.union(
        sa.select(PUBLICATION.c.run_id).where(PUBLICATION.c.version == seen),
        sa.select(published.c.run_id).where(
            published.c.stage == "publish", published.c.writes["warehouse"]["version"].astext == seen
        ),
    )
    mine = connection.execute(began.where(STAGE_RUN.c.run_id == run.run_id)).scalar()
    theirs = connection.execute(began.where(STAGE_RUN.c.run_id.in_(others))).scalar()
    return mine is not None and theirs is not None and mine < theirs


def _record(connection: sa.Connection, build: Build, run: Run) -> None:
    connection.execute(sa.update(PUBLICATION).where(PUBLICATION.c.is_current).values(is_current=False))
    facts = {"run_id": run.run_id, "as_of": run.as_of, "published_at": sa.func.now(), "is_current": True}
    entry = insert(PUBLICATION).values(version=build.version, **facts)
    connection.execute(entry.on_conflict_do_update(index_elements=["version"], set_=facts))


def _point_view(connection: sa.Connection, build: Build, item: Published | Counted, *, exists: bool) -> None:
    old = _columns(connection, READERS, item.name) if exists else []
    if exists and old != _columns(connection, build.schema, item.name)[: len(old)]:
        _drop_view(connection, item.name)  # only new columns at the end fit into an existing view
    names = ", ".join(f'"{name}"' for name in item.table.names)
    connection.exec_driver_sql(
        f"CREATE OR REPLACE VIEW {_view(item.name)} AS SELECT {names} FROM {build.place(item.name)}"
    )
    comments = [
        f'COMMENT ON COLUMN {_view(item.name)}."{c.name}" IS {literal(c.description)}' for c in item.table.columns
    ]
    comments.append(f"COMMENT ON VIEW {_view(item.name)} IS {literal(item.table.grain)}")
    connection.exec_driver_sql(";".join(comments).replace("%", "%%"))


def _drop_view(connection: sa.Connection, name: str) -> None:
    try:
        connection.exec_driver_sql(f"DROP VIEW {_view(name)}")
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.errors.DependentObjectsStillExist):
            raise
        raise FatalError(
            f"{READERS}.{name} changes its columns, but views of your own are built on it; drop them, run the "
            "publish again, and create them anew. What was published stays as it was."
        ) from None


def _admit_readers(connection: sa.Connection) -> None:
    """Give the readers' role SELECT on the views and nothing else; create it where the server lets us."""
    role = connection.execute(
        sa.text(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role) AS is_there, rolcreaterole OR rolsuper AS may "
            "FROM pg_roles WHERE rolname = current_user"
        ),
        {"role": READER_ROLE},
    ).one()
    if not role.is_there and role.may:
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"CREATE ROLE {READER_ROLE} NOLOGIN")
        except DBAPIError as error:  # a role belongs to the whole server: somebody else was first
            if not isinstance(error.orig, (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation)):
                raise
    if role.is_there or role.may:
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {READERS} TO {READER_ROLE}")
        connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {READERS} TO {READER_ROLE}")


def _superseded(connection: sa.Connection, build: Build, keep: int) -> list[str]:
    rows = connection.execute(
        sa.text(
            f"""
            WITH builds AS (
                SELECT substr(nspname, :start) AS version, oid FROM pg_namespace
                WHERE starts_with(nspname, :prefix) AND obj_description(oid, 'pg_namespace') IN (:loaded, :audited)
            ), published AS (
                SELECT version, is_current, row_number() OVER (ORDER BY is_current DESC, published_at DESC) AS rank
                FROM {CONTROL}.publication WHERE version IN (SELECT version FROM builds)
            )
            SELECT builds.version FROM builds LEFT JOIN published USING (version)
            WHERE builds.version <> :version AND is_current IS NOT TRUE AND CASE WHEN rank IS NULL
                THEN builds.oid < (SELECT oid FROM builds WHERE version = :version) ELSE rank > :keep END
            ORDER BY 1
            """
        ),
        {
            "start": len(PREFIX) + 1, "prefix": PREFIX, "loaded": LOADED, "audited": AUDITED,
            "version": build.version, "keep": keep,
        },
    )  # fmt: skip
    return list(rows.scalars())


def _columns(connection: sa.Connection, schema: str, name: str) -> list[tuple[str, str]]:
    query = sa.text(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(:place) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return [(row[0], row[1]) for row in connection.execute(query, {"place": f'"{schema}"."{name}"'})]


def _view(name: str) -> str:
    return f'"{READERS}"."{name}"'
