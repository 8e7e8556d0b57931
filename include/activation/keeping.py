"""How the ledger keeps a plan, and what it has to be told where no call is needed.

All of it happens in the transaction that made the plan, on its temporary tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from include.activation.plan import ORDER, Difference
from include.activation.syncs import Declared
from include.storage.control.tables import ACTIVATION_CHANGE, ACTIVATION_PLAN, ACTIVATION_ROW, ACTIVATION_WITHHELD

CHANGE, ROW, WITHHELD = ACTIVATION_CHANGE.fullname, ACTIVATION_ROW.fullname, ACTIVATION_WITHHELD.fullname


def new_plan(
    connection: sa.Connection, declared: Declared, found: Difference, facts: Mapping[str, Any], now: datetime
) -> str:
    """Keep a plan, open or held (``facts``); returns its id. The changes of an open one are kept with it."""
    sync, plan_id = declared.sync, uuid.uuid4().hex
    row = {
        "plan_id": plan_id, "sync": declared.name, "destination": declared.destination, "segment_key": sync.segment,
        "mode": sync.mode, "purpose": sync.purpose, "counts": {**found.counts, "target": declared.target},
        "planned_at": now, **facts,
    }  # fmt: skip
    connection.execute(sa.insert(ACTIVATION_PLAN).values(**row))
    if facts["state"] == "open":
        connection.execute(sa.text(_CHANGES), {"plan": plan_id, "now": now})
        connection.execute(sa.text(_NEWLY_WITHHELD), {"sync": declared.name, "now": now})
    return plan_id


def keep_up(connection: sa.Connection, declared: Declared) -> None:
    """Bring the ledger to what the plan of this transaction found, where no call is needed for it."""
    for statement in (_CARRIED, _NO_LONGER_WITHHELD, *([_FORGOTTEN] if declared.sync.mode == "append" else [])):
        connection.execute(sa.text(statement), {"sync": declared.name})


_RANK = f"array_position(ARRAY[{', '.join(repr(action) for action in ORDER)}], action)"
_CHANGES = f"""
INSERT INTO {CHANGE} (plan_id, position, member_id, action, key, former_key, state, reason, consent, attempts,
    settled_at)
SELECT :plan, row_number() OVER (ORDER BY {_RANK}), member_id, CASE action WHEN 'leave' THEN 'remove' ELSE action END,
    key, former_key, CASE action WHEN 'withhold' THEN 'suppressed' ELSE 'pending' END, reason, consent, 0,
    CASE action WHEN 'withhold' THEN CAST(:now AS timestamptz) END
FROM planned
"""
# Whoever has a key by another id now, after a merge or a split, has it in the ledger by that id, too.
_CARRIED = f"""
UPDATE {ROW} AS r SET member_id = w.member_id
FROM stands AS s JOIN wanted AS w ON w.key = s.key AND w.reason IS NULL
WHERE r.sync = :sync AND r.key = s.key AND w.member_id <> s.told_as
"""
# Whoever left may enter again, which is another event.
_FORGOTTEN = f"DELETE FROM {ROW} AS r USING gone AS g WHERE r.sync = :sync AND r.key = g.key"
_NEWLY_WITHHELD = f"""
INSERT INTO {WITHHELD} (sync, member_id, reason, withheld_at, was_there)
SELECT :sync, member_id, reason, :now, EXISTS (SELECT FROM stands AS s WHERE s.member_id = wanted.member_id)
FROM wanted WHERE reason IS NOT NULL AND is_member
ON CONFLICT (sync, member_id) DO UPDATE SET reason = excluded.reason, withheld_at = excluded.withheld_at
WHERE activation_withheld.reason <> excluded.reason
"""
_NO_LONGER_WITHHELD = f"""
DELETE FROM {WITHHELD} AS h WHERE h.sync = :sync
AND NOT EXISTS (SELECT FROM wanted AS w WHERE w.member_id = h.member_id AND w.reason IS NOT NULL
    AND w.is_member)
"""
