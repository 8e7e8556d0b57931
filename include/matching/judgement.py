"""What is said of pairs by one fit, and how a fit is come by, whoever holds the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from include.matching.chunked import CHUNK, in_chunks
from include.matching.clustering import Verdicts, linking
from include.matching.kernels.pairs import score_levels
from include.matching.pairs import comparison, standing_rules
from include.matching.pairs.pair_sample import Drawn, Patterns, Universe
from include.matching.records.columns import Codes
from include.matching.records.features import Features
from include.matching.records.person_names import Names
from include.matching.relations import ONE_PERSON, SAME, STRANGER
from include.matching.spec import MatchingSpec
from include.matching.weights import estimation
from include.matching.weights.fit import Fit, Floats, log_share, tables
from include.matching.weights.model import Model, known_fit, to_model

LIKELY = 4.0  # log odds of a pair on one private mailbox or handle, where nothing else could speak against it
UNLIKELY = -4.0  # log odds of a pair whose agreement is explained by what keeps it apart


@dataclass(frozen=True)
class Judge:
    """Scores pairs by one fit; it goes wherever the pairs are."""

    groups: Sequence[comparison.Group]
    fit: Fit

    @cached_property
    def tables(self) -> Floats:
        """Log probability of each stored level (relation, group, level)."""
        return tables(self.fit, self.groups)

    @property
    def prior(self) -> float:
        """The log odds of any two records being one person."""
        share = float(np.clip(self.fit.share[:ONE_PERSON].sum(), 1e-300, 1 - 1e-12))
        return float(np.log(share) - np.log1p(-share))

    @property
    def unverifiable(self) -> bool:
        """Whether a name and an address alone are all there is: they cannot tell a misspelling from a namesake."""
        roles = [group.role for group in self.groups if group.comparison.speaks]
        return roles == ["first", "last", "names", "email"]

    def score(self, levels: comparison.Levels) -> npt.NDArray[np.float32]:
        """The log odds of pairs by their levels."""
        out = np.empty(levels.shape[1], np.float32)
        share, told = log_share(self.fit), self.tables

        def chunk(start: int) -> None:
            part = slice(start, start + CHUNK)
            score_levels(np.ascontiguousarray(levels[:, part]), told, share, ONE_PERSON, out[part])

        in_chunks(len(out), chunk)
        apart = standing_rules.two_people(levels, self.groups)
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

    def linking(self, levels: comparison.Levels, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The log odds by which pairs link their records."""
        return linking(logits, self.doubtful(levels))

    def verdicts(
        self, names: Names | None, left: Codes, right: Codes, levels: comparison.Levels, logits: npt.NDArray[np.float32]
    ) -> Verdicts:
        """What is said of pairs whose levels and log odds are known."""
        differ = standing_rules.two_first_names(names, left, right, levels)
        return Verdicts(logits, standing_rules.two_people(levels, self.groups), differ, self.doubtful(levels))

    def judge(self, features: Features, left: Codes, right: Codes) -> Verdicts:
        """What is said of any pairs."""
        levels = comparison.compare(features, left, right)
        return self.verdicts(features.names, left, right, levels, self.score(levels))


class Learner:
    """Estimates judges from what was drawn of a table's pairs."""

    def __init__(self, groups: Sequence[comparison.Group], spec: MatchingSpec, records: int) -> None:
        self.groups, self.spec, self.records = groups, spec, records

    def learn(self, drawn: Sequence[Drawn], model: Model | None) -> Judge:
        """Estimate from the space of pairs, or see how far it has drifted from a model."""
        self.universe = Universe.of(drawn, self.records)
        known = known_fit(model, self.groups) if model else None
        fit = estimation.estimate(self.groups, self.universe, self.records, known=known)
        return Judge(self.groups, fit) if known else self._as_saved(fit)

    def learn_from(self, judge: Judge, listed: Patterns, added: Patterns, stands_for: int) -> Judge:
        """Estimate again, now that clusters tell how one person's records differ where no pair tells by itself."""
        if not listed.counts.sum() + added.counts.sum():
            return judge
        universe = self.universe.with_joined(listed, added, stands_for, judge.score)
        return self._as_saved(estimation.estimate(self.groups, universe, self.records, begin=judge.fit))

    def _as_saved(self, fit: Fit) -> Judge:
        """Scored with as it is saved, so that a run that finds the model saved gives the same bytes."""
        return Judge(self.groups, known_fit(to_model(fit, self.groups, self.spec), self.groups))

    def beyond(self, judge: Judge) -> float:
        """How many pairs of one person agree in nothing by which anything could tell."""
        agrees = [group.agrees(row) for group, row in zip(self.groups, self.universe.patterns, strict=True)]
        nothing = ~np.any(agrees, axis=0)
        scored = judge.score(self.universe.patterns).astype(np.float64)
        odds = (scored + self._by_silence(judge, scored))[nothing]
        return float((self.universe.weight[nothing] / (1 + np.exp(-odds))).sum())

    def _by_silence(self, judge: Judge, scored: Floats) -> Floats:
        """What it adds to each pattern's log odds that both records say a name, or that one of the two says none.

        Who says no name often has one record only. Pairs that are clear by all but their names tell how seldom one
        person's say none, and at most too many: a name that was read out of a mailbox is none where that agrees.
        """
        patterns, weight = self.universe.patterns, self.universe.weight
        names = np.isin([group.role for group in self.groups], ("first", "last", "names"))
        silent = ~patterns[names].any(axis=0)
        usual = float(weight[silent].sum() / weight.sum())
        if not names.any() or not 0.0 < usual < 1.0:
            return np.zeros(len(weight))
        told = judge.tables[SAME] - judge.tables[STRANGER]
        others = np.sum([told[g][patterns[g]] for g in np.flatnonzero(~names)], axis=0) + judge.prior
        clear = weight / (1 + np.exp(-scored)) * (others > estimation.CLEAR)
        steady = estimation.STEADY
        seldom = min(usual, float((clear[silent].sum() + steady * usual) / (clear.sum() + steady)))
        return np.asarray(np.where(silent, np.log(seldom / usual), np.log((1 - seldom) / (1 - usual))))
