"""Steward decisions: pairs that must or must not end up in one cluster, and values that are no evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a steward.

    ``always`` and ``never`` bind the records ``record_a`` and ``record_b``, through chains as well;
    ``bypass`` says that agreeing on ``value`` in ``column`` is no evidence, whoever carries it.
    """

    kind: Literal["always", "never", "bypass"]
    record_a: str | None = None
    record_b: str | None = None
    column: str | None = None
    value: str | None = None
