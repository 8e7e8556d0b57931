"""The book of decisions: steward decisions in the warehouse, taken and taken back, never deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.runs import fingerprint
from include.identity.decisions.decision import Known, StewardDecision, faults, refuse
from include.storage.control.tables import DECISION
from include.storage.postgres.warehouse import Warehouse

FILE = "the decisions file"
Look = Callable[[Sequence[StewardDecision]], tuple[Known, Mapping[str, str]]]


class DecisionBook:
    """Reads and writes decisions; ``look`` returns what decisions refer to, and digests of what records say now."""

    def __init__(self, warehouse: Warehouse, look: Look) -> None:
        self._warehouse, self._look = warehouse, look

    def in_force(self) -> list[StewardDecision]:
        """Return the decisions that were not taken back, in a fixed order."""
        with self._warehouse.begin() as connection:
            return _in_force(connection)

    def rows(self) -> list[dict[str, Any]]:
        """Return every decision ever taken, the latest first, without the values of a bypass."""
        columns = [column for column in DECISION.c if column.name not in ("value", "seen")]
        query = sa.select(*columns).order_by(DECISION.c.decided_at.desc(), DECISION.c.decision_id)
        with self._warehouse.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def take(self, decisions: Sequence[StewardDecision]) -> list[StewardDecision]:
        """Take decisions, all or none; raises ConfigurationError that names every fault."""
        with self._warehouse.begin() as connection:
            _lock(connection)
            standing = _in_force(connection)
            known, digests = self._look([*standing, *decisions])
            refuse("The decision", faults(decisions, standing, known))
            return [_insert(connection, decision, digests) for decision in decisions]

    def take_back(self, decision_id: str, *, author: str, reason: str) -> None:
        """Take one decision of a person back; raises ConfigurationError."""
        with self._warehouse.begin() as connection:
            _lock(connection)
            standing = {str(decision.decision_id): decision for decision in _in_force(connection)}
            if decision_id not in standing:
                raise ConfigurationError(f"No decision {decision_id!r} is in force{nearest(decision_id, standing)}.")
            if standing[decision_id].origin == "file":
                raise ConfigurationError(f"Decision {decision_id!r} comes from {FILE}; remove its line there.")
            _retract(connection, decision_id, author, reason)

    def as_file_says(self, decisions: Sequence[StewardDecision]) -> list[StewardDecision]:
        """Return what would be in force after ``follow_file``, and change nothing; raises ConfigurationError."""
        with self._warehouse.begin() as connection:
            kept, gone, new = _against_file(_in_force(connection), decisions)
        if gone or new:
            self._digests_for(kept, new)
        named = [replace(decision, decision_id=decision.content) for decision in new]
        return sorted([*kept, *named], key=lambda decision: str(decision.decision_id))

    def follow_file(self, decisions: Sequence[StewardDecision]) -> None:
        """Make the decisions of origin ``file`` those of the file; raises ConfigurationError and changes nothing."""
        with self._warehouse.begin() as connection:
            _lock(connection)
            kept, gone, new = _against_file(_in_force(connection), decisions)
            if not gone and not new:
                return
            digests = self._digests_for(kept, new)
            for decision in gone:
                _retract(connection, str(decision.decision_id), FILE, "its line is no longer there")
            for decision in new:
                _insert(connection, decision, digests)

    def _digests_for(self, kept: Sequence[StewardDecision], new: Sequence[StewardDecision]) -> Mapping[str, str]:
        """Return what records say now; raises ConfigurationError where the file's new decisions cannot be taken."""
        known, digests = self._look([*kept, *new])
        refuse(FILE[0].upper() + FILE[1:], faults(new, kept, known))
        return digests


def seen_digest(decision: StewardDecision, digests: Mapping[str, str]) -> str | None:
    """Return one digest of what both records of a decision say, or none where a record is not there."""
    if decision.kind not in ("always", "never") or decision.a not in digests or decision.b not in digests:
        return None
    return fingerprint(sorted((digests[str(decision.a)], digests[str(decision.b)])))


def _against_file(
    standing: Sequence[StewardDecision], decisions: Sequence[StewardDecision]
) -> tuple[list[StewardDecision], list[StewardDecision], list[StewardDecision]]:
    """Return what stays in force, what of it the file has no more, and what it has anew."""
    wanted = {decision.content for decision in decisions}
    gone = [decision for decision in standing if decision.origin == "file" and decision.content not in wanted]
    kept = [decision for decision in standing if decision not in gone]
    known = {decision.content for decision in kept}
    return kept, gone, [decision for decision in decisions if decision.content not in known]


def _lock(connection: sa.Connection) -> None:
    """Let nobody else write decisions until the transaction ends: they are checked as a whole."""
    connection.exec_driver_sql(f"LOCK TABLE {DECISION.fullname} IN SHARE ROW EXCLUSIVE MODE")


def _in_force(connection: sa.Connection) -> list[StewardDecision]:
    query = sa.select(DECISION).where(DECISION.c.retracted_at.is_(None)).order_by(DECISION.c.decision_id)
    return [
        StewardDecision(
            kind=row["kind"], author=row["author"], reason=row["reason"], a=row["a"], b=row["b"],
            column=row["column"], value=row["value"], decided_at=row["decided_at"],
            decision_id=row["decision_id"], origin=row["origin"], seen=row["seen"],
            place=f"decision {row['decision_id']}",
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def _insert(connection: sa.Connection, decision: StewardDecision, digests: Mapping[str, str]) -> StewardDecision:
    """Keep a decision under the digest of its content and how often the same was decided before."""
    before = sa.select(sa.func.count()).where(DECISION.c.decision_id.startswith(decision.content))
    number = connection.execute(before).scalar_one() + 1
    identifier = f"{decision.content}-{number}"
    connection.execute(
        sa.insert(DECISION).values(
            decision_id=identifier, kind=decision.kind, a=decision.a, b=decision.b, column=decision.column,
            value=decision.value, author=decision.author, reason=decision.reason, origin=decision.origin,
            decided_at=decision.decided_at or sa.func.now(), seen=seen_digest(decision, digests),
        )
    )  # fmt: skip
    return replace(decision, decision_id=identifier, place=f"decision {identifier}")


def _retract(connection: sa.Connection, decision_id: str, author: str, reason: str) -> None:
    connection.execute(
        sa.update(DECISION)
        .where(DECISION.c.decision_id == decision_id)
        .values(retracted_by=author, retracted_reason=reason, retracted_at=sa.func.now())
    )
