"""One run at a time in one home, be it a launcher's or the command line's; the lock's file says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from include.contracts.errors import ConfigurationError
from include.storage.home import open_home

UP = "make up"


class Lock:
    """A held lock, which can tell others more about its holder."""

    def __init__(self, file: IO[str], command: str) -> None:
        self._file = file
        self._told: dict[str, Any] = {"pid": os.getpid(), "command": command}
        self.tell()

    def tell(self, **facts: Any) -> None:
        """Let others read these facts as long as the lock is held."""
        self._told.update(facts)
        self._file.seek(0)
        self._file.truncate()
        json.dump(self._told, self._file)
        self._file.flush()


@contextmanager
def held(path: Path, command: str) -> Iterator[Lock]:
    """Hold the lock of a home while the block runs; raises ConfigurationError naming the holder when it is taken.

    The operating system gives the lock back when its holder dies, however it dies.
    """
    open_home(path.parent)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(taken(holder(path) or {})) from None
        try:
            yield Lock(file, command)
        finally:
            file.truncate(0)


def holder(path: Path) -> Mapping[str, Any] | None:
    """Return what the lock's holder tells, or None when nobody holds it."""
    try:
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
    except FileNotFoundError:
        pass
    return None


def _read(file: IO[str]) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = json.loads(file.read() or "{}")
    except ValueError:
        return {}
    return told


def taken(told: Mapping[str, Any]) -> str:
    """Return the sentence that says who holds the lock."""
    who = f"`{told.get('command', 'make run')}` (process {told.get('pid', 'unknown')})"
    if told.get("command") == UP:
        return f"Airflow is up already, by {who}; stop it with `make down` first."
    return f"Another {who} is at work here; wait until it has ended."
