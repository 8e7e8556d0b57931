"""Traits: measures that a company declares itself, a YAML file each, and the tables of their values.

What their text means is the segment language's; here it is read as it stands. Written by `segment`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from include.contracts.configuration import Section, effective
from include.contracts.measures import Measure, measures_of
from include.contracts.runs import fingerprint
from include.contracts.tables import Column, Table, Type, boolean, count, date, json, number, text

FOLDER = "traits"
KEY = r"^[a-z][a-z0-9_]{0,50}$"
FAMILY = "trait"
TAKEN = ("day", "profile_id", "account_id", "as_of", "member_no")
TRAIT_STATES = ("published", "refused")


class PartSettings(Section):
    """One part of a score: so many points where something is so, or for each of something."""

    name: str = Field(min_length=1, max_length=80, description="What it is called where the score is explained")
    points: float = Field(ge=-1_000_000, le=1_000_000, description="Points that it gives")
    when: str | None = Field(None, min_length=1, description="The condition for which they are given")
    each: str | None = Field(None, min_length=1, description="Or a number, for each of which they are given")
    most: float | None = Field(None, gt=0, description="At most so many points, whichever sign they have")
    since: str | None = Field(None, min_length=1, description="A date from which they decay")
    halves_every_days: int | None = Field(None, ge=1, le=3650, description="After so many days half of them is left")

    @model_validator(mode="after")
    def _whole(self) -> PartSettings:
        if (self.when is None) == (self.each is None):
            raise ValueError(f"the part {self.name!r} needs either 'when' or 'each'")
        if (self.since is None) != (self.halves_every_days is None):
            raise ValueError(f"the part {self.name!r} decays by both 'since' and 'halves_every_days'")
        return self


class TraitSettings(Section):
    """What a trait is, as its file says."""

    level: Literal["person", "account"] = Field("person", description="Of whom it is")
    description: str = Field(min_length=1, description="What it is")
    type: Literal["integer", "number", "text", "date"] = Field("number", description="Type of its values")
    unit: str = Field("", description="Unit of its values; share: parts of a whole, so that 80% is 0.8")
    value: str | None = Field(None, min_length=1, description="What it is, in the segment language")
    score: tuple[PartSettings, ...] = Field((), description="Or the parts whose points add up to it")

    @model_validator(mode="after")
    def _one_meaning(self) -> TraitSettings:
        if (self.value is None) == (not self.score):
            raise ValueError("it needs either 'value' or 'score'")
        if self.score and self.type != "number":
            raise ValueError("a score is a number")
        return self

    @field_validator("score")
    @classmethod
    def _told_apart(cls, parts: tuple[PartSettings, ...]) -> tuple[PartSettings, ...]:
        names = [part.name for part in parts]
        if len(set(names)) < len(names):
            raise ValueError("two parts of a score have one name")
        return parts


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait as it is declared; ``version`` is the digest of its text. One with a fault cannot be asked about."""

    key: str
    settings: TraitSettings | None = None
    version: str = ""
    fault: str = ""

    @property
    def level(self) -> str:
        """Of whom it is, person or account."""
        return self.settings.level if self.settings else ""

    @property
    def type(self) -> Type:
        """Type of its values."""
        return Type(self.settings.type) if self.settings else Type.NUMBER

    @property
    def measure(self) -> Measure:
        """The measure that it is."""
        description, unit = (self.settings.description, self.settings.unit) if self.settings else ("", "")
        return Measure(Column(self.key, self.type, description), FAMILY, f"traits/{self.key}.yaml", unit, history=True)

    @property
    def text(self) -> str:
        """What it is, in one line."""
        if self.settings is None:
            return ""
        return " ".join((self.settings.value or " + ".join(map(_part, self.settings.score))).split())


def _part(part: PartSettings) -> str:
    asked = f"where {part.when}" if part.when else f"for each of {part.each}"
    decay = f", half of it every {part.halves_every_days} days since {part.since}" if part.since else ""
    return f"{part.points:g} {asked}{decay}"


def read_traits(config: Path) -> dict[str, Trait]:
    """Return the traits of a folder of configuration by key, else the shipped ones; what is wrong with one is in it."""
    return {path.stem: _read(path) for path in sorted(effective(config / FOLDER).glob("*.yaml"))}


def _read(path: Path) -> Trait:
    trait = Trait(path.stem)
    try:
        given = yaml.safe_load(path.read_text("utf-8")) or {}
        settings = TraitSettings.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        return replace(trait, fault=f"{path.name}: {'; '.join(map(_told, faults))}")
    except (yaml.YAMLError, UnicodeDecodeError):
        return replace(trait, fault=f"{path.name} is no YAML in UTF-8")
    return replace(trait, settings=settings, version=fingerprint(settings.model_dump(mode="json")), fault=_taken(path))


def _taken(path: Path) -> str:
    key = path.stem
    if not re.fullmatch(KEY, key):
        return (
            f"{path.name}: a trait is named by its file, of lower-case letters, digits and underscores, a letter first"
        )
    if key in TAKEN or any(key in measures_of(level) for level in ("person", "account")):
        return f"{path.name}: {key!r} is a measure already; name the trait otherwise"
    return ""


def _told(fault: Mapping[str, Any]) -> str:
    """One of pydantic's errors, in one sentence."""
    place = ".".join(map(str, fault["loc"]))
    return f"{place + ': ' if place else ''}{fault['msg'].removeprefix('Value error, ')}"


_VALUES = (
    number("number", "Its value, of a trait of numbers"),
    text("text", "Its value, of a trait of text", personal=True),
    date("day", "Its value, of a trait of dates"),
)
VALUE_COLUMNS: Mapping[Type, str] = {Type.INTEGER: "number", Type.NUMBER: "number", Type.TEXT: "text", Type.DATE: "day"}
"""In which column the values of a type stand."""

TRAIT = Table(
    name="trait",
    grain="one trait that the configuration declares and how it came out",
    key=("trait",),
    columns=(
        text("trait", "Key of the trait"),
        text("level", "Of whom it is: person or account"),
        text("type", "Type of its values"),
        text("description", "What it is"),
        text("unit", "Unit of its values"),
        text("definition", "What it is, in the segment language"),
        text("definition_version", "Digest of all that decides its values"),
        date("as_of", "Logical date", required=True),
        text("state", "published, or refused as faulty", required=True, allowed=TRAIT_STATES),
        text("reason", "Why it is refused"),
        count("known", "Of how many it is known"),
    ),
)

TRAIT_VALUE = Table(
    name="trait_value",
    grain="one trait of one person or account whose value is known, as of the logical date",
    key=("trait", "member_id"),
    columns=(
        text("trait", "Trait"),
        text("member_id", "profile_id or account_id"),
        *_VALUES,
        json("parts", "Of a score the points of each part, null where too little is known"),
    ),
)

TRAIT_HISTORY = Table(
    name="trait_history",
    grain="one trait of one person or account from a day on: a row only where it changed",
    key=("trait", "member_id", "since"),
    columns=(
        text("trait", "Trait"),
        text("member_id", "Whose value it is"),
        date("since", "First logical date it holds on, until the next row of the same trait and id"),
        boolean("is_present", "False once nothing is known of it any more", required=True),
        *_VALUES,
    ),
)

TRAITED = (TRAIT, TRAIT_VALUE, TRAIT_HISTORY)
"""All that there is of traits."""
