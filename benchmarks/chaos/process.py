"""A process that runs stages: each in a fork of its own, in which a fault may happen at one moment.

Reads a line of JSON for each stage and answers with one. A moment is right before or right after a statement of SQL, a
version or pointer of the lake, a data file, a copied table; they are counted, so that a fault can be aimed.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from include import pipeline
from include.contracts.faults import explained
from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.storage.engine import Engine
from include.storage.lake import Lake
from include.storage.postgres import bulk, embedded, postmaster
from tests import ballast

WRAPPED: tuple[tuple[Any, str], ...] = ((Lake, "_write"), (Engine, "write"), (bulk, "copy"))
HEAVY = (*pipeline._STEPS.values(), "include.sources.step", "great_expectations.expectations.core")


class Moments:
    """Counts moments, and lets a fault happen at one of them."""

    def __init__(self, at: int, fault: Callable[[], None]) -> None:
        self.count, self._at, self._fault = 0, at, fault

    def arm(self) -> None:
        """Count from here on."""
        for owner, name in WRAPPED:
            setattr(owner, name, self._around(getattr(owner, name)))
        for when in ("before_cursor_execute", "after_cursor_execute"):
            sa.event.listen(sa.engine.Engine, when, lambda *_: self.passed())

    def passed(self) -> None:
        """A moment has come."""
        self.count += 1
        if self.count == self._at:
            self._fault()

    def _around(self, called: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(called)
        def counted(*given: Any, **named: Any) -> Any:
            self.passed()
            result = called(*given, **named)
            self.passed()
            return result

        return counted


def kill() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_soon() -> None:
    """End it while it goes on."""
    threading.Timer(0.02, kill).start()


def end() -> None:
    """Ask this process to end, as Airflow does with a task that takes too long."""
    os.kill(os.getpid(), signal.SIGTERM)


def cut() -> None:
    """Let the server drop every connection."""
    with psycopg.connect(_server(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kindred'")


def crash() -> None:
    """Let the server die without a checkpoint."""
    data = _home() / "pg" / "data"
    with suppress(ProcessLookupError, IndexError):
        os.kill(int(postmaster.pid_file(data)[0]), signal.SIGQUIT)
    while postmaster.state(data) is not None:
        time.sleep(0.05)


def fill() -> None:
    """Take all room that is left on the disk."""
    ballast.fill(_home().parent)


def close() -> None:
    """Let nobody write to the lake."""
    subprocess.run(["mount", "-o", "remount,bind,ro", str(_home() / "lake")], check=True)


FAULTS = {action.__name__: action for action in (kill, kill_soon, end, cut, crash, fill, close)}


def main() -> None:
    """Answer until nobody asks."""
    for place in HEAVY:
        import_module(place.partition(":")[0])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), file=answers, flush=True)


def _forked(task: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    if not (child := os.fork()):
        os.close(read)
        with os.fdopen(write, "w") as answer:
            json.dump(_done(task), answer)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return json.loads(said) if said else {"ended": f"signal {-code}" if code < 0 else f"exit code {code}"}


def _done(task: dict[str, Any]) -> dict[str, Any]:
    """Run one stage; returns its references, or the sentence, or the traceback, that it ended with."""
    os.environ |= task["variables"]
    time.tzset()
    moments = Moments(task.get("at", 0), FAULTS.get(task.get("fault", ""), lambda: None))
    moments.arm()
    started = time.monotonic()
    project = pipeline.open_project(Settings.from_environment())
    run = Run(task["run"], date.fromisoformat(task["as_of"]))
    try:
        if task["stage"].startswith("extract "):
            window = pipeline.everything_until(run)
            pipeline.extract(project, run, task["stage"].removeprefix("extract "), window, final=False)
            refs = task["refs"]
        else:
            final = task["stage"] == pipeline.STAGES[-1]
            refs = pipeline.perform(project, run, task["stage"], task["refs"], final=final)["refs"]
    except Exception as error:  # noqa: BLE001 - what a person is told of it is what is measured
        meaning = explained(error)
        told = {"sentence": str(meaning)} if meaning else {"fault": "".join(traceback.format_exception(error)[-12:])}
        return {**told, "kind": type(meaning or error).__name__}
    finally:
        project.close()
    return {"refs": refs, "moments": moments.count, "seconds": time.monotonic() - started}


def _home() -> Path:
    return Path(os.environ["KINDRED_HOME"])


def _server() -> str:
    return embedded.url(_home()).replace("+psycopg", "")


if __name__ == "__main__":
    main()
