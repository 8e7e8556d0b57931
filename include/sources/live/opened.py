"""A live source, opened: its connection looked up, its pace held, its requests counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from include.contracts.connections import Connections
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.sources import SourceSettings
from include.remote.budget import Budget
from include.remote.clock import Clock, MachineClock
from include.remote.http import Patience
from include.sources.live.registry import LIVE, asked_by
from include.sources.live.system import Access, Live


class Spent(Protocol):
    """Where requests are counted, over all runs of a day."""

    def today(self, source: str) -> int:
        """Return how many requests a source was sent today (UTC)."""

    def add(self, source: str, counts: dict[str, int]) -> None:
        """Count what a run has sent."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a live extraction takes from outside: connections, the time, patience, and the count of requests."""

    connections: Connections
    spent: Spent | None = None
    clock: Clock = field(default_factory=MachineClock)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Opened:
    """A system that may be asked."""

    live: Live
    budget: Budget
    overlap: timedelta


@contextmanager
def opened(source: str, settings: SourceSettings, means: Means) -> Iterator[Opened]:
    """Open a live source while the block runs; raises ConfigurationError where it cannot be, LiveError."""
    assert settings.live is not None
    kind = asked_by(settings.kind, settings.live.protocol)
    if kind is None:
        can = ", ".join(sorted(LIVE))
        raise ConfigurationError(f"{source}: {settings.kind!r} cannot be asked live; these can: {can}.")
    known = [*kind.options, *(settings.objects if kind.takes_objects else ())]
    for option in settings.live.options:
        if option not in known:
            raise ConfigurationError(f"{source}: live.options has no {option!r}{nearest(option, known)}.")
    connection = means.connections(settings.live.connection)
    if connection is None:
        raise ConfigurationError(no_connection(source, settings.live.connection))
    allowance = kind.allowance
    if settings.live.daily_requests is not None:
        allowance = replace(allowance, a_day=settings.live.daily_requests)
    before = means.spent.today(source) if means.spent and allowance.a_day is not None else 0
    budget = Budget(source, allowance, means.clock, before)
    minutes = settings.live.overlap_minutes
    overlap = kind.overlap if minutes is None else timedelta(minutes=minutes)
    form = settings.system.format
    live = kind.open(Access(source, form, connection, settings.live, budget, means.clock, means.patience))
    try:
        yield Opened(live, budget, overlap)
    finally:
        live.close()
        if means.spent:
            means.spent.add(source, counts(budget))


def no_connection(source: str, name: str) -> str:
    """Say that a connection is not there."""
    return f"{source}: there is no connection {name!r}; add it to Airflow, or set AIRFLOW_CONN_{name.upper()}."


def counts(budget: Budget) -> dict[str, int]:
    """Return what a run has asked, for the ledger."""
    return {"requests": budget.requests, "retried": budget.retried, "throttled": budget.throttled}
