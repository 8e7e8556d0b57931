"""What decisions refer to, and whether they still bind: looked up in the records and in the crosswalk's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from include.contracts.identity import APPLIED, CROSSWALK, HISTORY, REGISTER
from include.contracts.runs import DatasetRef, fingerprint
from include.contracts.tables import Table
from include.identity.decisions.book import seen_digest
from include.identity.decisions.decision import Known, StewardDecision, bound_records
from include.identity.records import as_staged
from include.matching.constraints import Decision
from include.storage.engine import Engine
from include.storage.lake import Manifest

# An alias binds a record that is the profile's own and still there; else the one that founded it.
_REPRESENTATIVE = """
SELECT named.id AS profile_id, coalesce(own.record_id, r.record_id) AS record_id
FROM named JOIN register r ON r.profile_id = named.id
LEFT JOIN (SELECT home_id, min(record_id) AS record_id FROM crosswalk SEMI JOIN named ON named.id = home_id
           GROUP BY home_id) own ON own.home_id = named.id
"""


@dataclass(frozen=True)
class Records:
    """The staged records, what earlier runs knew of them, and the columns that they are matched by."""

    engine: Engine
    staged: DatasetRef
    crosswalk: DatasetRef | None
    columns: tuple[str, ...]

    def look(self, decisions: Sequence[StewardDecision]) -> tuple[Known, Mapping[str, str]]:
        """Return what the decisions may refer to, and a digest of what each record they bind says now."""
        named = {name for decision in decisions for name in (decision.a, decision.b) if name}
        founders = self._founders(named)
        digests = self._digests(named | set(founders.values()))
        gone = self._once_known(named - set(digests))
        return Known(frozenset(digests) | gone, founders, self.columns), digests

    def _founders(self, named: set[str]) -> dict[str, str]:
        register = self.engine.read(REGISTER, self._sibling(REGISTER))
        crosswalk = self.engine.read(CROSSWALK, self.crosswalk)
        backend = self.engine.ibis
        for name, rows in (("register", register), ("crosswalk", crosswalk)):
            backend.create_view(name, rows, overwrite=True)
        self._name(named)
        return dict(self.engine.connection.execute(_REPRESENTATIVE).fetchall())

    def _digests(self, named: set[str]) -> dict[str, str]:
        self._name(named)
        rows = as_staged(self.engine, self.staged)
        rows = rows.semi_join(self.engine.ibis.table("named"), [("record_id", "id")])
        self.engine.ibis.create_view("spoken", rows, overwrite=True)
        said = ", ".join(f"coalesce(CAST(\"{column}\" AS VARCHAR), '') || chr(31)" for column in self.columns)
        return dict(self.engine.connection.execute(f"SELECT record_id, md5(concat({said})) FROM spoken").fetchall())

    def _once_known(self, named: set[str]) -> frozenset[str]:
        if not named:
            return frozenset()
        self._name(named)
        history = self.engine.read(HISTORY, self._sibling(HISTORY))
        found = history.semi_join(self.engine.ibis.table("named"), [("record_id", "id")]).record_id
        return frozenset(found.to_pyarrow().to_pylist())

    def _sibling(self, table: Table) -> Manifest | None:
        """The version that was written together with the crosswalk."""
        return self.engine.lake.version(table.name, self.crosswalk.version) if self.crosswalk else None

    def _name(self, ids: set[str]) -> None:
        self.engine.connection.register("named", pa.table({"id": pa.array(sorted(ids), pa.string())}))


@dataclass(frozen=True)
class Stand:
    """The decisions in force: ``states`` is identity/decision, ``binding`` what the engine obeys."""

    decisions: tuple[StewardDecision, ...]
    states: pa.Table
    binding: tuple[Decision, ...]
    yielding: pa.Table

    @property
    def digest(self) -> str:
        """Changes when a decision is taken or taken back, and when one goes stale."""
        return fingerprint(self.states.to_pylist())


def stand(decisions: Sequence[StewardDecision], records: Records) -> Stand:
    """Look up which decisions still bind: one whose records are gone is stale, until they return."""
    known, digests = records.look(decisions) if decisions else (Known(), {})
    rows = [_state_row(decision, known, digests) for decision in decisions]
    retired = sorted(str(decision.a) for decision in decisions if decision.kind == "alias")
    return Stand(
        decisions=tuple(decisions),
        states=pa.Table.from_pylist(rows, APPLIED.schema),
        binding=tuple(
            _bind(decision, row) for decision, row in zip(decisions, rows, strict=True) if row["state"] != "stale"
        ),
        yielding=pa.table({"profile_id": pa.array(retired, pa.string())}),
    )


def _state_row(decision: StewardDecision, known: Known, digests: Mapping[str, str]) -> dict[str, str | None]:
    a, b = (None, None) if decision.kind == "bypass" else bound_records(decision, known)
    return {
        "decision_id": decision.decision_id,
        "kind": decision.kind,
        "record_a": a,
        "record_b": b,
        "state": _state(decision, [record for record in (a, b) if record], digests),
    }


def _state(decision: StewardDecision, records: Sequence[str], digests: Mapping[str, str]) -> str:
    if any(record not in digests for record in records):
        return "stale"
    return "changed" if decision.seen and decision.seen != seen_digest(decision, digests) else "in force"


def _bind(decision: StewardDecision, row: Mapping[str, str | None]) -> Decision:
    """The decision as the engine takes it; an alias is an ``always``."""
    if decision.kind == "bypass":
        return Decision("bypass", column=decision.column, value=decision.value)
    kind: Literal["never", "always"] = "never" if decision.kind == "never" else "always"
    return Decision(kind, record_a=row["record_a"], record_b=row["record_b"])
