"""The stewardship settings: where decisions come from, and how much a run may move without a person."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "stewardship.yaml"


class Limits(Section):
    """How much one run may move before it needs a person's approval."""

    merged_profiles: float = Field(default=0.05, ge=0, le=1, description="Share of profiles that merge into another")
    split_profiles: float = Field(default=0.05, ge=0, le=1, description="Share of profiles that a part splits off")
    changed_records: float = Field(default=0.05, ge=0, le=1, description="Share of records that change profile")
    at_least: int = Field(default=50, ge=0, description="Moves below this number never hold a run")


class Labels(Section):
    """A labelled sample: a CSV of record_id,person_id, and how well the profiles must agree with it."""

    file: str = Field(default="labels.csv", description="File of the sample, relative to the configuration")
    precision: float = Field(default=0.98, ge=0, le=1, description="Share of joined pairs that are rightly joined")
    recall: float = Field(default=0.95, ge=0, le=1, description="Share of pairs of one person that are joined")


class Stewardship(Section):
    """What stewardship.yaml holds."""

    decisions: str = Field(default="decisions.csv", description="File of decisions, relative to the configuration")
    limits: Limits = Limits()
    labels: Labels = Labels()
    merge_confidence: float = Field(
        default=0.9, ge=0, le=1, description="Two known profiles that would merge with less stay two; 0: never"
    )
    split_confidence: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="A known profile whose parts are linked by more stays one; 1: never",
    )
    largest_profile: int = Field(default=100, ge=2, description="Larger groups of records are held back alone")


def read_settings(folder: Path) -> Stewardship:
    """Read ``stewardship.yaml`` of the configuration folder; raises ConfigurationError naming every fault."""
    return read_configuration(folder / FILE, Stewardship)
