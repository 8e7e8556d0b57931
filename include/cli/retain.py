"""The command `retain`: remove what has stayed its declared time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from include.cli.console import emit, err, out, show
from include.contracts.settings import Settings
from include.retention.step import retain as do_retain
from include.storage.project import Project


def retain(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print for machines.")] = False,
) -> None:
    """Remove superseded versions, old runs, logs and leftovers, as retention.yaml says; tells how much."""
    project = Project(Settings.from_environment())
    with project.serving():
        removed = do_retain(project, datetime.now(UTC), dry_run=dry_run)
    if as_json:
        emit([asdict(row) for row in removed])
        return
    rows = [
        {"what": row.what, "stays, days": row.stays_days, "items": row.items, "MB": row.bytes / 1e6} for row in removed
    ]
    show(rows, title="Would go" if dry_run else "Removed", empty="", as_json=False)
    if dry_run:
        err.print("Nothing was removed.")
    else:
        out.print(f"{sum(row.bytes for row in removed) / 1e6:,.1f} MB are free again.")
