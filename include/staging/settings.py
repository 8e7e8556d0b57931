"""What staging takes for what: placeholders, passive actions, contract words, machine rules (staging.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from include.contracts.configuration import Section, read_configuration

FILE = "staging.yaml"


class Placeholders(Section):
    """Values that stand for a missing one."""

    text: tuple[str, ...] = Field(description="in any text")
    name: tuple[str, ...] = Field(description="in names of people")
    email: tuple[str, ...] = Field(description="as a mail address")
    phone: tuple[str, ...] = Field(description="as the digits of a telephone number")
    identifier: tuple[str, ...] = Field(description="as the id of anything")


class Product(Section):
    """How the product's users and actions are read."""

    passive: tuple[str, ...] = Field(description="Actions that are no real use")
    features: Mapping[str, str] = Field(description="Feature that an action belongs to")
    most_addresses: int = Field(default=3, ge=1, description="Mail addresses that one user id may have had")


class Contracts(Section):
    """The company's own words for how contracts stand and renew."""

    statuses: Mapping[Literal["draft", "active", "expired", "cancelled"], tuple[str, ...]]
    types: Mapping[Literal["term", "auto_renew", "multi_year", "evergreen", "month_to_month"], tuple[str, ...]]


class Leads(Section):
    """The company's own words for how leads stand, as their history tells it."""

    statuses: Mapping[Literal["mql", "sal", "sql", "rejected", "recycled"], tuple[str, ...]] = {}
    reasons: tuple[str, ...] = Field(default=(), description="Fields that say why a lead was rejected or sent back")


class Agents(Section):
    """User agents that mark a machine."""

    agents: tuple[str, ...] = Field(description="Regular expressions")
    confidence: float = Field(ge=0, le=1)

    @field_validator("agents")
    @classmethod
    def _expressions(cls, agents: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_expression(agent) for agent in agents)


class AtOnce(Section):
    """A reaction sooner after delivery than a person can read."""

    seconds: int = Field(ge=0, le=600)
    confidence: float = Field(ge=0, le=1)


class Burst(Section):
    """Several links of one mail within seconds."""

    links: int = Field(ge=2, le=100)
    seconds: int = Field(ge=1, le=600)
    confidence: float = Field(ge=0, le=1)


class ScannedDomain(Section):
    """A domain most of whose mails are scanned."""

    mails: int = Field(10, ge=1, description="Mails that it was sent at least")
    share: float = Field(0.5, gt=0, le=1, description="Share of them whose links were followed at once")
    seconds: int = Field(600, ge=1, le=86_400, description="Whatever is done so soon after delivery is the scanner's")
    confidence: float = Field(0.8, ge=0, le=1)


class Habits(Section):
    """What a recipient does with all mails; only for opens without a user agent."""

    mails: int = Field(5, ge=2, description="Mails that it was sent at least")
    always: float = Field(0.9, gt=0, le=1, description="Share opened from which a machine opens them")
    seldom: float = Field(0.6, ge=0, lt=1, description="Share opened up to which a person does, who leaves some alone")
    confidence: float = Field(0.7, ge=0, le=1)


class Machines(Section):
    """The rules by which an open or click counts as a machine's."""

    prefetch: Agents
    scanner: Agents
    at_once: AtOnce
    burst: Burst
    scanned_domain: ScannedDomain
    habits: Habits


class StagingSettings(Section):
    """All of staging.yaml."""

    placeholders: Placeholders
    product: Product
    contracts: Contracts
    leads: Leads = Leads()
    conversations: Mapping[Literal["chat", "call", "mail", "meeting"], tuple[str, ...]] = {}
    activities: Mapping[
        Literal["sent", "open", "click", "unsubscribe", "resubscribe", "bounce", "complaint", "form", "reply"],
        tuple[str, ...],
    ]
    other_activities: tuple[str, ...]
    consenting_forms: str
    machines: Machines

    @field_validator("consenting_forms")
    @classmethod
    def _is_expression(cls, pattern: str) -> str:
        return _expression(pattern)


def read_settings(folder: Path) -> StagingSettings:
    """Read staging.yaml of a configuration folder; raises ConfigurationError naming the setting at fault."""
    return read_configuration(folder / FILE, StagingSettings)


def _expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression ({error})") from None
    return pattern
