"""Approvals: a person's leave to publish what a guard holds back, kept in the warehouse."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from include.contracts.segments import SEGMENT
from include.storage.engine import Engine
from include.storage.postgres.warehouse import APPROVAL
from include.storage.project import Project


def pending(engine: Engine) -> list[dict[str, str]]:
    """Return the implausible segments of the published version: segment_key, state, reason, approval (the subject).

    Approved ones are among them until they are plausible again.
    """
    current = engine.lake.current(SEGMENT.name)
    rows = engine.read(SEGMENT, current.ref if current else None)
    waiting = rows.filter(rows.approval.notnull()).select("segment_key", "state", "reason", "approval")
    found: list[dict[str, str]] = waiting.order_by("segment_key").to_pyarrow().to_pylist()
    return found


def approved(project: Project, subjects: Collection[str]) -> frozenset[str]:
    """Return those that somebody has approved; the warehouse is not asked without need."""
    if not subjects:
        return frozenset()
    query = sa.select(APPROVAL.c.subject).where(
        APPROVAL.c.subject.in_(sorted(subjects)), APPROVAL.c.verdict == "approved"
    )
    with project.warehouse().begin() as connection:
        return frozenset(connection.execute(query).scalars())
