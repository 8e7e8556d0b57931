"""The ledger of erasures: who asked for one and why, how far it is, and until when it has to be carried out."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from include.contracts.erasure import STATES
from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.nearest import nearest
from include.storage.control.tables import ERASURE
from include.storage.postgres.warehouse import Warehouse


@dataclass(frozen=True)
class Erasure:
    """One request."""

    erasure_id: str
    state: str
    subject: str | None
    reason: str
    author: str
    due_on: date
    received_at: datetime
    second: str | None = None
    planned_at: datetime | None = None
    done_at: datetime | None = None
    verified_at: datetime | None = None
    counts: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is left to do."""
        return self.state != STATES[-1]


class ErasureLedger:
    """Reads and writes requests."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def receive(self, subject: str, *, reason: str, author: str, due_on: date) -> Erasure:
        """Note a request; one of the same subject that is open goes on."""
        for known in self.all():
            if known.is_open and known.subject == subject:
                return known
        erasure_id = uuid.uuid4().hex[:12]
        facts = {"subject": subject, "reason": reason, "author": author, "due_on": due_on, "state": "received"}
        with self._warehouse.begin() as connection:
            connection.execute(sa.insert(ERASURE).values(erasure_id=erasure_id, received_at=sa.func.now(), **facts))
        return self.one(erasure_id)

    def agree(self, erasure_id: str, second: str) -> Erasure:
        """Note that somebody else agrees; raises ConfigurationError where it is the one who asked."""
        found = self.one(erasure_id)
        if found.author == second:
            raise ConfigurationError(f"{second} asked for the erasure {erasure_id}; somebody else has to agree.")
        self._write(erasure_id, second=second)
        return self.one(erasure_id)

    def advance(self, erasure_id: str, state: str, **facts: Any) -> Erasure:
        """Note how far it is."""
        self._write(erasure_id, state=state, **{f"{state}_at": datetime.now(UTC)}, **facts)
        return self.one(erasure_id)

    def one(self, erasure_id: str) -> Erasure:
        """Return a request; raises UnknownError."""
        found = {erasure.erasure_id: erasure for erasure in self.all()}
        if erasure_id not in found:
            raise UnknownError(f"There is no erasure {erasure_id!r}{nearest(erasure_id, found)}.")
        return found[erasure_id]

    def all(self) -> Collection[Erasure]:
        """Return all requests, the latest first."""
        with self._warehouse.begin() as connection:
            rows = connection.execute(sa.select(ERASURE).order_by(ERASURE.c.received_at.desc())).mappings().all()
        return [Erasure(**row) for row in rows]

    def _write(self, erasure_id: str, **facts: Any) -> None:
        with self._warehouse.begin() as connection:
            connection.execute(sa.update(ERASURE).where(ERASURE.c.erasure_id == erasure_id).values(**facts))
