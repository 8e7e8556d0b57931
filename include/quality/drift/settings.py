"""What ``drift.yaml`` says, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "drift.yaml"


class Rule(Section):
    """What it means that figures of one kind are out of range."""

    level: Literal["hold", "warn", "off"] = "warn"
    change: float = Field(gt=0, description="Least change: of counts a share, of shares and distributions points of 1")


class Kinds(Section):
    """The rule of each kind of figure."""

    rows: Rule
    day: Rule
    nulls: Rule
    values: Rule
    clusters: Rule
    weights: Rule
    review: Rule
    responses: Rule

    def rule(self, kind: str) -> Rule:
        """Return the rule of a kind."""
        found: Rule = getattr(self, kind)
        return found


class Drift(Section):
    """All of the file."""

    history_days: int = Field(default=56, ge=7, le=400)
    least_days: int = Field(default=14, ge=3)
    least_weeks: int = Field(default=4, ge=3)
    least_months: int = Field(default=3, ge=3)
    least_rows: int = Field(default=50, ge=1)
    sigmas: float = Field(default=5, ge=2)
    kinds: Kinds


def read_settings(folder: Path) -> Drift:
    """Read ``drift.yaml`` in the folder; raises ConfigurationError naming what is wrong in it."""
    return read_configuration(folder / FILE, Drift)
