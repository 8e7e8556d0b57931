"""A LocalExecutor whose workers have the heavy libraries imported before the first task comes.

Each task is a fork of a worker, so what a worker has imported costs a task nothing: it saves some seconds of imports a
task. Only libraries are imported beforehand, none of what the project does, so edits to it still take effect at once.
"""

from __future__ import annotations

import logging
import sys

from airflow.executors.local_executor import LocalExecutor

from include.contracts.absent import absent
from include.contracts.loading import load

LIBRARIES = (
    "duckdb",
    "ibis",
    "ibis.backends.duckdb",
    "pyarrow.parquet",
    "pandas",
    "sqlalchemy.dialects.postgresql",
    "psycopg",
    "alembic.command",
    "great_expectations",
    "numba",
    "pydantic",
)

log = logging.getLogger(__name__)


class PreloadedLocalExecutor(LocalExecutor):
    """Imports LIBRARIES before its workers are forked; where tasks are not forks (macOS), it is a LocalExecutor."""

    def start(self) -> None:
        """Start the executor."""
        if self.is_mp_using_fork and sys.platform != "darwin":
            with absent("pyspark"):  # whose Connect part, which Great Expectations takes along, ends this process
                for name in LIBRARIES:
                    _import(name)
        super().start()


def _import(name: str) -> None:
    try:
        load(name)
    except ImportError as error:
        log.warning("Could not import %s beforehand: %s", name, error)
