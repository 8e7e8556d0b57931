"""Erases a person from PostgreSQL: from what readers see, from the control tables, and from Airflow's own tables.

A row that was deleted stays in its page, in the statistics and in the write-ahead log for a while; so the tables are
written anew afterwards, and where the server is ours, the old log goes, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from include.erasure.lake import Found
from include.erasure.patterns import BLANK, lots
from include.erasure.rules import OWNERS
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
_TEXTS = "'text', 'character varying', 'json', 'jsonb'"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that can hold text."""

    schema: str
    table: str
    name: str
    type: str

    @property
    def place(self) -> str:
        """Its table, quoted."""
        return f'"{self.schema}"."{self.table}"'

    @property
    def text(self) -> str:
        """SQL of its value as text."""
        return f'"{self.name}"::text'


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
        connection.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')
    found = _owned(connection, f"{PREFIX}{seen}", traces.ids) if seen else []
    found += _control(connection, traces)
    schemas = [CONTROL, *([f"{PREFIX}{seen}"] if seen else [])]
    return found + blank(connection, traces.texts, schemas)


def blank(connection: sa.Connection, values: Collection[str], schemas: Collection[str] | None = None) -> list[Found]:
    """Blank the values wherever a text of these schemas, or of all, names them; but for TELLING."""
    patterns, found = lots(values), []
    for column, count in named(connection, values, schemas):
        if (column.table, column.name) in TELLING | KEPT:
            continue
        value, given = column.text, {}
        for number, pattern in enumerate(each for each in patterns for _ in range(2)):
            value, given[f"p{number}"] = f"regexp_replace({value}, :p{number}, '\\1{BLANK}\\3', 'gi')", pattern
        where = f"{column.text} ~* ANY(:patterns)"
        changed = f'UPDATE {column.place} SET "{column.name}" = ({value})::{column.type} WHERE {where}'
        connection.execute(sa.text(changed.replace("::", "\\:\\:")), {"patterns": patterns, **given})
        found.append(Found(f"{column.schema}.{column.table}", 0, count))
    return found


def named(
    connection: sa.Connection, values: Collection[str], schemas: Collection[str] | None = None
) -> Iterator[tuple[Column, int]]:
    """Yield the columns in which one of the values stands, each with in how many rows; a table is read once."""
    tables: dict[str, list[Column]] = {}
    for column in _columns(connection, schemas) if values else ():
        tables.setdefault(column.place, []).append(column)
    patterns = lots(values)
    for place, columns in tables.items():
        counts = ", ".join(f"count(*) FILTER (WHERE {column.text} ~* ANY(:patterns))" for column in columns)
        texts = ", ".join(column.text for column in columns)
        query = f"SELECT {counts} FROM {place} WHERE concat_ws(chr(31), {texts}) ~* ANY(:patterns)"
        row = connection.execute(sa.text(query.replace("::", "\\:\\:")), {"patterns": patterns}).one()
        yield from ((column, count) for column, count in zip(columns, row, strict=True) if count)


def untold(connection: sa.Connection, traces: Traces) -> list[str]:
    """Return the syncs at whose destinations the person still stands, as far as the ledger knows."""
    query = (
        f"SELECT sync FROM {ACTIVATION_ROW.fullname} WHERE member_id = ANY(:ids) OR member_id = '{BLANK}' UNION "
        f"SELECT sync FROM {ACTIVATION_CHANGE.fullname} c JOIN {CONTROL}.activation_plan p USING (plan_id) "
        f"WHERE c.state = 'pending' AND (c.member_id = ANY(:ids) OR c.member_id = '{BLANK}') UNION "
        f"SELECT sync FROM {ACTIVATION_BATCH.fullname} b JOIN {CONTROL}.activation_plan p USING (plan_id) "
        "WHERE b.changes\\:\\:text ~* ANY(:patterns) ORDER BY 1"
    )
    given = {"ids": list(traces.profiles), "patterns": lots(traces.texts)}
    return list(connection.execute(sa.text(query), given).scalars())


def compact(engine: sa.Engine, schemas: Collection[str] | None, *, whole_server: bool) -> None:
    """Write tables anew, so that no page holds what was deleted; with ``whole_server`` statistics and log, too."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        places = {column.place for column in _columns(connection, schemas)}
        if whole_server:  # of a table without rows ANALYZE would keep what it knew
            connection.exec_driver_sql("DELETE FROM pg_catalog.pg_statistic WHERE starelid >= 16384")
        for place in sorted(places):
            with suppress(DBAPIError):  # a table of somebody else's, which is not ours to write anew
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {place}")
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
    for column in _columns(connection, [schema]):
        owners = ("profile_id",) if column.table == "identity_event" else OWNERS
        if column.name in owners:
            query = f'DELETE FROM {column.place} WHERE "{column.name}" = ANY(:ids)'
            rows = connection.execute(sa.text(query), {"ids": list(ids)}).rowcount
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


def _columns(connection: sa.Connection, schemas: Collection[str] | None) -> list[Column]:
    query = sa.text(
        f"""
        SELECT c.table_schema, c.table_name, c.column_name, c.data_type FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE t.table_type = 'BASE TABLE' AND c.data_type IN ({_TEXTS})
          AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
          AND (:all OR c.table_schema = ANY(:schemas))
        ORDER BY 1, 2, c.ordinal_position
        """
    )
    rows = connection.execute(query, {"all": schemas is None, "schemas": sorted(schemas or [])})
    return [Column(*row) for row in rows]
