"""What the machine or a library raises is one sentence of ours, and says whether trying again can help."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import duckdb
import psycopg
import pytest
import sqlalchemy as sa

from include.contracts.errors import ConfigurationError, FatalError, KindredError, RetryableError
from include.contracts.faults import explained, own_fault

OFFLOAD = "Out of Memory Error: failed to offload data block of size 256.0 KiB (18.0 MiB/18.0 MiB used).\nThis limit "
OFFLOAD += "was set by the 'max_temp_directory_size' setting."
WRITE = 'IO Error: Async write failed: {"exception_message":"Could not write file \\"/home/lake/x.parquet\\": '
WRITE += 'No space left on device","errno":"28"}'
FOREIGN = 'IO Error: Cannot open file "/data/crm.parquet": Permission denied'
BUSY = "Out of Memory Error: could not allocate block of size 2.0 MiB (3.9 GiB/4.0 GiB used)"
LOST = (
    "An error occurred while calling o84.collectToPython.\n: org.apache.spark.SparkException: Job aborted.\n\tat scala"
)
Py4JError = type("Py4JError", (Exception,), {"__module__": "py4j.protocol"})  # which may not be installed

FAULTS = {
    "file system full": (OSError(errno.ENOSPC, "No space", "/home/lake/x"), RetryableError, "is full (/home/lake/x)"),
    "quota reached": (OSError(errno.EDQUOT, "Quota"), RetryableError, "The disk is full; make room"),
    "engine writes": (duckdb.IOException(WRITE), RetryableError, "is full (/home/lake/x.parquet)"),
    "engine spills": (duckdb.OutOfMemoryException(OFFLOAD), RetryableError, "The disk is full"),
    "database full": (
        sa.exc.OperationalError("", None, psycopg.errors.DiskFull()),
        RetryableError,
        "full (PostgreSQL's)",
    ),
    "folder closed": (PermissionError(errno.EACCES, "No", "/srv/kindred"), ConfigurationError, "/srv/kindred may not"),
    "file closed": (duckdb.IOException(FOREIGN), ConfigurationError, "/data/crm.parquet may not"),
    "little memory": (duckdb.OutOfMemoryException(BUSY), ConfigurationError, "KINDRED_MEMORY_LIMIT"),
    "no memory": (MemoryError(), FatalError, "too little memory"),
    "server gone": (psycopg.errors.AdminShutdown(), RetryableError, "connection to the database was lost"),
    "executors lost": (
        Py4JError(LOST),
        RetryableError,
        "gave the work up (org.apache.spark.SparkException: Job aborted);",
    ),
    "worker killed": (
        Py4JError(f"{LOST}\nCaused by: Python worker exited unexpectedly"),
        RetryableError,
        "give executors more (spark.executor.memoryOverhead), or tasks fewer records",
    ),
    "no heap": (
        Py4JError(f"{LOST}\nCaused by: java.lang.OutOfMemoryError: Java heap space"),
        RetryableError,
        "raise spark.executor.memory",
    ),
    "spark spills": (
        Py4JError(f"{LOST}\nCaused by: java.io.IOException: No space left on device"),
        RetryableError,
        "The disk is full (of one of Spark's machines, spark.local.dir)",
    ),
    "java gone": (Py4JError("Answer from Java side is empty"), RetryableError, "(Answer from Java side is empty);"),
    "ours": (FatalError("As it is."), FatalError, "As it is."),
}


@pytest.mark.parametrize(("error", "kind", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_machine_says_what_to_do(error: Exception, kind: type[KindredError], said: str) -> None:
    meaning = explained(error)
    assert type(meaning) is kind
    assert said in str(meaning)


def test_what_an_error_was_raised_from_tells() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space")
        except OSError as first:
            raise KeyError("x") from first
    except KeyError as error:
        assert isinstance(explained(error), RetryableError)


def test_a_fault_of_our_own_is_kept_for_its_owners_eyes() -> None:
    assert explained(KeyError("secret@acme.example")) is None
    said = str(own_fault(KeyError("secret@acme.example")))
    assert "secret" not in said
    place = Path(said.partition("traceback is in ")[2].partition(". Please")[0])
    assert "secret@acme.example" in place.read_text()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.unlink()
