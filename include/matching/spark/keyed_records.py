"""The records of a table on Spark, with the keys that they are blocked and sampled by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from include.matching.judgement import Judge
from include.matching.spark.keeping import kept
from include.matching.spark.parts import blocks, pairs
from include.matching.spark.table import Table, rules_of
from include.matching.spark.tasks import ddl, each


class KeyedRecords:
    """Rows, with what every task knows of their table."""

    def __init__(self, rows: DataFrame, table: Table, partitions: int) -> None:
        self.session, self.partitions, self.rules = rows.sparkSession, partitions, rules_of(table)
        self.table = replace(table, rules=self.rules)
        self.known = known = self.sent(self.table)
        wide = ", ".join([ddl(table.layout.schema), *(f"{name} binary" for name, _ in blocks.WIDE)])
        self.rows = kept(rows.mapInArrow(each(lambda rows: blocks.with_keys(rows, known.value)), wide))

    def sent(self, what: Any) -> Any:
        """Something that every task may ask for."""
        return self.session.sparkContext.broadcast(what)

    def keyed(self, dropped: Mapping[int, blocks.Keys], only: Mapping[int, blocks.Keys | None]) -> DataFrame:
        """A row for each key of each record, of some rules, of some of their keys, or of all."""
        known, gone = self.known, self.sent(dropped)
        return self.rows.select("at", "source", "keys", "across").mapInArrow(
            each(lambda rows: blocks.exploded(rows, known.value, gone.value, only)), ddl(blocks.KEYED)
        )

    def beside(self, of: DataFrame, names: Sequence[str]) -> DataFrame:
        """Pairs with both of their records."""
        for side, key in (("l", "left"), ("r", "right")):
            records = self.rows.select(*(fn.col(name).alias(f"{side}_{name}") for name in names))
            of = of.join(records, of[key] == records[f"{side}_at"])
        return of

    def compared(self, of: DataFrame) -> DataFrame:
        """Pairs with their levels."""
        known = self.known
        beside = self.beside(of, self.table.layout.schema.names)
        return beside.mapInArrow(each(lambda part: pairs.compared(part, known.value)), ddl(pairs.COMPARED))

    def scored(self, compared: DataFrame, judge: Judge) -> DataFrame:
        """Pairs with their log odds."""
        by = self.sent(judge)
        return kept(compared.mapInArrow(each(lambda part: pairs.scored(part, by.value)), ddl(pairs.SCORED)))
