"""Resolve: from a table of records to clusters, judged pairs and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching import clustering
from include.matching.constraints import Decision, bypass, rule_on
from include.matching.kernels.pairs import score_levels
from include.matching.pairs import comparison, standing_rules
from include.matching.pairs.blocking import Candidates, Keys, Rule, block
from include.matching.pairs.blocking_budget import extend
from include.matching.pairs.blocking_rules import derive_rules
from include.matching.pairs.pair_sample import Patterns, Universe, survey
from include.matching.pairs.tally import Tally
from include.matching.progress import SILENT, Progress, Watch
from include.matching.records.columns import Codes
from include.matching.records.features import Features, featurize
from include.matching.relations import ONE_PERSON
from include.matching.resolution import Judged, Resolution
from include.matching.rivals import FIRM, Rivals, find_rivals
from include.matching.spec import MatchingSpec
from include.matching.weights import estimation
from include.matching.weights.fit import FEWEST, Fit, log_share, start, tables
from include.matching.weights.model import Model, known_fit, to_model


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
        rules = derive_rules(features, spec)
        candidates = block(features, rules, link_only=spec.link_only, pairs_per_record=spec.pairs_per_record)
    judge = _Judge(features, spec)
    with watch.stage("compare"):
        levels = comparison.compare(features, candidates.left, candidates.right)
    with watch.stage("estimate"):
        judge.learn(candidates, levels, model, [rule.keys for rule in rules[: len(spec.blocking.rules)]])
    ruling = rule_on(features, decisions, known)
    if model is None:
        _learn_from_clusters(candidates, levels, judge, ruling, watch)
    scored = _score(candidates, levels, judge, rules, watch)
    scored = _among_rivals(scored, judge, ruling, watch)
    found = _group(scored, judge, ruling, watch)
    judged = Judged(
        features, spec, scored.candidates, scored.levels, scored.logits, found.clusters, ruling, judge.odds,
        judge.doubtful, judge.prior,
    )  # fmt: skip
    fitted = model or to_model(judge.fit, judge.groups, spec)
    return judged.resolution(fitted, _report(scored, found, judge, fitted), watch)


def _score(
    candidates: Candidates, levels: comparison.Levels, judge: _Judge, rules: Sequence[Rule], watch: Watch
) -> _Scored:
    """Score the candidates, and those that what is left of the budget of pairs is worth spending on now."""
    features, spec = judge.features, judge.spec
    with watch.stage("score"):
        logits = judge.score(levels)
    with watch.stage("block"):
        found = [Tally.of(logits[part]) for part in candidates.parts]
        candidates = extend(
            candidates, rules, found, features, link_only=spec.link_only, pairs_per_record=spec.pairs_per_record
        )
    with watch.stage("compare"):
        more = slice(levels.shape[1], None)
        added = comparison.compare(features, candidates.left[more], candidates.right[more])
    both = np.concatenate([levels, added], axis=1)
    return _Scored(candidates, both, np.concatenate([logits, judge.score(added)]))


def _report(scored: _Scored, found: _Found, judge: _Judge, model: Model) -> dict[str, Any]:
    """What the run found out about the table and itself."""
    candidates, clusters = scored.candidates, found.clusters
    return {
        "records": judge.features.size,
        "pairs_scored": len(candidates.left) + len(clusters.extra_left),
        "threshold": float(1 / (1 + np.exp(-found.threshold))),
        "expected_f1": found.expected_f1,
        "largest_component": clusters.largest_component,
        "blocking": candidates.report,
        "shared_values": shared_values(judge.features),
        "model_version": model.version,
        "drift": judge.fit.drift,
        **judge.features.notes,
    }


@dataclass(frozen=True)
class _Found:
    """The clusters by one fit."""

    threshold: float
    expected_f1: float
    clusters: clustering.Clusters


@dataclass(frozen=True)
class _Scored:
    """Candidates, how alike each is, and its log odds."""

    candidates: Candidates
    levels: comparison.Levels
    logits: npt.NDArray[np.float32]


def _learn_from_clusters(
    candidates: Candidates, levels: comparison.Levels, judge: _Judge, ruling: clustering.Ruling, watch: Watch
) -> None:
    """Estimate again from who is found to be one person, in a sample of a large table."""
    with watch.stage("score"):
        logits = judge.score(levels)
        some, stands_for = clustering.sample(candidates, logits, judge.spec.largest_cluster)
        part = _Scored(candidates.only(some), levels[:, some], logits[some])
    found = _group(part, judge, ruling, watch)
    with watch.stage("estimate"):
        judge.learn_from(found.clusters, part, stands_for)


def _among_rivals(scored: _Scored, judge: _Judge, ruling: clustering.Ruling, watch: Watch) -> _Scored:
    """Weigh the pairs once more, by to whom else their records may belong."""
    if judge.unverifiable:  # a rule, not their odds, says what most pairs of such a table are worth
        return scored
    firm = _cluster(scored, judge, ruling, watch, threshold=FIRM, chain=False)
    with watch.stage("score"):
        left, right, logits = scored.candidates.left, scored.candidates.right, scored.logits
        every = np.append(left, firm.extra_left), np.append(right, firm.extra_right)
        judge.rivals = find_rivals(*every, np.append(logits, firm.extra_logits), firm.cluster, judge.prior)
        return replace(scored, logits=judge.among_rivals(left, right, scored.levels, logits))


def _group(scored: _Scored, judge: _Judge, ruling: clustering.Ruling, watch: Watch) -> _Found:
    """Choose the threshold and cluster."""
    with watch.stage("score"):
        threshold, expected_f1 = clustering.choose_threshold(Tally.of(scored.logits))
    chain = judge.unverifiable and expected_f1 >= FEW_NAMESAKES
    clusters = _cluster(scored, judge, ruling, watch, threshold=threshold, chain=chain)
    within, apart = clustering.held(scored.candidates, scored.logits, clusters)
    return _Found(threshold, clustering.expected_f1(within, apart, judge.beyond), clusters)


def _cluster(
    scored: _Scored, judge: _Judge, ruling: clustering.Ruling, watch: Watch, *, threshold: float, chain: bool
) -> clustering.Clusters:
    spec = judge.spec
    with watch.stage("score"):
        said = judge.verdicts(scored.candidates.left, scored.candidates.right, scored.levels, scored.logits)
    with watch.stage("cluster"):
        return clustering.cluster(
            scored.candidates, said, judge.judge, ruling, prior=judge.prior, threshold=threshold,
            limit=spec.largest_cluster, source=judge.features.source if spec.link_only else np.zeros(0, np.int32),
            named=judge.features.says_first_name, chain=chain,
        )  # fmt: skip


TELLING = 4  # records of one person from which each pair of them is told by others than itself
FEW_NAMESAKES = 0.95  # expected F1 from which the links of a table of names and addresses can be followed blindly
LIKELY = 4.0  # log odds of a pair on one private mailbox or handle, where nothing else could speak against it
UNLIKELY = -4.0  # log odds of a pair whose agreement is explained by what keeps it apart


class _Judge:
    """Scores pairs by one fit."""

    def __init__(self, features: Features, spec: MatchingSpec) -> None:
        self.features, self.spec = features, spec
        self.groups = comparison.groups(features, FEWEST)
        self.fit = start(self.groups)
        self.prior = 0.0
        self.rivals: Rivals | None = None
        # a name and an address alone cannot tell a misspelling from a namesake: such pairs go to review
        self.unverifiable = [g.role for g in self.groups] == ["first", "last", "names", "email"]

    def learn(
        self, candidates: Candidates, levels: comparison.Levels, model: Model | None, own: Sequence[Keys]
    ) -> None:
        link_only = self.spec.link_only
        drawn = survey(self.features, candidates, levels, self._compare, link_only=link_only, own=own)
        self.universe = universe = Universe.of(drawn, self.features.size)
        known = known_fit(model, self.groups) if model else None
        self._settle(estimation.estimate(self.groups, universe, self.features.size, known=known), known)

    def learn_from(self, clusters: clustering.Clusters, scored: _Scored, stands_for: int) -> None:
        """Estimate again, now that clusters tell how one person's records differ where no pair tells by itself."""
        size = np.bincount(clusters.cluster, minlength=self.features.size)[clusters.cluster]
        who = np.where(size >= TELLING, clusters.cluster, -1 - np.arange(self.features.size, dtype=np.int32))
        listed = scored.levels[:, who[scored.candidates.left] == who[scored.candidates.right]]
        extra = who[clusters.extra_left] == who[clusters.extra_right]
        added = self._compare(clusters.extra_left[extra], clusters.extra_right[extra])
        if listed.shape[1] + added.shape[1]:
            universe = self.universe.with_joined(Patterns.of(listed), Patterns.of(added), stands_for)
            self._settle(estimation.estimate(self.groups, universe, self.features.size, begin=self.fit), None)

    def _settle(self, fit: Fit, known: Fit | None) -> None:
        self.fit = fit
        if known is None:  # scored with as it is saved, so that a run that finds the model saved gives the same bytes
            self.fit = known_fit(to_model(self.fit, self.groups, self.spec), self.groups)
        share = float(np.clip(self.fit.share[:ONE_PERSON].sum(), 1e-300, 1 - 1e-12))
        self.prior = float(np.log(share) - np.log1p(-share))
        self.tables = tables(self.fit, self.groups)

    def _compare(self, left: Codes, right: Codes) -> comparison.Levels:
        return comparison.compare(self.features, left, right)

    def score(self, levels: comparison.Levels) -> npt.NDArray[np.float32]:
        out = np.empty(levels.shape[1], np.float32)
        share = log_share(self.fit)

        def chunk(start: int) -> None:
            part = slice(start, start + comparison.CHUNK)
            score_levels(np.ascontiguousarray(levels[:, part]), self.tables, share, ONE_PERSON, out[part])

        comparison.in_chunks(len(out), chunk)
        apart = self.two_people(levels)
        out[apart] = np.minimum(out[apart], UNLIKELY)
        if self.unverifiable:
            own = standing_rules.decisive(levels)
            out[own] = np.maximum(out[own], LIKELY)
        # where one source says nothing but addresses, no pair tells the estimate what an equal one is worth
        alone = standing_rules.mailbox_alone(levels, self.groups) & ~apart
        out[alone] = np.maximum(out[alone], LIKELY)
        return out

    def doubtful(self, levels: comparison.Levels) -> npt.NDArray[np.bool_]:
        """Pairs that only a person can judge, however likely they are."""
        found = standing_rules.only_initials(levels, self.groups) | standing_rules.twins(levels, self.groups)
        return found | standing_rules.unverified(levels) if self.unverifiable else found

    @property
    def beyond(self) -> float:
        """How many pairs of one person have no column in common by which anything could tell."""
        nothing = (self.universe.patterns == 0).all(axis=0)
        return float(self.universe.weight[nothing].sum() * self.fit.share[:ONE_PERSON].sum())

    def two_people(self, levels: comparison.Levels) -> npt.NDArray[np.bool_]:
        return standing_rules.two_people(levels, self.groups)

    def verdicts(
        self, left: Codes, right: Codes, levels: comparison.Levels, logits: npt.NDArray[np.float32]
    ) -> clustering.Verdicts:
        differ = standing_rules.two_first_names(self.features.names, left, right, levels)
        return clustering.Verdicts(logits, self.two_people(levels), differ, self.doubtful(levels))

    def judge(self, left: Codes, right: Codes) -> clustering.Verdicts:
        levels = self._compare(left, right)
        return self.verdicts(left, right, levels, self.among_rivals(left, right, levels, self.score(levels)))

    def odds(self, left: Codes, right: Codes) -> npt.NDArray[np.float32]:
        levels = self._compare(left, right)
        return self.among_rivals(left, right, levels, self.score(levels))

    def among_rivals(
        self, left: Codes, right: Codes, levels: comparison.Levels, logits: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """The log odds by what the other records say as well; of two people, or two first names, they say no more."""
        if self.rivals is None:
            return logits
        weighed = self.rivals.weigh(left, right, logits)
        differ = standing_rules.two_first_names(self.features.names, left, right, levels)
        return np.where(self.two_people(levels) | differ, np.minimum(weighed, logits), weighed)


def shared_values(features: Features, most: int = 20) -> list[dict[str, Any]]:
    """The values that so many people share that agreeing on them stopped being evidence, most carried first."""
    columns = [(f.name, f.column.values, f.places, f.bins) for f in features.fields]
    if features.emails is not None:
        mail = features.emails
        columns.insert(0, ("email", mail.mailbox.values, mail.places, mail.shared))
    found: list[dict[str, Any]] = []
    for name, values, places, bins in columns:
        counts = np.bincount(places[places >= 0], minlength=len(values))
        stopped = np.flatnonzero((bins == 255) & (counts > 1))
        for v in stopped[np.lexsort((stopped, -counts[stopped]))][:most]:
            found.append({"column": name, "value": str(values[int(v)]), "records": int(counts[v])})
    return found
