"""The log of reads of personal data: who, when, which profiles, why."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from include.storage.control.tables import ACCESS_LOG
from include.storage.postgres.warehouse import Warehouse

REASON_LENGTH = 500


def note(warehouse: Warehouse, *, caller: str, action: str, subject: str, profiles: int, reason: str | None) -> None:
    """Note a read before anything of it is given out, so that none goes without."""
    entry = {
        "access_id": uuid.uuid4().hex, "read_at": sa.func.now(), "caller": caller, "action": action,
        "subject": subject, "profiles": profiles, "reason": (reason or "")[:REASON_LENGTH] or None,
    }  # fmt: skip
    with warehouse.alone() as connection:
        connection.execute(sa.insert(ACCESS_LOG).values(**entry))
