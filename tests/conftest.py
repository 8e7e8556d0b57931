"""Fixtures that tests of every kind share: a project of its own, and a real PostgreSQL."""

from __future__ import annotations

import gc
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path, PurePath
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.contracts.tables import Column, Table, Type
from include.storage.postgres import embedded
from include.storage.project import Project

# Files that share what costs much: Java, a published company.
TOGETHER = ("test_*_spark.py", "integration/test_web_*.py")

gc.set_threshold(100_000, 10, 10)  # collecting the tests takes a third less


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of what takes long, so that nothing long is left when all else is done."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or _together(item.path)}
    items.sort(key=lambda item: item.path not in slow)


def _together(file: PurePath) -> str | None:
    """The files that one worker runs with this one, if any."""
    return next(filter(file.match, TOGETHER), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker a file's tests at a time, or those of all files that share what costs much."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - where it is installed and in use

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return _together(PurePath(file)) or file

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was collected: modules and tests stay."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # compiled modules complain where they are not taken down at the end


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The URL of a server that speaks S3's protocol."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - seconds that few tests need

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """The home of a real PostgreSQL that runs for the whole session, or for an xdist worker's part of it."""
    home = Path(tempfile.mkdtemp(prefix="kindred-test-"))  # pytest keeps its own folders closed to other users
    embedded.start(home)
    _forget_power_cuts(home)
    yield home
    embedded.stop(home)
    shutil.rmtree(home)


def _forget_power_cuts(home: Path) -> None:
    """Let the server leave writing to disk to the system: a test may kill processes, and cuts nobody's power."""
    server = embedded.url(home, "postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def new_database(postgres_home: Path) -> Callable[..., AbstractContextManager[str]]:
    """A maker of empty databases: ``with new_database() as url`` gives the SQLAlchemy URL of one.

    ``options`` are those of CREATE DATABASE.
    """

    @contextmanager
    def _new_database(options: str = "") -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        server = embedded.url(postgres_home, "postgres").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
            yield embedded.url(postgres_home, name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return _new_database


@pytest.fixture
def warehouse_url(new_database: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    """SQLAlchemy URL of an empty database that the test has for itself."""
    with new_database() as url:
        yield url


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of the test's own: an empty lake and no warehouse."""
    return Project(Settings(home=tmp_path / "home", warehouse_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))


@pytest.fixture
def warehouse_project(tmp_path: Path, warehouse_url: str) -> Iterator[Project]:
    """A project of the test's own with an empty warehouse."""
    project = Project(Settings(home=tmp_path / "home", warehouse_url=warehouse_url))
    yield project
    project.close()


@pytest.fixture(scope="session")
def run() -> Run:
    """A run with a fixed logical date."""
    return Run("test-run", date(2026, 6, 30))


Put = Callable[..., DatasetRef]


@pytest.fixture(scope="session")
def put() -> Put:
    """Put rows into a project's lake as one version of a table: ``put(project, TABLE, [{...}], version="v1")``.

    Each row names only the columns the test is about; required ones that it leaves out get a valid value.
    """

    def _put(project: Project, table: Table, rows: Sequence[Mapping[str, Any]], version: str = "v1") -> DatasetRef:
        place = project.lake.url(table.name, f"{version}.parquet")
        nullable = pa.schema([field.with_nullable(True) for field in table.schema])
        full = [{c.name: _valid(c) if c.required else None for c in table.columns} | dict(row) for row in rows]
        content = pa.Table.from_pylist(full, schema=nullable)
        with project.lake.fs.open(place, "wb") as sink:
            pq.write_table(content, sink)
        return project.lake.commit(table.name, version, [f"{version}.parquet"], len(rows), point=False)

    return _put


def _valid(column: Column) -> object:
    """A value that the column's declaration allows."""
    return {
        Type.TEXT: column.allowed[0] if column.allowed else "x",
        Type.INTEGER: int(column.minimum or 0),
        Type.NUMBER: float(column.minimum or 0),
        Type.BOOLEAN: False,
        Type.DATE: date(2026, 6, 30),
        Type.TIMESTAMP: datetime(2026, 6, 30, tzinfo=UTC),
        Type.JSON: "{}",
    }[column.type]
