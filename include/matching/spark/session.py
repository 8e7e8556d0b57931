"""A Spark session that can do what is asked of it, or one sentence about what is missing, before anything starts."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.contracts.errors import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
PORT = 7077
PATIENCE = 5.0  # seconds that a master may take to take a connection
SAME = ("numba", "numpy", "pyarrow", "phonenumbers", "jellyfish")  # packages that results depend on
ROWS = 50_000  # of a batch that a task is given


def missing(master: str | None = None) -> str | None:
    """What Spark lacks here, in one sentence; None where nothing is missing."""
    if find_spec("pyspark") is None:
        return "Spark is not installed here: pip install --require-hashes -r requirements-spark.txt."
    if not _java():
        return "Spark needs Java 17 and finds none: install a JRE (Debian: default-jre-headless) or set JAVA_HOME."
    return _unreachable(master or LOCAL)


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return Path(home, "bin", "java").exists() if home else shutil.which("java") is not None


def _unreachable(master: str) -> str | None:
    if not master.startswith("spark://"):
        return None
    for one in master.removeprefix("spark://").split(","):
        at = urlsplit(f"//{one}")
        try:
            socket.create_connection((at.hostname or "", at.port or PORT), PATIENCE).close()
        except (OSError, ValueError):
            continue
        return None
    return f"No Spark master answers at {master}: start it, or give another with --master."


def connect(master: str | None = None) -> SparkSession:
    """A session whose workers have what this process has.

    Raises ConfigurationError, in one sentence, where Java, pyspark or the master is missing, or where a worker's Python
    or a package that results depend on is another.
    """
    problem = missing(master)
    if problem:
        raise ConfigurationError(problem)
    from pyspark.sql import SparkSession  # noqa: PLC0415  a second of imports, and Spark may not be installed

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    building = SparkSession.builder.master(master or LOCAL).appName("kindred")
    for name, value in _settings().items():
        building = building.config(name, value)
    session = building.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    check_workers(session)
    return session


def _settings() -> dict[str, str]:
    return {
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS),
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


def check_workers(session: SparkSession) -> None:
    """Raise ConfigurationError where a worker is of another Python, or lacks Kindred or has another package."""
    wanted = own_versions()
    several = session.sparkContext.defaultParallelism * 2
    try:
        rows = (
            session.range(several, numPartitions=several)
            .mapInArrow(workers_versions, "what string")
            .distinct()
            .collect()
        )
    except Exception as error:
        told = str(error)
        if "PYTHON_VERSION_MISMATCH" in told or "ModuleNotFoundError" in told:
            python = ".".join(map(str, sys.version_info[:2]))
            raise ConfigurationError(
                f"A Spark worker is of another Python than {python} or has no Kindred: give workers the same image."
            ) from None
        raise
    other = sorted({row["what"] for row in rows} - {wanted})
    if other:
        raise ConfigurationError(
            f"A Spark worker has other packages ({other[0]}) than this process ({wanted}): give workers the same image."
        )


def own_versions() -> str:
    """The versions of what results depend on, Kindred's own engine among it."""
    import_module("include.matching.engine")
    return ", ".join(
        [f"python {sys.version_info[0]}.{sys.version_info[1]}", *(f"{name} {version(name)}" for name in SAME)]
    )


def workers_versions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The versions of a worker."""
    import pyarrow as arrow  # noqa: PLC0415  runs where it may be missing

    for _ in batches:
        yield arrow.RecordBatch.from_pydict({"what": [own_versions()]})
