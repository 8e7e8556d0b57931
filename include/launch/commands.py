"""What `make run`, `make up` and `make down` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from rich.console import Console

from include.contracts.settings import Settings
from include.launch import lock, services
from include.launch.follow import PipelineRun
from include.launch.layout import Layout, settings_for
from include.launch.processes import Processes
from include.launch.progress import Progress
from include.storage import embedded


def run(data: Path | None, console: Console) -> None:
    """Run the whole pipeline once, show it, and stop all that was started."""
    settings = settings_for(data, schedules=False)
    layout = Layout(settings.home)
    with lock.held(layout.lock, "run"), Progress(console) as progress, embedded.running(settings.home) as warehouse:
        settings = with_warehouse(settings, warehouse)
        now = datetime.now(UTC)
        with services.started(settings, layout, since=now, say=progress.say) as (client, processes):
            dags = services.expected_dags(settings)
            pipeline = PipelineRun(client, processes, layout)
            since = pipeline.begin(services.extract_dags(settings), dags)
            pipeline.follow(dags, since, progress)
            progress.say("Stopping Airflow")
        progress.say("Stopped")


def with_warehouse(settings: Settings, embedded_url: str) -> Settings:
    """Return the settings with the embedded server as the warehouse, unless they name another."""
    return settings if settings.warehouse_url else settings.model_copy(update={"warehouse_url": embedded_url})


COMMANDS: Mapping[str, Callable[[Path | None, Console], None]] = MappingProxyType({"run": run})
