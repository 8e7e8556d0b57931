"""The records of a table on Spark, with the keys that they are blocked and sampled by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from include.matching.judgement import Judge
from include.matching.spark.chunks import Chunks
from include.matching.spark.parts import blocks, meeting, pairs
from include.matching.spark.table import Table, rules_of

OfPairs = Callable[[pa.Table], pa.Table]


class KeyedRecords:
    """The rows of a table and their keys, part by part, with what every task knows of the table."""

    def __init__(self, rows: Chunks, table: Table) -> None:
        self.session, self.partitions, self.rules = rows.held.sparkSession, rows.parts, rules_of(table)
        self.table = replace(table, rules=self.rules)
        self.known = known = self.sent(self.table)
        self.rows = rows
        self.keys = rows.each(lambda part: blocks.with_keys(part, known.value), blocks.KEYS).kept()

    def sent(self, what: Any) -> Any:
        """Something that every task may ask for."""
        return self.session.sparkContext.broadcast(what)

    def keyed(
        self, dropped: Mapping[int, blocks.Keys], only: Mapping[int, blocks.Keys | None], *, wide: bool = False
    ) -> Chunks:
        """A row for each key of each record, of some rules, of some of their keys, or of all, on its way to its block.

        ``wide``: with all keys of the record beside it.
        """
        known, gone = self.known, self.sent(dropped)
        schema = blocks.WIDE if wide else blocks.KEYED
        return self.keys.each(lambda part: blocks.exploded(part, known.value, gone.value, only, wide=wide), schema)

    def beside(self, of: Chunks, task: OfPairs, schema: pa.Schema, *more: Chunks) -> Chunks:
        """What a task makes of pairs with both of their records beside them (and what ``more`` says of those).

        Pairs are at the part of their left record and end at that of their right one.
        """
        return self._between(of, more).met(meeting.right_beside(task), schema, self.rows, *more)

    def told(self, of: Chunks, task: OfPairs, schema: pa.Schema, *more: Chunks) -> Any:
        """As ``beside``, as rows that Spark sees."""
        return self._between(of, more).told_met(meeting.right_beside(task), schema, self.rows, *more)

    def _between(self, of: Chunks, more: tuple[Chunks, ...]) -> Chunks:
        places = self.table.places
        schema = meeting.with_left(of.schema, self.rows.schema, *(one.schema for one in more))
        return of.met(meeting.left_beside(places), schema, self.rows, *more)

    def compared(self, of: Chunks) -> Chunks:
        """Pairs with their levels."""
        known = self.known
        return self.beside(of, lambda part: pairs.compared(part, known.value), pairs.COMPARED)

    def scored(self, compared: Chunks, judge: Judge) -> Chunks:
        """Pairs with their log odds."""
        by = self.sent(judge)
        return compared.each(lambda part: pairs.scored(part, by.value), pairs.SCORED).kept()
