"""The log of reads of personal data: who, when, which profiles, why."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from include.storage.postgres.warehouse import ACCESS_LOG, Warehouse

REASON_LENGTH = 500


def began(warehouse: Warehouse, caller: str, action: str, subject: str, reason: str | None) -> str:
    """Note a read before anything is given out, so that none can go without; returns its id for :func:`ended`."""
    access_id = uuid.uuid4().hex
    entry = {
        "access_id": access_id, "read_at": sa.func.now(), "caller": caller, "action": action,
        "subject": subject, "reason": (reason or "")[:REASON_LENGTH] or None,
    }  # fmt: skip
    with warehouse.begin() as connection:
        connection.execute(sa.insert(ACCESS_LOG).values(**entry))
    return access_id


def ended(warehouse: Warehouse, access_id: str, profiles: int) -> None:
    """Note how many profiles were given out."""
    with warehouse.begin() as connection:
        noted = sa.update(ACCESS_LOG).where(ACCESS_LOG.c.access_id == access_id)
        connection.execute(noted.values(profiles=profiles))


def read_one(warehouse: Warehouse, caller: str, action: str, subject: str, reason: str | None) -> None:
    """Note the read of a single profile."""
    ended(warehouse, began(warehouse, caller, action, subject, reason), 1)
