"""Files of the lake as Spark reads and writes them: its tasks do, by the file system that the lake itself is on.

They have the credentials that their own machine has; so whatever store the lake is on, Spark needs no connector for it.
What a task does is in ``files``, which is light.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow.parquet as pq

from include.contracts.errors import ConfigurationError
from include.storage.lake import Lake
from include.storage.spark import files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

PART = 100_000  # rows that a task reads at least, where there are so many
ASKING = 16  # files that are asked at a time what is in them


def rows(session: SparkSession, fs: Any, places: Sequence[str], schema: StructType | None = None) -> DataFrame:
    """The rows of files, with the columns of a schema, or those of the first file; one that a file lacks is null.

    ``fs`` is the file system of places with a scheme; others lie in a folder that all machines share.
    """
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema  # noqa: PLC0415  Spark may not be there

    def footer(place: str) -> pq.FileMetaData:
        with files.opened(fs, place) as file:
            return pq.ParquetFile(file).metadata

    with ThreadPoolExecutor(ASKING) as pool:
        footers = list(pool.map(footer, places))
    shape = schema or from_arrow_schema(footers[0].schema.to_arrow_schema())
    parts = _parts(zip(places, footers, strict=True))
    numbers = session.range(len(parts), numPartitions=max(len(parts), 1))
    task = partial(files.read, fs=fs, parts=parts, schema=to_arrow_schema(shape, timezone="UTC"))
    return numbers.mapInArrow(task, shape)


def _parts(footers: Iterable[tuple[str, pq.FileMetaData]]) -> list[list[files.Group]]:
    """The groups of rows of files, in their order, so many together as make a part."""
    parts, room = list[list[files.Group]](), 0
    for place, footer in footers:
        for group in range(footer.num_row_groups):
            if room <= 0:
                parts.append([])
                room = PART
            parts[-1].append((place, group))
            room -= footer.row_group(group).num_rows
    return parts


def write(frame: DataFrame, fs: Any, place: str) -> list[str]:
    """Write rows into files that are called by a place and more, at least one; their places, in the rows' order."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  as above

    task = partial(files.written, fs=fs, place=place)
    places = sorted(row["place"] for row in frame.mapInArrow(task, "place string").collect())
    fs.invalidate_cache()
    if places:
        return places
    with fs.open(f"{place}.{files.ENDING}", "wb") as file:
        pq.write_table(to_arrow_schema(frame.schema, timezone="UTC").empty_table(), file)
    return [f"{place}.{files.ENDING}"]


def require_reach(lake: Lake, session: SparkSession, folder: str) -> None:
    """Raise ConfigurationError where a worker cannot read a folder of the lake and write into it."""
    asked = uuid4().hex
    lake.fs.pipe_file(f"{folder}/{files.ASKED}", asked.encode())
    several = session.sparkContext.defaultParallelism * 2
    task = partial(files.reached, fs=lake.fs, folder=folder)
    told = session.range(several, numPartitions=several).mapInArrow(task, "said string, place string").collect()
    lake.fs.invalidate_cache()
    wrong = {row["said"] for row in told} - {asked}
    if wrong or not all(lake.fs.exists(row["place"]) for row in told):
        reason = f" ({min(wrong)})" if wrong else ""
        raise ConfigurationError(
            f"Spark's workers cannot read and write the lake at {lake.root}{reason}: "
            "it has to be a folder that all machines share, or a store that they have credentials for."
        )
