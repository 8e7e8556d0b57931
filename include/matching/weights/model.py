"""The fitted model: a small JSON with a version, saved, reused, and estimated anew only when asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from include.contracts.errors import ConfigurationError
from include.matching.pairs.comparison import Group
from include.matching.relations import RELATIONS
from include.matching.spec import MatchingSpec
from include.matching.weights.fit import Fit, start

FORMAT = 7


@dataclass(frozen=True)
class Model:
    """Everything that was estimated from a table, and nothing else: no value of any record is in it."""

    version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """Write the model as JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read a model that ``to_json`` wrote; raises ConfigurationError where it is of another format."""
        try:
            given = json.loads(text)
            model = cls(str(given["version"]), dict(given["parameters"]), int(given["format"]))
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError("The identity model is not a model's JSON; estimate it anew.") from None
        if model.format != FORMAT:
            raise ConfigurationError(f"The identity model has format {model.format}, not {FORMAT}; estimate it anew.")
        return model


def to_model(fit: Fit, groups: Sequence[Group], spec: MatchingSpec) -> Model:
    """Name every estimated probability; the version is a digest of them and of the spec's columns."""
    parameters = {
        "share": {relation: float(f"{fit.share[r]:.9g}") for r, relation in enumerate(RELATIONS)},
        "columns": {group.name: group.role for group in groups},
        "chance": {group.name: [float(f"{c:.9g}") for c in fit.chance[g]] for g, group in enumerate(groups)},
        "levels": {
            group.name: {
                relation: {
                    word: float(f"{fit.theta[r, g, level]:.9g}") for level, word in group.comparison.words.items()
                }
                for r, relation in enumerate(RELATIONS)
            }
            for g, group in enumerate(groups)
        },
    }
    written = json.dumps([parameters, {c: k.value for c, k in spec.columns.items()}], sort_keys=True)
    return Model(hashlib.sha256(written.encode()).hexdigest()[:12], parameters)


def known_fit(model: Model, groups: Sequence[Group]) -> Fit:
    """The fit that a model holds; raises ConfigurationError where it was fitted to other columns."""
    if model.parameters.get("columns") != {group.name: group.role for group in groups}:
        raise ConfigurationError(
            "The identity model was estimated for other columns than the spec's; estimate it anew."
        )
    fit = start(groups)
    for r, relation in enumerate(RELATIONS):
        fit.share[r] = model.parameters["share"][relation]
        for g, group in enumerate(groups):
            fit.chance[g] = model.parameters["chance"][group.name]
            for level, word in group.comparison.words.items():
                fit.theta[r, g, level] = model.parameters["levels"][group.name][relation][word]
    return fit
