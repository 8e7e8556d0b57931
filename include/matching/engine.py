"""Resolve: from a table of records to clusters, judged pairs and evidence.

``settle`` is the engine, written once against the operations of ``work``; ``resolve`` runs it in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from include.matching import clustering
from include.matching.constraints import Decision, bypass, rule_on
from include.matching.judgement import Judge, Learner
from include.matching.memory import InMemory
from include.matching.pairs.tally import together
from include.matching.progress import SILENT, Progress, Watch
from include.matching.records.features import featurize
from include.matching.resolution import Judged, Resolution
from include.matching.spec import MatchingSpec
from include.matching.weights.model import Model, to_model
from include.matching.work import Pairs, Work

FEW_NAMESAKES = 0.95  # expected F1 from which the links of a table of names and addresses can be followed blindly


@dataclass(frozen=True)
class Settled:
    """What a run decided: the judge, and what it found out about itself."""

    judge: Judge
    model: Model
    report: dict[str, Any]


def resolve(
    records: pa.Table,
    spec: MatchingSpec,
    *,
    decisions: Sequence[Decision] = (),
    known: pa.Table | None = None,
    model: Model | None = None,
    progress: Progress = SILENT,
) -> Resolution:
    """Group the records of one person.

    ``records``: one row a record, with the spec's columns. ``decisions``: what stewards ruled, which binds; so does
    ``known``, pairs (record_a, record_b) that a source itself merged, where no steward ruled otherwise.
    ``model``: an earlier model to reuse instead of estimating. The result does not depend on the order of rows.
    Raises ConfigurationError where spec and table do not fit.
    """
    watch = Watch(progress)
    with watch.stage("encode"):
        features = bypass(featurize(records, spec), decisions, spec)
    with watch.stage("block"):
        work = InMemory(features, spec, rule_on(features, decisions, known))
    settled = settle(work, spec, model, watch)
    judge = settled.judge
    judged = Judged(
        features, spec, work.candidates, work.levels, work.logits, work.clusters, work.ruling,
        lambda left, right: work.judge(judge, left, right).logits, judge.doubtful, judge.prior,
    )  # fmt: skip
    return judged.resolution(settled.model, settled.report, watch)


def settle(work: Work, spec: MatchingSpec, model: Model | None, watch: Watch) -> Settled:
    """List, compare, estimate, score and cluster; ``work`` then holds the clusters."""
    with watch.stage("block"):
        work.block()
    with watch.stage("compare"):
        work.compare()
    learner = Learner(work.groups, spec, work.records)
    with watch.stage("estimate"):
        judge = learner.learn(work.drawn(), model)
    if model is None:
        judge = _learn_from_clusters(work, learner, judge, watch)
    with watch.stage("score"):
        work.score(judge)
    with watch.stage("extend"):
        work.extend(work.tallies(), judge)
    if not judge.unverifiable:  # where a rule, not their odds, says what most pairs of a table are worth
        with watch.stage("rivals"):
            work.weigh(judge)
    threshold, expected_f1 = _group(work, judge, learner, watch)
    fitted = model or to_model(judge.fit, judge.groups, spec)
    report = {
        "records": work.records,
        "threshold": float(1 / (1 + np.exp(-threshold))),
        "expected_f1": expected_f1,
        "model_version": fitted.version,
        "drift": judge.fit.drift,
        **work.report(),
    }
    return Settled(judge, fitted, report)


def _learn_from_clusters(work: Work, learner: Learner, judge: Judge, watch: Watch) -> Judge:
    """Estimate again from who is found to be one person, in a sample of a large table."""
    with watch.stage("score"):
        work.score(judge)
        part, stands_for = work.sample()
    _group(part, judge, learner, watch)
    with watch.stage("estimate"):
        return learner.learn_from(judge, *part.joined(), stands_for)


def _group(pairs: Pairs, judge: Judge, learner: Learner, watch: Watch) -> tuple[float, float]:
    """Choose the threshold and cluster; returns it, in log odds, and the F1 that is expected of the clusters."""
    with watch.stage("score"):
        threshold, expected = clustering.choose_threshold(together(pairs.tallies()))
    with watch.stage("cluster"):
        chain = judge.unverifiable and expected >= FEW_NAMESAKES
        within, apart = pairs.cluster(judge, threshold=threshold, chain=chain)
    return threshold, clustering.expected_f1(within, apart, learner.beyond(judge))
