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


class Limits(Section):
    """How much less than before an export may bring before a person is asked, and how much of it may be unreadable."""

    fewer_rows: float = Field(default=0.1, ge=0, le=1, description="share of an object's rows that may be gone")
    cut_off: float = Field(
        default=0.01, ge=0, le=1, description="the same where its lowest or highest key is gone as well"
    )
    older_days: float = Field(default=1, ge=0, description="days by which its newest change may lie further back")
    quiet_day: float = Field(
        default=0.5, ge=0, le=1, description="least share of the rows of the quietest like weekday of four weeks"
    )
    at_least: int = Field(default=5, ge=0, description="fewer missing rows than this ask nobody")
    unreadable: float = Field(default=0.05, ge=0, le=1, description="share of a file's rows that may be unreadable")
    unreadable_rows: int = Field(default=100, ge=0, description="so few unreadable rows stop no file")


class _Sources(Section):
    limits: Limits = Field(default=Limits(), description="What an export may bring before somebody has to look")
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


def read_limits(folder: Path) -> Limits:
    """Read what ``sources.yaml`` says of how far an export may differ from the one before; raises as above."""
    return read_configuration(folder / FILE, _Sources).limits
