"""Erases a person from PostgreSQL: from what readers see, from the control tables, and from Airflow's own tables.

A row that was deleted stays in its page, in the statistics and in the write-ahead log for a while; so the tables are
written anew afterwards, and where the server is ours, the old log goes, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

import psycopg
import sqlalchemy as sa
from psycopg import sql

from include.erasure.held import Column, Held, columns_of, held, server
from include.erasure.lake import Found
from include.erasure.rules import OWNERS
from include.erasure.search import BLANK, Search
from include.erasure.traces import Traces
from include.storage.control.tables import (
    ACTIVATION_BATCH,
    ACTIVATION_CHANGE,
    ACTIVATION_ROW,
    ACTIVATION_WITHHELD,
    CONTROL,
    DECISION,
    ERASURE,
    QUARANTINE,
)
from include.storage.postgres.build import PREFIX
from include.storage.postgres.publication import PUBLISH_LOCK, current

# By these a destination is told to take the person out; they go when that is done.
TELLING = frozenset(
    {
        (ACTIVATION_ROW.name, "key"),
        (ACTIVATION_CHANGE.name, "key"),
        (ACTIVATION_CHANGE.name, "former_key"),
        (ACTIVATION_BATCH.name, "changes"),
    }
)
KEPT = frozenset({(ERASURE.name, "subject")})
PATIENCE = "60s"  # with readers that hold a table
ATTEMPTS = 3  # at rows that others change while they are blanked


@dataclass(frozen=True)
class Database:
    """A database in which a person may stand; ``schemas``: those that are ours, None where all are."""

    engine: sa.Engine
    schemas: Collection[str] | None = None


def ours(connection: sa.Connection) -> list[str]:
    """Return the schemas that Kindred has made in a warehouse: the control tables' and the builds'."""
    query = sa.text("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, :prefix) ORDER BY 1")
    return [CONTROL, *connection.execute(query, {"prefix": PREFIX}).scalars()]


def look(connection: sa.Connection, traces: Traces, schemas: Collection[str] | None = None) -> list[Found]:
    """Tell what tables hold of the person, and change nothing."""
    ids, found = set(traces.ids), []
    for one in held(connection, Search(traces.texts), schemas, but=KEPT):
        owners = [n for n, column in enumerate(one.columns) if column.name in OWNERS]
        rows = sum(any(row[n] in ids for n in owners) for row in one.rows.values())
        found.append(Found(one.name, rows, len(one.rows) - rows))
    return found


def erase(connection: sa.Connection, traces: Traces) -> list[Found]:
    """Erase the person from the published build and from the control tables, in the caller's transaction.

    Builds that readers do not see go as a whole: they are a way back to what has the person in it.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PUBLISH_LOCK)))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    seen = current(connection)
    builds = connection.execute(
        sa.text("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, :prefix) AND nspname <> :seen"),
        {"prefix": PREFIX, "seen": f"{PREFIX}{seen}"},
    ).scalars()
    for schema in list(builds):
        server(connection).execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    found = _owned(connection, f"{PREFIX}{seen}", traces.ids) if seen else []
    found += _control(connection, traces)
    schemas = [CONTROL, *([f"{PREFIX}{seen}"] if seen else [])]
    return found + blank(connection, Search(traces.texts), schemas)


def blank(connection: sa.Connection, search: Search, schemas: Collection[str] | None = None) -> list[Found]:
    """Blank the values wherever a text of these schemas, or of all, names them; but for TELLING.

    A row that somebody else changes meanwhile is looked at again.
    """
    found: dict[str, Found] = {}
    for _ in range(ATTEMPTS):
        holding = list(held(connection, search, schemas, but=TELLING | KEPT))
        for one in holding:
            _blank(connection, one, search)
            found.setdefault(one.name, Found(one.name, 0, len(one.rows)))
        if not holding:
            break
    return list(found.values())


def _blank(connection: sa.Connection, one: Held, search: Search) -> None:
    columns = [(n, column) for n, column in enumerate(one.columns) if not column.is_generated]
    if not columns:
        return
    before = [[row[n] for row in one.rows.values()] for n, _ in columns]
    after = [[_blanked(search, column, value) for value in values]
             for (_, column), values in zip(columns, before, strict=True)]  # fmt: skip
    changed = _changing([column for _, column in columns])
    driver = server(connection)
    try:
        with driver.transaction():
            driver.execute(changed, [list(one.rows), *before, *after])
    except psycopg.errors.UniqueViolation:  # two rows that nothing but a value told apart
        apart = [[_told_apart(value, was) for value, was in zip(*both, strict=True)]
                 for both in zip(after, before, strict=True)]  # fmt: skip
        driver.execute(changed, [list(one.rows), *before, *apart])


def _changing(columns: Sequence[Column]) -> sql.Composed:
    """Return a statement that changes rows as long as they are what they were: another may stand at their place."""
    was, new = ([sql.Identifier(f"{kind}{n}") for n in range(len(columns))] for kind in ("was", "new"))
    arrays = [sql.SQL("%s::bytea[]" if column.is_bytes else "%s::text[]") for column in columns]
    values = [sql.SQL("{} = {}::{}").format(column.identifier, name, sql.SQL(column.type))
              for column, name in zip(columns, new, strict=True)]  # fmt: skip
    same = [sql.SQL("t.{}{} IS NOT DISTINCT FROM {}").format(
                column.identifier, sql.SQL("" if column.is_bytes else "::text"), name)
            for column, name in zip(columns, was, strict=True)]  # fmt: skip
    return sql.SQL(
        "UPDATE {} AS t SET {} FROM unnest(%s::tid[], {}) AS said(at, {}) WHERE t.ctid = said.at AND {}"
    ).format(
        columns[0].place,
        *(sql.SQL(", ").join(parts) for parts in (values, arrays * 2, [*was, *new])),
        sql.SQL(" AND ").join(same),
    )


def _told_apart(value: str | bytes | None, was: str | bytes | None) -> str | bytes | None:
    """A value that is like no other."""
    return value.replace(BLANK, f"{BLANK}-{token_hex(4)}") if isinstance(value, str) and value != was else value


def _blanked(search: Search, column: Column, value: str | bytes | None) -> str | bytes | None:
    if isinstance(value, bytes):  # by as many letters: what is written so often tells how many there are
        return search.overwritten(value)
    if value is None:
        return None
    return search.blanked_json(value) if column.is_json else search.blanked(value)


def untold(connection: sa.Connection, traces: Mapping[str, Traces]) -> dict[str, list[str]]:
    """Return the syncs at whose destinations people still stand, as far as the ledger knows, by the same names."""
    theirs = (
        f"SELECT sync FROM {ACTIVATION_ROW.fullname} WHERE member_id = ANY(:ids) OR member_id = '{BLANK}' UNION "
        f"SELECT sync FROM {ACTIVATION_CHANGE.fullname} c JOIN {CONTROL}.activation_plan p USING (plan_id) "
        f"WHERE c.state = 'pending' AND (c.member_id = ANY(:ids) OR c.member_id = '{BLANK}')"
    )
    batches = (
        f"SELECT sync, changes::text FROM {ACTIVATION_BATCH.fullname} JOIN {CONTROL}.activation_plan USING (plan_id)"
    )
    sent = connection.exec_driver_sql(batches).all()
    found = {}
    for key, one in traces.items():
        search = Search(one.texts)
        syncs = set(connection.execute(sa.text(theirs), {"ids": list(one.profiles)}).scalars())
        found[key] = sorted(syncs | {sync for sync, changes in sent if sync not in syncs and search.is_in(changes)})
    return found


def compact(engine: sa.Engine, schemas: Collection[str] | None, *, whole_server: bool) -> None:
    """Write tables anew, so that no page holds what was deleted; with ``whole_server`` statistics and log, too."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = [columns[0].place for columns in columns_of(connection, schemas)]
        if whole_server:  # of a table without rows ANALYZE would keep what it knew
            connection.exec_driver_sql("DELETE FROM pg_catalog.pg_statistic WHERE starelid >= 16384")
        connection.exec_driver_sql(f"SET lock_timeout = '{PATIENCE}'")
        for table in tables:
            with suppress(psycopg.Error):  # somebody else's, or held so long: if a value is left there, the scan tells
                server(connection).execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(table), [])
        connection.exec_driver_sql("RESET lock_timeout")
        if whole_server:
            connection.exec_driver_sql("VACUUM (FULL) pg_catalog.pg_statistic")
            connection.exec_driver_sql("ALTER SYSTEM SET wal_recycle = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            for _ in range(2):
                connection.exec_driver_sql("SELECT pg_switch_wal()")
                connection.exec_driver_sql("CHECKPOINT")
            connection.exec_driver_sql("ALTER SYSTEM RESET wal_recycle")
            connection.exec_driver_sql("SELECT pg_reload_conf()")


def _owned(connection: sa.Connection, schema: str, ids: Collection[str]) -> list[Found]:
    found = []
    for column in (column for columns in columns_of(connection, [schema]) for column in columns):
        owners = ("profile_id",) if column.table == "identity_event" else OWNERS
        if column.name in owners:
            query = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(column.place, column.identifier)
            rows = server(connection).execute(query, [list(ids)]).rowcount
            found += [Found(f"{column.schema}.{column.table}", rows, 0)] if rows else []
    return found


def _control(connection: sa.Connection, traces: Traces) -> list[Found]:
    """Rows of the control tables that are the person's."""
    q, d, w, c = QUARANTINE.c, DECISION.c, ACTIVATION_WITHHELD.c, ACTIVATION_CHANGE.c
    keys = [(source, key) for source, keys in traces.keys.items() for key in keys]
    told = [(*place.split(".", 1), key) for place, keys in traces.rows.items() for key in keys]
    ids, values = list(traces.ids), [value.lower() for value in traces.values]
    deleted = {
        QUARANTINE: sa.or_(
            sa.tuple_(q.source, q.source_key).in_(keys), sa.tuple_(q.source, q.object, q.source_key).in_(told)
        ),
        DECISION: sa.or_(d.a.in_(ids), d.b.in_(ids), sa.func.lower(d.value).in_(values)),
        ACTIVATION_WITHHELD: w.member_id.in_(ids),
    }
    found = [Found(str(table.fullname), connection.execute(sa.delete(table).where(rule)).rowcount, 0)
             for table, rule in deleted.items()]  # fmt: skip
    pending = sa.and_(c.member_id.in_(ids), c.state == "pending", c.action != "remove")
    facts = {"state": "suppressed", "reason": BLANK, "key": None, "former_key": None, "settled_at": sa.func.now()}
    connection.execute(sa.update(ACTIVATION_CHANGE).where(pending).values(**facts))
    return [one for one in found if one.rows]
