"""Processor seconds of each stage of one published run, in one process: what a small company, and every test, pays.

python -m benchmarks.small TREE EXPORTS HOME

TREE is a checkout, so that two of them can be compared on the same exports; HOME is a folder that is not there yet.
Processor time is told, which a shared machine changes little; a process that imports and compiles for the first time
takes longer, so run a tree twice. PostgreSQL's own time is not among it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

AS_OF = date(2026, 10, 31)


def main() -> None:
    tree, exports, home = (Path(argument).resolve() for argument in sys.argv[1:4])
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    for name in [name for name in sys.modules if name.split(".")[0] == "include"]:
        del sys.modules[name]
    pipeline = _timed("imports", lambda: import_module("include.pipeline"))
    settings = import_module("include.contracts.settings").Settings(home=home, data=exports, as_of=AS_OF)
    project = pipeline.open_project(settings)
    with project.serving():
        _timed("warehouse", project.warehouse)
        _run(pipeline, project)
    print(f"{'all':<15}{time.process_time():6.2f}")


def _run(pipeline: Any, project: Any) -> None:
    run = pipeline.new_run(project, datetime.now(UTC))
    window, refs = pipeline.everything_until(run), {}
    for source in pipeline.sources(project.settings):
        _timed(f"extract {source}", lambda: pipeline.extract(project, run, source, window, final=False))  # noqa: B023
    for stage in pipeline.STAGES:
        final = stage == pipeline.STAGES[-1]
        refs = _timed(stage, lambda: pipeline.perform(project, run, stage, refs, final=final)["refs"])  # noqa: B023


def _timed(name: str, act: Callable[[], Any]) -> Any:
    began = time.process_time()
    done = act()
    print(f"{name:<15}{time.process_time() - began:6.2f}", flush=True)
    return done


if __name__ == "__main__":
    main()
