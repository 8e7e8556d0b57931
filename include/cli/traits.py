"""The command `traits`: the measures that a company declares itself, how each came out, and of whom it is known."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from include.cli.console import emit, out, show
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.contracts.traits import TRAIT
from include.segments.catalog import load
from include.storage.project import Project
from include.storage.readers import LakeReader, lake_reader


def traits(as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False) -> None:
    """List the traits that the configuration declares: what each is, and of how many it is known since the last run."""
    project = Project(Settings.from_environment())
    catalog = load(project.settings.config)
    versions = {trait.name: trait.version for trait in catalog.traits}
    with lake_reader(project) as reader:
        published = {row["trait"]: row for row in _published(reader)}
    found = []
    for key, trait in sorted(catalog.vocabulary.traits.items()):
        known = published.get(key, {}).get("known")
        is_new = key in versions and published.get(key, {}).get("definition_version") != versions[key]
        state = "refused" if trait.fault else "not computed yet" if is_new else "published"
        found.append({"trait": key, "of": trait.level, "state": state, "known": None if is_new else known,
                      "definition": trait.text})  # fmt: skip
    if as_json:
        emit([{**row, "fault": catalog.vocabulary.traits[str(row["trait"])].fault or None} for row in found])
        return
    show(found, title="Traits", empty="There are no traits; put a file into the folder traits.", as_json=False)
    for trait in catalog.vocabulary.traits.values():
        if trait.fault:
            out.print(f"[red]fault[/] {escape(trait.fault)}.", highlight=False, soft_wrap=True)


def _published(reader: LakeReader) -> list[dict[str, Any]]:
    """The rows that readers see; none before the first run."""
    try:
        rows: list[dict[str, Any]] = reader.table(TRAIT).to_pyarrow().to_pylist()
    except ConfigurationError:
        return []
    return rows
