"""A Spark session that can do what is asked of it, or one sentence about what is missing, before anything starts."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING

from include.contracts.errors import ConfigurationError, KindredError, RetryableError
from include.matching.spark.masters import unreachable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
JAVA = 17  # the least that Spark begins with
STOPPED = "stopped SparkContext"  # what its errors say once a master has been given up
WAIT = 300.0  # seconds that workers may take to take the first work
IMPATIENCE = "kindred waits for workers"
SAME = ("numba", "numpy", "pyarrow", "phonenumbers", "jellyfish", "duckdb")  # packages that results depend on
# Files below include/ that tasks are made of.
TASKS = ("matching/**/*.py", "matching/**/*.txt", "storage/spark/*.py")
ROWS = 50_000  # of a batch that a task is given
BYTES = 1 << 26  # of such a batch, which may be chunks of many rows
CLEANED = "2min"  # between two times that what nothing asks for any more leaves memory and disks, which it fills
MOST = 4096  # megabytes that a driver takes of a machine by itself
BRIEF = "-XX:TieredStopAtLevel=1"  # a driver's Java runs for minutes, of which half would go to compiling it better
# One that does the work, too, compiles better what runs ten times as often as Java would ask; and G1 looks through its
# memory once that is nearly full, for half of it is what is kept. No collector is named: two names would end Java.
WORKING = "-XX:-G1UseAdaptiveIHOP -XX:InitiatingHeapOccupancyPercent=85 -XX:Tier4InvocationThreshold=50000 "
WORKING += "-XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"


def missing(master: str | None = None) -> str | None:
    """What Spark lacks here, in one sentence; None where nothing is missing."""
    if find_spec("pyspark") is None:
        return "Spark is not installed here: pip install --require-hashes -r requirements-spark.txt."
    if find_spec("py4j") is None:
        return (
            "Of Spark there is its client for Spark Connect alone (pyspark-client): "
            "pip uninstall pyspark-client, then pip install --require-hashes -r requirements-spark.txt."
        )
    return without_java() or unreachable(master or LOCAL)


def without_java() -> str | None:
    """Why there is no Java that Spark can begin with, in one sentence; None where there is one."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        return f"Spark needs Java {JAVA} and finds none: install a JRE (Debian: default-jre-headless) or set JAVA_HOME."
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError as error:
        return f"Spark needs Java {JAVA}, and {java} cannot be run ({error.strerror}): set JAVA_HOME to where a JRE is."
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if found and int(found[1]) >= JAVA:
        return None
    what = f"Java {found[1]}" if found else "none"
    return f"Spark needs Java {JAVA}, and {java} is {what}: set JAVA_HOME to where a JRE is."


@contextmanager
def connected(master: str | None = None, options: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """A session for the block; raises ConfigurationError as ``connect`` does, RetryableError where its Java ends.

    It ends with the last of the blocks that use it, unless it was there before the first of them; and with it goes what
    was kept on the way.
    """
    with _USE.lock:
        if not _USE.blocks:
            _USE.is_ours = _standing() is None
        _USE.blocks += 1
    try:
        with _USE.lock:
            session = connect(master, options)
        yield session
    except Exception as error:
        if isinstance(error, KindredError) or not _has_ended():
            raise
        raise RetryableError(
            "Spark's Java ended while it worked, as when the machine has too little memory for it: lower "
            "spark.driver.memory, or give the machine more; what was published before stays."
        ) from None
    finally:
        with _USE.lock:
            _USE.blocks -= 1
            if not _USE.blocks and _USE.is_ours and (standing := _standing()) is not None:
                _end(standing)


@dataclass
class _Use:
    lock: Lock = field(default_factory=Lock)
    blocks: int = 0
    is_ours: bool = False


_USE = _Use()


def _standing() -> SparkSession | None:
    """The session that this process has already."""
    if "pyspark.sql" not in sys.modules or _has_ended():
        return None
    from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415  Spark may not be installed
    from pyspark.sql import SparkSession  # noqa: PLC0415

    try:
        return SparkSession.active()  # of whatever thread
    except PySparkRuntimeError:
        return None


def _has_ended() -> bool:
    """Whether the Java that this process began is no more."""
    if "pyspark" not in sys.modules:
        return False
    from pyspark import SparkContext  # noqa: PLC0415  as above

    begun = getattr(SparkContext._gateway, "proc", None)
    return begun is not None and begun.poll() is not None


def _end(session: SparkSession) -> None:
    """Stop a session, and remove what it has written into its part of the folder for checkpoints."""
    from py4j.protocol import Py4JError  # noqa: PLC0415  as above

    from include.matching.spark.keeping import remove  # noqa: PLC0415

    with suppress(Py4JError, ConnectionError):
        if (folder := session.sparkContext.getCheckpointDir()) is not None:
            remove(session, folder)
    session.stop()


def connect(master: str | None = None, options: Mapping[str, str] | None = None) -> SparkSession:
    """A session whose workers have what this process has; ``options`` are Spark's own, such as spark.executor.memory.

    Raises ConfigurationError, in one sentence, where Java, pyspark or the master is missing, where no worker takes any
    work, or where a worker's Python or a package that results depend on is another.
    """
    problem = missing(master)
    if problem:
        raise ConfigurationError(problem)
    from py4j.protocol import Py4JError  # noqa: PLC0415  a second of imports, and Spark may not be installed
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    for name, value in _environment(master or LOCAL).items():
        os.environ.setdefault(name, value)
    building = SparkSession.builder.master(master or LOCAL).appName("kindred")
    for name, value in (_settings() | dict(options or {})).items():
        building = building.config(name, value)
    try:
        session = building.getOrCreate()
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise ConfigurationError(f"Spark cannot begin at {master or LOCAL}: {_told(error)}") from None
    check_workers(session)
    return session


def _told(error: Exception) -> str:
    """The first line of what an error of Spark's says, without its stacks."""
    if isinstance(error, ConnectionError):
        return "its Java ended at once; SPARK_LOCAL_DIRS or spark.local.dir has to be a folder that it may write into."
    java = getattr(error, "java_exception", None)
    told = str((java.getMessage() if java else None) or error).strip().splitlines()[0]
    return "what answers there takes no work of this Spark." if STOPPED in told else told


def _environment(master: str) -> dict[str, str]:
    """What a driver's Java begins with where neither Spark's own configuration nor the environment says otherwise."""
    own = {"PYSPARK_PYTHON": sys.executable, "SPARK_SUBMIT_OPTS": BRIEF}
    if master.partition("[")[0] != "local":
        return own
    quarter = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 >> 20
    return own | {"SPARK_SUBMIT_OPTS": WORKING, "SPARK_DRIVER_MEMORY": f"{min(max(quarter, 1024), MOST)}m"}


def _settings() -> dict[str, str]:
    return {
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS),
        "spark.sql.execution.arrow.maxBytesPerBatch": str(BYTES),
        "spark.cleaner.periodicGC.interval": CLEANED,
        "spark.ui.enabled": "false",  # whoever reaches its port may read what plans and tasks say of people
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "FATAL",  # what ends the work is told in a sentence, without Java's stacks
        "spark.python.daemon.module": "include.matching.spark.daemon",
        "spark.sql.caseSensitive": "true",  # as on one machine, where Email and email are two columns
    }


def check_workers(session: SparkSession) -> None:
    """Raise ConfigurationError where no worker takes work, or one is of another Python, or has another package."""
    wanted = own_versions()
    several = session.sparkContext.defaultParallelism * 2
    asked = session.range(several, numPartitions=several).mapInArrow(workers_versions, "what string").distinct()
    try:
        with _patiently(session):
            rows = asked.collect()
    except Exception as error:
        if (problem := _unlike(str(error))) is not None:
            raise ConfigurationError(problem) from None
        raise
    other = sorted({row["what"] for row in rows} - {wanted})
    if other:
        raise ConfigurationError(
            f"A Spark worker has other packages ({other[0]}) than this process ({wanted}): give workers the same image."
        )


def _unlike(told: str) -> str | None:
    """What an error says of workers that did not come to say what they have, in one sentence."""
    if IMPATIENCE in told:
        return f"No worker of Spark took any work within {WAIT:.0f} seconds: start one, or end what holds them all."
    if any(text in told for text in ("PYTHON_VERSION_MISMATCH", "ModuleNotFoundError", "Cannot run program")):
        python = ".".join(map(str, sys.version_info[:2]))
        return f"A Spark worker is of another Python than {python} or has no Kindred: give workers the same image."
    return None


@contextmanager
def _patiently(session: SparkSession) -> Iterator[None]:
    """Let the block's work be given up where it was not done for want of workers."""
    context = session.sparkContext
    tracker = context.statusTracker()

    def give_up() -> None:
        jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(IMPATIENCE)]
        stages = [tracker.getStageInfo(stage) for job in jobs if job for stage in job.stageIds]
        if not any(stage.numActiveTasks + stage.numCompletedTasks for stage in stages if stage):
            context.cancelJobGroup(IMPATIENCE)

    context.setJobGroup(IMPATIENCE, "who the workers are")
    timer = Timer(WAIT, give_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        context.setLocalProperty("spark.jobGroup.id", None)


def own_versions() -> str:
    """The versions of what results depend on, Kindred's own engine among it."""
    found = [("python", f"{sys.version_info[0]}.{sys.version_info[1]}"), *((name, _version(name)) for name in SAME)]
    return ", ".join(f"{name} {which}" for name, which in (*found, ("kindred", _own_code())))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _own_code() -> str:
    """A digest of the files that tasks are made of."""
    digest, root = hashlib.sha256(), Path(__file__).parents[2]
    for place in sorted(place for pattern in TASKS for place in root.glob(pattern)):
        digest.update(place.read_bytes())
    return digest.hexdigest()[:8]


def workers_versions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The versions of a worker."""
    import pyarrow as arrow  # noqa: PLC0415  runs where it may be missing

    for _ in batches:
        yield arrow.RecordBatch.from_pydict({"what": [own_versions()]})
