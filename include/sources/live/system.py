"""What extraction asks of a live system, and how one is declared: by its pace, its overlap and what opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from include.contracts.connections import Connection
from include.contracts.exports import ExportFile
from include.contracts.sources import LiveSettings
from include.remote.budget import Allowance, Budget
from include.remote.clock import Clock
from include.remote.http import Patience
from include.sources.live.asking import Asked


class Live(Protocol):
    """One system, opened with a connection. It answers in the format in which its files are read."""

    def check(self, declared: ExportFile) -> None:
        """Ask as little as tells whether the object may be read; raises the LiveError that says why not."""

    def fields(self, declared: ExportFile) -> Mapping[str, str]:
        """Return the object's declared columns that the system has now, and others of its fields, with their kinds.

        Kinds are text, number, flag, day, moment or other; empty where a system does not tell.
        """

    def pages(self, declared: ExportFile, asked: Asked) -> Iterator[bytes]:
        """Yield the rows that were changed in the time asked for, whole records a page; a CSV's header comes first.

        Raises LostPlaceError where it has to be asked from the start again.
        """

    def close(self) -> None:
        """Give connections back."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a live system is opened with."""

    source: str
    format: str  # of the system's files, in which it answers
    connection: Connection
    settings: LiveSettings
    budget: Budget
    clock: Clock
    patience: Patience


@dataclass(frozen=True, slots=True)
class LiveKind:
    """How a kind of system is asked: ``allowance`` is what its vendor allows, ``options`` what its settings may say."""

    open: Callable[[Access], Live]
    protocol: str
    allowance: Allowance
    overlap: timedelta
    credential: str
    options: Mapping[str, str] = field(default_factory=dict)
    takes_objects: bool = False  # as options, beside those
