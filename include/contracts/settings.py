"""The settings of one installation: frozen, bounded, described; read from KINDRED_* variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest

PREFIX = "KINDRED_"
ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseModel):
    """Where things lie and how much the machine may give; each field is the variable KINDRED_<FIELD>."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default=ROOT / ".kindred", description="Folder for all that a run keeps: lake, database, logs")
    data: Path | None = Field(default=None, description="Folder of the exports; none: the sample company's")
    lake_url: str | None = Field(default=None, description="Root of the lake, file:// or s3://; none: home/lake")
    warehouse_url: str | None = Field(
        default=None, description="SQLAlchemy URL of the PostgreSQL warehouse; none: the embedded server"
    )
    config: Path = Field(default=ROOT / "include" / "config", description="Folder of sources.yaml, segments, ...")
    memory_limit: str = Field(
        default="4GB", pattern=r"^\d+(\.\d+)?(MB|GB)$", description="What the query engine may use before it spills"
    )
    keep_builds: int = Field(
        default=3, ge=1, le=100, description="Versions of the published tables that stay in the warehouse"
    )
    threads: int = Field(default=0, ge=0, le=1024, description="Threads of the query engine; 0: all cores")
    as_of: date | None = Field(default=None, description="Pins the logical date, for the sample and for replays")
    timezone: str = Field(default="UTC", description="Time zone in which a run's logical date is read")
    answer_hours: float = Field(
        default=48,
        gt=0,
        le=8760,
        description="Hours that a question to a person waits in Airflow before it is put anew",
    )
    schedules: Literal["on", "off"] = Field(
        default="on", description="off: DAGs run only when triggered, as `make run` wants it"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone") from None
        return name

    @property
    def lake_root(self) -> str:
        """Root URL of the lake."""
        return self.lake_url or (self.home / "lake").resolve().as_uri()

    @property
    def exports(self) -> Path:
        """Folder of the exports that extraction reads."""
        return self.data or self.home / "sample" / "exports"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of logical dates."""
        return ZoneInfo(self.timezone)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises ConfigurationError naming the variable at fault, or the nearest known one."""
        environment = os.environ if environment is None else environment
        given = {k.removeprefix(PREFIX).lower(): v for k, v in environment.items() if k.startswith(PREFIX) and v}
        for name in given.keys() - cls.model_fields.keys():
            known = [PREFIX + field.upper() for field in cls.model_fields]
            raise ConfigurationError(f"{PREFIX}{name.upper()} is no setting{nearest(PREFIX + name.upper(), known)}.")
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            field = PREFIX + str(first["loc"][0]).upper()
            raise ConfigurationError(
                f"{field} cannot be used: {first['msg']}. {cls._describe(first['loc'][0])}"
            ) from None

    @classmethod
    def _describe(cls, field: object) -> str:
        return f"It is: {cls.model_fields[str(field)].description}."
