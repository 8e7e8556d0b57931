"""How long a stage takes, and how much memory the process needs at most meanwhile."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from types import TracebackType

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures the ``with`` block: ``seconds`` of wall clock, ``peak_mb`` of resident memory in MiB.

    On Linux the peak is the block's own (the kernel's high-water mark is reset at its start);
    elsewhere it is the process's so far.
    """

    seconds: float = 0.0
    peak_mb: int = 0

    def __enter__(self) -> Meter:
        if _CLEAR.exists():
            _CLEAR.write_text("5")
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._start
        self.peak_mb = _peak_mb()


def _peak_mb() -> int:
    if _STATUS.exists():
        mark = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(mark.split()[1]) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak // (1024 * 1024 if sys.platform == "darwin" else 1024))
