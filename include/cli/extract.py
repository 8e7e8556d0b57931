"""The command `extract`: take one source in by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from include.cli.console import emit, out
from include.contracts.runs import Window
from include.contracts.settings import Settings
from include.launch import lock
from include.launch.layout import Layout
from include.pipeline import everything_until, new_run, open_project
from include.pipeline import extract as do_extract

DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def extract(
    source: Annotated[str, typer.Argument(help="Name of the source in sources.yaml.")],
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="Begin of the window, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="End of the window, UTC; default: now.")] = None,
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="Ask a live source for everything, in the place of what it gave before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the stage's report for machines.")] = False,
) -> None:
    """Take one source's files in, or ask it for what is new; a window of the past is filled again."""
    settings = Settings.from_environment()
    project = open_project(settings)
    run = new_run(project, datetime.now(UTC))
    end = until.replace(tzinfo=UTC) if until else everything_until(run).end
    window = Window(since.replace(tzinfo=UTC) if since else None, end)
    with lock.held(Layout(settings.home).lock, "python -m include extract"), project.serving():
        report = do_extract(project, run, source, window, whole=whole)
    if as_json:
        emit(report)
    else:
        out.print(_told(source, report["counts"]), highlight=False)


def _told(source: str, counts: dict[str, Any]) -> str:
    rows = {name.removesuffix(".rows"): count for name, count in counts.items() if name.endswith(".rows")}
    listed = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    requests = f"; {counts['requests']:,} requests" if "requests" in counts else ""
    return f"Took in from {source}: {listed}{requests}."
