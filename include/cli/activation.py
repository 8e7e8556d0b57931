"""The commands `activate` and `deliveries`: keep a list at a destination, and tell what was sent of whom and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from include.activation import step
from include.activation.syncs import read_syncs
from include.answers.member import find_member
from include.cli.console import emit, err, out, show
from include.contracts.identity import ALIAS
from include.contracts.settings import Settings
from include.storage.control.activation import deliveries as list_deliveries
from include.storage.control.activation import deliveries_of, rejected
from include.storage.project import Project
from include.storage.readers import LakeReader, lake_reader

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
COUNTS = ("planned", "sent", "suppressed", "rejected", "pending")


def activate(
    sync: Annotated[str | None, typer.Argument(help="Name of the sync; without one, all are listed.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a destination to what its segment is now: plan, check, deliver, reconcile."""
    project = Project(Settings.from_environment())
    if sync is None:
        _list(project, as_json=as_json)
        return
    with project.serving():
        report = step.dry_run(project, sync) if dry_run else step.activate(project, sync)
    if as_json:
        emit(asdict(report))
        return
    for line in _told(report, is_dry=dry_run):
        out.print(line, highlight=False, soft_wrap=True)
    if dry_run:
        show(report.difference.sample, title="Some of it", empty="There is nothing to do.", as_json=False)


def deliveries(
    profile: Annotated[str | None, typer.Option("--profile", help="A person: id, address, or a source's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    *,
    refused: Annotated[bool, typer.Option("--rejected", help="The rows that destinations refused, and why.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what was sent where, when and why, and what was withheld; of one person with --profile."""
    project = Project(Settings.from_environment())
    with project.serving():
        if refused:
            show(rejected(project, limit), title="Rejected", empty="No row was rejected.", as_json=as_json)
            return
        if profile is None:
            rows = list_deliveries(project, limit)
            show([_brief(row) for row in rows] if not as_json else rows,
                 title="Deliveries", empty="Nothing was sent yet.", as_json=as_json)  # fmt: skip
            return
        with lake_reader(project) as reader, project.warehouse().begin() as connection:
            found = deliveries_of(connection, _ids(reader, profile))
    if as_json:
        emit(found)
        return
    for part, title in {
        "standing": "Where they are now",
        "withheld": "From where they are withheld",
        "changes": "What was planned, and what became of it",
    }.items():
        show(found[part], title=title, empty=f"{title}: nothing.", as_json=False)


def _list(project: Project, *, as_json: bool) -> None:
    rows = [
        {
            "sync": declared.name, "destination": declared.destination, "kind": declared.kind,
            "segment": declared.sync.segment, "mode": declared.sync.mode, "schedule": declared.sync.schedule,
            "owner": declared.sync.owner,
        }
        for declared in read_syncs(project.settings.config).values()
    ]  # fmt: skip
    show(rows, title="Syncs", empty="There are no syncs; docs/activation.md says how to declare one.", as_json=as_json)


def _told(report: step.Report, *, is_dry: bool) -> Iterator[str]:
    found = report.difference
    yield f"{report.sync} → {report.destination}: {found.wanted:,} of {found.members:,} members may be there."
    for reason, number in found.withheld.items():
        yield f"  withheld: {number:,} {reason}"
    for action, number in found.actions.items():
        yield f"  {'would ' if is_dry else ''}{'remove (key changed)' if action == 'leave' else action}: {number:,}"
    for reason, number in found.removed.items():
        yield f"  removed as: {number:,} {reason}"
    if report.drift:
        yield f"  others have removed {report.drift.removed:,} and added {report.drift.added:,} there"
    yield from (f"  {sentence}" for sentence in report.later)
    if is_dry:
        yield f"  {report.calls:,} calls."
    else:
        yield "  " + ", ".join(f"{report.counts[name]:,} {name}" for name in COUNTS)
    if report.counts["rejected"] and not is_dry:
        err.print("Some rows were rejected; python -m include deliveries --rejected says why.", soft_wrap=True)


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    names = ("planned_at", "sync", "destination", "segment_key", "state", "sent", "suppressed", "rejected", "pending")
    return {name: row[name] for name in names}


def _ids(reader: LakeReader, given: str) -> tuple[str, ...]:
    """Return the id of a person, and those that it took the place of."""
    profile_id = find_member(reader, "person", given)
    alias = reader.latest(ALIAS)
    retired: list[str] = alias.filter(alias.profile_id == profile_id).alias_id.to_pyarrow().to_pylist()
    return (profile_id, *retired)
