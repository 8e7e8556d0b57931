"""What is kept on the way, so that a lost executor costs minutes and a plan does not grow with the steps behind it."""

from __future__ import annotations

from uuid import uuid4

from pyspark.sql import DataFrame


def kept(rows: DataFrame) -> DataFrame:
    """The rows, computed once: written where the session has a folder for checkpoints, else held by the executors.

    What is written outlives an executor, whose tasks others then do again from there. It is written as a table: Spark's
    own checkpoint would compute the rows twice.
    """
    session = rows.sparkSession
    folder = session.sparkContext.getCheckpointDir()
    if folder is None:
        return rows.localCheckpoint()
    path = f"{folder}/{uuid4().hex}.parquet"
    rows.write.parquet(path)
    return session.read.schema(rows.schema).parquet(path)
