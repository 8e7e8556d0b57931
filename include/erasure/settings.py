"""How requests are dealt with, as erasure.yaml says."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "erasure.yaml"


class ErasureSettings(Section):
    """Deadline, and who has to agree."""

    days: int = Field(default=30, ge=1, le=365, description="Days within which a request is carried out")
    second_person: bool = Field(default=False, description="Whether somebody else than who asked has to agree")


def read_settings(config: Path) -> ErasureSettings:
    """Read erasure.yaml; raises ConfigurationError."""
    return read_configuration(config / FILE, ErasureSettings)
