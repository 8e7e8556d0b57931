"""Run the pipeline in this process and kill it, with SIGKILL, at one point.

    python -m tests.killed_run "after include.storage.lake:Lake.commit identity/crosswalk"

A point is a moment (before, during, after), a function, and a word that one of its arguments must be or name.
Without a point the run goes through. The tests start this as a process of its own; it is no test.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any

from include.cli.app import main


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


if __name__ == "__main__":
    if len(sys.argv) > 1:
        arm(*sys.argv.pop(1).split())
    sys.argv[1:] = ["run"]
    sys.exit(main())
