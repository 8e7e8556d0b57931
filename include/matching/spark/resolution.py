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
from include.matching.spark.keeping import kept
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts.pairs import both
from include.matching.spark.planning import parts_of, planned
from include.matching.spark.reading.order import numbered
from include.matching.spark.reading.reader import Read, checked, read
from include.matching.spark.ruling import rule_on
from include.matching.spark.table import Table
from include.matching.spark.tasks import each
from include.matching.spark.work import OnSpark
from include.matching.spec import MatchingSpec
from include.matching.weights.model import Model

PAIRS = (
    "record_a string, record_b string, match_weight double, probability double, grade string, rule string, "
    "evidence string"
)


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
    ids: DataFrame

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
        listed, found = self.work.pairs.scored, self.work.pairs.found
        scored = listed.filter(fn.col("odds") > least).select("left", "right", "rule", "odds")
        extra = found.filter((fn.col("what") == "extra") & (fn.col("odds") > least))
        closure = fn.lit(len(self.rules)).alias("rule")
        extra = extra.select(fn.col("a").alias("left"), fn.col("b").alias("right"), closure, "odds")
        return self._told(scored.unionByName(extra))

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        """The pairs of the records with these ids, as ``pairs`` has them, whether or not blocking proposed them."""
        session, asked = self.ids.sparkSession, pa.table({"a": record_a, "b": record_b})
        if not asked.num_rows:
            return PAIR_SCHEMA.empty_table()
        pairs = session.createDataFrame(asked.cast(pa.schema([("a", pa.string()), ("b", pa.string())])))
        for name, side in (("a", "one"), ("b", "other")):
            pairs = pairs.join(self.ids.select(fn.col("id").alias(name), fn.col("at").alias(side)), name)
        ends = fn.least("one", "other").alias("left"), fn.greatest("one", "other").alias("right")
        pairs = pairs.select(*ends, fn.lit(len(self.rules)).alias("rule"))
        with self.planned():
            return self._told(self.work.judged(pairs, self.judged_by)).toArrow().cast(PAIR_SCHEMA)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that listed pairs, those whose dropped blocks were compared after all once more."""
        blocking = self.work.blocking
        return (*blocking.rules.names, *(blocking.rules.names[rule] for rule in blocking.extended))

    def _told(self, pairs: DataFrame) -> DataFrame:
        keyed, rules = self.work.keyed, self.rules
        table, judge = keyed.known, keyed.sent(self.judged_by)
        beside = keyed.beside(pairs, keyed.table.layout.schema.names)
        for side, key in (("l", "left"), ("r", "right")):
            ids = self.ids.select(fn.col("at").alias(f"{side}_key"), fn.col("id").alias(f"{side}_id"))
            beside = beside.join(ids, beside[key] == ids[f"{side}_key"])
        told = beside.mapInArrow(each(lambda pairs: told_of(pairs, table.value, judge.value, rules)), PAIRS)
        return told.orderBy("record_a", "record_b")


def told_of(pairs: pa.Table, table: Table, judge: Judge, names: tuple[str, ...]) -> pa.Table:
    """What is told of pairs: weight, probability, grade, rule and evidence."""
    features, left, right = both(pairs, table)
    features = replace(features, ids=pa.chunked_array([*pairs["l_id"].chunks, *pairs["r_id"].chunks]).combine_chunks())
    levels = compare(features, left, right)
    logits = pairs["odds"].to_numpy().astype(np.float64)
    told = Pairs(left, right, levels, logits, pairs["rule"].to_numpy())
    found = table_of(features, judge.doubtful, names, told)
    return found.set_column(6, "evidence", found["evidence"].cast(pa.string()))


def resolve(
    records: DataFrame,
    spec: MatchingSpec,
    *,
    decisions: Sequence[Decision] = (),
    known: DataFrame | pa.Table | None = None,
    model: Model | None = None,
    partitions: int | None = None,
    progress: Progress = SILENT,
) -> SparkResolution:
    """Group the records of one person, as ``engine.resolve`` does.

    ``decisions``, ``known`` (a DataFrame, or a table, of record_a and record_b) and ``model`` as there. ``partitions``:
    the parts that a table is worked on in, by default as ``planning.parts_of`` has it. Raises ConfigurationError where
    spec and table do not fit, or a decision is on a column that is none of it.
    """
    watch, session = Watch(progress), records.sparkSession
    bypassing = check_bypassed(decisions, spec)
    with watch.stage("encode"):
        size = checked(records, spec)
    parts = partitions or parts_of(size, session.sparkContext.defaultParallelism)
    with planned(session, parts, size):
        with watch.stage("encode"):
            found = read(records, spec, size, parts, bypassing)
        with watch.stage("block"):
            keyed = KeyedRecords(found.rows, Table(found.layout, spec, size), parts)
            work = OnSpark(keyed, found.groups, found.notes, rule_on(found.ids, decisions, known))
        settled = settle(work, spec, model, watch)
        with watch.stage("label"):
            clusters, people = _labels(found, work, dict(records.dtypes)[spec.id])
    report = settled.report | {"clusters": people, "seconds": watch.seconds}
    return SparkResolution(clusters, settled.model, report, work, settled.judge, found.ids)


def _labels(found: Read, work: OnSpark, kind: str) -> tuple[DataFrame, int]:
    told = work.pairs.found.filter("what = 'cluster'").select(
        fn.col("a").alias("at"), fn.col("b").alias("root"), "odds"
    )
    every = found.ids.join(told, "at", "left")
    every = every.select(
        "at",
        "id",
        fn.coalesce("root", "at").alias("root"),
        fn.coalesce("odds", fn.lit(1e30).cast("float")).alias("odds"),
    )
    roots, people = numbered(_in_ranges(every.select("root").distinct(), work.keyed), "cluster")
    sure = (
        every.join(roots, "root")
        .select("id", "cluster", "odds")
        .mapInArrow(each(_sure), "id string, cluster long, confidence double")
    )
    named = fn.col("id").cast(kind).alias(work.keyed.table.spec.id)
    return kept(sure.select(named, "cluster", "confidence")), people


def _in_ranges(roots: DataFrame, keyed: KeyedRecords) -> DataFrame:
    """Records in their order, a part of all places in each partition."""
    part = fn.expr(f"cast(root * {keyed.partitions} div {max(1, keyed.table.records)} as int)")
    return roots.repartitionById(keyed.partitions, part).sortWithinPartitions("root")


def _sure(rows: pa.Table) -> pa.Table:
    return pa.table({"id": rows["id"], "cluster": rows["cluster"], "confidence": confidence(rows["odds"].to_numpy())})


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
