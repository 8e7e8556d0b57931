"""How Spark plans the work on a table: in how many parts, and with how much ado."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

PART = 100_000  # records of a partition
WORTHWHILE = 2_000  # records of a partition that are worth a task


def parts_of(records: int, cores: int) -> int:
    """The parts that a table is worked on in, so that a task needs no more memory for a larger one."""
    return max(1, min(cores, records // WORTHWHILE), -(-records // PART))


@contextmanager
def planned(session: SparkSession, parts: int, records: int) -> Iterator[None]:
    """Let Spark's plans within the block be those for a table in so many parts; afterwards all is set as before.

    Plans that are made again as they run, and compiled, cost more than small tables do.
    """
    is_large = str(records > PART).lower()
    mine = {"shuffle.partitions": str(parts), "adaptive.enabled": is_large, "codegen.wholeStage": is_large}
    names = [f"spark.sql.{name}" for name in mine]
    before = [session.conf.get(name) for name in names]
    for name, value in zip(names, mine.values(), strict=True):
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            session.conf.set(name, str(value))
