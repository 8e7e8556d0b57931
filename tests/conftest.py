"""Fixtures that tests of every kind share: a project of its own, and a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.storage import embedded
from include.storage.project import Project


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """The home of a real PostgreSQL that runs for the whole session, or for an xdist worker's part of it."""
    home = Path(tempfile.mkdtemp(prefix="kindred-test-"))  # pytest keeps its own folders closed to other users
    embedded.start(home)
    yield home
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.fixture
def warehouse_url(postgres_home: Path) -> Iterator[str]:
    """SQLAlchemy URL of an empty database that the test has for itself."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server = embedded.url(postgres_home, "postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield embedded.url(postgres_home, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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


@pytest.fixture
def run() -> Run:
    """A run with a fixed logical date."""
    return Run("test-run", date(2026, 6, 30))
