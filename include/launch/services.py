"""A real Airflow on this machine, from its metadata database to its warmed-up API."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version

import httpx
import sqlalchemy as sa

from include.activation.syncs import read_syncs
from include.contracts.errors import FatalError
from include.contracts.settings import Settings
from include.launch.api import Airflow
from include.launch.diagnosis import AirflowError, diagnosed
from include.launch.environment import USER, airflow_environment, free_port, password
from include.launch.layout import Layout
from include.launch.processes import Processes
from include.pipeline import sources
from include.storage.postgres import embedded

START_SECONDS = 300  # on a machine at work; a process that dies is told at once
POOL = ("warehouse_writer", 1, "One task at a time writes identities and the warehouse")
# Airflow's command line, with Python's garbage collector less eager: that alone starts the API server a quarter sooner.
AIRFLOW = (
    sys.executable,
    "-c",
    "import gc, sys; gc.set_threshold(200_000, 20, 100); sys.argv[0] = 'airflow';"
    "from airflow.__main__ import main; sys.exit(main())",
)
SERVICES = ("api-server", "scheduler", "dag-processor")
STAYING = (*SERVICES, "triggerer")  # no task of ours needs it, but the pages show it in red where there is none
# The API server reads the logs itself, from the same disk.
OPTIONS = {"scheduler": ("--skip-serve-logs",), "triggerer": ("--skip-serve-logs",)}

Say = Callable[[str], None]


@contextmanager
def started(
    settings: Settings, layout: Layout, *, port: int | None = None, since: datetime, say: Say
) -> Iterator[tuple[Airflow, Processes]]:
    """Run Airflow while the block runs, on the home's running PostgreSQL.

    Where Airflow does not come up, or fails the block, a KindredError tells why.

    ``port`` is the one wanted for the API server by whoever wants the pages; any free one is taken when it is busy, or
    none is wanted. ``since`` is now: the DAGs have to have been read after it, as they may have changed since.
    """
    with diagnosed(settings.home), Processes(layout.logs) as processes:
        processes.guard_server(settings.home)
        secret = password(layout)  # before the API server would make one of its own
        wanted = [port] if port else []
        names = STAYING if port else SERVICES
        airflow = _start(processes, settings, names, port=free_port(*wanted), say=say)
        try:
            say("Starting Airflow")
            wait_for(airflow.answers, processes, "Airflow's API to answer")
            airflow.warm()
            airflow.log_in(USER, secret)
            for pool in pools(settings):
                airflow.ensure_pool(*pool)
            dags = expected_dags(settings)
            wait_for(lambda: has_dags(airflow, dags, since), processes, "the DAGs to be read")
            wait_for(airflow.is_healthy, processes, "the scheduler to become healthy")
            yield airflow, processes
        except httpx.TransportError:
            processes.check()  # says which of them is gone, if one is
            raise
        finally:
            airflow.close()


def _start(processes: Processes, settings: Settings, names: Sequence[str], *, port: int, say: Say) -> Airflow:
    """Start Airflow's services on a metadata database of its schema; they are not up yet."""
    database = embedded.url(settings.home, "airflow", driver="psycopg2")
    environment = airflow_environment(settings, Layout(settings.home), database=database, port=port)
    migrate(processes, settings, environment, say)
    for service in names:
        processes.start(service, [*AIRFLOW, service, *OPTIONS.get(service, ())], environment)
    return Airflow(f"http://127.0.0.1:{port}")


def migrate(processes: Processes, settings: Settings, environment: dict[str, str], say: Say) -> None:
    """Bring the metadata database to this Airflow's schema, unless the stamp says that it is there; it is slow."""
    stamp = Layout(settings.home).migrated
    airflow = version("apache-airflow-core")
    if stamp.exists() and stamp.read_text("utf-8") == f"{airflow} {_schema(settings)}":
        return
    say("Preparing Airflow's database (once)")
    processes.finish(processes.start("migrate", [*AIRFLOW, "db", "migrate"], environment))
    stamp.write_text(f"{airflow} {_schema(settings)}", "utf-8")


def _schema(settings: Settings) -> str | None:
    """Return the schema's version that the metadata database itself tells."""
    engine = sa.create_engine(embedded.url(settings.home, "airflow"))
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
    finally:
        engine.dispose()


def expected_dags(settings: Settings) -> frozenset[str]:
    """Return the ids of the DAGs that the project has with these settings."""
    return pipeline_dags(settings) | {"approve_changes"} | {f"activate_{name}" for name in read_syncs(settings.config)}


def pools(settings: Settings) -> list[tuple[str, int, str]]:
    """Return the pools that the DAGs need: name, slots, description."""
    own = sorted({sync.pool for sync in read_syncs(settings.config).values()})
    return [POOL, *((name, 1, "One sync at a time writes the destination") for name in own)]


def pipeline_dags(settings: Settings) -> frozenset[str]:
    """Return the ids of the DAGs that every run of the pipeline goes through; a person's answer is no part of it."""
    return frozenset({*extract_dags(settings), "resolve_identities", "build_segments"})


def extract_dags(settings: Settings) -> list[str]:
    """Return the ids of the DAGs with which everything begins, one a source."""
    return [f"extract_{source}" for source in sources(settings)]


def has_dags(airflow: Airflow, dags: frozenset[str], since: datetime) -> bool:
    """Whether the DAGs have been read; raises FatalError naming the first file that could not be."""
    if errors := airflow.import_errors(since):
        raise FatalError(f"A DAG file cannot be read: {errors[0]}")
    return dags <= airflow.dags(since)


def wait_for(condition: Callable[[], bool], processes: Processes, what: str) -> None:
    """Wait until the condition holds; raises AirflowError when a process dies or it takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        processes.check()
        if time.monotonic() > deadline:
            raise AirflowError(f"Waited {START_SECONDS} s in vain for {what}; see the logs.")
        time.sleep(0.1)
