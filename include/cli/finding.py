"""What one check of `doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome, and what to do when it is not ok."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""
