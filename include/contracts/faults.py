"""What libraries and the machine raise, said as errors of ours: one sentence, and whether trying again can help.

Only names are known here, so that nothing heavy is imported to say what went wrong.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
import traceback
from collections.abc import Iterator
from typing import Final

from include.contracts.errors import ConfigurationError, FatalError, KindredError, RetryableError

DROPPED: Final = frozenset(
    {"psycopg.OperationalError", "sqlalchemy.exc.OperationalError", "sqlalchemy.exc.InterfaceError"}
)
ENGINE: Final = frozenset({"_duckdb.IOException", "_duckdb.OutOfMemoryException"})
JAVA: Final = "py4j.protocol.Py4JError"
SPARK: Final = frozenset({JAVA, "pyspark.errors.exceptions.base.PySparkException"})
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
CLOSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL_TEXT = re.compile(r"No space left on device|Disk quota exceeded|max_temp_directory_size")
_CLOSED_TEXT = re.compile(r"Permission denied|Read-only file system")
_HEAP_TEXT = re.compile(r"java\.lang\.OutOfMemoryError")
_LOST_TEXT = re.compile(r"Python worker exited unexpectedly|ExecutorLostFailure|\bMemoryError\b|ArrowMemoryError")
_FILE = re.compile(r'file \\?"([^"\\]+)')


def explained(error: BaseException) -> KindredError | None:
    """Return what an error means to a person, or None when it is a fault in the program.

    Of an error that was raised from another, the first one tells.
    """
    if isinstance(error, KindredError):
        return error
    return next(filter(None, map(_meaning, reversed([*_causes(error)]))), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):  # a circle of causes would be endless
        if error is None:
            return
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def _meaning(error: BaseException) -> KindredError | None:
    if isinstance(error, MemoryError):
        return FatalError("The machine has too little memory for this; give it more, or run with fewer rows.")
    if isinstance(error, OSError):
        return _of_the_system(error)
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if names & ENGINE:
        return _of_the_engine(str(error))
    return _of_a_server(error, names)


def _of_a_server(error: BaseException, names: set[str]) -> KindredError | None:
    if "psycopg.errors.DiskFull" in names:
        return full("PostgreSQL's")
    if names & DROPPED:
        return RetryableError(f"The connection to the database was lost ({type(error).__name__}).")
    return _of_spark(str(error), names) if names & SPARK else None


def _of_spark(text: str, names: set[str]) -> KindredError | None:
    if _FULL_TEXT.search(text):
        return full("of one of Spark's machines, spark.local.dir")
    if _HEAP_TEXT.search(text):
        return RetryableError(
            "Spark's Java has too little memory: raise spark.executor.memory, on a single machine spark.driver.memory; "
            "what was published before stays."
        )
    if _LOST_TEXT.search(text):
        return RetryableError(
            "Spark lost the workers of a task, as when they hold more memory than they may: give executors more "
            "(spark.executor.memoryOverhead), or tasks fewer records (KINDRED_SPARK_PARTITION); what was published "
            "before stays."
        )
    if JAVA in names and "PythonException" not in text:  # that one is a task's own fault, and would repeat itself
        return RetryableError(f"Spark gave the work up ({_of_java(text)}); what was published before stays.")
    return None


def _of_the_system(error: OSError) -> KindredError | None:
    if error.errno in FULL:
        return full(error.filename)
    if error.errno in CLOSED and error.filename is not None:
        return closed(error.filename)
    return None


def _of_the_engine(text: str) -> KindredError | None:
    file = _FILE.search(text)
    place = file[1] if file else None
    if _FULL_TEXT.search(text):
        return full(place)
    if _CLOSED_TEXT.search(text) and place:
        return closed(place)
    if text.startswith("Out of Memory"):
        return ConfigurationError(
            "The query engine needs more memory than KINDRED_MEMORY_LIMIT gives it; raise it, or lower KINDRED_THREADS."
        )
    return None


def _of_java(text: str) -> str:
    """What an error of Java's says, without where it was called and without its stack."""
    lines = text.splitlines() or [""]
    return next((line[2:] for line in lines if line.startswith(": ")), lines[0]).strip().rstrip(".")


def full(place: object = None) -> RetryableError:
    """Say that a disk is full; making room and trying again helps."""
    where = f" ({place})" if place else ""
    return RetryableError(f"The disk is full{where}; make room and run again. What was published before stays.")


def closed(place: object) -> ConfigurationError:
    """Say that a file or folder may not be used by the user who runs this."""
    return ConfigurationError(
        f"{place} may not be read or written by this user; give it to the user, or name another folder: "
        "KINDRED_HOME for all that a run keeps, KINDRED_DATA for the exports."
    )


def own_fault(error: BaseException) -> FatalError:
    """Say that the error is a fault in the program; its traceback goes to a file of its own.

    Only the file's owner may read it, for it may hold personal values.
    """
    handle, place = tempfile.mkstemp(prefix="kindred-fault-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return FatalError(
        f"A fault of Kindred's own ({type(error).__name__}); its traceback is in {place}. Please report it."
    )
