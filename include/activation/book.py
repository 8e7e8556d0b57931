"""The ledger of one open plan, as it is written: the calls it makes, and what stands after each of them.

A call is written down before it is made, with what it brings, and goes from the ledger in the transaction that records
its outcome. So a process may be killed anywhere: what is written down and has no outcome may have been accepted.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from include.activation.destination import Batch, Change, Outcome
from include.activation.syncs import Declared
from include.activation.wanted import Wanted
from include.storage.control.tables import ACTIVATION_BATCH, ACTIVATION_CHANGE, ACTIVATION_PLAN, ACTIVATION_ROW
from include.storage.postgres.warehouse import Warehouse

CHANGE, ROW = ACTIVATION_CHANGE.fullname, ACTIVATION_ROW.fullname
FIRST_WAIT = timedelta(seconds=2)  # before a refused row is tried again; twice as long each time
LONGEST_WAIT = timedelta(hours=1)
OVERDUE, LEFT = "refused until the deadline", "not to be sent any more"


class Book:
    """The ledger of one open plan."""

    def __init__(self, warehouse: Warehouse, declared: Declared, plan_id: str) -> None:
        self._warehouse, self._declared, self.plan_id = warehouse, declared, plan_id
        self._wanted = Wanted(declared.sync, declared.name, few=True).statement

    def planned_at(self) -> datetime:
        """Return when the plan was made."""
        c = ACTIVATION_PLAN.c
        with self._warehouse.begin() as connection:
            found: datetime = connection.execute(sa.select(c.planned_at).where(c.plan_id == self.plan_id)).scalar_one()
        return found

    def claim(self, after: int, limit: int, now: datetime) -> Batch | None:
        """Write the next call down and return it; None where there is nothing left after position ``after``.

        Consent is looked at again: whoever may not be sent any more is suppressed, with the reason.
        """
        while True:
            with self._warehouse.begin() as connection:
                pending = self._pending(connection, after, limit, now)
                if not pending:
                    return None
                after = pending[-1].position
                changes = self._still_wanted(connection, pending, now)
                if changes:
                    return self._write_down(connection, changes, now)

    def unsettled(self) -> list[Batch]:
        """Return the calls that may have been made and have no outcome."""
        c = ACTIVATION_BATCH.c
        query = (
            sa.select(c.batch_id, c.changes, c.started_at)
            .where(c.plan_id == self.plan_id, c.receipts.is_(None))
            .order_by(c.started_at, c.batch_id)
        )
        with self._warehouse.begin() as connection:
            return [
                Batch(batch_id, self.plan_id, tuple(Change(**change) for change in changes), started_at)
                for batch_id, changes, started_at in connection.execute(query)
            ]

    def without_withheld(self, batch: Batch, now: datetime) -> Batch | None:
        """Return a call to be repeated without those who are withheld by now, written down in its place.

        The first call may have brought them all, so they stand in the ledger as sent, and the next plan takes them out.
        """
        with self._warehouse.begin() as connection:
            good = self._allowed(connection, batch.changes)
            out = [change for change in batch.changes if change.action != "remove" and change.position not in good]
            if not out:
                return batch
            self._stand(connection, out, now)
            self._close(connection, [(c.position, "suppressed", good.reasons[c.position]) for c in out], now)
            self._forget(connection, batch)
            rest = [change for change in batch.changes if change not in out]
            return self._write_down(connection, rest, now) if rest else None

    def settle(self, batch: Batch, outcome: Outcome, now: datetime) -> None:
        """Record what became of a call, and what stands now."""
        refused = {**outcome.rejected, **outcome.again}
        accepted = [change for change in batch.changes if change.key not in refused]
        with self._warehouse.begin() as connection:
            self._stand(connection, [change for change in accepted if change.action != "remove"], now)
            keys = [c.key for c in accepted if c.action == "remove"] + [c.former_key for c in accepted if c.former_key]
            connection.execute(
                sa.text(f"DELETE FROM {ROW} WHERE sync = :sync AND key = ANY(:keys)"),
                {"sync": self._declared.name, "keys": keys},
            )
            closed: list[tuple[int, str, str | None]] = [(change.position, "sent", None) for change in accepted]
            closed += [
                (change.position, "rejected", outcome.rejected[change.key])
                for change in batch.changes
                if change.key in outcome.rejected
            ]
            self._close(connection, closed, now)
            again = [(change.position, outcome.again[change.key]) for change in batch.changes
                     if change.key in outcome.again]  # fmt: skip
            self._put_off(connection, again, now)
            if outcome.receipts:
                self._keep_receipts(connection, batch, accepted, outcome.receipts)
            else:
                self._forget(connection, batch)

    def doubt(self, batch: Batch, reason: str, now: datetime) -> None:
        """Reject a call that may have been accepted and may not be repeated; its rows stand, lest a plan repeats it."""
        with self._warehouse.begin() as connection:
            self._stand(connection, [change for change in batch.changes if change.action != "remove"], now)
            self._close(connection, [(change.position, "rejected", reason) for change in batch.changes], now)
            self._forget(connection, batch)

    def release(self, batch: Batch) -> None:
        """Take back a call that was certainly not accepted; its changes are pending again."""
        with self._warehouse.begin() as connection:
            self._forget(connection, batch)

    def waiting(self) -> int:
        """Return how many changes are pending."""
        c = ACTIVATION_CHANGE.c
        query = sa.select(sa.func.count()).where(c.plan_id == self.plan_id, c.state == "pending")
        with self._warehouse.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def next_retry(self) -> datetime | None:
        """Return when the next change that was refused for now may be tried again; None where there is none."""
        c = ACTIVATION_CHANGE.c
        query = sa.select(sa.func.min(c.retry_at)).where(c.plan_id == self.plan_id, c.state == "pending")
        with self._warehouse.begin() as connection:
            found: datetime | None = connection.execute(query).scalar()
        return found

    def give_up(self, now: datetime) -> None:
        """Reject what is still pending."""
        statement = (
            f"UPDATE {CHANGE} SET state = 'rejected', key = NULL, former_key = NULL, settled_at = :now, "
            f"reason = concat_ws(': ', '{OVERDUE}', reason) WHERE plan_id = :plan AND state = 'pending'"
        )
        with self._warehouse.begin() as connection:
            connection.execute(sa.text(statement), {"plan": self.plan_id, "now": now})

    def end(self, now: datetime) -> None:
        """Close the plan: all of it is settled."""
        closed = sa.update(ACTIVATION_PLAN).where(ACTIVATION_PLAN.c.plan_id == self.plan_id)
        with self._warehouse.begin() as connection:
            connection.execute(closed.values(state="done", ended_at=now))

    def _pending(self, connection: sa.Connection, after: int, limit: int, now: datetime) -> list[Change]:
        """Return the next changes of one verb."""
        c = ACTIVATION_CHANGE.c
        query = (
            sa.select(c.position, c.action, c.member_id, c.key, c.former_key)
            .where(c.plan_id == self.plan_id, c.state == "pending", c.position > after)
            .where(sa.or_(c.retry_at.is_(None), c.retry_at <= now))
        )
        rows = connection.execute(query.order_by(c.position).limit(limit)).mappings()
        found = [Change(**row) for row in rows]
        is_removal = bool(found) and found[0].action == "remove"
        other = next((n for n, change in enumerate(found) if (change.action == "remove") != is_removal), len(found))
        return found[:other]

    def _still_wanted(self, connection: sa.Connection, pending: Sequence[Change], now: datetime) -> list[Change]:
        allowed = self._allowed(connection, pending)
        out = [(c.position, "suppressed", allowed.reasons[c.position]) for c in pending if c.position not in allowed]
        self._close(connection, out, now)
        return [allowed[change.position] for change in pending if change.position in allowed]

    def _allowed(self, connection: sa.Connection, changes: Iterable[Change]) -> _Allowed:
        """Return the changes that may be made now, with the values of now; removals always may."""
        allowed = _Allowed()
        writes = {change.member_id: change for change in changes if change.action != "remove"}
        allowed.update({change.position: change for change in changes if change.action == "remove"})
        allowed.reasons.update({change.position: LEFT for change in writes.values()})
        if not writes:
            return allowed
        given = {
            "segment": self._declared.sync.segment, "name": self._declared.name, "members": [*writes],
        }  # fmt: skip
        consents = self._declared.sync.consent_fields  # an opt-in is never written, so neither is its absence
        rows = connection.execute(sa.text(self._wanted), given)
        for row in rows.mappings():
            change = writes[row["member_id"]]
            if row["reason"] is not None:
                allowed.reasons[change.position] = row["reason"]
            elif row["key"] == change.key:
                fields = {name: v for name, v in row["fields"].items() if v is not None or name not in consents}
                allowed[change.position] = Change(
                    change.position, change.action, change.member_id, change.key, fields, change.former_key,
                    row["digest"], row["consent"],
                )  # fmt: skip
        return allowed

    def _write_down(self, connection: sa.Connection, changes: Sequence[Change], now: datetime) -> Batch:
        batch = Batch(uuid.uuid4().hex, self.plan_id, tuple(changes), now)
        kept = [change.to_dict() for change in changes]
        row = {"batch_id": batch.batch_id, "plan_id": self.plan_id, "changes": kept, "started_at": now}
        connection.execute(sa.insert(ACTIVATION_BATCH).values(**row))
        return batch

    def _keep_receipts(
        self, connection: sa.Connection, batch: Batch, accepted: Sequence[Change], receipts: Sequence[str]
    ) -> None:
        """Keep of a call only who it was about, until it is known what became of it."""
        about = ("position", "action", "member_id", "key")
        kept = [{name: getattr(change, name) for name in about} for change in accepted]
        row = sa.update(ACTIVATION_BATCH).where(ACTIVATION_BATCH.c.batch_id == batch.batch_id)
        connection.execute(row.values(changes=kept, receipts=[*receipts]))

    def _forget(self, connection: sa.Connection, batch: Batch) -> None:
        connection.execute(sa.delete(ACTIVATION_BATCH).where(ACTIVATION_BATCH.c.batch_id == batch.batch_id))

    def _stand(self, connection: sa.Connection, changes: Sequence[Change], now: datetime) -> None:
        if not changes:
            return
        rows = [{"key": c.key, "member_id": c.member_id, "digest": c.digest, "consent": c.consent} for c in changes]
        given = {"rows": json.dumps(rows), "sync": self._declared.name, "plan": self.plan_id, "now": now}
        connection.execute(sa.text(_STAND), given)

    def _close(self, connection: sa.Connection, closed: Sequence[tuple[int, str, str | None]], now: datetime) -> None:
        if not closed:
            return
        positions, states, reasons = (list(column) for column in zip(*closed, strict=True))
        given = {"plan": self.plan_id, "positions": positions, "states": states, "reasons": reasons, "now": now}
        connection.execute(sa.text(_CLOSE), given)

    def _put_off(self, connection: sa.Connection, again: Sequence[tuple[int, str]], now: datetime) -> None:
        if not again:
            return
        positions, reasons = (list(column) for column in zip(*again, strict=True))
        given = {
            "plan": self.plan_id, "positions": positions, "reasons": reasons, "now": now,
            "first": FIRST_WAIT, "longest": LONGEST_WAIT,
        }  # fmt: skip
        connection.execute(sa.text(_PUT_OFF), given)


class _Allowed(dict[int, Change]):
    """Changes that may be made, by position, and why the others may not."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: dict[int, str] = {}


_STAND = f"""
INSERT INTO {ROW} (sync, key, member_id, digest, definition_version, consent, added_at, sent_at, plan_id)
SELECT :sync, r.key, r.member_id, r.digest, p.definition_version, r.consent, :now, :now, p.plan_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (key text, member_id text, digest text, consent text)
JOIN {ACTIVATION_PLAN.fullname} AS p ON p.plan_id = :plan
ON CONFLICT (sync, key) DO UPDATE SET member_id = excluded.member_id, digest = excluded.digest,
    definition_version = excluded.definition_version, consent = excluded.consent, sent_at = excluded.sent_at,
    plan_id = excluded.plan_id
"""
_CLOSE = f"""
UPDATE {CHANGE} AS c SET state = n.state, reason = coalesce(n.reason, c.reason), key = NULL, former_key = NULL,
    attempts = c.attempts + CASE n.state WHEN 'suppressed' THEN 0 ELSE 1 END, settled_at = :now
FROM unnest(CAST(:positions AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]))
    AS n (position, state, reason)
WHERE c.plan_id = :plan AND c.position = n.position
"""
_PUT_OFF = f"""
UPDATE {CHANGE} AS c SET reason = n.reason, attempts = c.attempts + 1,
    retry_at = CAST(:now AS timestamptz)
        + least(CAST(:first AS interval) * pow(2, c.attempts), CAST(:longest AS interval))
FROM unnest(CAST(:positions AS bigint[]), CAST(:reasons AS text[])) AS n (position, reason)
WHERE c.plan_id = :plan AND c.position = n.position
"""
