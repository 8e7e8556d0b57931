"""The survivorship rules: read from survivorship.yaml, validated, frozen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from include.contracts.configuration import Section, read_configuration
from include.contracts.nearest import nearest
from include.contracts.systems import Part

FILE = "survivorship.yaml"

ATTRIBUTES = (
    "first_name", "last_name", "full_name", "company", "title", "street", "city", "region", "postcode", "country",
    "time_zone",
)  # fmt: skip
POINTS = ("email", "phone")


class Rule(StrEnum):
    """What makes one record's value better than another's."""

    SOURCE_PRIORITY = "source_priority"
    MOST_RECENT = "most_recent"
    MOST_FREQUENT = "most_frequent"
    MOST_COMPLETE = "most_complete"
    BEST_SPELLED = "best_spelled"


Rules = Annotated[tuple[Rule, ...], Field(min_length=1, description="Asked in order until one decides")]


class AttributeRules(Section):
    """How one attribute, or several that win as a unit, survive."""

    fields: tuple[str, ...] = Field(default=(), description="Fields that win as a unit; none: the attribute itself")
    rules: Rules
    within: str | None = Field(default=None, description="An attribute on which the winner must not disagree")


class PointRules(Section):
    """How the primary contact point of one type is chosen among those that may be used."""

    rules: Rules


LATER = {"time_zone": AttributeRules(rules=(Rule.MOST_RECENT, Rule.SOURCE_PRIORITY))}
"""How attributes survive that a company's own file may not know yet."""


class DomainRules(Section):
    """When a mail domain stands for a company, and when it is free mail."""

    corporate_share: float = Field(default=0.8, gt=0.5, le=1, description="Share of its people that one account holds")
    corporate_people: int = Field(default=3, ge=1, description="Fewest people that show it")
    free_mail_share: float = Field(default=0.5, gt=0, lt=1, description="Below this share of its largest account")
    free_mail_people: int = Field(default=10, ge=2, description="Fewest people that show it")


class Survivorship(Section):
    """All rules that make one profile of several records."""

    sources: tuple[str, ...] = Field(
        description="the most trusted first, each as part.object, such as crm.contact", min_length=1
    )
    attributes: dict[str, AttributeRules]
    contact_points: dict[str, PointRules]
    domains: DomainRules = DomainRules()

    @field_validator("sources")
    @classmethod
    def _of_known_parts(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        for source in sources:
            part = source.split(".", 1)[0]
            if part not in tuple(Part):
                raise ValueError(f"{source!r} names no part that a source plays{nearest(part, list(map(str, Part)))}")
        return sources

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Every attribute of the profile survives by exactly one unit, and only known names occur."""
        given = [field for name, unit in self.units for field in unit.fields]
        for field in given:
            if field not in ATTRIBUTES:
                raise ValueError(f"the profile has no attribute {field!r}{nearest(field, ATTRIBUTES)}")
        for field in ATTRIBUTES:
            if given.count(field) != 1:
                raise ValueError(f"attribute {field!r} is given {given.count(field)} times; give it once")
        for point in POINTS:
            if point not in self.contact_points:
                raise ValueError(f"contact_points lacks {point!r}")
        for point in self.contact_points:
            if point not in POINTS:
                raise ValueError(f"there is no contact point {point!r}{nearest(point, POINTS)}")
        self._check_order()
        return self

    def _check_order(self) -> None:
        settled: list[str] = []
        for name, unit in self.units:
            if unit.within and unit.within not in settled:
                raise ValueError(f"{name!r} is within {unit.within!r}, which must be an attribute given before it")
            settled += unit.fields

    @property
    def units(self) -> list[tuple[str, AttributeRules]]:
        """The units in order, each with its fields spelled out."""
        given = {field for name, rules in self.attributes.items() for field in rules.fields or (name,)}
        later = {name: rules for name, rules in LATER.items() if name not in given}
        return [
            (name, rules if rules.fields else rules.model_copy(update={"fields": (name,)}))
            for name, rules in {**self.attributes, **later}.items()
        ]


def read_settings(folder: Path) -> Survivorship:
    """Read ``survivorship.yaml`` of the configuration folder; raises ConfigurationError naming every fault."""
    return read_configuration(folder / FILE, Survivorship)
