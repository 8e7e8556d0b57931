"""The warehouse on a real PostgreSQL: its control tables, and where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from include.contracts.errors import ConfigurationError, LaterVersionError, RetryableError
from include.contracts.settings import Settings
from include.storage.control.tables import METADATA, are_up_to_date, upgrade
from include.storage.postgres import bulk
from include.storage.postgres.warehouse import Warehouse, warehouse_url
from include.storage.project import Project
from include.storage.readers import warehouse_reader


def test_the_migrations_make_exactly_the_declared_control_tables(warehouse_project: Project) -> None:
    with warehouse_project.warehouse().begin() as connection:
        options = {
            "version_table": "migration", "version_table_schema": "control", "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "index" or name != "one_current",
        }  # fmt: skip
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_opening_it_again_and_at_once_from_several_processes_changes_nothing(warehouse_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(Warehouse(warehouse_url)), range(4)))
    with Warehouse(warehouse_url).begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM control.migration").scalar() == 1


def test_tables_that_a_later_version_has_migrated_are_left_alone(warehouse_url: str) -> None:
    upgrade(Warehouse(warehouse_url))
    with Warehouse(warehouse_url).begin() as connection:
        connection.exec_driver_sql("UPDATE control.migration SET version_num = '9999'")
    for look in (upgrade, are_up_to_date):
        with pytest.raises(LaterVersionError, match=r"is 9999, of a later version .* or restore lake and warehouse"):
            look(Warehouse(warehouse_url))


def test_letters_are_small_by_unicode_whatever_the_locale_of_the_database(
    tmp_path: Path, new_database: Callable[..., AbstractContextManager[str]]
) -> None:
    with new_database("TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'") as url:
        project = Project(Settings(home=tmp_path / "home", warehouse_url=url))
        with project.warehouse().begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE kindred.town AS SELECT unnest('{KÖLN,Köln,ŁÓDŹ,МОСКВА}'::text[]) AS name"
            )
        with warehouse_reader(project) as reader:
            towns = reader.backend.table("town", database="kindred")
            small = towns.select(small=towns.name.lower())["small"].to_pyarrow().to_pylist()
        project.close()
    assert small == ["köln", "köln", "łódź", "москва"]


def test_rows_of_a_query_are_read_as_they_are_kept(warehouse_url: str) -> None:
    kinds = {"said": pa.string(), "sure": pa.bool_(), "day": pa.date32(), "at": pa.timestamp("us", tz="UTC"),
             "share": pa.float64(), "count": pa.int64()}  # fmt: skip
    query = (
        "SELECT said, said IS NOT NULL, date '2026-01-31', timestamptz '2026-01-31 10:00:00.25+00', 0.1::float8, "
        "9007199254740993 "
        "FROM (VALUES (1, 'a\nb,\"c'), (2, ''), (3, NULL), (4, '50%'), (5, 't'), (6, 'gone')) AS given(place, said) "
        "WHERE said IS DISTINCT FROM :left_out AND (said IS NULL OR said NOT LIKE '9%') ORDER BY place"
    )
    with Warehouse(warehouse_url).begin() as connection:
        connection.exec_driver_sql("SET LOCAL TimeZone = 'Asia/Kolkata'")
        read = pa.Table.from_batches(bulk.read(connection, query, {"left_out": "gone"}, pa.schema(kinds)))
        none = list(bulk.read(connection, "SELECT 1 WHERE :never", {"never": False}, pa.schema({"one": pa.int64()})))
    rows = read.to_pylist()
    assert [row["said"] for row in rows] == ['a\nb,"c', "", None, "50%", "t"]
    assert [row["sure"] for row in rows] == [True, True, False, True, True]
    assert rows[0]["at"].isoformat() == "2026-01-31T10:00:00.250000+00:00"
    assert (rows[0]["day"].isoformat(), rows[0]["share"], rows[0]["count"]) == ("2026-01-31", 0.1, 9007199254740993)
    assert none == []


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(RetryableError) as error, Warehouse("postgresql+psycopg://me:hush@127.0.0.1:1/kindred").begin():
        pass
    assert "127.0.0.1:1" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "connection",
    [
        "postgres://etl:p%40ss@db.example:5433/crm?sslmode=require",
        json.dumps(
            {
                "conn_type": "postgres", "login": "etl", "password": "p@ss", "host": "db.example", "port": 5433,
                "schema": "crm", "extra": {"sslmode": "require"},
            }
        ),
    ],
    ids=["uri", "json"],
)  # fmt: skip
def test_airflows_connection_decides_where_it_is(connection: str) -> None:
    url = warehouse_url(Settings(), {"AIRFLOW_CONN_WAREHOUSE": connection})
    assert url == sa.make_url("postgresql+psycopg://etl:p%40ss@db.example:5433/crm?sslmode=require")


def test_the_setting_comes_before_the_connection() -> None:
    settings = Settings(warehouse_url="postgresql://a@here/x")
    assert warehouse_url(settings, {"AIRFLOW_CONN_WAREHOUSE": "postgres://b@there/y"}).host == "here"


@pytest.mark.parametrize("connection", ["mysql://me:hush@db/x", '{"conn_type": "mysql"}', '{"hush', "hush"])
def test_what_is_no_postgresql_is_refused_without_quoting_it(connection: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        warehouse_url(Settings(), {"AIRFLOW_CONN_WAREHOUSE": connection})
    assert "AIRFLOW_CONN_WAREHOUSE" in str(error.value)
    assert "hush" not in str(error.value)
