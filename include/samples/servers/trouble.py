"""What goes wrong between two machines, on demand or by chance: the same seed makes the same trouble."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """One thing that goes wrong with one answer."""

    TOO_FAST = "429 with Retry-After"
    TOO_FAST_UNTOLD = "429 without Retry-After"
    ERROR = "500"
    GATEWAY = "502"
    RESET = "connection reset amid the answer"
    CUT_OFF = "answer cut off"
    GARBLED = "answer garbled"
    DRIP = "answer dripping"
    SILENCE = "no answer, to what was done"


QUICK = tuple(kind for kind in Kind if kind not in (Kind.DRIP, Kind.SILENCE))


@dataclass
class Trouble:
    """Says what goes wrong with a request: first what was planned, then what chance brings."""

    share: float = 0.0
    seed: int = 0
    happened: list[tuple[str, Kind]] = field(default_factory=list)
    _planned: list[tuple[re.Pattern[str], Kind]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def plan(self, kind: Kind, *, path: str = "", times: int = 1) -> None:
        """Let it happen to the next requests whose path the pattern ``path`` finds."""
        self._planned += [(re.compile(path), kind)] * times

    def clear(self) -> None:
        """Forget what was planned."""
        with self._lock:
            self._planned.clear()

    def of(self, path: str) -> Kind | None:
        """Return what goes wrong with a request, None where nothing does."""
        with self._lock:
            kind = self._next(path)
            if kind:
                self.happened.append((path, kind))
            return kind

    def _next(self, path: str) -> Kind | None:
        for place, (pattern, kind) in enumerate(self._planned):
            if pattern.search(path):
                del self._planned[place]
                return kind
        return self._chance.choice(QUICK) if self._chance.random() < self.share else None
