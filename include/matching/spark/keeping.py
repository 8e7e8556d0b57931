"""What is kept on the way, so that a lost executor costs minutes and a plan does not grow with the steps behind it."""

from __future__ import annotations

from pyspark.sql import DataFrame


def kept(rows: DataFrame) -> DataFrame:
    """The rows, computed once: written where the session has a folder for checkpoints, else held by the executors."""
    context = rows.sparkSession.sparkContext
    return rows.checkpoint() if context.getCheckpointDir() else rows.localCheckpoint()
