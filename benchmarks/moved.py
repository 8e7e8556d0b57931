"""What `diff` and the figures of drift cost on a home that has published: processor seconds by stage, peak memory.

    KINDRED_HOME=HOME KINDRED_DATA=EXPORTS python -m benchmarks.moved [CHANGE ...]

Each change is tried in a process of its own, as `python -m include diff --with DIR` tries it, and then held against
what is published, with a list of people and a list of a report at a destination. Nothing is written into the home but
its `spill`, which goes. Seconds are of user and system, all threads, PostgreSQL's not among them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import yaml

from include.activation.syncs import read_syncs
from include.activation.touched import touched
from include.answers.blast_radius import blast_radius
from include.answers.trial import last_segmented, try_change, versions_behind
from include.contracts.settings import SHIPPED, Settings
from include.quality.drift.figures import Looking
from include.storage.project import Project

USUAL = {"owner": "ops", "purpose": "none"}
LISTS = {
    "people": {**USUAL, "segment": "champions", "key": {"Id": "profile_id"}, "fields": {"Score": "nps_score"}},
    "alerts": {**USUAL, "segment": "sales_alerts", "level": "report", "key": {"Id": "alert_id"}},
}


def shipped(name: str) -> dict[str, object]:
    """What a file of the shipped configuration says."""
    found: dict[str, object] = yaml.safe_load((SHIPPED / name).read_text("utf-8"))
    return found


def matching() -> dict[str, object]:
    """The matching without a column, so that weights are learned anew."""
    spec = shipped("matching.yaml")
    columns = dict(spec["columns"])  # type: ignore[call-overload]
    columns.popitem()
    return {**spec, "columns": columns}


def staging() -> dict[str, dict[str, object]]:
    """One placeholder more, so that everything is made anew."""
    known = shipped("staging.yaml")["placeholders"]
    return {"staging.yaml": {"placeholders": {"email": [*known["email"], "nobody@nowhere.example"]}}}  # type: ignore[index]


CHANGES: dict[str, Callable[[], dict[str, dict[str, object]]]] = {
    "none": dict,
    "segment": lambda: {"segments/champions.yaml": shipped("segments/champions.yaml") | {"where": "nps_score >= 8"}},
    "measure": lambda: {"measures.yaml": {"nps": {"window_days": 200}}},
    "matching": lambda: {"matching.yaml": matching()},
    "staging": staging,
}


class Clock:
    """Processor seconds by stage, told by the trial as it goes."""

    def __init__(self) -> None:
        self.spent, self._name, self._since = Counter[str](), "start", 0.0

    def stage(self, name: str) -> None:
        """Another stage begins."""
        now = time.process_time()
        self.spent[self._name] += now - self._since  # type: ignore[assignment]
        self._name, self._since = name, now


@contextmanager
def configured(change: str) -> Iterator[Path]:
    """A folder of configuration with the change and two lists."""
    with tempfile.TemporaryDirectory() as folder:
        files = CHANGES[change]() | {"destinations/tool.yaml": {"kind": "files", "syncs": LISTS}}
        for name, content in files.items():
            place = Path(folder) / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(yaml.safe_dump(content), "utf-8")
        yield Path(folder)


def diff(change: str) -> str:
    """Try a change; returns its row."""
    clock, project = Clock(), Project(Settings.from_environment())
    with (
        configured(change) as folder,
        configured("none") as before,
        project.serving(),
        try_change(project, folder, reports=True, progress=clock) as tried,
        tried.trial.engine() as engine,
    ):
        clock.stage("held against what is published")
        blast_radius(engine, tried)
        touched(engine, read_syncs(before), read_syncs(folder))
        clock.stage("end")
    told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in clock.spent.items())
    return f"{', '.join(tried.redone) or 'nothing'} | {told}"


def drift(_: str) -> str:
    """Look at the figures of drift of what is published; returns its row."""
    project = Project(Settings.from_environment())
    segmented = last_segmented(project.lake)
    with project.engine() as engine:
        refs = {
            name: manifest.ref
            for name, version in versions_behind(project.lake, segmented).items()
            if (manifest := project.lake.manifest(name, version))
        }
        began = time.process_time()
        figures = list(Looking(engine, refs, date.fromisoformat(segmented.inputs["as_of"])).figures())
    return f"{len(figures)} figures | the figures {time.process_time() - began:.1f}"


def measured(work: Callable[[str], str], what: str) -> str:
    """Do the work in a process of its own; returns its row of the table."""
    read, write = os.pipe()
    if not (child := os.fork()):
        os.close(read)
        with os.fdopen(write, "w") as told:
            told.write(work(what))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        row = told.read() or "failed |"
    _, _, used = os.wait4(child, 0)
    return f"| {what} | {row} | {used.ru_utime + used.ru_stime:.1f} | {used.ru_maxrss // 1024:,} |"


def main() -> None:
    print("| change | affects | seconds by stage | seconds, all | peak MB |\n|---|---|---|---:|---:|", flush=True)
    for what in sys.argv[1:] or [*CHANGES, "drift"]:
        print(measured(drift if what == "drift" else diff, what), flush=True)


if __name__ == "__main__":
    main()
