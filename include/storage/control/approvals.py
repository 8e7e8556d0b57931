"""Approvals: a person's leave to hand on what a guard holds back, kept in the warehouse."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from include.storage.postgres.warehouse import APPROVAL
from include.storage.project import Project


def approved(project: Project, subjects: Collection[str]) -> frozenset[str]:
    """Return those that somebody has approved; the warehouse is not asked without need."""
    if not subjects:
        return frozenset()
    query = sa.select(APPROVAL.c.subject).where(
        APPROVAL.c.subject.in_(sorted(subjects)), APPROVAL.c.verdict == "approved"
    )
    with project.warehouse().begin() as connection:
        return frozenset(connection.execute(query).scalars())
