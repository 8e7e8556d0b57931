"""Tables in chunks: Spark schedules, moves and keeps them, and what is done with their rows is done in its tasks.

A row that Spark itself sorts, joins or hands to a task costs it microseconds, more than what the task then does with
it; a chunk of a hundred thousand costs hardly more than one row. So rows are sent to where they meet, and are joined
and counted there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from include.matching.spark.keeping import kept
from include.matching.spark.parts import chunks
from include.matching.spark.parts.chunks import Task
from include.matching.spark.tasks import ddl

WIRE = ddl(chunks.WIRE)


@dataclass(frozen=True)
class Chunks:
    """A table in so many parts: each chunk of it has the number of the part that it is of, or goes ``to``."""

    held: DataFrame
    schema: pa.Schema
    parts: int

    @classmethod
    def of(cls, session: SparkSession, rows: pa.Table, parts: int) -> Chunks:
        """Rows of the driver's, with the part ``to`` which each goes."""
        return cls(session.createDataFrame(chunks.packed_chunks(rows)), _without(rows.schema), parts)

    @classmethod
    def from_rows(cls, rows: DataFrame, task: Task, schema: pa.Schema, parts: int) -> Chunks:
        """What a task makes of rows that Spark sees, with the part ``to`` which each goes."""
        return cls(rows.mapInArrow(chunks.from_rows(task), WIRE), schema, parts)

    def kept(self) -> Chunks:
        """The same, computed once."""
        return replace(self, held=kept(self.held))

    def each(self, task: Task, schema: pa.Schema) -> Chunks:
        """What a task makes of each chunk: rows of the same part, or with the part ``to`` which each goes."""
        return replace(self, held=self.held.mapInArrow(chunks.of_each(task), WIRE), schema=schema)

    def told(self, task: Task, schema: pa.Schema) -> DataFrame:
        """What a task makes of each chunk, as rows that Spark sees."""
        return self.held.mapInArrow(chunks.told_by_each(task), ddl(schema))

    def met(self, task: Task, schema: pa.Schema, *others: Chunks) -> Chunks:
        """What a task makes of all rows of a part, those of ``others`` beside them; none where no table has any."""
        met, schemas = self._met(others)
        return replace(self, held=met.mapInArrow(chunks.of_all(task, schemas), WIRE), schema=schema)

    def told_met(self, task: Task, schema: pa.Schema, *others: Chunks) -> DataFrame:
        """As ``met``, as rows that Spark sees."""
        met, schemas = self._met(others)
        return met.mapInArrow(chunks.told_by_all(task, schemas), ddl(schema))

    def counted(self, task: Task, schema: pa.Schema, **how: str) -> pa.Table:
        """What a task counts of each chunk, added up (by ``sum``, ``min`` or ``max``) for the driver, in no order.

        ``how``: the columns of the schema that are added up, for each row of all others. Each is added up where all
        counts of it meet, so that the driver is given it once.
        """
        counts = self.held.mapInArrow(chunks.counted_by_each(task, how, self.parts), WIRE)
        met = replace(self, held=counts, schema=schema)
        return met.told_met(lambda every: chunks.added_up(every, how), schema).toArrow()

    def over(self, parts: int) -> Chunks:
        """The same, what goes on going to one of so many parts."""
        return replace(self, parts=parts)

    def beside(self, other: Chunks) -> Chunks:
        """The chunks of both, of one schema."""
        return replace(self, held=self.held.unionByName(other.held))

    def _met(self, others: tuple[Chunks, ...]) -> tuple[DataFrame, list[pa.Schema]]:
        every = [self, *others]
        marked = [one.held.withColumn("of", fn.lit(at)) for at, one in enumerate(every)]
        together = reduce(DataFrame.unionByName, marked)
        return together.repartitionById(self.parts, "to"), [one.schema for one in every]


def _without(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field for field in schema if field.name != "to"])
