"""The fitted model: a small JSON with a version, saved, reused, and estimated anew only when asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Model:
    """Everything that was estimated from a table, and nothing else."""

    version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """Write the model as JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read a model that ``to_json`` wrote."""
        return cls(**json.loads(text))
