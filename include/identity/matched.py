"""The engine at work for the stage, on this machine or on Spark: the same records in, the same relations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from include.identity.crosswalk.guard import Judge
from include.identity.crosswalk.relations import Relation, given, hold
from include.identity.exchange import exchange
from include.identity.plan import Plan
from include.identity.records import ORDER, in_order, merged
from include.identity.store import load_model
from include.matching import engine as matching
from include.matching.constraints import Decision
from include.matching.resolution import LEAST_REVIEWED
from include.matching.spark.session import connected
from include.matching.spec import MatchingSpec
from include.matching.weights.model import Model
from include.storage.engine import Engine
from include.storage.project import Project

COLUMNS = ("record_id", "cluster", "confidence")
GRADED = "grade IN ('match', 'review')"
_EDGE = f"SELECT * FROM {{pairs}} WHERE {GRADED}"


@dataclass(frozen=True)
class Matched:
    """What the engine found: each record's cluster (found: record_id, cluster, confidence) and the pairs of a grade
    above non-match (edge: as identity/edge declares); and what judges any further pair.
    """  # fmt: skip

    model: Model
    report: Mapping[str, Any]
    found: Relation
    edge: Relation
    judge: Judge


@contextmanager
def matched(project: Project, engine: Engine, records: ir.Table, plan: Plan) -> Iterator[Matched]:
    """Match the records with the saved model, where there is one, where ``KINDRED_ENGINE`` says.

    Judging is for the block alone. Raises ConfigurationError, before anything starts, for what Spark lacks.
    """
    spec = plan.spec.model_copy(update={"order": ORDER})
    names = dict.fromkeys([spec.id, ORDER, *([spec.source] if spec.source else []), *spec.columns])
    saved = load_model(engine.lake, plan.inputs["model"])
    work = _Work(in_order(records).select(*names), merged(records), spec, plan.decisions.binding, saved)
    with _on_spark(project, engine, work) if project.settings.engine == "spark" else _in_memory(engine, work) as found:
        yield found


@dataclass(frozen=True)
class _Work:
    """What is to be matched."""

    records: ir.Table
    known: pa.Table
    spec: MatchingSpec
    decisions: Sequence[Decision]
    model: Model | None


@contextmanager
def _in_memory(engine: Engine, work: _Work) -> Iterator[Matched]:
    connection = engine.connection
    found = matching.resolve(
        work.records.to_pyarrow(), work.spec, decisions=work.decisions, known=work.known, model=work.model
    )
    pairs = given(connection, "pairs", found.pairs_above(LEAST_REVIEWED))
    edge = hold(connection, "edge", _EDGE, pairs=pairs)
    connection.unregister(pairs.name)
    clusters = given(connection, "found", found.clusters.rename_columns(list(COLUMNS)))
    yield Matched(found.model, found.report, clusters, edge, found)


@contextmanager
def _on_spark(project: Project, engine: Engine, work: _Work) -> Iterator[Matched]:
    with (
        project.spark() as at,
        connected(at.master, at.options) as session,
        exchange(engine.lake.shared, session) as between,
    ):
        from include.matching.spark import resolution as on_spark  # noqa: PLC0415  Spark may not be installed
        from include.matching.spark.keeping import keeping  # noqa: PLC0415

        records = between.hand_over(engine, work.records)
        with keeping(session, between.kept):
            found = on_spark.resolve(
                records, work.spec, decisions=work.decisions, known=work.known, model=work.model,
                part=project.settings.spark_partition,
            )  # fmt: skip
            with found.planned():
                edge = between.take(engine, "edge", found.pairs_above(LEAST_REVIEWED).filter(GRADED))
            clusters = between.take(engine, "found", found.clusters.toDF(*COLUMNS))
            yield Matched(found.model, found.report, clusters, edge, found)
