"""`measure` on one machine and on Spark: are the tables the same, and what does it cost?

`python -m benchmarks.measures_spark [--activities 1000000,4000000,10000000] [--master local[2]] [--home FOLDER]`. Each
engine runs in a process of its own, on the same drawn company; forty activities a person. Processor seconds are those
of the process and of all that it starts. Memory is the most that the process, Java and the largest Python worker had.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measures import apart, measured, populate
from include.contracts.runs import DatasetRef
from include.contracts.settings import Settings
from include.contracts.tables import Type
from include.measures.step import WRITES
from include.storage.project import Project

EVERY = 0.2  # seconds between two looks
EACH = 40  # activities of a person
Refs = dict[str, DatasetRef]


def look(process: psutil.Process, done: threading.Event, found: dict[str, Any]) -> None:
    """Note what a process and all below it use, until it is done."""
    used: dict[int, float] = {}
    most = dict.fromkeys(("own", "java", "worker"), 0)
    while not done.wait(EVERY):
        try:
            for one in (process, *process.children(recursive=True)):
                times, name = one.cpu_times(), one.name()
                used[one.pid] = times.user + times.system
                kind = "own" if one.pid == process.pid else "java" if name == "java" else "worker"
                most[kind] = max(most[kind], one.memory_info().rss >> 20)
        except psutil.Error:
            continue
    found |= {"cpu": sum(used.values()), **most}


def run(project: Project, refs: Refs) -> tuple[Refs, dict[str, Any]]:
    """Measure in a process of its own; what it wrote, and what it took."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(sending, project, refs))
    began, done, found = time.perf_counter(), threading.Event(), dict[str, Any]()
    process.start()
    sending.close()
    looking = threading.Thread(target=look, args=(psutil.Process(process.pid), done, found))
    looking.start()
    written: Refs = receiving.recv()
    done.set()
    looking.join()
    process.join()
    return written, {**found, "seconds": time.perf_counter() - began}


def _run(sending: Any, project: Project, refs: Refs) -> None:
    sending.send(measured(project, refs))
    time.sleep(2 * EVERY)  # to be looked at


def differing(one: Project, other: Project, refs: Mapping[str, DatasetRef]) -> list[str]:
    """The tables that are not the same: rows as hashes without their numbers, which are added up by themselves."""
    told = [{table.name: _told(project, table, refs[table.name]) for table in WRITES} for project in (one, other)]
    return [name for name, here in told[0].items() if not _alike(here, told[1][name])]


def _told(project: Project, table: Any, ref: DatasetRef) -> tuple[Any, ...]:
    numbers = [column.name for column in table.columns if column.type is Type.NUMBER]
    exact = ", ".join(f'"{name}"' for name in table.names if name not in numbers)
    sums = "".join(f', sum("{name}") FILTER (WHERE isfinite("{name}")), count("{name}")' for name in numbers)
    with project.engine() as engine:
        engine.expose("told", table, ref)
        asked = f"SELECT count(*), sum(hash({exact})::HUGEINT){sums} FROM told"
        (row,) = engine.connection.execute(asked).fetchall()
    return tuple(row)


def _alike(here: tuple[Any, ...], there: tuple[Any, ...]) -> bool:
    return all(
        a == b or (isinstance(a, float) and abs(a - b) <= 1e-12 * abs(a)) for a, b in zip(here, there, strict=True)
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--activities", default="1000000,4000000,10000000")
    options.add_argument("--master", default="local[2]")
    options.add_argument("--memory", default="4GB")
    options.add_argument("--home", type=Path, default=None)
    given = options.parse_args()
    place = given.home or Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    print("| activities | engine | wall s | processor s | process MB | Java MB | largest worker MB | same |")
    print("|---:|---|---:|---:|---:|---:|---:|---|")
    for activities in map(int, given.activities.split(",")):
        common: dict[str, Any] = {"memory_limit": given.memory, "threads": 2, "spark_master": given.master}
        drawn = Project(Settings(home=place / str(activities), **common))
        refs = apart("(drawn)", populate, drawn, activities // EACH, EACH)
        projects = {}
        for engine in ("memory", "spark"):
            home = place / f"{activities}-{engine}"
            shutil.copytree(place / str(activities) / "lake", home / "lake", copy_function=os.link)
            projects[engine] = Project(Settings(home=home, engine=engine, **common))
            written, took = run(projects[engine], refs)
            differ = differing(*projects.values(), written) if engine == "spark" else []
            same = "" if engine == "memory" else ", ".join(differ) or "yes"
            print(
                f"| {activities:,} | {engine} | {took['seconds']:.1f} | {took['cpu']:.1f} | {took['own']:,} | "
                f"{took['java']:,} | {took['worker']:,} | {same} |",
                flush=True,
            )
        for home in (drawn, *projects.values()):
            shutil.rmtree(home.settings.home)
    if given.home is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
