"""How reports judge: frozen, bounded, described; the values lie in ``config/reports.yaml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "reports.yaml"


class NpsSettings(Section):
    """The report `nps`."""

    renewal_days: int = Field(
        365, ge=30, le=3650, description="Days before the logical date in which contracts were decided"
    )


class ChurnSettings(Section):
    """The report `churn`."""

    grace_days: int = Field(30, ge=0, le=180, description="Days after its end in which a contract may be renewed late")
    early_days: int = Field(
        120, ge=0, le=366, description="Days before its end from which a longer contract of the account replaces it"
    )
    missing_days: int = Field(
        90, ge=1, le=366, description="Days before its end from which a contract without an open renewal is missing one"
    )
    ahead_days: int = Field(120, ge=1, le=731, description="Days ahead of the logical date that are due")
    renewal_types: tuple[str, ...] = Field(
        ("renewal", "renew"), description="Words, in lower case, of which a renewal opportunity's type has one"
    )
    leads: tuple[int, ...] = Field(
        (14, 30, 45, 60), min_length=1, description="Days before a contract's end on which signals are looked for"
    )
    certainty: float = Field(
        0.95, gt=0.5, lt=1, description="A signal is shown where chance is less likely than 1 less this, over all tried"
    )


class InfluenceSettings(Section):
    """The report `campaign_influence`."""

    half_life_days: int = Field(
        30, ge=1, le=730, description="Days before the close in which a touch halves its weight"
    )


class ReportSettings(Section):
    """All of the file."""

    nps: NpsSettings
    churn: ChurnSettings
    campaign_influence: InfluenceSettings


def read_settings(folder: Path) -> ReportSettings:
    """Read ``reports.yaml`` in the folder; raises ConfigurationError naming what is wrong in it."""
    return read_configuration(folder / FILE, ReportSettings)
