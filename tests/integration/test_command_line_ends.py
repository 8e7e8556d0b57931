"""A run of the command line that is asked to end stops the PostgreSQL that it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.settings import ROOT
from include.samples import generate
from include.storage.postgres import embedded

# `python -m include`, also where the tests run under nohup, which has their children ignore SIGHUP.
HEARD = """
import runpy, signal
signal.signal({}, signal.SIG_DFL)
runpy.run_module("include", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="kindred-test-"))
    generate(home / "sample", people=1000)
    yield home
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_it_started_ends_with_it(home: Path, number: signal.Signals) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home)}
    command = [sys.executable, "-c", HEARD.format(int(number)), "run"]
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    begun = next(line for line in run.stderr if "extract" in line)
    assert embedded.is_running(home), begun
    run.send_signal(number)
    run.stderr.read()
    assert run.wait() == 128 + number
    assert not embedded.is_running(home)
