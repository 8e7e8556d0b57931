"""Approvals: a person's answer to what a run or a guard held back, one a subject.

A subject is ``<dataset>@<version>`` for a run that would move too much, ``segment/<key>@<digest>`` for a segment that
moved implausibly; what approves it stays good for as long as the subject stays the same.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from include.contracts.errors import ConfigurationError
from include.storage.control.tables import APPROVAL
from include.storage.project import Project


def answer(project: Project, subject: str, *, approved: bool, author: str, reason: str) -> None:
    """Keep a person's answer to what was held; a later answer replaces an earlier one. Raises ConfigurationError."""
    if not author.strip() or not reason.strip():
        raise ConfigurationError("An answer needs who gave it and why.")
    facts = {
        "verdict": "approved" if approved else "rejected",
        "author": author.strip(),
        "reason": reason.strip(),
        "decided_at": sa.func.now(),
    }
    kept = insert(APPROVAL).values(subject=subject, **facts)
    with project.warehouse().begin() as connection:
        connection.execute(kept.on_conflict_do_update(index_elements=["subject"], set_=facts))


def answered(project: Project, subjects: Collection[str]) -> frozenset[str]:
    """Return those of the subjects that somebody has answered for, whatever the verdict."""
    return _among(project, APPROVAL.c.subject.in_(sorted(subjects)))


def approved(project: Project, subjects: Collection[str]) -> frozenset[str]:
    """Return those of the subjects that somebody has approved; the warehouse is not asked without need."""
    if not subjects:
        return frozenset()
    return _among(project, APPROVAL.c.subject.in_(sorted(subjects)), APPROVAL.c.verdict == "approved")


def verdicts(project: Project, prefix: str) -> dict[str, tuple[str, str]]:
    """Return verdict and author of every subject that begins so."""
    c = APPROVAL.c
    query = sa.select(c.subject, c.verdict, c.author).where(c.subject.startswith(prefix, autoescape=True))
    with project.warehouse().begin() as connection:
        return {row.subject: (row.verdict, row.author) for row in connection.execute(query)}


def approved_versions(project: Project, dataset: str) -> frozenset[str]:
    """Return the versions of the dataset that somebody has approved."""
    place = f"{dataset}@"
    found = _among(project, APPROVAL.c.subject.startswith(place), APPROVAL.c.verdict == "approved")
    return frozenset(subject.removeprefix(place) for subject in found)


def _among(project: Project, *conditions: sa.ColumnElement[bool]) -> frozenset[str]:
    with project.warehouse().begin() as connection:
        return frozenset(connection.execute(sa.select(APPROVAL.c.subject).where(*conditions)).scalars())
