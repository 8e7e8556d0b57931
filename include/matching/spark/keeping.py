"""What is kept on the way, so that a lost executor costs minutes and a plan does not grow with the steps behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

FOLDER = "kindred.kept"  # the property of a thread's work that names the folder
ALONE = ("local", "local[")  # how masters begin whose executor is the driver, and lost with it


@contextmanager
def keeping(session: SparkSession, folder: str | None) -> Iterator[None]:
    """Let what is kept within the block be written into a folder, where executors may be lost.

    A folder that the session itself has for checkpoints goes before it. Who names a folder removes it.
    """
    context = session.sparkContext
    is_alone = context.master == ALONE[0] or context.master.startswith(ALONE[1])
    context.setLocalProperty(FOLDER, None if is_alone else folder)
    try:
        yield
    finally:
        context.setLocalProperty(FOLDER, None)


@contextmanager
def keeping_for_now(session: SparkSession, folder: str) -> Iterator[None]:
    """As ``keeping``, in a folder that goes with the block."""
    with keeping(session, folder):
        try:
            yield
        finally:
            remove(session, folder)


def remove(session: SparkSession, folder: str) -> None:
    """Remove a folder and all in it, whatever store it is in and whether or not it is there."""
    context = session.sparkContext
    place = context._jvm.org.apache.hadoop.fs.Path(folder)
    place.getFileSystem(context._jsc.hadoopConfiguration()).delete(place, True)


def kept(rows: DataFrame) -> DataFrame:
    """The rows, computed once: written where there is a folder for them, else to the disks of the executors.

    What is written outlives an executor, whose tasks others then do again from there. It is written as a table: Spark's
    own checkpoint would compute the rows twice. Java holds none of them, so that its memory does not grow with a table.
    """
    session = rows.sparkSession
    folder = session.sparkContext.getCheckpointDir() or session.sparkContext.getLocalProperty(FOLDER)
    if folder is None:
        return rows.localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)
    path = f"{folder}/{uuid4().hex}.parquet"
    rows.write.parquet(path)
    return session.read.schema(rows.schema).parquet(path)
