"""Whether the memory of the step `segment` grows with the number of definitions, on the same people and events.

`python -m benchmarks.segments_memory [--people N] [--events N] [--numbers 10 50 100 200] [--memory-limit 4GB]` draws
them once, then evaluates each number of definitions in a process of its own, and prints its peak as one JSON line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import segments
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import Settings
from include.segments.step import segment_with
from include.storage.project import Project


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--events", type=int, default=10, help="so many a person")
    options.add_argument("--numbers", type=int, nargs="+", default=[10, 50, 100, 200], help="of definitions")
    options.add_argument("--memory-limit", default="4GB", help="that the engine may use before it spills")
    options.add_argument("--step", type=Path, default=None, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.step is not None:
        measure(given.step, given.numbers[0], given.memory_limit)
        return
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as folder:
        home = Path(folder)
        draw(home, given.people, given.events)
        for number in given.numbers:
            again = ["--step", str(home), "--numbers", str(number), "--memory-limit", given.memory_limit]
            subprocess.run([sys.executable, "-m", "benchmarks.segments_memory", *again], check=True)


def draw(home: Path, people: int, each: int) -> None:
    """Write people and events, and note their versions."""
    with Project(Settings(home=home)).engine() as engine:
        refs = {**segments.populate(engine, people, 0), **segments.events(engine, people, each)}
    written = {name: [ref.version, ref.rows] for name, ref in refs.items()}
    (home / "drawn.json").write_text(json.dumps(written))


def measure(home: Path, number: int, memory_limit: str) -> None:
    """Evaluate so many definitions for the first time, each time from nothing, and print what it took."""
    config = home / f"config-{number}"
    segments.definitions(config, number, on_events=True)
    project = Project(Settings(home=home, config=config, memory_limit=memory_limit))
    versions = json.loads((home / "drawn.json").read_text())
    refs = {name: DatasetRef(name, *told) for name, told in versions.items()}
    with segments.timed("segment", definitions=number) as facts:
        facts.update(segment_with(project, Run("bench", segments.AS_OF), refs, []).counts)


if __name__ == "__main__":
    main()
