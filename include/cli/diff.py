"""The command `diff`: what a change of configuration, model, decisions or version would move, before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from include.activation.syncs import read_syncs
from include.activation.touched import touched, want_reports
from include.answers.blast_radius import BlastRadius, blast_radius, in_words
from include.answers.trial import try_change
from include.cli.configured import usable
from include.cli.console import emit, err, out, show, spinner
from include.contracts.settings import Settings
from include.storage.project import Project

PRINTED = 20  # of each list; --json has them all


def diff(
    config: Annotated[
        Path | None, typer.Option("--with", help="Folder of the changed configuration; default: the one in use.")
    ] = None,
    *,
    reestimate: Annotated[bool, typer.Option("--reestimate", help="With a model that is learned anew.")] = False,
    new_data: Annotated[
        bool, typer.Option("--new-data", help="On what the sources have brought since the last publication, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """Show what a change would move against what is published: profiles, segments, measures, lists. Changes nothing.

    Without --with it shows what another version of Kindred, or a changed decisions file, would move.
    """
    project = Project(Settings.from_environment())
    now = project.settings.config
    then = usable(project.settings, config or now).config
    syncs = [read_syncs(folder) for folder in (now, then)]
    with project.serving(), spinner() as progress:
        change = try_change(
            project, then, reestimate=reestimate, new_data=new_data, reports=want_reports(*syncs), progress=progress
        )
        with change as tried, tried.trial.engine() as engine:
            found = blast_radius(engine, tried)
            lists = touched(engine, *syncs)
    if as_json:
        emit({**asdict(found), "destinations": lists})
    else:
        _print(found, lists)


def _print(found: BlastRadius, lists: Sequence[Mapping[str, Any]]) -> None:
    out.print(f"Against what readers have as of {found.as_of}; nothing was changed.", highlight=False)
    if not found.redone and not lists:
        out.print("It affects no stage and no list: everything stays as it is.")
        return
    out.print(f"It affects {', '.join(found.redone) or 'no stage, only lists'}.", highlight=False)
    if found.held:
        err.print(found.held, highlight=False)
    counts = [{"what": name.replace("_", " "), "count": count} for name, count in found.profiles.items()]
    show(counts, title="Profiles", empty="", as_json=False)
    _list(found.moves, "Profiles that merge, split or move", "No profile merges, splits or moves.")
    _list(found.segments, "Segments", "No segment has entries or exits.")
    _list([_brief(row) for row in found.measures], "Measures", "No measure has another value.")
    _list([_brief(row) for row in found.attributes], "Golden records", "No golden record says something else.")
    _list(lists, "Lists at destinations, after consent and holdouts", "No list at a destination changes.")
    _list([_one(row) for row in found.examples], "Examples, personal values masked", "There is nobody to show.")


def _list(rows: Sequence[Mapping[str, Any]], title: str, empty: str) -> None:
    more = f" (the first {PRINTED} of {len(rows):,}; --json has more)" if len(rows) > PRINTED else ""
    show(rows[:PRINTED], title=title + more, empty=empty, as_json=False)


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    largest = [f"{in_words(one)} ({one['members']:,})" for one in row["largest"][:1]]
    told = {"of": f"{row['level']}.{row['measure']}", "changed": row["changed"], "share": row["share"]}
    return {**told, "largest": largest[0] if largest else "not shown"}


def _one(example: Mapping[str, Any]) -> dict[str, Any]:
    what = f"{example['what']} {example['other'] or ''}".strip()
    return {"what": what, **{name: value for name, value in example.items() if name not in ("what", "other")}}
