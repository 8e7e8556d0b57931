"""Resolve on Spark: the same engine, model and clusters as in memory, of a table that no machine needs to hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from include.contracts.errors import ConfigurationError
from include.matching.constraints import Decision, check_bypassed
from include.matching.engine import settle
from include.matching.judgement import Judge
from include.matching.pairs.comparison import compare
from include.matching.progress import SILENT, Progress, Watch
from include.matching.resolution import LEAST_TOLD, PAIR_SCHEMA, Pairs, confidence, table_of
from include.matching.spark.chunks import Chunks
from include.matching.spark.keeping import kept
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import labels
from include.matching.spark.parts.clusters import CLUSTER, added_in, clusters_in
from include.matching.spark.parts.pairs import LISTED, SCORED, both
from include.matching.spark.planning import parts_of, planned
from include.matching.spark.reading.reader import Read, checked, read
from include.matching.spark.ruling import rows_of, rule_on
from include.matching.spark.table import Table
from include.matching.spark.work import OnSpark
from include.matching.spec import MatchingSpec
from include.matching.weights.model import Model

EVIDENCE = 6  # the column that is a text here, for Spark has no dictionaries
PAIRS = PAIR_SCHEMA.set(EVIDENCE, pa.field("evidence", pa.string()))
PAIR = SCORED.remove(3)  # a pair, what listed it and its log odds
SURE = pa.schema([("id", pa.string()), ("cluster", pa.int64()), ("confidence", pa.float64())])


@dataclass(frozen=True)
class SparkResolution:
    """The outcome of one resolve, as DataFrames.

    ``clusters``: the id column, ``cluster`` (dense from 0) and ``confidence``, in no order; all else as
    ``resolution.Resolution`` has it.
    """

    clusters: DataFrame
    model: Model
    report: dict[str, Any]
    work: OnSpark
    judged_by: Judge
    ids: Chunks

    @property
    def prior(self) -> float:
        """The log odds of any two records being one person."""
        return self.judged_by.prior

    def planned(self) -> AbstractContextManager[None]:
        """Let what is asked of the outcome be planned as its table was."""
        keyed = self.work.keyed
        return planned(keyed.session, keyed.partitions, keyed.table.records)

    @cached_property
    def pairs(self) -> DataFrame:
        """The pairs judged with a probability above one in a thousand, ordered by id."""
        return self.pairs_above(LEAST_TOLD)

    def pairs_above(self, least: float) -> DataFrame:
        """``pairs`` of more log odds than ``least``."""
        places, closure = self.work.keyed.table.places, len(self.rules)
        listed, found = self.work.pairs.scored, self.work.pairs.found
        scored = listed.each(lambda part: places.sent(told_above(part, least), "left"), PAIR)
        extra = found.each(lambda part: places.sent(added_above(part, least, closure), "left"), PAIR)
        return self._told(scored.beside(extra))

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        """The pairs of the records with these ids, as ``pairs`` has them, whether or not blocking proposed them."""
        session, asked = self.work.keyed.session, pa.table({"a": record_a, "b": record_b})
        if not asked.num_rows:
            return PAIR_SCHEMA.empty_table()
        places, ids = self.work.keyed.table.places, rows_of(self.ids)
        pairs = session.createDataFrame(asked.cast(pa.schema([("a", pa.string()), ("b", pa.string())])))
        for name, side in (("a", "one"), ("b", "other")):
            pairs = pairs.join(ids.select(fn.col("id").alias(name), fn.col("at").alias(side)), name)
        ends = fn.least("one", "other").alias("left"), fn.greatest("one", "other").alias("right")
        pairs = pairs.select(*ends, fn.lit(len(self.rules)).alias("rule"))
        with self.planned():
            listed = Chunks.from_rows(pairs, lambda part: places.sent(part, "left"), LISTED, places.parts)
            judged = self.work.judged(listed, self.judged_by)
            told = self._told(judged.each(lambda part: places.sent(part.select(PAIR.names), "left"), PAIR))
            return told.toArrow().cast(PAIR_SCHEMA)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that listed pairs, those whose dropped blocks were compared after all once more."""
        blocking = self.work.blocking
        return (*blocking.rules.names, *(blocking.rules.names[rule] for rule in blocking.extended))

    def _told(self, pairs: Chunks) -> DataFrame:
        keyed, rules = self.work.keyed, self.rules
        table, judge = keyed.known, keyed.sent(self.judged_by)
        told = keyed.told(pairs, lambda part: told_of(part, table.value, judge.value, rules), PAIRS, self.ids)
        return told.orderBy("record_a", "record_b")


def told_above(pairs: pa.Table, least: float) -> pa.Table:
    """The pairs of more log odds than ``least``."""
    return pairs.select(PAIR.names).filter(pa.array(pairs["odds"].to_numpy() > least))


def added_above(found: pa.Table, least: float, closure: int) -> pa.Table:
    """The pairs that closure added, of more log odds than ``least``."""
    added = added_in(found)
    rule = pa.array(np.full(added.num_rows, closure, np.int32))
    return told_above(added.add_column(2, PAIR.field("rule"), rule), least)


def told_of(pairs: pa.Table, table: Table, judge: Judge, names: tuple[str, ...]) -> pa.Table:
    """What is told of pairs: weight, probability, grade, rule and evidence."""
    features, left, right = both(pairs, table)
    features = replace(features, ids=pa.chunked_array([*pairs["l_id"].chunks, *pairs["r_id"].chunks]).combine_chunks())
    levels = compare(features, left, right)
    logits = pairs["odds"].to_numpy().astype(np.float64)
    told = Pairs(left, right, levels, logits, pairs["rule"].to_numpy())
    found = table_of(features, judge.doubtful, names, told)
    return found.set_column(EVIDENCE, "evidence", found["evidence"].cast(pa.string()))


def resolve(
    records: DataFrame,
    spec: MatchingSpec,
    *,
    decisions: Sequence[Decision] = (),
    known: DataFrame | pa.Table | None = None,
    model: Model | None = None,
    part: int | None = None,
    progress: Progress = SILENT,
) -> SparkResolution:
    """Group the records of one person, as ``engine.resolve`` does.

    ``decisions``, ``known`` (a DataFrame, or a table, of record_a and record_b) and ``model`` as there. ``part``: the
    most records that a task holds, by default as ``planning.parts_of`` has it. Raises ConfigurationError where spec and
    table do not fit, or a decision is on a column that is none of it.
    """
    watch, session = Watch(progress), records.sparkSession
    bypassing = check_bypassed(decisions, spec)
    with watch.stage("encode"):
        size = checked(records, spec)
    parts = parts_of(size, session.sparkContext.defaultParallelism, part)
    with planned(session, parts, size):
        with watch.stage("encode"):
            found = read(records, spec, size, parts, bypassing)
        with watch.stage("block"):
            keyed = KeyedRecords(found.rows, Table(found.layout, spec, size, found.places))
            work = OnSpark(keyed, found.groups, found.notes, rule_on(found.ids, decisions, known))
        settled = settle(work, spec, model, watch)
        with watch.stage("label"):
            clusters, people = _labels(found, work, dict(records.dtypes)[spec.id])
    report = settled.report | {"clusters": people, "seconds": watch.seconds}
    return SparkResolution(clusters, settled.model, report, work, settled.judge, found.ids)


def _labels(found: Read, work: OnSpark, kind: str) -> tuple[DataFrame, int]:
    places = found.places
    told = work.pairs.found.each(lambda part: clusters_in(part, places), CLUSTER)
    every = told.met(labels.rooted, labels.ROOTED, found.ids).kept()
    asked = every.each(lambda part: labels.asked(part, places), labels.ASKED)
    roots = asked.met(lambda part: part, labels.ASKED).kept()
    counted = roots.told(lambda part: labels.counted(part, places), labels.COUNTED).toArrow().sort_by("part")
    many = np.bincount(counted["part"].to_numpy(), counted["roots"].to_numpy(), places.parts).astype(np.int64)
    first = np.cumsum(many) - many
    numbers = roots.each(lambda part: labels.numbered(part, places, first), labels.NUMBERED)
    sure = every.told_met(lambda part, of: _sure(labels.named(part, of)), SURE, numbers)
    named = fn.col("id").cast(kind).alias(work.keyed.table.spec.id)
    return kept(sure.select(named, "cluster", "confidence")), int(many.sum())


def _sure(rows: pa.Table) -> pa.Table:
    return pa.table([rows["id"], rows["cluster"], confidence(rows["odds"].to_numpy())], schema=SURE)


def read_files(session: SparkSession, files: list[str]) -> DataFrame:
    """Parquet files or folders as a table; raises ConfigurationError where workers cannot read them."""
    from pyspark.errors import AnalysisException  # noqa: PLC0415

    other = [name for name in files if not name.rstrip("/").endswith(".parquet") and "." in name.rsplit("/", 1)[-1]]
    if other:
        raise ConfigurationError(
            f"Spark reads Parquet, and {other[0]!r} is none: write it as Parquet, or leave out --engine spark."
        )
    try:
        return session.read.parquet(*files)
    except AnalysisException:
        raise ConfigurationError(
            f"Spark cannot read {', '.join(files)}: the path has to be one that its workers reach."
        ) from None
