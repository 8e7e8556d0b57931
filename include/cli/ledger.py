"""The commands `runs` and `quarantine`: what the ledger knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from include.cli.console import show
from include.contracts.departures import departures, is_departure_count
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.settings import Settings
from include.storage.project import Project

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]
FEW = 6  # counts that fit a line


def runs(
    run_id: Annotated[str | None, typer.Argument(help="Show the stages of this run; default: list the runs.")] = None,
    stages: Annotated[bool, typer.Option("--stages", help="Show the stages of the latest run.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many runs.")] = 20,
    as_json: Json = False,
) -> None:
    """List the latest runs, or the stages of one: seconds, memory, counts."""
    project = Project(Settings.from_environment())
    with project.serving():
        ledger = project.ledger()
        rows = ledger.runs(limit if run_id is None else 10_000)
        if run_id is None and not stages:
            show(rows, title="Runs", empty="No run yet; start one: python -m include run", as_json=as_json)
            return
        known = [row["run_id"] for row in rows]
        if run_id is not None and run_id not in known:
            raise ConfigurationError(f"The ledger has no run {run_id!r}; `python -m include runs` lists them.")
        found = ledger.stages(run_id or known[0]) if known else []
    shown = found if as_json else [_summary(row) for row in found]
    show(shown, title=f"Stages of {run_id or 'the latest run'}", empty="No stage yet.", as_json=as_json)


def quarantine(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule.")] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Each row with its file and line, instead of counts.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many rows.")] = 100,
    as_json: Json = False,
) -> None:
    """Show what was set aside and why; the values themselves stay in the lake."""
    project = Project(Settings.from_environment())
    with project.serving():
        ledger = project.ledger()
        listed = rows or source is not None or rule is not None
        summary = ledger.quarantine_summary()
        found = ledger.quarantine(source=source, rule=rule, limit=limit) if listed else summary
    show(found, title="Quarantine", empty=_nothing(summary, source=source, rule=rule), as_json=as_json)


def _nothing(summary: Sequence[Mapping[str, Any]], **wanted: str | None) -> str:
    """Say what is not in quarantine: nothing is, or nothing of the source or the rule that was asked for."""
    if not summary:
        return "Nothing is in quarantine."
    known = {name: {row[name] for row in summary} for name in wanted}
    absent = [f"{name} {value!r}{nearest(value, known[name])}" for name, value in wanted.items()
              if value is not None and value not in known[name]]  # fmt: skip
    return f"Nothing in quarantine has the {' or the '.join(absent)}." if absent else "Nothing in quarantine has both."


def _summary(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of a stage: its counts summed over the objects that they are of, departures as sentences."""
    sums: Counter[str] = Counter()
    for name, count in stage["counts"].items():
        if not is_departure_count(name):
            sums[name.rpartition(".")[2]] += count
    told = {name: count for name, count in sums.items() if count}
    if len(told) > FEW:
        rows = sum(written["rows"] for written in stage["writes"].values())
        summed = f"rows {rows:,}"
    else:
        summed = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(told.items()))
    counts = ". ".join([summed, *departures(stage["counts"])])
    return {"stage": stage["stage"], "seconds": stage["seconds"], "peak_mb": stage["peak_mb"], "counts": counts}
