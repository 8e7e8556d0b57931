"""The settings of one installation: frozen, bounded, described; read from KINDRED_* variables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.contracts.errors import ConfigurationError

PREFIX = "KINDRED_"
PARTITION = (1_000, 1_000_000)  # records: the fewest that are worth a task, and the most that any task should hold
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "include" / "config"


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence a variable that is named like a setting and is none, with the nearest one that is."""
    known = {name.upper() for name in Settings.model_fields}
    given = sorted(
        name.removeprefix(PREFIX) for name, value in environment.items() if name.startswith(PREFIX) and value
    )
    return [f"{PREFIX}{name} is no setting{_hint(name, known)}." for name in given if name not in known]


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)  # without the prefix, which would make all of them close
    return f" (did you mean {PREFIX + close[0]!r}?)" if close else "; docs/settings.md lists them"


class Settings(BaseModel):
    """Where things lie and how much the machine may give; each field is the variable KINDRED_<FIELD>."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(
        default=ROOT / ".kindred",
        description="Folder for all that a run keeps: lake, database, logs; "
        "exports of your own get data/<name>-<digest> in it, unless this names another",
    )
    data: Path | None = Field(default=None, description="Folder of the exports; none: the sample company's")
    lake_url: str | None = Field(default=None, description="Root of the lake, file:// or s3://; none: home/lake")
    warehouse_url: str | None = Field(
        default=None, description="SQLAlchemy URL of the PostgreSQL warehouse; none: the embedded server"
    )
    config: Path = Field(
        default=SHIPPED, description="Folder of sources.yaml, segments, ...: what it lacks is as shipped"
    )
    memory_limit: str = Field(
        default="4GB", pattern=r"^\d+(\.\d+)?(MB|GB)$", description="What the query engine may use before it spills"
    )
    keep_builds: int = Field(
        default=3, ge=1, le=100, description="Versions of the published tables that stay in the warehouse"
    )
    threads: int = Field(default=0, ge=0, le=1024, description="Threads of the query engine; 0: all cores")
    engine: Literal["memory", "spark"] = Field(
        default="memory", description="Where what grows with the records is worked out: on this machine, or on Spark"
    )
    spark_master: str | None = Field(
        default=None,
        description="Spark's master, as spark://host:7077, yarn, k8s://https://host:443 or local[*]; "
        "none: that of the connection spark_default, else local[*]",
    )
    spark_partition: int | None = Field(
        default=None,
        ge=PARTITION[0],
        le=PARTITION[1],
        description="Records that a task of Spark's holds at most, for which a worker needs some gigabytes; "
        "none: 100,000, and more only in tables of more than 10 million",
    )
    as_of: date | None = Field(default=None, description="Pins the logical date, for the sample and for replays")
    timezone: str = Field(default="UTC", description="Time zone in which a run's logical date is read")
    answer_hours: float = Field(
        default=48,
        gt=0,
        le=8760,
        description="Hours that a question to a person waits in Airflow before it is put anew",
    )
    erasure_key: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        description="Secret by which erased people are known again; none: erasure.key in the home",
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
    def declared(self) -> Path:
        """Folder whose sources.yaml says which sources there are: the configuration's own, else what was recognised."""
        is_recognised = not self.declares_sources and (self.recognised / "sources.yaml").exists()
        return self.recognised if is_recognised else self.config

    @property
    def declares_sources(self) -> bool:
        """Whether the company's own configuration says which sources there are."""
        return self.config.resolve() != SHIPPED and (self.config / "sources.yaml").exists()

    @property
    def recognised(self) -> Path:
        """Folder of the sources.yaml that says what was recognised in the folder of exports."""
        return self.home / "recognised"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of logical dates."""
        return ZoneInfo(self.timezone)

    @classmethod
    def of(cls, data: Path | None) -> Settings:
        """Read the settings, for a folder of exports where one is given; raises ConfigurationError."""
        given = {f"{PREFIX}DATA": str(data.expanduser().resolve())} if data else {}
        return cls.from_environment({**os.environ, **given})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises ConfigurationError naming the variable at fault, or the nearest known one."""
        environment = os.environ if environment is None else environment
        for unknown in unknown_settings(environment):
            raise ConfigurationError(unknown)
        return cls.lenient(environment)

    @classmethod
    def lenient(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings, passing over names that are none: what Airflow runs must not stand still for one.

        Raises ConfigurationError for a value that cannot be used.
        """
        environment = os.environ if environment is None else environment
        found = {name: environment.get(PREFIX + name.upper()) for name in cls.model_fields}
        given = {name: value for name, value in found.items() if value}
        try:
            settings = cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            field = PREFIX + str(first["loc"][0]).upper()
            raise ConfigurationError(
                f"{field} cannot be used: {first['msg']}. {cls._describe(first['loc'][0])}"
            ) from None
        has_home = settings.data is None or "home" in given
        return settings if has_home else settings._in_a_home_of_its_own()

    def _in_a_home_of_its_own(self) -> Settings:
        exports = self.exports.resolve()
        digest = hashlib.sha256(str(exports).encode()).hexdigest()[:6]
        return self.model_copy(update={"home": self.home / "data" / f"{exports.name}-{digest}"})

    @classmethod
    def _describe(cls, field: object) -> str:
        return f"It is: {cls.model_fields[str(field)].description}."
