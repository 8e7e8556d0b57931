"""How Spark plans the work on a table: in how many parts, and with how much ado."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PART = 100_000  # records of a part, at most, as long as chunks have enough rows
CHUNK = 1_000  # rows that a chunk between two parts has at least: fewer take longer to pack than to work on
WORTHWHILE = 2_000  # records of a partition that are worth a task
BRIEF = 20_000  # records of a table whose plans run too briefly to be worth any care


def parts_of(records: int, cores: int, most: int | None = None) -> int:
    """In how many parts a table is worked on: one for each core at least, if that is worth a task.

    ``most``: the records of a part, which a task's memory goes by. By default ``PART``, whatever the table; only where
    that made so many parts that a chunk from one to another had less than ``CHUNK`` rows, parts grow with the root of
    the table.
    """
    most = most or max(PART, isqrt(CHUNK * records))
    return max(1, min(cores, records // WORTHWHILE), -(-records // most))


# Plans are of chunks that are moved to where they belong, so there is nothing to plan again as they run. Compiling what
# little Spark does with rows costs more than small tables do.
ONCE = {"adaptive.enabled": "false"}
SMALL = {**ONCE, "codegen.wholeStage": "false", "codegen.factoryMode": "NO_CODEGEN"}
LARGE = {**ONCE, "codegen.wholeStage": "true", "codegen.factoryMode": "FALLBACK"}


@contextmanager
def planned(session: SparkSession, parts: int, records: int) -> Iterator[None]:
    """Let Spark's plans within the block be those for a table in so many parts; afterwards all is set as before."""
    asked = {"shuffle.partitions": str(parts), **(LARGE if records > BRIEF else SMALL)}
    mine = {f"spark.sql.{name}": value for name, value in asked.items()}
    before = {name: str(session.conf.get(name)) for name in mine}
    try:
        for name, value in mine.items():
            session.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, value)
