"""Which engine computes the measures: this machine's, or Spark, by the setting KINDRED_ENGINE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from include.matching.spark.session import connected
from include.storage.engine import Transforms
from include.storage.project import Project

REACHED = "exchange"  # where workers show that they reach the lake


@contextmanager
def opened(project: Project) -> Iterator[Transforms]:
    """Open the engine for the block; raises ConfigurationError where Spark is asked for and cannot be used."""
    if project.settings.engine != "spark":
        with project.engine() as engine:
            yield engine
        return
    with project.spark() as at, connected(at.master, at.options) as session:
        from include.matching.spark.keeping import kept  # noqa: PLC0415  Spark may not be installed
        from include.storage.spark.engine import SparkEngine  # noqa: PLC0415
        from include.storage.spark.stored import require_reach  # noqa: PLC0415

        with project.lake.exchange(REACHED) as folder:
            require_reach(project.lake, session, folder)
        with SparkEngine(project.lake, session, kept) as engine:
            yield engine
