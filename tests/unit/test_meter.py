"""A stage is measured wherever it runs; what cannot be measured stops nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include.contracts.settings import ROOT
from include.storage import meter
from include.storage.meter import Meter

# What Airflow makes of a task's process, as any user but root: its /proc belongs to root.
CLOSED = """
import ctypes, os
from include.storage.meter import Meter
if os.geteuid() == 0:
    os.setuid(65534)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
with Meter() as meter:
    assert not os.access("/proc/self/clear_refs", os.W_OK)
print(meter.peak_mb)
"""


def test_a_block_is_measured() -> None:
    with Meter() as measured:
        sum(range(1000))
    assert measured.seconds > 0
    assert measured.peak_mb


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_process_whose_proc_is_roots_is_measured_too() -> None:
    done = subprocess.run([sys.executable, "-c", CLOSED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_memory_that_nobody_can_tell_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(meter, "_STATUS", tmp_path)  # a folder: it cannot be read
    with Meter() as measured:
        pass
    assert measured.peak_mb is None
