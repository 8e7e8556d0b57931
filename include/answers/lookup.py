"""Finds in the published identity tables what an explanation needs; each look-up reads only the rows it is about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from include.answers.links import Link
from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, EDGE, HISTORY, IDENTITY, IDENTITY_EVENT, MEMBER
from include.contracts.profiles import PROFILE_HISTORY, PROFILE_LINEAGE
from include.contracts.tables import Table
from include.identity.store import load_model
from include.storage.engine import Engine
from include.storage.lake import Manifest
from include.storage.suppression import NOBODY, Suppressed

Row = dict[str, Any]


@dataclass(frozen=True)
class Lookup:
    """The identity tables as of the current crosswalk and the published ones, opened on one engine session."""

    engine: Engine
    suppressed: Suppressed = NOBODY
    _files: dict[str, str] = field(default_factory=dict)

    @cached_property
    def crosswalk(self) -> Manifest:
        """The crosswalk that readers see; raises ConfigurationError before the first run."""
        current = self.engine.lake.current(CROSSWALK.name)
        if current is None:
            raise ConfigurationError("Nothing was resolved yet; run `python -m include run` first.")
        return current

    @cached_property
    def model_parameters(self) -> dict[str, Any]:
        """The parameters of the model that judged."""
        model = load_model(self.engine.lake, self.crosswalk.inputs["model"])
        return dict(model.parameters) if model else {}

    def living_id(self, profile_id: str) -> str:
        """Return the id under which a profile lives now: its own, or that which its id became an alias of."""
        found = self._rows(ALIAS, "alias_id = $id", {"id": profile_id})
        return str(found[0]["profile_id"]) if found else profile_id

    def refuse_erased(self, kind: str, name: str) -> None:
        """Raise UnknownError for a profile or record of somebody who was erased: of no day there is an answer."""
        if day := self.suppressed.erased_on(kind, name):
            raise UnknownError(f"The {kind} {name} was erased on {day}; nothing is known of it, of no day.")

    def records(self, profile_id: str, other_id: str | None = None) -> list[Row]:
        """Return the crosswalk's rows of a profile, or of two, in order of record."""
        given = {"id": profile_id, "other": other_id or profile_id}
        members = self._rows(MEMBER, "profile_id IN ($id, $other)", given)
        ids, listed = listed_as([row["record_id"] for row in members])
        return self._rows(CROSSWALK, f"record_id IN ({listed})", ids, "record_id") if members else []

    def record(self, record_id: str) -> Row:
        """Return the crosswalk's row of a record; raises ConfigurationError."""
        found = self._rows(CROSSWALK, "record_id = $id", {"id": record_id})
        if not found:
            self.refuse_erased("record", record_id)
            raise ConfigurationError(f"There is no record {record_id!r}; ids are written <source>.<object>:<key>.")
        return found[0]

    def links(self, records: Sequence[str]) -> list[Link]:
        """Return the judged pairs and binding decisions among the records."""
        given, listed = listed_as(records)
        inside = f"record_a IN ({listed}) AND record_b IN ({listed})"
        judged = self._rows(EDGE, inside, given, "record_a, record_b")
        decided = self._rows(APPLIED, f"state <> 'stale' AND ({inside})", given, "decision_id")
        return [
            *(_judged(row) for row in judged),
            *(_decided(row) for row in decided),
        ]

    def events(self, profile_id: str) -> list[Row]:
        """Return what happened to the profile, oldest first."""
        own = self._rows(IDENTITY_EVENT, "profile_id = $id", {"id": profile_id})
        others = self._rows(IDENTITY_EVENT, "other_profile_id = $id AND profile_id <> $id", {"id": profile_id})
        return sorted([*own, *others], key=lambda row: (row["on_date"], row["kind"], row["event_id"]))

    def aliases(self, profile_id: str) -> list[str]:
        """Return the retired ids that lead to the profile."""
        return [row["alias_id"] for row in self._rows(ALIAS, "profile_id = $id", {"id": profile_id}, "alias_id")]

    def lineage(self, profile_id: str) -> dict[str, Row]:
        """Return where each value of a profile's golden record comes from, by attribute."""
        return {row["attribute"]: row for row in self._rows(PROFILE_LINEAGE, "profile_id = $id", {"id": profile_id})}

    def former_values(self, records: Sequence[str]) -> list[Row]:
        """Return what the records said before, as far as it is published, oldest first."""
        given, listed = listed_as(records)
        order = "held_until, record_id, attribute"
        return self._rows(PROFILE_HISTORY, f"record_id IN ({listed})", given, order) if records else []

    def profile_on(self, record_id: str, day: date) -> str | None:
        """Return the profile that a record belonged to on a day, or None where it belonged to none."""
        now = self._rows(CROSSWALK, "record_id = $id AND since <= $day", {"id": record_id, "day": day})
        past = "record_id = $id AND since <= $day AND $day < until"
        self.refuse_erased("record", record_id)
        found = now or self._rows(HISTORY, past, {"id": record_id, "day": day}, "since DESC")
        return str(found[0]["profile_id"]) if found else None

    def _rows(self, table: Table, where: str, given: dict[str, Any], order: str = "1") -> list[Row]:
        lake = self.engine.lake
        manifest = lake.manifest(table.name, self.crosswalk.version) if table in IDENTITY else lake.current(table.name)
        files = lake.urls(manifest) if manifest else []
        if not files:
            return []
        query = f"SELECT * FROM read_parquet($files, union_by_name=true) WHERE {where} ORDER BY {order}"
        return rows_of(self.engine, query, files=files, **given)


def rows_of(engine: Engine, query: str, **given: Any) -> list[Row]:
    """Return what a query finds, as rows by name."""
    result = engine.connection.execute(query, given) if given else engine.connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def listed_as(records: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return parameters and their list for SQL: values, not a subquery, for only they meet the file's statistics."""
    given = {f"r{number}": record for number, record in enumerate(sorted(records))}
    return given, ", ".join(f"${name}" for name in given)


def _judged(row: Row) -> Link:
    return Link(
        **{name: row[name] for name in ("record_a", "record_b", "match_weight", "probability", "grade", "evidence")}
    )


def _decided(row: Row) -> Link:
    forbids = row["kind"] == "never"
    return Link(
        row["record_a"], row["record_b"], -math.inf if forbids else math.inf,
        0.0 if forbids else 1.0, "non-match" if forbids else "match", f"steward: {row['kind']}", row["decision_id"],
    )  # fmt: skip
