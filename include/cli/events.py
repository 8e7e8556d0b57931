"""The command `events`: what conditions may say that people did, and what the product's exports hold beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
import yaml

from include.cli.console import emit, out, show
from include.contracts.events import EVENT_KIND
from include.contracts.settings import Settings
from include.storage.project import Project
from include.storage.readers import lake_reader

Row = Mapping[str, Any]


def events(
    declare: Annotated[
        bool, typer.Option("--declare", help="Write what nobody has declared as entries of config/events.yaml.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """List the events that conditions may name, with counts and days, and those that nobody has declared."""
    with lake_reader(Project(Settings.from_environment())) as reader:
        rows = reader.table(EVENT_KIND).order_by("event").to_pyarrow().to_pylist()
    found = [{**row, "properties": json.loads(row["properties"] or "{}")} for row in rows]
    if as_json:
        emit(found)
        return
    others = [row for row in found if not row["is_declared"]]
    if declare:
        out.print(declarations(others), end="", markup=False, highlight=False, soft_wrap=True)
        return
    show(_shown(row for row in found if row["is_declared"]), title="Events", empty="None.", as_json=False)
    show(_shown(others), title="Not declared", empty="All that the exports hold is declared.", as_json=False)
    if others:
        out.print("To name them in conditions: python -m include events --declare, and put it into config/events.yaml.")


def declarations(rows: Sequence[Row]) -> str:
    """Return entries of ``events.yaml`` for kinds that are not declared; what they are is left to be said."""
    told = {
        row["event"]: {
            "description": "to say",
            **({"properties": _properties(row["properties"])} if row["properties"] else {}),
        }
        for row in rows
    }
    return yaml.safe_dump({"product": told}, allow_unicode=True, sort_keys=False) if told else ""


def _properties(names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"type": "text", "description": "to say"} for name in names}


def _shown(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [
        {
            "event": row["event"], "events": row["events"], "people": row["people"], "first": row["first_on"],
            "last": row["last_on"], "properties": ", ".join(row["properties"]),
        }
        for row in rows
    ]  # fmt: skip
