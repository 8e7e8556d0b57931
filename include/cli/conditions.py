"""The commands on what conditions are made of: `values`, `lists`, `check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from include.cli.console import emit, out, show
from include.cli.segments import PLURALS, Json, plain
from include.contracts.errors import ConfigurationError
from include.contracts.lists import read_lists
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.segments import tree
from include.segments.catalog import load
from include.segments.checking import Checked, check_definitions
from include.segments.listed import Resolved, resolve
from include.segments.occurring import occurring
from include.segments.published import contacts, population
from include.storage.project import Project
from include.storage.readers import lake_reader


def values(
    measure: Annotated[str, typer.Argument(help="Name of a measure (docs/measures.md) or a trait.")],
    level: Annotated[str, typer.Option("--level", help="person or account; default: whichever has it.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many values at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List what occurs of a measure, the commonest values first, with counts."""
    project = Project(Settings.from_environment())
    catalog = load(project.settings.config)
    words, traits = catalog.vocabulary, {trait.name: trait for trait in catalog.traits}
    level = level or next((each for each in PLURALS if measure in words.measures(each)), "person")
    if level not in PLURALS:
        raise ConfigurationError(f"There is no level {level!r}{nearest(level, PLURALS)}.")
    asked = [(traits[measure].level, tree.IsNull(traits[measure]))] if measure in traits else []
    with lake_reader(project) as reader:
        found = occurring(population(reader, asked), level, measure, limit, words)
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


def lists(as_json: Json = False) -> None:
    """List the lists of the configuration: of how many people each is, and which lines stand for nobody known."""
    project = Project(Settings.from_environment())
    known = read_lists(project.settings.config).values()
    with lake_reader(project) as reader:
        people = replace(population(reader), contacts=contacts(reader))
        found = [resolve(listed, people) for listed in known if not listed.fault]
    if as_json:
        emit([_of_list(each) | {"unmatched": each.unmatched} for each in found])
        return
    rows = [_of_list(each) for each in found]
    show(rows, title="Lists", empty="There are no lists; put one into the folder lists.", as_json=False)
    for told in (told for each in found for told in (each.too_old, each.told) if told):
        out.print(f"[yellow]![/] {escape(told)}", highlight=False, soft_wrap=True)
    for listed in known:
        if listed.fault:
            out.print(f"[red]fault[/] {escape(listed.fault)}.", highlight=False, soft_wrap=True)


def _of_list(found: Resolved) -> dict[str, Any]:
    settings = found.listed.settings
    assert settings is not None
    return {"list": found.listed.key, "name": settings.name, "dated": settings.dated.isoformat(), "rows": found.rows,
            "people": found.people, "unmatched": len(found.unmatched)}  # fmt: skip


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
    size = "not counted" if checked.size is None else f"{checked.size:,} members{unknown}, {checked.cost}"
    mark = "[red]fault[/]" if checked.faults else "[yellow]doubt[/]" if checked.doubts else "[green]ok[/]   "
    out.print(f"{mark} {checked.key}" + ("" if checked.faults else f": {size}"), highlight=False, soft_wrap=True)
    for told in (*checked.faults, *checked.doubts):
        out.print(f"      {escape(told)}", highlight=False, soft_wrap=True)
