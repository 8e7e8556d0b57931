"""One process a sync: a lock that its process cannot outlive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from include.contracts.errors import RetryableError
from include.storage.postgres.warehouse import Warehouse

AT_WORK = 4_957_343  # the first half of the advisory locks of syncs at work: any number, the same in every process


@contextmanager
def working_alone(warehouse: Warehouse, sync: str) -> Iterator[None]:
    """Let no other process work on the same sync; the lock goes with its process. Raises RetryableError."""
    connection = warehouse.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    key = (AT_WORK, sa.func.hashtext(sync))
    try:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(*key))).scalar():
            raise RetryableError(f"Another run of {sync} is at work; try again when it has ended.")
        yield
    finally:
        with suppress(DBAPIError):  # lost with the connection
            connection.execute(sa.select(sa.func.pg_advisory_unlock(*key)))
        connection.detach()
        connection.close()
