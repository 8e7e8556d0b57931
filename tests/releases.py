"""Releasing a build as the last three stages do, and asking the warehouse what came of it."""

from __future__ import annotations

from typing import Any

from include.contracts.runs import DatasetRef, Run, StageReport
from include.quality.step import audit, load, publish
from include.storage.project import Project


def release(project: Project, run: Run, refs: dict[str, DatasetRef]) -> StageReport:
    """Load, audit and publish; returns the report of publish."""
    load(project, run, refs)
    audit(project, run, refs)
    return publish(project, run, refs)


def ask(project: Project, query: str) -> list[Any]:
    """The rows of a query on the warehouse."""
    with project.warehouse().begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]
