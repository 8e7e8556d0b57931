"""How often a system may be asked: per second, per day, and at once; and how often it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from include.contracts.errors import ThrottledError
from include.remote.clock import Clock


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a vendor, or the company, allows; None where nobody sets a bound."""

    a_day: int | None = None
    a_second: float | None = None
    at_once: int = 2


@dataclass
class Budget:
    """Counts the requests of one source and holds them back; ``before`` were made earlier on the same day (UTC)."""

    source: str
    allowance: Allowance
    clock: Clock
    before: int = 0
    requests: int = 0
    retried: int = 0
    throttled: int = 0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._at_once = threading.Semaphore(self.allowance.at_once)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Hold one of the requests at once while the block runs; raises ThrottledError when the day's are used up."""
        self._count()
        with self._at_once:
            self._keep_the_rate()
            yield

    def _count(self) -> None:
        limit = self.allowance.a_day
        with self._lock:
            if limit is not None and self.before + self.requests >= limit:
                raise ThrottledError(
                    f"{self.source}: its {limit:,} requests of today (UTC) are used up; it goes on tomorrow, or raise "
                    "daily_requests in sources.yaml."
                )
            self.requests += 1

    def _keep_the_rate(self) -> None:
        if self.allowance.a_second is None:
            return
        with self._lock:
            at = max(self._next, self.clock.seconds())
            self._next = at + 1 / self.allowance.a_second
        pause = at - self.clock.seconds()
        if pause > 0:
            self.clock.sleep(pause)
