"""A pair's match weight, step by step: what each level added.

Weights are log2 of odds. The step of a column is by how much the odds rise when its level is learned after the
columns before it (the relations of estimation.py make the order matter); what is left to the pair's own weight comes
from how rare its agreeing values are and whom else its records may be, which the model, holding no values, cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.matching.relations import ONE_PERSON, RELATIONS

RARITY = "how rare the shared values are, and whom else they fit"
PRIOR = "any two records"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what was learned, and the weights before and after it."""

    label: str
    level: str
    before: float
    after: float

    @property
    def weight(self) -> float:
        """By how much it moved the odds, in bits."""
        return self.after - self.before


def waterfall(parameters: Mapping[str, Any], evidence: Mapping[str, str], match_weight: float) -> list[Step]:
    """Return the steps from the prior to a pair's match weight; ``parameters`` are the model's.

    ``evidence`` is the level of each column.
    """
    levels: Mapping[str, Mapping[str, Mapping[str, float]]] = parameters.get("levels", {})
    weights = {relation: math.log(share) for relation, share in parameters.get("share", {}).items()}
    start = _odds(weights) if weights else 0.0
    steps = [Step(PRIOR, "", 0.0, start)]
    for column, level in evidence.items():
        chances = {relation: of.get(level) for relation, of in levels.get(column, {}).items()}
        if any(chance is None for chance in chances.values()) or not chances:
            continue
        weights = {r: weight + math.log(max(chances[r] or 0.0, 1e-12)) for r, weight in weights.items()}
        steps.append(Step(column, level, steps[-1].after, _odds(weights)))
    steps.append(Step(RARITY, "", steps[-1].after, match_weight))
    return steps


def _odds(weights: Mapping[str, float]) -> float:
    """The log2 odds of being the same person against every other relation."""
    same = [weight for relation, weight in weights.items() if relation in RELATIONS[:ONE_PERSON]]
    others = [weight for relation, weight in weights.items() if relation not in RELATIONS[:ONE_PERSON]]
    return (_log_sum(same) - _log_sum(others)) / math.log(2)


def _log_sum(logs: Sequence[float]) -> float:
    highest = max(logs)
    return highest + math.log(sum(math.exp(each - highest) for each in logs))
