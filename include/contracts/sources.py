"""What a company says of each of its sources: where its exports lie, when they come, who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from include.contracts.configuration import Section, read_configuration

FILE = "sources.yaml"


class SourceSettings(Section):
    """One source of ``sources.yaml``."""

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


class _Sources(Section):
    sources: Mapping[str, SourceSettings] = Field(min_length=1, description="Each source, by its name")

    @field_validator("sources")
    @classmethod
    def _named(cls, sources: Mapping[str, SourceSettings]) -> Mapping[str, SourceSettings]:
        for name in sources:
            if not name.isidentifier():
                raise ValueError(f"{name!r} cannot name a source; use letters, digits and underscores")
        return sources


def read_sources(folder: Path) -> Mapping[str, SourceSettings]:
    """Read ``sources.yaml`` of a configuration folder; raises ConfigurationError naming source and setting."""
    return read_configuration(folder / FILE, _Sources).sources
