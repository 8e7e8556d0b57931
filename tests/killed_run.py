"""Run the pipeline in processes that kill themselves, with SIGKILL, at one point each.

Started as a process of its own by tests; it is no test. It imports everything and reads the code once, and a line for
each run, in JSON: the variables of its environment, and its point. Each run is a fork, whose exit code is the answer.

A point is a moment (before, during, after), a function, and a word that one of its arguments must be or name, such as
"after include.storage.lake:Lake.commit identity/crosswalk". At the moment "lost" the process lives on, but the server
drops its connections before the function is called. Without a point the run goes through.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
from importlib import import_module
from typing import Any

import psycopg

from include.cli.app import COMMANDS, main
from include.pipeline import _STEPS as PIPELINE
from include.storage.code import code_of


def arm(moment: str, place: str, word: str) -> None:
    """Wrap the function so that the process dies at the moment."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for step in owners:
        owner = getattr(owner, step)
    called = getattr(owner, name)

    @functools.wraps(called)
    def fatal(*arguments: Any, **options: Any) -> Any:
        if not any(word in _names(argument) for argument in (*arguments, *options.values())):
            return called(*arguments, **options)
        if moment == "lost":
            lose()
            return called(*arguments, **options)
        if moment == "before":
            die()
        if moment == "during":
            threading.Timer(0.01, die).start()
        result = called(*arguments, **options)
        die()
        return result

    setattr(owner, name, fatal)


def _names(argument: Any) -> set[str]:
    """Return the words by which a point may name an argument."""
    named = {getattr(argument, attribute, None) for attribute in ("name", "dataset")}
    return {"any", *(word for word in (argument, *named) if isinstance(word, str))}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lose() -> None:
    """Let the server drop every connection of the run."""
    with psycopg.connect(os.environ["KINDRED_WAREHOUSE_URL"].replace("+psycopg", ""), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'kindred' AND datname = current_database()"
        )


def answer(variables: dict[str, str], point: str) -> int:
    """Run in a fork of this process; returns its exit code, less than 0 for the signal that ended it."""
    child = os.fork()
    if not child:
        os.environ |= variables
        time.tzset()
        if point:
            arm(*point.split())
        sys.argv[1:] = ["run"]
        sys.exit(main())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for place in (COMMANDS["run"], *PIPELINE.values(), "great_expectations.expectations.core"):
        import_module(place.partition(":")[0])
    for place in PIPELINE.values():
        code_of(place.partition(":")[0])
    for line in sys.stdin:
        sys.stdout.write(f"{answer(*json.loads(line))}\n")
        sys.stdout.flush()
