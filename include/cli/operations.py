"""The commands `health`, `metrics`, `alerts` and `contract`: what whoever operates it asks."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from include.cli.console import emit, err, out, show
from include.contracts.settings import Settings
from include.operations import alerts as standing_alerts
from include.operations import telemetry
from include.operations.figures import Value, figures
from include.operations.health import health as look
from include.reference.contract import render
from include.storage.project import Project

Json = Annotated[bool, typer.Option("--json", help="Print for machines.")]


class Format(StrEnum):
    """How figures are printed."""

    TABLE = "table"
    PROMETHEUS = "prometheus"
    JSON = "json"


def health(
    *,
    live: Annotated[bool, typer.Option("--live", help="Only ask whether the warehouse answers.")] = False,
    as_json: Json = False,
) -> None:
    """Say whether it works: exit code 0 where readers have something that is not late, else 1. For probes."""
    project = Project(Settings.from_environment())
    with project.serving():
        found = look(project, datetime.now(UTC))
    if as_json:
        emit(asdict(found))
    else:
        out.print(found.says, soft_wrap=True, highlight=False)
    if not (found.live if live else found.ready):
        raise typer.Exit(1)


def metrics(
    *,
    send: Annotated[
        bool, typer.Option("--send", help="Send them by OTLP, to where OTEL_EXPORTER_OTLP_ENDPOINT says.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """Show what is measured of the operation: seconds, rows, ages, sizes, shares set aside; or send it."""
    project = Project(Settings.from_environment())
    with project.serving():
        values = figures(project, datetime.now(UTC))
    if send:
        out.print(f"{telemetry.send(values)} metrics sent.")
        return
    if form is Format.PROMETHEUS:
        sys.stdout.writelines(f"{line}\n" for line in telemetry.exposition(values))
        return
    rows = [{"metric": v.metric.name, **v.labels, "value": v.value, "unit": v.metric.unit} for v in values]
    told = [{"metric": f"{v.metric.name} {' '.join(v.labels.values())}", "value": _told(v)} for v in values]
    is_json = form is Format.JSON
    show(rows if is_json else told, title="Metrics", empty="Nothing is measured yet.", as_json=is_json)


def _told(value: Value) -> str:
    unit = value.metric.unit.strip("{}")
    return f"{value.value:,.4g}" if unit == "1" else f"{value.value:,.0f} {unit}"


def alerts(
    *,
    tell: Annotated[
        bool, typer.Option("--tell", help="Print only what changed since it was last told, and keep that.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is late, failed, held, drifted or full now, and what to do."""
    project = Project(Settings.from_environment())
    with project.serving():
        if tell:
            changes = standing_alerts.tell(project, datetime.now(UTC), lambda _: None)
            rows = [{**asdict(change.alert), "is_over": change.is_over} for change in changes]
        else:
            rows = [asdict(alert) for alert in standing_alerts.standing(project, datetime.now(UTC))]
    show(rows, title="Alerts", empty="There is nothing to tell.", as_json=as_json)
    if rows and not tell:
        err.print("The DAG watch tells of each once when it begins, and once when it is over.")


def contract(
    tables: Annotated[list[str] | None, typer.Argument(help="Only these published tables.")] = None,
) -> None:
    """Print the data contract of the published tables: YAML, by the Open Data Contract Standard."""
    sys.stdout.write(render(tables or ()))
