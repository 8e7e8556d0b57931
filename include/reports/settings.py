"""How reports judge: frozen, bounded, described; the values lie in ``config/reports.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from include.contracts.configuration import Section, read_configuration
from include.contracts.errors import DefinitionError
from include.contracts.events import Vocabulary, read_events
from include.segments import tree
from include.segments.language import parse, with_sound_traits
from include.segments.refusal import refusal

FILE = "reports.yaml"


def criterion(text: str, level: str, vocabulary: Vocabulary) -> tree.Node:
    """Read a criterion: a condition on measures, traits and segments; raises DefinitionError."""
    node = parse(text, level, vocabulary)
    elsewhere: list[object] = [part for part in tree.walk(node) if isinstance(part, tree.Relatives | tree.Course)]
    elsewhere += [
        *tree.happenings(node),
        *tree.happenings(node, of_people=True),
        *tree.happenings(node, of_account=True),
    ]
    if elsewhere:
        raise refusal(f"criteria ask about measures, traits and segments; make a trait of {elsewhere[0]}", text, 0)
    return node


def _readable(level: str, text: str, info: ValidationInfo) -> str:
    try:
        criterion(text, level, info.context or Vocabulary())
    except DefinitionError as error:
        raise ValueError(str(error)) from None
    return text


AccountCondition = Annotated[str, AfterValidator(lambda text, info: _readable("account", text, info))]
PersonCondition = Annotated[str, AfterValidator(lambda text, info: _readable("person", text, info))]


class NpsSettings(Section):
    """The report `nps`."""

    renewal_days: int = Field(
        365, ge=30, le=3650, description="Days before the logical date in which contracts were decided"
    )
    follow_up_days: int = Field(
        30, ge=1, le=365, description="Days after a detractor's answer in which somebody should speak with the person"
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


class StageSettings(Section):
    """The report `account_stages`."""

    fit: AccountCondition = Field(description="We are interested in an account for which this holds")
    intent: AccountCondition = Field(description="It is interested in us where this holds")
    engaged_people: int = Field(2, ge=1, le=100, description="Unified people of a target who make it engaged")
    engaged_days: int = Field(90, ge=7, le=366, description="Days in which they did something")
    pipeline_stages: tuple[str, ...] = Field(description="Stages of opportunities, in lower case, that are pipeline")
    buying_roles: tuple[str, ...] = Field(description="Roles, in lower case, that a buying group should have")


class AlertSettings(Section):
    """The report `sales_alerts`."""

    days: int = Field(14, ge=1, le=60, description="Days back from the logical date that windows overlap")
    surge_people: int = Field(3, ge=2, le=100, description="Unified people who make a surge")
    quiet_days: int = Field(30, ge=7, le=365, description="Days of silence after which a champion is quiet")


class FunnelSettings(Section):
    """The report `funnel`."""

    fit: PersonCondition = Field(description="We are interested in a person for whom this holds")
    interest: PersonCondition = Field(description="The person is interested in us where this holds")
    cohort_days: int = Field(90, ge=1, le=730, description="Days in which an MQL should become SQL")


class OutcomeSettings(Section):
    """The report `prospect_outcome`."""

    least_people: int = Field(20, ge=1, le=10_000, description="People with a grade below whom it deserves none")


class LifetimeSettings(Section):
    """The report `lifetime_value`."""

    gross_margin: float = Field(0.8, gt=0, le=1, description="Margin of the value under contract, one share for all")
    horizon_months: int = Field(36, ge=1, le=120, description="Months ahead whose margin is expected")
    least_at_risk: int = Field(10, ge=2, le=1000, description="Customers of an age below whom the curve is carried on")
    least_accounts: int = Field(30, ge=2, le=10_000, description="Accounts that a back-test needs")


class ReportSettings(Section):
    """All of the file."""

    nps: NpsSettings
    churn: ChurnSettings
    campaign_influence: InfluenceSettings
    account_stages: StageSettings
    sales_alerts: AlertSettings
    funnel: FunnelSettings
    prospect_outcome: OutcomeSettings
    lifetime_value: LifetimeSettings


def read_settings(folder: Path) -> ReportSettings:
    """Read ``reports.yaml`` in the folder; raises ConfigurationError naming what is wrong in it."""
    return read_configuration(folder / FILE, ReportSettings, words(folder))


def words(folder: Path) -> Vocabulary:
    """Return what criteria may name, by the configuration in the folder."""
    return with_sound_traits(read_events(folder))
