"""How long things stay, as retention.yaml says."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from include.contracts.configuration import Section, read_configuration
from include.contracts.errors import ConfigurationError

FILE = "retention.yaml"
HOURS = 24


class Retention(Section):
    """Days from the time at which something was written, or a run ended."""

    versions: int = Field(default=30, ge=1, description="Days that superseded versions of datasets stay")
    raw: int = Field(default=90, ge=1, description="Days that contents of exports stay that newer ones have replaced")
    runs: int = Field(default=400, ge=1, description="Days that runs and deliveries stay in the ledger, with audits")
    audits: int = Field(default=90, ge=1, description="Days that the results of an audit stay as files")
    logs: int = Field(default=30, ge=1, description="Days that logs stay")
    spill: int = Field(default=1, ge=1, description="Days after which what a killed run has left behind goes")


def load_retention(config: Path, answer_hours: float) -> Retention:
    """Read retention.yaml; raises ConfigurationError, also where a question would outlive its evidence."""
    found = read_configuration(config / FILE, Retention)
    if found.versions * HOURS < answer_hours:
        raise ConfigurationError(
            f"{FILE}: versions stay {found.versions} days, but a question to a person waits {answer_hours:g} hours and "
            "needs the version that it is about; keep them longer, or lower KINDRED_ANSWER_HOURS."
        )
    return found
