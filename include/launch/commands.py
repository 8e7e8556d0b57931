"""What `make run`, `make up` and `make down` do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console, RenderableType

from include.contracts.errors import ConfigurationError, FatalError, HeldError
from include.contracts.settings import ROOT, Settings
from include.launch import lock, services
from include.launch.activation import activate_sample
from include.launch.environment import USER, airflow_environment, password
from include.launch.follow import PipelineRun
from include.launch.layout import PORT, Layout, homes, settings_for
from include.launch.processes import has_ended
from include.launch.progress import Progress
from include.launch.recognised import recognised
from include.launch.sample import ensure_sample
from include.launch.simulated import served, simulated_settings
from include.launch.summary import read_summary, render, render_held
from include.storage.home import open_home
from include.storage.postgres import embedded
from include.storage.project import Project
from include.storage.room import require_room

STOP_SECONDS = 60


def run(data: Path | None, console: Console, *, simulated: bool = False) -> None:
    """Run the whole pipeline once, show it, and stop all that was started.

    ``simulated`` asks servers that stand for the sample company's systems, in the place of reading its exports.
    """
    settings = simulated_settings() if simulated else settings_for(data, schedules=False)
    home = None if settings.home == ROOT / ".kindred" else settings.home
    try:
        console.print(_run(settings, console, home, simulated=simulated), highlight=False, crop=False)
    except HeldError as held:
        console.print(render_held(held, home=home, data=data), highlight=False, crop=False)
        raise


def _run(given: Settings, console: Console, home: Path | None, *, simulated: bool) -> RenderableType:
    """Run the pipeline and return its outcome to show."""
    layout, now = Layout(given.home), datetime.now(UTC)
    with ExitStack() as stack:
        stack.enter_context(lock.held(layout.lock, "make run"))
        progress = stack.enter_context(Progress(console))
        settings = stack.enter_context(_prepared(given, progress.say, console.print))
        if simulated:
            stack.enter_context(served(settings, progress.say))
        with services.started(settings, layout, since=now, say=progress.say) as (client, processes):
            dags = services.pipeline_dags(settings)
            pipeline = PipelineRun(client, processes, layout)
            since = pipeline.begin(services.extract_dags(settings), dags)
            runs = pipeline.follow(dags, since, progress)
            with closing(Project(settings)) as project:
                if given.warehouse_url is None:  # nobody else is at work on the embedded server
                    project.ledger().abandon()
                summary = read_summary(project, runs)
            progress.say("Stopping Airflow")
        lists = [*activate_sample(settings, progress.say)] if settings.data is None else []
        took = (datetime.now(UTC) - now).total_seconds()
        return render(summary, took=took, home=home, lists=lists)


def up(data: Path | None, console: Console) -> None:
    """Leave Airflow running behind, and say where it is."""
    layout = Layout(settings_for(data, schedules=True).home)
    told = lock.holder(layout.lock)
    if told is None:
        console.print("Starting Airflow")
        told = _serve_behind(data, layout)
    elif "url" not in told:
        raise FatalError(lock.taken(told))
    console.print(
        f"Airflow is up: [bold]{told['url']}[/]   user [bold]{USER}[/]   password [bold]{password(layout)}[/]\n"
        f"Kindred's pages: {told['url']}/kindred/\nLogs: {layout.logs}\nStop it with: make down",
        highlight=False,
    )


def serve(data: Path | None, console: Console) -> None:
    """Keep Airflow up until somebody stops this process; what `up` leaves behind."""
    settings = settings_for(data, schedules=True)
    layout = Layout(settings.home)
    say = console.print
    with lock.held(layout.lock, lock.UP) as mine, _prepared(settings, say, console.print) as settings:
        now = datetime.now(UTC)
        with services.started(settings, layout, port=PORT, since=now, say=say) as (client, processes):
            mine.tell(url=client.url)
            while True:
                processes.check()
                time.sleep(1)


def down(data: Path | None, console: Console) -> None:
    """Stop what `up` left behind, for all exports or for those given."""
    found = False
    for home in [settings_for(data, schedules=True).home] if data else homes():
        layout = Layout(home)
        told = lock.holder(layout.lock)
        if told is not None:
            found = True
            _stop(layout, told)
            console.print(f"Stopped `{told.get('command')}` in {home}.", highlight=False)
    if not found:
        console.print("Nothing is up.")


def airflow(arguments: Sequence[str]) -> int:
    """Call Airflow's own command line on the installation that is up; returns its exit code."""
    settings = settings_for(None, schedules=True)
    layout = Layout(settings.home)
    url = (lock.holder(layout.lock) or {}).get("url")
    if url is None:
        raise ConfigurationError(f"Airflow is not up in {settings.home}; start it with `make up`.")
    database = embedded.url(settings.home, "airflow", driver="psycopg2")
    port = int(url.rpartition(":")[2])
    environment = airflow_environment(settings, layout, database=database, port=port)
    return subprocess.run([*services.AIRFLOW, *arguments], cwd=ROOT, env=environment, check=False).returncode


@contextmanager
def _prepared(
    settings: Settings, say: Callable[[str], None], show: Callable[[RenderableType], None]
) -> Iterator[Settings]:
    """Have the exports there and PostgreSQL running; yields the settings that name the warehouse."""
    ensure_sample(settings, say)
    if told := recognised(settings):
        show(told)
    require_room(settings)
    with embedded.running(settings.home) as url:
        yield settings if settings.warehouse_url else settings.model_copy(update={"warehouse_url": url})


def _serve_behind(data: Path | None, layout: Layout) -> Mapping[str, Any]:
    """Start `serve` in a session of its own, and return what it tells of itself once it is up."""
    open_home(layout.home)
    layout.logs.mkdir(exist_ok=True)
    log = layout.logs / "launcher.log"
    command = [sys.executable, "-m", "include.launch", "serve", *([str(data)] if data else [])]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=ROOT
        )
    try:
        while server.poll() is None:
            told = lock.holder(layout.lock)
            if told and "url" in told:
                return told
            time.sleep(0.2)
    except BaseException:
        server.terminate()
        server.wait()
        raise
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    raise FatalError(f"Airflow did not come up. {said[-1] if said else ''}\nIts log: {log}")


def _stop(layout: Layout, told: Mapping[str, Any]) -> None:
    server = int(told["pid"])
    os.kill(server, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while lock.holder(layout.lock) is not None or not has_ended(server):
        if time.monotonic() > deadline:
            raise FatalError(f"Process {server} did not stop within {STOP_SECONDS} s; look at {layout.logs}.")
        time.sleep(0.1)


COMMANDS: Mapping[str, Callable[[Path | None, Console], None]] = MappingProxyType(
    {"run": run, "up": up, "down": down, "serve": serve}
)
