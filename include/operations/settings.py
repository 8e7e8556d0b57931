"""When somebody is told, and how, as alerts.yaml says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "alerts.yaml"


class Notifier(Section):
    """One of Airflow's notifiers; its arguments may hold ``{kind}``, ``{sentence}`` and ``{remedy}`` of the alert."""

    notifier: str = Field(
        pattern=r"^[\w.]+\.\w+$",
        description="Class, for example airflow.providers.slack.notifications.slack.SlackNotifier",
    )
    arguments: Mapping[str, Any] = Field(default={}, description="What it is made with")


class Alerts(Section):
    """What is late, what has drifted, and who is told."""

    publication_hours: float = Field(default=36, gt=0, description="Hours after which what readers get is late")
    run_hours: float = Field(default=6, gt=0, description="Hours after which a run that has not ended is late")
    drift: float = Field(
        default=0.1, ge=0, le=1, description="Most that matching may have drifted from what its model was estimated on"
    )
    quarantine: float = Field(default=0.05, ge=0, le=1, description="Largest share of an object's rows set aside")
    free_gb: float = Field(default=2, ge=0, description="Gigabytes that have to be free where the home is")
    notifiers: tuple[Notifier, ...] = Field(default=(), description="Who is told of each change, besides the log")


def read_settings(config: Path) -> Alerts:
    """Read alerts.yaml; raises ConfigurationError."""
    return read_configuration(config / FILE, Alerts)
