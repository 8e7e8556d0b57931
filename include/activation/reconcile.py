"""Reconciliation: what a destination really has, against what the ledger says is there.

Where ours wins, the ledger is told what is there, and the next plan mends it: it adds what somebody has removed, and
removes what somebody has added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from include.activation.plan import STRANGER
from include.activation.syncs import Declared
from include.storage.control.tables import ACTIVATION_ROW

ROW = ACTIVATION_ROW.fullname
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Drift:
    """Rows that others have removed from a destination, and added to it, since they were sent."""

    removed: int
    added: int

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


def reconcile(connection: sa.Connection, declared: Declared, present: Iterable[str], now: datetime) -> Drift:
    """Compare the keys that are present with the ledger; where ours wins, tell the ledger what is there."""
    connection.execute(sa.text("CREATE TEMP TABLE present (key text PRIMARY KEY) ON COMMIT DROP"))
    keys = iter(present)
    while some := list(islice(keys, BATCH)):
        given = sa.text("INSERT INTO present SELECT unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING")
        connection.execute(given, {"keys": some})
    drift = Drift(*connection.execute(sa.text(_COUNT), {"sync": declared.name}).one())
    if drift and declared.sync.drift == "ours wins":
        for statement in (_REMOVED, _ADDED):
            connection.execute(sa.text(statement), {"sync": declared.name, "now": now})
    return drift


_NOT_PRESENT = "sync = :sync AND NOT EXISTS (SELECT FROM present AS p WHERE p.key = activation_row.key)"
_NOT_OURS = f"NOT EXISTS (SELECT FROM {ROW} AS r WHERE r.sync = :sync AND r.key = p.key)"
_COUNT = f"""
SELECT (SELECT count(*) FROM {ROW} WHERE {_NOT_PRESENT}), (SELECT count(*) FROM present AS p WHERE {_NOT_OURS})
"""
_REMOVED = f"DELETE FROM {ROW} WHERE {_NOT_PRESENT}"
_ADDED = f"""
INSERT INTO {ROW} (sync, key, member_id, digest, definition_version, consent, added_at, sent_at, plan_id)
SELECT :sync, p.key, '{STRANGER}', '', '', NULL, :now, :now, '' FROM present AS p WHERE {_NOT_OURS}
"""
