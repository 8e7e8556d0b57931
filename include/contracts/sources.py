"""What a company says of each of its sources: where its exports lie, when they come, who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, field_validator, model_validator

from include.contracts.configuration import Section, place_of, read_configuration
from include.contracts.connections import ID as CONNECTION_ID
from include.contracts.errors import ConfigurationError
from include.contracts.exports import SYSTEMS, ExportFile
from include.contracts.mapping import read_mapped
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.contracts.systems import ONLY_ONE, Part, System

FILE = "sources.yaml"


class LiveSettings(Section):
    """How a source is asked over its own protocol, in the place of files that somebody exports."""

    connection: str = Field(pattern=CONNECTION_ID, description="Airflow connection that says where it is and who asks")
    protocol: Literal["database"] | None = Field(
        default=None, description="database: any kind, from tables of a database; none: its vendor's own"
    )
    daily_requests: int | None = Field(
        default=None, ge=1, description="Requests that a day (UTC) may take; none: what the vendor allows"
    )
    overlap_minutes: float | None = Field(
        default=None,
        ge=0,
        description="Minutes before the watermark from which it is asked again; none: as its kind needs",
    )
    columns: Mapping[str, Mapping[str, str]] = Field(
        default_factory=dict, description="Declared columns that the company calls otherwise, by object: its field"
    )
    options: Mapping[str, str] = Field(
        default_factory=dict, description="What the kind wants to know, docs/connectors.md"
    )


class StoredSettings(Section):
    """Where the files of a source lie, when that is not this machine."""

    url: str = Field(pattern=r"^[a-z0-9]+://.+", description="Folder: s3://, gs://, abfs://, sftp:// or file://")
    connection: str | None = Field(
        default=None, pattern=CONNECTION_ID, description="Airflow connection that signs in; none: as the machine does"
    )
    files: Mapping[str, str] = Field(
        default_factory=dict,
        description="Pattern of an object's files under it, where they are not called as its kind says",
    )


class SourceSettings(Section):
    """One source of ``sources.yaml``: its files lie in ``path``, or ``stored`` elsewhere, or it is asked ``live``."""

    kind: str = Field(description="System that it is, as a module of include/contracts/exports declares it")
    path: Path | None = Field(default=None, description="Folder of its exports, under the folder of all exports")
    stored: StoredSettings | None = Field(default=None, description="Where else its exports lie")
    live: LiveSettings | None = Field(default=None, description="How it is asked over its own protocol")
    schedule: str = Field(description="Cron expression of its extraction, in UTC")
    owner: str = Field(min_length=1, description="Who answers for it")
    region: str = Field(
        pattern=r"^[A-Z]{2}$", description="ISO country whose rules read phone numbers without a country code"
    )
    timezone: str = Field(description="Time zone of times that the exports give without one")
    objects: tuple[str, ...] = Field(min_length=1, description="Objects that the company exports from it")
    files: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Files of an object, under the folder of all exports, where they are not called as its kind says",
    )
    dates: Literal["", "day_first", "month_first"] = Field(
        default="", description="How dates such as 03/04/2026 are written, where their column does not prove it"
    )
    numbers: Literal["", "decimal_point", "decimal_comma"] = Field(
        default="", description="How numbers such as 12.000 are written, where their column does not prove it"
    )
    encoding: str = Field(
        default="", description="In which its text files are written, such as cp1256, where they do not prove it"
    )
    currencies: Mapping[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict,
        description="What one of each currency is worth in the company's, by ISO code, where amounts are of several",
    )
    part: Part | None = Field(default=None, description="Part that it plays, where that is not its kind's")
    _system: System = PrivateAttr()

    @property
    def system(self) -> System:
        """The system that it is, in the part that it plays."""
        return self._system if self.part is None else replace(self._system, part=self.part)

    @property
    def decimals(self) -> str:
        """How numbers are written that do not prove it; empty where nobody knows. Protocols write a point."""
        return self.numbers or ("decimal_point" if self.live else "")

    def file(self, name: str) -> ExportFile:
        """Return the declaration of an object's file, with the places of this source's own files; raises KeyError."""
        return replace(self.system.file(name), places=self.files.get(name, ()), encoding=self.encoding)

    def is_a(self, system: System) -> SourceSettings:
        """Return the same, as a source of a system."""
        found = self.model_copy()
        found._system = system
        return found

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from None
        return name

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError(f"{name!r} is no encoding of text, such as utf-8, cp1252 or shift_jis") from None
        return name

    @field_validator("path")
    @classmethod
    def _inside(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("it has to lie inside the folder of exports")
        return path

    @model_validator(mode="after")
    def _one_way(self) -> SourceSettings:
        if sum(way is not None for way in (self.path, self.stored, self.live)) != 1:
            raise ValueError("give one of path, the folder of its exports, stored, where else they lie, and live")
        return self


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
    dangling: float = Field(
        default=0.05, ge=0, le=1, description="share of an object's rows that may need a row that is not there"
    )
    dangling_rows: int = Field(default=20, ge=0, description="so few of them stop nothing")
    unreadable: float = Field(default=0.05, ge=0, le=1, description="share of a file's rows that may be unreadable")
    unreadable_rows: int = Field(default=100, ge=0, description="so few unreadable rows stop no file")


class SourcesFile(Section):
    """All of ``sources.yaml``."""

    limits: Limits = Field(default=Limits(), description="What an export may bring before somebody has to look")
    sources: Mapping[str, SourceSettings] = Field(min_length=1, description="Each source, by its name")

    @field_validator("sources")
    @classmethod
    def _named(cls, sources: Mapping[str, SourceSettings]) -> Mapping[str, SourceSettings]:
        for name in sources:
            if not name.isidentifier():
                raise ValueError(f"{name!r} cannot name a source; use letters, digits and underscores")
        return sources


def sources_of(settings: Settings) -> Mapping[str, SourceSettings]:
    """Return the sources of an installation: those that it declares, or those recognised in its folder of exports.

    Raises ConfigurationError.
    """
    return read_sources(settings.declared, settings.config)


def known_systems(config: Path) -> Mapping[str, System]:
    """Return every system that a source may be, by kind: declared in code or by a mapping file of the configuration."""
    return {**read_mapped(config), **SYSTEMS}


def read_sources(folder: Path, config: Path | None = None) -> Mapping[str, SourceSettings]:
    """Read ``sources.yaml`` of a folder; raises ConfigurationError naming source and setting.

    ``config`` is the folder of the configuration, which may have mapping files of its own.
    """
    systems = known_systems(config or folder)
    given = read_configuration(folder / FILE, SourcesFile).sources
    sources = {name: _checked(folder / FILE, name, source, systems) for name, source in given.items()}
    for part in ONLY_ONE:
        several = [name for name, source in sources.items() if source.system.part == part]
        if len(several) > 1:
            place = place_of(folder / FILE, "sources", several[1], "kind")
            both = f"{several[0]} and {several[1]} both play the part {part.value!r}, which one source alone may play"
            raise ConfigurationError(f"{place}: {both}; take one of them away.")
    return sources


def _checked(path: Path, name: str, source: SourceSettings, systems: Mapping[str, System]) -> SourceSettings:
    """Return the source as one of its system.

    Raises ConfigurationError where a source is of no system, or of one that is not declared in full.
    """
    place = place_of(path, "sources", name, "kind")
    if source.kind not in systems:
        raise ConfigurationError(f"{place}: {name}.kind {source.kind!r} is not known{nearest(source.kind, systems)}.")
    system = systems[source.kind]
    for fault in system.faults():
        raise ConfigurationError(f"{system.place}: {fault}.")
    known = [file.object for file in system.files]
    for wanted in source.objects:
        if wanted not in known:
            place, hint = place_of(path, "sources", name, "objects"), nearest(wanted, known)
            raise ConfigurationError(f"{place}: {name}.objects names {wanted!r}, which this kind has not{hint}.")
    return source.is_a(system)


def read_limits(folder: Path) -> Limits:
    """Read what ``sources.yaml`` says of how far an export may differ from the one before; raises as above."""
    return read_configuration(folder / FILE, SourcesFile).limits
