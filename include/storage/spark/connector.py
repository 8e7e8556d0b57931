"""What Spark needs to read a lake by itself, as measures do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.contracts.errors import ConfigurationError
from include.storage.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def require_connector(session: SparkSession, lake: Lake) -> None:
    """Raise ConfigurationError where Spark cannot read the store that the lake is in."""
    from py4j.protocol import Py4JError  # noqa: PLC0415 - Spark may not be installed

    if lake.is_local:
        return
    store = lake.url("", "").partition("://")[0]
    java, hadoop = session.sparkContext._jvm, session.sparkContext._jsc
    try:
        java.org.apache.hadoop.fs.FileSystem.getFileSystemClass(store, hadoop.hadoopConfiguration())
    except Py4JError:
        raise ConfigurationError(
            f"Spark has no connector for the lake at {lake.root}, which measures are read from: give it one with "
            "spark.jars.packages (of S3, org.apache.hadoop:hadoop-aws in the version of Spark's Hadoop)."
        ) from None
