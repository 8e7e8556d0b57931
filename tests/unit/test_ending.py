"""A signal ends a process wherever it arrives: also where Python, or a library, swallows what its handler raises."""

from __future__ import annotations

import subprocess
import sys

import pytest

from include.contracts.settings import ROOT

LISTENS = """
import os, signal, time
from include.launch.ending import heed, listen
listen([signal.SIGTERM], lambda number: SystemExit(128 + number))
def ask():
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000): pass
"""
FINALIZER = """
class Library:
    def __del__(self):
        ask()
Library()
print("goes on", flush=True)
signal.pause()
"""
LIBRARY = """
try:
    ask()
except BaseException:
    print("goes on", flush=True)
heed()
"""
AT_REST = """
print("goes on", flush=True)
ask()
"""
UNHURT = """
class Library:
    def __del__(self):
        1 / 0
Library()
print("goes on", flush=True)
heed()
"""


def ended(how: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", LISTENS + how], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("how", [FINALIZER, LIBRARY, AT_REST])
def test_whoever_asks_it_to_end_is_heard(how: str) -> None:
    assert ended(how) == (143, "goes on\n", "")


def test_what_nobody_asked_for_is_ignored_as_ever() -> None:
    code, said, errors = ended(UNHURT)
    assert (code, said) == (0, "goes on\n")
    assert "ZeroDivisionError" in errors


def test_who_is_to_ignore_a_signal_ignores_it() -> None:
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTENS + "ask(); heed()"
    done = subprocess.run([sys.executable, "-c", ignoring], cwd=ROOT, check=False, timeout=300)
    assert done.returncode == 0
