"""Calls that a destination has taken in to work on later: what became of them is asked for by the next runs.

A call that failed is sent again by the next plan: its rows stand with no digest, so all of them have changed, and rows
that it was to take out stand once more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from include.activation.destination import Destination, Worked
from include.storage.control.tables import ACTIVATION_BATCH, ACTIVATION_CHANGE, ACTIVATION_PLAN, ACTIVATION_ROW
from include.storage.postgres.warehouse import Warehouse

SILENT = timedelta(days=3)  # after which a vendor is not asked again
ROW = ACTIVATION_ROW.fullname


def follow_up(warehouse: Warehouse, destination: Destination, now: datetime) -> Sequence[str]:
    """Ask what became of the calls of a sync that were taken in; return a sentence for each that failed."""
    told = []
    for batch in _taken_in(warehouse, destination.declared.name):
        answers = [destination.receipt(one) for one in batch["receipts"]]
        failed = [answer for answer in answers if answer is not None and answer.fault]
        if None in answers and not failed and now - batch["started_at"] < SILENT:
            continue
        with warehouse.begin() as connection:
            if failed:
                told.append(_sentence(failed[0], len(batch["changes"])))
            if failed and not failed[0].in_part:
                _undo(connection, destination.declared.name, batch, str(failed[0].fault), now)
            connection.execute(sa.delete(ACTIVATION_BATCH).where(ACTIVATION_BATCH.c.batch_id == batch["batch_id"]))
    return told


def _sentence(worked: Worked, rows: int) -> str:
    if worked.in_part:
        return f"of {rows:,} rows that it had taken in some came to nothing, and it does not say which ({worked.fault})"
    return f"{rows:,} rows that it had taken in came to nothing, and are sent again ({worked.fault})"


def _taken_in(warehouse: Warehouse, sync: str) -> Sequence[Mapping[str, Any]]:
    b, p = ACTIVATION_BATCH.c, ACTIVATION_PLAN.c
    query = (
        sa.select(b.batch_id, b.plan_id, b.changes, b.started_at, b.receipts)
        .join_from(ACTIVATION_BATCH, ACTIVATION_PLAN, p.plan_id == b.plan_id)
        .where(p.sync == sync, b.receipts.is_not(None))
        .order_by(b.started_at, b.batch_id)
    )
    with warehouse.begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _undo(connection: sa.Connection, sync: str, batch: Mapping[str, Any], reason: str, now: datetime) -> None:
    """Let the ledger say that nothing of a call has come to be."""
    writes = [change["key"] for change in batch["changes"] if change["action"] != "remove"]
    connection.execute(
        sa.text(f"UPDATE {ROW} SET digest = '' WHERE sync = :sync AND key = ANY(:keys)"),
        {"sync": sync, "keys": writes},
    )
    given = {"sync": sync, "plan": batch["plan_id"], "now": now, "changes": json.dumps(batch["changes"])}
    connection.execute(sa.text(_STILL_THERE), given)
    c = ACTIVATION_CHANGE.c
    positions = [change["position"] for change in batch["changes"]]
    refused = sa.update(ACTIVATION_CHANGE).where(c.plan_id == batch["plan_id"], c.position.in_(positions))
    connection.execute(refused.values(state="rejected", reason=reason))


_STILL_THERE = f"""
INSERT INTO {ROW} (sync, key, member_id, digest, definition_version, consent, added_at, sent_at, plan_id)
SELECT :sync, c.key, c.member_id, '', '', NULL, :now, :now, :plan
FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS c (key text, member_id text, action text)
WHERE c.action = 'remove'
ON CONFLICT DO NOTHING
"""
