"""What a company says of each of its sources: where its exports lie, when they come, who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest

FILE = "sources.yaml"


class SourceSettings(BaseModel):
    """One source of ``sources.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(description="Format of its exports, a key of include/sources/registry.py")
    path: Path = Field(description="Folder of its exports, under the folder of all exports")
    schedule: str = Field(description="Cron expression of its extraction, in UTC")
    owner: str = Field(min_length=1, description="Who answers for it")
    region: str = Field(
        pattern=r"^[A-Z]{2}$", description="ISO country whose rules read phone numbers without a country code"
    )
    timezone: str = Field(description="Time zone of times that the exports give without one")
    objects: tuple[str, ...] = Field(min_length=1, description="Objects that the company exports from it")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from None
        return name

    @field_validator("path")
    @classmethod
    def _inside(cls, path: Path) -> Path:
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("it has to lie inside the folder of exports")
        return path


def read_sources(folder: Path) -> Mapping[str, SourceSettings]:
    """Read ``sources.yaml`` of a configuration folder; raises ConfigurationError naming source and setting."""
    place = folder / FILE
    try:
        content = yaml.safe_load(place.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{FILE} is missing in the configuration folder; put it there.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{FILE} is no YAML: {str(error).splitlines()[0]}. Correct it.") from None
    entries = content.get("sources") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise ConfigurationError(f"{FILE} has no mapping 'sources'; declare each source under it.")
    return {str(name): _source(str(name), entry) for name, entry in entries.items()}


def _source(name: str, entry: Any) -> SourceSettings:
    if not name.isidentifier():
        raise ConfigurationError(f"{FILE}: {name!r} cannot name a source; use letters, digits and underscores.")
    try:
        return SourceSettings.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the entry"
        known = SourceSettings.model_fields
        hint = nearest(field, known) if first["type"] == "extra_forbidden" else ""
        meaning = f" It is: {known[field].description}." if field in known else ""
        raise ConfigurationError(f"{FILE}: {name}.{field} cannot be used: {first['msg']}{hint}.{meaning}") from None
