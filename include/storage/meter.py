"""How long a stage takes, and how much memory the process needs at most meanwhile."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures the ``with`` block: ``seconds`` of wall clock, ``peak_mb`` of resident memory in MiB or None.

    The peak is the block's own where the kernel lets its high-water mark be reset at the start; else it is the
    process's so far: on macOS, and in Airflow's tasks, whose /proc belongs to root.
    """

    seconds: float = 0.0
    peak_mb: int | None = None

    def __enter__(self) -> Meter:
        with suppress(OSError):
            _CLEAR.write_text("5")
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._start
        self.peak_mb = _peak_mb()


def _peak_mb() -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak // (1024 * 1024 if sys.platform == "darwin" else 1024))
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), None)
