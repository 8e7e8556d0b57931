"""Two schedulers of a real Airflow, and runs by hand beside those that assets start, against an undisturbed twin.

    python -m benchmarks.chaos.schedulers [--people 1000] [--seed 1]

Three days are lived, each with other exports; the twin's are run by the command line, one stage after the other. On the
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

LAST = date(2026, 10, 31)
PATIENCE, QUIET = 1200.0, 5.0  # seconds for a day to end, and without a run until it has
HASTY = {  # a dead scheduler's tasks are another's after half a minute, instead of five
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}
OPEN = ("queued", "running")


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
                    if '"level":"error"' in line or "Traceback" in line:
                        yield f"{task.dag}.{task.task} attempt {attempt}: {json.loads(line).get('event', line)}"


def together(deployment: Deployment) -> None:
    """Everything by hand, twice, at once: assets start a run of what follows besides."""
    later = ("resolve_identities", "build_segments")
    deployment.start(*deployment.roots, *deployment.roots, *later, *later)
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


def twin(home: Path, exports: Path) -> None:
    """Live the day undisturbed, by the command line."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home), "KINDRED_DATA": str(exports)}
    command = [sys.executable, "-m", "include", "run"]
    subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.DEVNULL)


def differing(calm: Path, wild: Path) -> list[str]:
    with embedded.running(calm) as one, embedded.running(wild) as other:
        expected, found = digests(one), digests(other)
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def lived(deployment: Deployment, calm: Path, way: Callable[[Deployment], None]) -> list[str]:
    """Live a day in a way, and a plain run after it; returns the tables that differ from the twin's in the end."""
    wild = deployment.settings.home
    twin(calm, deployment.settings.exports)
    deployment.begin()
    way(deployment)
    print(way.__name__, *deployment.told(), sep="\n  ", flush=True)
    before = differing(calm, wild)
    deployment.begin()
    deployment.start(*deployment.roots)
    deployment.wait()
    after = differing(calm, wild)
    print("  a plain run after it", *deployment.told(), sep="\n    ", flush=True)
    print(f"  differ from the twin: {before or 'none'}; after a plain run: {after or 'none'}", flush=True)
    return after


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
        generate(top / "sample", people=given.people, seed=given.seed, as_of=LAST)
        exports, lives = top / "exports", days(LAST, 3)
        for number, way in enumerate((together, meanwhile, dying), 1):
            past = lives[:number]
            export(top / "sample" / "exports", exports, past[-1], past, given.seed)
            (exports / "sample.json").write_text(json.dumps({"as_of": past[-1].isoformat()}))
            if number == 1:
                settings = settings_for(exports, schedules=False).model_copy(update={"home": top / "wild"})
                recognised(settings)
                deployment = ends.enter_context(deployed(settings))
            print(past[-1], end=" ")
            defects += bool(lived(deployment, top / "calm", way))
    print(f"{time.monotonic() - began:.0f} s, {defects} defects")
    raise SystemExit(bool(defects))


if __name__ == "__main__":
    main()
