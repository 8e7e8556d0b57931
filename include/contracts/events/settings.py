"""The kinds of event of a company's own product, as ``config/events.yaml`` declares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from include.contracts.calendar import CalendarSettings, read_calendar
from include.contracts.configuration import Section, read_configuration
from include.contracts.events.declaration import PRODUCT, EventKind
from include.contracts.events.kinds import KINDS
from include.contracts.lists import PeopleList, read_lists
from include.contracts.measures import Measure, measures_of
from include.contracts.tables import Column, Type
from include.contracts.traits import Trait, read_traits

FILE = "events.yaml"
PROPERTY = r"[A-Za-z][A-Za-z0-9_]{0,62}"
TAKEN = ("day",)  # what a condition on an event calls its day


class PropertySettings(Section):
    """One property of a kind of event."""

    type: Literal["text", "integer", "number", "boolean", "date"] = Field(description="Type of its values")
    description: str = Field(min_length=1, description="What it is")


class KindSettings(Section):
    """One kind of event of the product."""

    description: str = Field(min_length=1, description="What the person did")
    properties: dict[str, PropertySettings] = Field(
        default_factory=dict, description="What conditions may ask of it, by the name that the export has"
    )

    @field_validator("properties")
    @classmethod
    def _named(cls, given: dict[str, PropertySettings]) -> dict[str, PropertySettings]:
        for name in given:
            if not re.fullmatch(PROPERTY, name) or name in TAKEN:
                raise ValueError(f"{name!r} is no name of a property; it takes letters, digits and underscores")
        return given


class EventSettings(Section):
    """All of ``events.yaml``."""

    keep_days: int = Field(default=400, ge=1, le=3660, description="Events of so many days are kept for conditions")
    currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        description="ISO code of the one currency of all amounts, which then add up; none: a condition says which",
    )
    product: dict[str, KindSettings] = Field(
        default_factory=dict, description="Events of the product, by the name that its export has"
    )

    @field_validator("product")
    @classmethod
    def _of_the_product(cls, given: dict[str, KindSettings]) -> dict[str, KindSettings]:
        for name in given:
            if name in {kind.name for kind in KINDS}:
                raise ValueError(f"{name!r} is declared already, as an event of another source")
        return given


@dataclass(frozen=True)
class Vocabulary:
    """What conditions may name: kinds of event, lists, traits; and in which month the fiscal year begins.

    ``currency`` is that of all amounts, where a company declares that it has one.
    """

    kinds: Mapping[str, EventKind] = field(default_factory=lambda: {kind.name: kind for kind in KINDS})
    keep_days: int = EventSettings().keep_days
    lists: Mapping[str, PeopleList] = field(default_factory=dict)
    traits: Mapping[str, Trait] = field(default_factory=dict)
    fiscal_year_begins: int = CalendarSettings().fiscal_year_begins
    currency: str | None = None

    def measures(self, level: str) -> dict[str, Measure]:
        """Return the measures and the traits of a level, person or account, by name; refused traits too."""
        own = {key: trait.measure for key, trait in self.traits.items() if trait.level == level}
        return {**measures_of(level), **own}

    @property
    def product(self) -> tuple[EventKind, ...]:
        """Those of the product."""
        return tuple(kind for kind in self.kinds.values() if kind.table == PRODUCT)


def read_events(config: Path) -> Vocabulary:
    """Read a company's kinds of event, lists and traits; raises ConfigurationError naming the key at fault."""
    given = read_configuration(config / FILE, EventSettings)
    own = (EventKind(name, kind.description, PRODUCT, _columns(kind)) for name, kind in given.product.items())
    begins = read_calendar(config).fiscal_year_begins
    kinds = {kind.name: kind for kind in (*KINDS, *own)}
    return Vocabulary(kinds, given.keep_days, read_lists(config), read_traits(config), begins, given.currency)


def _columns(kind: KindSettings) -> tuple[Column, ...]:
    return tuple(Column(name, Type(given.type), given.description) for name, given in kind.properties.items())
