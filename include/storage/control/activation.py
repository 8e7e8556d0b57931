"""The ledger of activation, as the stages and people read it: open plans, what is held, what became of a member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from include.contracts.activation import CHANGE_STATES
from include.storage.control.tables import (
    ACTIVATION_CHANGE,
    ACTIVATION_PLAN,
    ACTIVATION_ROW,
    ACTIVATION_WITHHELD,
)
from include.storage.project import Project

Rows = list[dict[str, Any]]

SUBJECT = "activation/"  # with which the subjects of held plans begin


def open_plan(connection: sa.Connection, sync: str) -> str | None:
    """Return the id of the sync's plan that is not settled yet, or None."""
    c = ACTIVATION_PLAN.c
    query = sa.select(c.plan_id).where(c.sync == sync, c.state == "open").order_by(c.planned_at).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found


def last_target(connection: sa.Connection, sync: str) -> str | None:
    """Return where the rows of the sync's last plan went, as a digest; None before the first."""
    c = ACTIVATION_PLAN.c
    query = sa.select(c.counts["target"].astext).where(c.sync == sync, c.state != "held")
    found: str | None = connection.execute(query.order_by(c.planned_at.desc()).limit(1)).scalar()
    return found


def held_plans(project: Project) -> Mapping[str, str]:
    """Return what is held now, by subject, each with its evidence."""
    c, later = ACTIVATION_PLAN.c, ACTIVATION_PLAN.alias()
    is_newest = ~sa.exists().where(later.c.sync == c.sync, later.c.planned_at > c.planned_at)
    query = sa.select(c.subject, c.evidence).where(c.state == "held", is_newest).order_by(c.subject)
    with project.warehouse().begin() as connection:
        return {subject: evidence for subject, evidence in connection.execute(query)}


def totals(connection: sa.Connection, plan_id: str) -> dict[str, int]:
    """Count a plan's changes: planned, and of these sent, suppressed, rejected and pending."""
    c = ACTIVATION_CHANGE.c
    query = sa.select(c.state, sa.func.count()).where(c.plan_id == plan_id).group_by(c.state)
    by_state = {state: number for state, number in connection.execute(query)}
    return {"planned": sum(by_state.values()), **{state: by_state.get(state, 0) for state in CHANGE_STATES}}


def deliveries(project: Project, limit: int = 50) -> Rows:
    """Return the latest plans, newest first, each with what became of its changes."""
    p, c = ACTIVATION_PLAN.c, ACTIVATION_CHANGE.c
    of_plan = c.plan_id == p.plan_id
    counted = [
        sa.select(sa.func.count()).where(of_plan, c.state == state).scalar_subquery().label(state)
        for state in CHANGE_STATES
    ]
    query = sa.select(p.planned_at, p.sync, p.destination, p.segment_key, p.as_of, p.state, *counted, p.counts)
    return _rows(project, query.order_by(p.planned_at.desc(), p.sync).limit(limit))


def rejected(project: Project, limit: int = 50) -> Rows:
    """Return the latest changes that a destination refused for good, with its reason: the reject index."""
    p, c = ACTIVATION_PLAN.c, ACTIVATION_CHANGE.c
    query = (
        sa.select(c.settled_at, p.sync, p.destination, c.member_id, c.action, c.attempts, c.reason)
        .join_from(ACTIVATION_CHANGE, ACTIVATION_PLAN, p.plan_id == c.plan_id)
        .where(c.state == "rejected")
    )
    return _rows(project, query.order_by(c.settled_at.desc(), c.position).limit(limit))


def deliveries_of(connection: sa.Connection, members: Sequence[str]) -> dict[str, Rows]:
    """Return what was sent of a member, what stands where, and from where they are withheld; no contact points.

    ``members`` are the id and those that it took the place of.
    """
    p, c, r, w = ACTIVATION_PLAN.c, ACTIVATION_CHANGE.c, ACTIVATION_ROW.c, ACTIVATION_WITHHELD.c
    changes = (
        sa.select(
            p.planned_at, p.sync, p.destination, p.segment_key, p.definition_version, p.purpose, c.consent, c.action,
            c.state, c.reason, c.settled_at,
        )
        .join_from(ACTIVATION_CHANGE, ACTIVATION_PLAN, p.plan_id == c.plan_id)
        .where(c.member_id.in_(members))
        .order_by(p.planned_at.desc(), c.position)
    )  # fmt: skip
    standing = sa.select(r.sync, r.added_at, r.sent_at, r.definition_version, r.consent).where(r.member_id.in_(members))
    withheld = sa.select(w.sync, w.reason, w.withheld_at).where(w.member_id.in_(members))
    queries = {"standing": standing.order_by(r.sync), "withheld": withheld.order_by(w.sync), "changes": changes}
    return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in queries.items()}


def _rows(project: Project, query: sa.Select[Any]) -> Rows:
    with project.warehouse().begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
