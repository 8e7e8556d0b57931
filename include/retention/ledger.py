"""Which rows of the ledger may go: runs that ended long ago, with their stages, publications and audits; deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa

from include.contracts.control import DRIFTED
from include.storage.control.tables import (
    ACTIVATION_BATCH,
    ACTIVATION_CHANGE,
    ACTIVATION_PLAN,
    APPROVAL,
    AUDIT_RESULT,
    PUBLICATION,
    RUN,
    STAGE_RUN,
)
from include.storage.postgres.build import PREFIX

# What a build that is still there was published and audited by stays, however old.
_STANDING = f"SELECT substr(nspname, {len(PREFIX) + 1}) FROM pg_namespace WHERE starts_with(nspname, '{PREFIX}')"
_PUBLISHED = f"version IN ({_STANDING})"
_OLD_RUN = f"""
    coalesce(ended_at, started_at) < :before
    AND run_id NOT IN (SELECT run_id FROM {PUBLICATION.fullname} WHERE {_PUBLISHED})
"""

_OLD_PLAN = "(state = 'done' AND ended_at < :before OR state = 'held' AND planned_at < :before)"

# In order: rows that others hang on come last.
CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        AUDIT_RESULT.fullname: f"""NOT {_PUBLISHED} AND NOT EXISTS (
            SELECT FROM {PUBLICATION.fullname} p WHERE p.version = audit_result.version AND p.published_at >= :before
        ) AND NOT EXISTS (
            SELECT FROM {APPROVAL.fullname} a WHERE a.subject = '{DRIFTED}@' || audit_result.version
            AND a.verdict = 'approved' AND a.decided_at >= :before
        )""",
        PUBLICATION.fullname: f"published_at < :before AND NOT {_PUBLISHED}",
        STAGE_RUN.fullname: f"run_id IN (SELECT run_id FROM {RUN.fullname} WHERE {_OLD_RUN})",
        RUN.fullname: _OLD_RUN,
        ACTIVATION_BATCH.fullname: "started_at < :before",
        ACTIVATION_CHANGE.fullname: f"plan_id IN (SELECT plan_id FROM {ACTIVATION_PLAN.fullname} WHERE {_OLD_PLAN})",
        ACTIVATION_PLAN.fullname: _OLD_PLAN,
    }
)


def count(connection: sa.Connection, before: datetime) -> int:
    """Return how many rows may go."""
    counted = (f"SELECT count(*) AS n FROM {table} WHERE {rule}" for table, rule in CONDITIONS.items())
    query = f"SELECT sum(n) FROM ({' UNION ALL '.join(counted)}) counted"
    return int(connection.execute(sa.text(query), {"before": before}).scalar_one())


def remove(connection: sa.Connection, before: datetime) -> int:
    """Remove them in the caller's transaction; returns how many they were."""
    return sum(
        connection.execute(sa.text(f"DELETE FROM {table} WHERE {rule}"), {"before": before}).rowcount
        for table, rule in CONDITIONS.items()
    )
