"""The command `drift`: the figures of a run, held against those of the weeks before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from include.answers.waiting import held_runs
from include.cli.console import emit, err, show
from include.contracts.control import DRIFTED
from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings
from include.quality.drift.memory import Kept, kept_of
from include.quality.drift.wording import now, usual
from include.storage.postgres import publication
from include.storage.project import Project
from include.storage.readers import NOTHING


def drift(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what is in range, or not judged yet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines: all figures.")] = False,
) -> None:
    """Show which figures are out of the range of the weeks before: of a run that is held, else of what readers have."""
    project = Project(Settings.from_environment())
    with project.serving():
        version = _version(project)
        with project.warehouse().begin() as connection:
            kept = kept_of(connection, version)
    if as_json:
        emit([{**asdict(one), "kind": one.kind.name} for one in kept])
        return
    drifted = [one for one in kept if one.is_drifted]
    shown = kept if everything else drifted
    show([_row(one) for one in shown], title="Drift", empty="Nothing is out of range.", as_json=False)
    unjudged = sum("allowed" not in one.observed for one in kept)
    err.print(
        f"{len(kept):,} figures, {len(drifted):,} out of range, {unjudged:,} with too little history or too few rows."
    )


def _version(project: Project) -> str:
    """The version that drift holds, else the one that readers have; raises ConfigurationError where there is none."""
    held = [subject for subject in held_runs(project) if subject.startswith(f"{DRIFTED}@")]
    if held:
        return held[-1].rpartition("@")[2]
    with project.warehouse().begin() as connection:
        version = publication.current(connection)
    if version is None:
        raise ConfigurationError(NOTHING)
    return version


def _row(kept: Kept) -> dict[str, Any]:
    does = {"table": "holds"}.get(kept.level, "warns") if kept.is_drifted else ""
    return {
        "figure": f"{kept.kind.name} {kept.name}", "now": now(kept.kind, kept.observed),
        "usual": usual(kept.kind, kept.observed), "is": does,
    }  # fmt: skip
