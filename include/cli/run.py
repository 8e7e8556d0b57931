"""The command `run`: the whole pipeline in this process, without Airflow."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from include.cli.console import emit, err
from include.contracts.errors import ConfigurationError
from include.contracts.remarks import remarks, set_aside
from include.contracts.settings import Settings
from include.launch import lock
from include.launch.ending import heed
from include.launch.layout import Layout
from include.launch.recognised import recognised
from include.pipeline import needs_exports, new_run, open_project, run_all
from include.segments.lacking import wanting
from include.segments.states import published_rows, unsound
from include.storage.room import require_room


def run(
    data: Annotated[Path | None, typer.Argument(help="Folder of the exports; default: KINDRED_DATA.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Logical date; default: KINDRED_AS_OF, or today.")
    ] = None,
    rewind: Annotated[
        bool, typer.Option("--rewind", help="Forget the logical date and all later ones, and run it in their place.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each stage's report for machines.")] = False,
) -> None:
    """Run extract, stage, resolve, unify, measure, segment, report, load, audit and publish once."""
    settings = _settings(data, as_of)
    if needs_exports(settings) and not settings.exports.is_dir():
        raise ConfigurationError(f"There is no folder {settings.exports}; give the folder of your exports.")
    require_room(settings)
    project = open_project(settings)
    this = new_run(project, datetime.now(UTC), rewinds=rewind)
    reports: dict[str, Any] = {}

    def watch(stage: str, report: Mapping[str, Any] | None) -> None:
        heed()
        if report is None:
            err.print(f"[dim]…[/] {stage}", highlight=False)
        else:
            reports[stage] = report
            err.print(f"[green]✓[/] {stage}", highlight=False)

    with lock.held(Layout(settings.home).lock, "python -m include run"), project.serving():
        if told := recognised(settings):
            err.print(told)
        run_all(project, this, watch)
    with project.engine() as engine:
        rows = published_rows(engine)
    if as_json:
        segments = [*unsound(rows), *remarks({}, wanting(rows))]
        emit({"run_id": this.run_id, "as_of": this.as_of, "stages": reports, "segments": segments})
        return
    lost = set_aside(reports["stage"]["counts"])
    for told in (*lost, *remarks(reports["measure"]["counts"], wanting(rows)), *unsound(rows)):
        err.print(f"[yellow]![/] {escape(told)}", highlight=False, soft_wrap=True)
    err.print(f"Published as of {this.as_of}. Next: {_looking(settings)}python -m include segments", highlight=False)


def _settings(data: Path | None, as_of: datetime | None) -> Settings:
    """Return the environment's settings with what the command line says instead."""
    settings = Settings.of(data)
    return settings.model_copy(update={"as_of": as_of.date()}) if as_of else settings


def _looking(settings: Settings) -> str:
    """Return what lets the command line look into the run's home, where it would not by itself."""
    if Settings.from_environment().home.resolve() == settings.home.resolve():
        return ""
    return f"export KINDRED_HOME={shlex.quote(str(settings.home))}; "
