"""How often a caller may call: a bucket of tokens each, filled evenly (RFC 6585 answers 429 where it is empty)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock

from include.web.problems import ProblemError


class Limiter:
    """``per_second`` calls on average and ``burst`` at once, for each caller of this process."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, caller: str) -> None:
        """Take one token of the caller's; raises ProblemError 429 that says when there will be one."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get(caller, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - since) * self._rate)
            self._buckets[caller] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if tokens < 1:
            wait = math.ceil((1 - tokens) / self._rate)
            raise ProblemError(429, f"Too many calls; try again in {wait} s.", {"Retry-After": str(wait)})
