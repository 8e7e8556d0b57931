"""The processes that the launcher starts, each in a session of its own, and their certain end.

A session is what a process and all its descendants share, process groups or not: Airflow's tasks make groups of
their own. Whatever happens to the launcher, a watchdog that holds the other end of a pipe ends the sessions.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from include.contracts.settings import ROOT
from include.launch.diagnosis import AirflowError
from include.launch.ending import heed

GRACE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was started, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Processes:
    """A context in which processes can be started; at its end all of them, and all that they started, are dead."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Processes:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "include.launch.watchdog"],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        assert self._watchdog.stdin is not None
        self._tell("done")
        self._watchdog.stdin.close()
        self._watchdog.wait()

    def guard_server(self, home: Path) -> None:
        """Let the watchdog see to it that the home's embedded PostgreSQL is not left behind."""
        self._tell(f"server {home}")

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a process in its own session, writing to ``<logs>/<name>.log``."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=ROOT,
                env=dict(environment),
            )
        child = Child(name, process, log)
        self._children.append(child)
        self._tell(f"session {process.pid}")
        return child

    def finish(self, child: Child) -> None:
        """Wait for a process that ends by itself; raises AirflowError when it fails."""
        code = child.process.wait()
        self.forget(child)
        if code:
            raise AirflowError(f"{child.name} failed with exit code {code}. Its log: {child.log}")

    def ended(self) -> list[Child]:
        """Return the processes that have died."""
        return [child for child in self._children if child.process.poll() is not None]

    def forget(self, child: Child) -> None:
        """Look after a process that has ended no longer: its number may become another's."""
        self._tell(f"ended {child.process.pid}")
        self._children.remove(child)

    def check(self) -> None:
        """Raise AirflowError when one of the processes has died, and heed whoever has asked this one to end."""
        heed()
        for child in self.ended():
            code = child.process.returncode
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise AirflowError(f"Airflow's {child.name} {how}. Its log: {child.log}")

    def stop(self) -> None:
        """End all processes: first politely, after a while for certain."""
        end_sessions([child.process.pid for child in self._children], [child.process for child in self._children])
        self._children.clear()

    def _tell(self, word: str) -> None:
        assert self._watchdog.stdin is not None
        with suppress(BrokenPipeError):  # the watchdog was killed; this process still ends its children itself
            self._watchdog.stdin.write(f"{word}\n".encode())
            self._watchdog.stdin.flush()


def end_sessions(sessions: Iterable[int], children: Iterable[subprocess.Popen[bytes]] = ()) -> None:
    """End every process of the sessions: SIGTERM to their leaders, SIGKILL to all that is left after a while."""
    sessions = set(sessions)
    for leader in sessions:
        if _session(leader) == leader:
            _signal(leader, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while members := _members(sessions, children):
        if time.monotonic() > deadline:
            for member in members:
                _signal(member, signal.SIGKILL)
        time.sleep(0.1)


def _members(sessions: set[int], children: Iterable[subprocess.Popen[bytes]]) -> list[int]:
    for child in children:
        child.poll()  # reaps it, so that it is not counted as a member for ever
    return [pid for pid in psutil.pids() if _session(pid) in sessions and not has_ended(pid)]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for its parent to hear of it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
