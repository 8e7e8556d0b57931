"""The ledger of activation by sync: what stands at each destination, who is withheld, and why."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from include.contracts.activation import CHANGE_STATES
from include.storage.control.tables import (
    ACTIVATION_CHANGE,
    ACTIVATION_PLAN,
    ACTIVATION_ROW,
    ACTIVATION_WITHHELD,
)

Rows = list[dict[str, Any]]
_P, _C = ACTIVATION_PLAN.c, ACTIVATION_CHANGE.c


def syncs(connection: sa.Connection, segment: str | None = None) -> Rows:
    """Return the newest plan of each sync, or of those of a segment, with how many rows stand and are withheld now."""
    newest = (
        sa.select(*_facts(), _P.plan_id)
        .ext(distinct_on(_P.sync))
        .where(_P.segment_key == segment if segment is not None else sa.true())
        .order_by(_P.sync, _P.planned_at.desc())
        .subquery()
    )
    standing = _number_of(ACTIVATION_ROW, newest.c.sync).label("standing")
    withheld = _number_of(ACTIVATION_WITHHELD, newest.c.sync).label("withheld")
    return _rows(connection, sa.select(newest, standing, withheld).order_by(newest.c.sync))


def plans_of(connection: sa.Connection, sync: str, limit: int) -> Rows:
    """Return the latest plans of a sync, newest first, each with what became of its changes."""
    chosen = sa.select(*_facts(), _P.plan_id).where(_P.sync == sync).order_by(_P.planned_at.desc()).limit(limit)
    plans = chosen.subquery()
    counted = [
        sa.select(sa.func.count())
        .where(_C.plan_id == plans.c.plan_id, _C.state == state)
        .scalar_subquery()
        .label(state)
        for state in CHANGE_STATES
    ]
    return _rows(connection, sa.select(plans, *counted).order_by(plans.c.planned_at.desc()))


def withheld_of(connection: sa.Connection, sync: str) -> Rows:
    """Return how many members are kept out of a sync's destination now, by reason, the most first."""
    w = ACTIVATION_WITHHELD.c
    people = sa.func.count().label("members")
    query = sa.select(w.reason, people, sa.func.min(w.withheld_at).label("since")).where(w.sync == sync)
    return _rows(connection, query.group_by(w.reason).order_by(people.desc(), w.reason))


def rejected_of(connection: sa.Connection, sync: str, limit: int) -> Rows:
    """Return the latest changes of a sync that its destination refused for good, with its reasons."""
    query = (
        sa.select(_C.settled_at, _C.member_id, _C.action, _C.attempts, _C.reason)
        .join_from(ACTIVATION_CHANGE, ACTIVATION_PLAN, _P.plan_id == _C.plan_id)
        .where(_P.sync == sync, _C.state == "rejected")
    )
    return _rows(connection, query.order_by(_C.settled_at.desc(), _C.position).limit(limit))


def _facts() -> tuple[sa.ColumnElement[Any], ...]:
    return (
        _P.sync, _P.destination, _P.segment_key, _P.mode, _P.purpose, _P.as_of, _P.state, _P.planned_at, _P.ended_at,
        _P.evidence,
    )  # fmt: skip


def _number_of(table: sa.Table, sync: sa.ColumnElement[Any]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(table.c.sync == sync).scalar_subquery()


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Rows:
    return [dict(row) for row in connection.execute(query).mappings()]
