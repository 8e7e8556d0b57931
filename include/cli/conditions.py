"""The commands on what conditions are made of: `values`, `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from include.cli.console import emit, out, show
from include.cli.segments import PLURALS, Json, plain
from include.contracts.errors import ConfigurationError
from include.contracts.measures import measures_of
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.segments.checking import Checked, check_definitions
from include.segments.occurring import occurring
from include.segments.population import population
from include.storage.project import Project
from include.storage.readers import lake_reader


def values(
    measure: Annotated[str, typer.Argument(help="Name of a measure, see docs/measures.md.")],
    level: Annotated[str, typer.Option("--level", help="person or account; default: whichever has it.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many values at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List what occurs of a measure, the commonest values first, with counts."""
    level = level or next((each for each in PLURALS if measure in measures_of(each)), "person")
    if level not in PLURALS:
        raise ConfigurationError(f"There is no level {level!r}{nearest(level, PLURALS)}.")
    with lake_reader(Project(Settings.from_environment())) as reader:
        found = occurring(population(reader), level, measure, limit)
    if as_json:
        emit(found.to_dict())
        return
    rows = [{"value": plain(value), PLURALS[level]: count} for value, count in found.values]
    show(rows, title=f"{measure}: {found.description}", empty=f"Nothing is known of {measure}.", as_json=False)
    if found.least is not None:
        out.print(f"From {plain(found.least)} to {plain(found.greatest)}.", highlight=False)
    if found.different > len(rows):
        out.print(f"{found.different - len(rows):,} more values.", highlight=False)
    out.print(f"Unknown of {found.unknown:,} {PLURALS[level]}.", highlight=False)


def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Definitions, YAML; default: all that are saved.")] = None,
    as_json: Json = False,
) -> None:
    """Check definitions: faults, doubts, and how many are left out because too little is known of them."""
    project = Project(Settings.from_environment())
    with lake_reader(project) as reader:
        found = check_definitions(reader, project.settings.config, files or [])
    if as_json:
        emit([checked.to_dict() for checked in found])
    for checked in [] if as_json else found:
        _show_checked(checked)
    if any(checked.faults for checked in found):
        raise typer.Exit(ConfigurationError.exit_code)


def _show_checked(checked: Checked) -> None:
    unknown = f", {checked.unknown:,} left out as too little is known" if checked.unknown else ""
    size = "not counted" if checked.size is None else f"{checked.size:,} members{unknown}"
    mark = "[red]fault[/]" if checked.faults else "[yellow]doubt[/]" if checked.doubts else "[green]ok[/]   "
    out.print(f"{mark} {checked.key}" + ("" if checked.faults else f": {size}"), highlight=False, soft_wrap=True)
    for told in (*checked.faults, *checked.doubts):
        out.print(f"      {escape(told)}", highlight=False, soft_wrap=True)
