"""How a company counts its years, as ``config/calendar.yaml`` says."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from include.contracts.configuration import Section, read_configuration

FILE = "calendar.yaml"


class CalendarSettings(Section):
    """All of ``calendar.yaml``."""

    fiscal_year_begins: int = Field(default=1, ge=1, le=12, description="Month in which the fiscal year begins")


def read_calendar(config: Path) -> CalendarSettings:
    """Read it; raises ConfigurationError naming the key at fault."""
    return read_configuration(config / FILE, CalendarSettings)
