"""The thresholds of the measures: frozen, bounded, described; the values lie in ``config/measures.yaml``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from include.contracts.configuration import Section, read_configuration
from include.contracts.measures import JOB_FUNCTIONS, SENIORITIES
from include.contracts.nearest import nearest

FILE = "measures.yaml"


class SourceThresholds(Section):
    """Until when a source is complete, and when it is stale."""

    settles_minutes: int = Field(
        60, ge=0, le=720, description="An export taken so many minutes before a day's end is one of the whole day"
    )
    stale_after_days: int = Field(
        3,
        ge=1,
        le=90,
        description="A source whose last complete day is longer ago, and longer than it is ever silent, is stale",
    )


class NpsThresholds(Section):
    """Which answers count."""

    window_days: int = Field(365, ge=1, le=3650, description="Days an answer counts for; an older one is as none")


class Tier(Section):
    """What a person does at least, in 28 days, to be in a tier."""

    active_days: int = Field(ge=1, le=28, description="Days with a core action")
    features: int = Field(ge=0, le=1000, description="Different features used by core actions")


class AccountTier(Tier):
    """What an account's people do at least, in 28 days, for the account to be in a tier."""

    breadth: float = Field(ge=0, le=1, description="Seats used of seats bought; not asked where none are known")


class AccountTiers(Section):
    """The tiers of accounts above low."""

    power: AccountTier
    regular: AccountTier


class Decline(Section):
    """When use declines: by the test of include/measures/decline.py."""

    chance: float = Field(
        0.01, gt=0, le=0.2, description="A decline is less probable by the member's own noise; the share of false ones"
    )
    drop: float = Field(0.2, ge=0, lt=1, description="Smallest fall that counts, as a share of what was expected")
    expected: int = Field(10, ge=5, description="Core actions expected in 28 days, below which nothing is judged")


class UsageThresholds(Section):
    """The tiers of people and accounts."""

    inactive_after_days: int = Field(30, ge=28, le=365, description="Days without a core action that make inactive")
    power: Tier
    regular: Tier
    account: AccountTiers
    decline: Decline
    out_of_use: tuple[str, ...] = Field(description="States, in lower case, in which an asset's seats do not count")
    adopted_share: float = Field(
        0.5, ge=0, lt=1, description="A feature is adopted above this share of the active people"
    )


class RenewalThresholds(Section):
    """How contracts renew."""

    rolls_by_months: int = Field(
        12, ge=1, le=120, description="Term of the renewal where a contract that renews by itself names none"
    )
    signed_ahead_days: int = Field(
        31, ge=0, le=366, description="A contract that begins so many days before another's end may be its renewal"
    )


class RiskThresholds(Section):
    """When an account with a live contract is at risk."""

    nps_below: float = Field(0, ge=-100, le=100, description="Its people are unhappy where their NPS is below")
    nps_answered: int = Field(3, ge=1, le=1000, description="of so many or more; fewer say nothing of an account")
    breadth: float = Field(0.1, ge=0, le=1, description="Its seats are unused where fewer of those bought are used")
    settling_days: int = Field(30, ge=0, le=366, description="A contract so young has yet to be taken up")


class EngagementThresholds(Section):
    """The classes of email_frequency, of 90 days."""

    enough_sends: int = Field(5, ge=1, le=1000, description="Fewer emails sent say nothing of their frequency")
    certainty: float = Field(
        0.95, ge=0.5, lt=1, description="With which a person's share of opened emails differs from the company's curve"
    )


class RelationThresholds(Section):
    """How titles are read."""

    seniority: dict[str, str] = Field(description="Pattern a level, tried in this order")
    job_function: dict[str, str] = Field(description="Pattern a function, tried in this order")

    @field_validator("seniority", "job_function")
    @classmethod
    def _known_and_sound(cls, patterns: dict[str, str], info: Any) -> dict[str, str]:
        known = SENIORITIES if info.field_name == "seniority" else JOB_FUNCTIONS
        for name, pattern in patterns.items():
            if name not in known:
                raise ValueError(f"{name!r} is no {info.field_name}{nearest(name, known)}")
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"the pattern of {name!r} is no regular expression: {error}") from None
        return patterns


class ContactThresholds(Section):
    """How addresses are read."""

    private_domains: tuple[str, ...] = Field(description="Domains of mail providers, on which nobody's company is")


class Thresholds(Section):
    """All thresholds."""

    sources: SourceThresholds
    nps: NpsThresholds
    usage: UsageThresholds
    renewal: RenewalThresholds
    risk: RiskThresholds
    engagement: EngagementThresholds
    relation: RelationThresholds
    contact: ContactThresholds


def read_settings(folder: Path) -> Thresholds:
    """Read ``measures.yaml`` of the configuration folder; raises ConfigurationError naming the key at fault."""
    return read_configuration(folder / FILE, Thresholds)
