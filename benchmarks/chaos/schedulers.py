"""Two schedulers of a real Airflow, and runs by hand beside those that assets start, against an undisturbed twin.

    python -m benchmarks.chaos.schedulers [--people 1000] [--seed 1]

Three days are lived, each with other exports, by the twin first: by the command line, one stage after the other. On the
first every DAG is started by hand twice at once. On the second a run by hand is started beside each that an asset has
started. On the third the machine of a scheduler dies in the middle, with the tasks that it ran. Each time all runs
have to end, those that fail with a sentence; a plain run after them has to go through; and every published table has to
be the twin's, byte for byte. Ends with exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import psutil

from benchmarks.chaos.days import days, export
from benchmarks.published import digests
from include.contracts.settings import ROOT, Settings
from include.launch import environment, services
from include.launch.api import Airflow, DagRun
from include.launch.layout import Layout, settings_for
from include.launch.processes import Child, Processes
from include.launch.recognised import recognised
from include.samples import generate
from include.storage.postgres import embedded

LIVED = days(date(2026, 10, 31), 3)
PATIENCE, QUIET = 1200.0, 5.0  # seconds for a day to end, and without a run until it has
HASTY = {  # a dead scheduler's tasks are another's after half a minute, instead of five
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}
OPEN = ("queued", "running")

Digests = dict[str, tuple[int, str]]


@dataclass
class Deployment:
    """An Airflow with two schedulers, and what came of its runs."""

    settings: Settings
    airflow: Airflow
    second: Child
    idle: int = 1000  # processes that the second scheduler has while it runs no task
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def roots(self) -> list[str]:
        return services.extract_dags(self.settings)

    def begin(self) -> None:
        """Forget what was, and take what comes from now on as this day's."""
        self.since = datetime.now(UTC)

    def runs(self) -> list[DagRun]:
        ours = services.pipeline_dags(self.settings)
        return [run for run in self.airflow.runs(self.since) if run.dag in ours]

    def start(self, *dags: str) -> None:
        for dag in dags:
            self.airflow.trigger(dag)

    def wait(self, meanwhile: Callable[[list[DagRun]], None] = lambda _: None) -> None:
        """Wait until all runs have ended and none has begun for a while; raises SystemExit where one hangs."""
        deadline, quiet = time.monotonic() + PATIENCE, time.monotonic()
        while time.monotonic() < quiet + QUIET:
            runs = self.runs()
            meanwhile(runs)
            if any(run.state in OPEN for run in runs):
                quiet = time.monotonic()
            if time.monotonic() > deadline:
                raise SystemExit(f"DEFECT not ended: {[run for run in runs if run.state in OPEN]}")
            time.sleep(0.5)

    def told(self) -> Iterator[str]:
        """Yield how runs and tasks ended, and of tasks that did not go through what they said."""
        yield f"runs: {dict(Counter(f'{run.dag} {run.state}' for run in self.runs()))}"
        tasks = self.airflow.task_instances(self.since)
        yield f"tasks: {dict(Counter(task.state for task in tasks))}, {sum(t.attempt > 1 for t in tasks)} tried again"
        logs = Layout(self.settings.home)
        for task in tasks:
            for attempt in range(1, task.attempt + 1):
                place = logs.task_log(task.dag, task.run, task.task, attempt)
                for line in place.read_text("utf-8", "replace").splitlines() if place.exists() else ():
                    if '"level":"error"' in line and (told := json.loads(line)["event"]) != "Task exited":
                        yield f"{task.dag}.{task.task} attempt {attempt}: {told}"


def together(deployment: Deployment) -> None:
    """Each DAG by hand, twice, at once, beside the runs that assets start; a build before there is anything to build.

    Identities are not resolved by hand before all sources have come: of some there would be other identities.
    """
    deployment.start(*deployment.roots, *deployment.roots, "build_segments")
    deployment.wait()
    later = ("resolve_identities", "build_segments")
    deployment.start(*later, *later)
    deployment.wait()


def meanwhile(deployment: Deployment) -> None:
    """A run by hand beside each run that an asset has started, as soon as that is at work."""
    answered = set[str]()

    def beside(runs: list[DagRun]) -> None:
        for run in runs:
            if run.run.startswith("asset") and run.state == "running" and run.run not in answered:
                answered.add(run.run)
                deployment.start(run.dag)

    deployment.start(*deployment.roots)
    deployment.wait(beside)


def dying(deployment: Deployment) -> None:
    """The second scheduler and all that it started are killed while a task of theirs is at work."""

    def kill(_: list[DagRun]) -> None:
        members = [pid for pid in psutil.pids() if _session(pid) == deployment.second.process.pid]
        if len(members) > deployment.idle:
            for pid in members:
                os.kill(pid, signal.SIGKILL)
            print(f"killed {len(members)} processes of the second scheduler", flush=True)
            deployment.idle = len(members) + 1000

    deployment.idle = sum(_session(pid) == deployment.second.process.pid for pid in psutil.pids())
    deployment.start(*deployment.roots, *deployment.roots)
    deployment.wait(kill)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


@contextmanager
def deployed(settings: Settings) -> Iterator[Deployment]:
    """Airflow with two schedulers, on the home's embedded server."""
    layout = Layout(settings.home)
    environment.TUNING = {**environment.TUNING, **HASTY}
    with embedded.running(settings.home) as url:
        settings = settings.model_copy(update={"warehouse_url": url})
        with services.started(settings, layout, since=datetime.now(UTC), say=print) as (airflow, processes):
            for dag in services.pipeline_dags(settings):
                airflow.unpause(dag)
            yield Deployment(settings, airflow, _second(settings, layout, airflow, processes))


def _second(settings: Settings, layout: Layout, airflow: Airflow, processes: Processes) -> Child:
    database = embedded.url(settings.home, "airflow", driver="psycopg2")
    port = int(airflow.url.rpartition(":")[2])
    variables = environment.airflow_environment(settings, layout, database=database, port=port)
    return processes.start("scheduler-2", [*services.AIRFLOW, "scheduler", "--skip-serve-logs"], variables)


def twin(home: Path, exports: Path) -> Digests:
    """Live the day undisturbed, by the command line; returns the digest of each published table."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home), "KINDRED_DATA": str(exports)}
    command = [sys.executable, "-m", "include", "run"]
    subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return published(home)


def published(home: Path) -> Digests:
    """The digest of each published table of a home, by name."""
    with embedded.running(home) as url:
        return digests(url)


def lived(deployment: Deployment, expected: Digests, way: Callable[[Deployment], None]) -> list[str]:
    """Live a day in a way, and a plain run after it; returns the tables that differ from the twin's in the end."""

    def differing() -> list[str]:
        found = published(deployment.settings.home)
        return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))

    deployment.begin()
    way(deployment)
    print(*deployment.told(), sep="\n  ", flush=True)
    print(f"  differ from the twin: {differing() or 'none'}", flush=True)
    deployment.begin()
    deployment.start(*deployment.roots)
    deployment.wait()
    print("  a plain run after it", *deployment.told(), sep="\n    ", flush=True)
    after = differing()
    print(f"  differ from the twin: {after or 'none'} of {len(expected)}", flush=True)
    return after


def exported(top: Path, day: date, seed: int) -> Path:
    """Write the exports of a day, in the place of those of the day before."""
    exports = top / "exports"
    export(top / "sample" / "exports", exports, day, [past for past in LIVED if past <= day], seed)
    (exports / "sample.json").write_text(json.dumps({"as_of": day.isoformat()}))
    return exports


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"seed": 1, "people": 1000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, defects = time.monotonic(), 0
    with ExitStack() as ends:
        folder = tempfile.TemporaryDirectory(prefix="kindred-schedulers-", ignore_cleanup_errors=True)
        top = Path(ends.enter_context(folder))
        top.chmod(0o755)  # the server is another user's
        generate(top / "sample", people=given.people, seed=given.seed, as_of=LIVED[-1])
        calm = {day: twin(top / "calm", exported(top, day, given.seed)) for day in LIVED}
        print(f"the twin has lived {len(calm)} days", flush=True)
        settings = settings_for(exported(top, LIVED[0], given.seed), schedules=False)
        settings = settings.model_copy(update={"home": top / "wild"})
        recognised(settings)
        deployment = ends.enter_context(deployed(settings))
        for day, way in zip(LIVED, (together, meanwhile, dying), strict=True):
            exported(top, day, given.seed)
            print(f"{day}, {way.__name__}:", flush=True)
            defects += bool(lived(deployment, calm[day], way))
    print(f"{time.monotonic() - began:.0f} s, {defects} defects")
    raise SystemExit(bool(defects))


if __name__ == "__main__":
    main()
