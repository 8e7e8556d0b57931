"""The step `retain`: remove what has stayed its time, and tell how much that was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from include.retention import home, ledger, raw
from include.retention.lake import removable
from include.retention.settings import Retention, load_retention
from include.storage.project import Project


@dataclass(frozen=True, slots=True)
class Removed:
    """What went, or would go, of one kind: files or rows, and bytes; of rows none, whose room PostgreSQL uses anew."""

    what: str
    stays_days: int
    items: int
    bytes: int


def retain(project: Project, now: datetime, *, dry_run: bool = False) -> list[Removed]:
    """Remove what retention.yaml lets go at ``now``; returns each kind with its count and size.

    Repeated after being killed anywhere it goes on where it was. ``dry_run`` removes nothing. Raises
    ConfigurationError.
    """
    rules = load_retention(project.settings.config, project.settings.answer_hours)
    return [
        _raw(project, rules, now, dry_run=dry_run),
        _versions(project, rules, now, dry_run=dry_run),
        _runs(project, rules, now, dry_run=dry_run),
        *(
            _files(what, project.settings.home / folder, days, now, dry_run=dry_run)
            for what, folder, days in (
                ("results of audits", "docs/audits", rules.audits),
                ("logs", "logs", rules.logs),
                ("spilled results", "spill", rules.spill),
            )
        ),
    ]


def _raw(project: Project, rules: Retention, now: datetime, *, dry_run: bool) -> Removed:
    """Let go of replaced exports; their files go with the last version that lists them."""
    before = now - timedelta(days=rules.raw)
    going = raw.replaced(project.lake, before)
    if going and not dry_run:
        raw.let_go(project.lake, before)
    return Removed("replaced exports", rules.raw, len(going), sum(file.size for file in going))


def _versions(project: Project, rules: Retention, now: datetime, *, dry_run: bool) -> Removed:
    going = removable(project.lake, now, versions=timedelta(days=rules.versions), debris=timedelta(days=rules.spill))
    for file in () if dry_run else going:
        project.lake.remove(file)
    return Removed("superseded versions", rules.versions, len(going), sum(file.size for file in going))


def _runs(project: Project, rules: Retention, now: datetime, *, dry_run: bool) -> Removed:
    before = now - timedelta(days=rules.runs)
    with project.warehouse().begin() as connection:
        rows = (ledger.count if dry_run else ledger.remove)(connection, before)
    return Removed("runs and audits in the ledger", rules.runs, rows, 0)


def _files(what: str, folder: Path, days: int, now: datetime, *, dry_run: bool) -> Removed:
    going = home.older(folder, now, timedelta(days=days))
    if not dry_run:
        home.remove(going, folder)
    return Removed(what, days, len(going), sum(file.size for file in going))
