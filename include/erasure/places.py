"""Where a person may stand in a deployment: the lake, the warehouse, Airflow's database, files of the home."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from include.contracts.settings import Settings
from include.contracts.sources import SourceSettings, sources_of
from include.erasure import home, lake, postgres
from include.erasure.lake import Found
from include.erasure.postgres import Database
from include.erasure.rules import Rules
from include.erasure.search import Search
from include.erasure.traces import Traces, together
from include.storage.postgres import embedded
from include.storage.postgres.warehouse import is_embedded
from include.storage.project import Project

AIRFLOW = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def known_sources(project: Project) -> dict[str, SourceSettings]:
    """Return the sources by name; raises ConfigurationError."""
    return dict(sources_of(project.settings))


def rules_of(project: Project, traces: Collection[Traces]) -> Rules:
    """Return what of the lake is people's, and what names them."""
    return Rules(together(traces), known_sources(project), lake.crosswalks(project.lake))


def warehouse_of(project: Project) -> Database:
    """The warehouse: all of it where the server is ours, else the schemas that are."""
    if is_embedded(project.settings, os.environ):
        return Database(project.warehouse().engine)
    with project.warehouse().begin() as connection:
        return Database(project.warehouse().engine, postgres.ours(connection))


def airflow_of(settings: Settings) -> list[Database]:
    """Airflow's own database, where it can be reached."""
    if is_embedded(settings, os.environ):
        return [Database(sa.create_engine(embedded.url(settings.home, "airflow"), hide_parameters=True))]
    url = os.environ.get(AIRFLOW, "")
    if not url.startswith("postgresql"):
        return []
    return [Database(sa.create_engine(make_url(url).set(drivername="postgresql+psycopg"), hide_parameters=True))]


def held_outside(project: Project, traces: Traces) -> list[Found]:
    """What is kept of people elsewhere than in the lake: in PostgreSQL, and in files of the home."""
    found = []
    for database in (warehouse_of(project), *airflow_of(project.settings)):
        with database.engine.connect() as connection:
            found += postgres.look(connection, traces, database.schemas)
    files = home.holding(project.settings, Search(traces.texts))
    return [*found, *([Found("files of the home", 0, len(files))] if files else [])]


def summed(found: Sequence[Found]) -> list[Found]:
    """One a place."""
    places: dict[str, Found] = {}
    for what in found:
        before = places.get(what.place, Found(what.place, 0, 0))
        places[what.place] = replace(before, rows=before.rows + what.rows, cells=before.cells + what.cells)
    return list(places.values())
