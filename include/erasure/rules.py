"""Which rows of a table are of the erased person, and which cells of others name them, as conditions of SQL.

A row goes where one of the columns that say whose it is says so. What else names the person, in a row about somebody
else or about nobody, is blanked where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import duckdb

from include.contracts.identity import IDENTITY_EVENT, REGISTER
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER, PROFILE_LINEAGE
from include.contracts.quoting import identifier, literal
from include.contracts.raw import LOADS, REJECTED, ROOT
from include.contracts.sources import SourceSettings
from include.contracts.staged import QUARANTINE
from include.erasure.search import Search
from include.erasure.sought import Sought
from include.erasure.traces import Traces

OWNERS = ("record_id", "profile_id", "member_id", "alias_id", "home_id", "record_a", "record_b")
LIVES_ON = (REGISTER.name, IDENTITY_EVENT.name)  # a profile that the person's record founded may be somebody else's now
BLENDED = (PROFILE.name, PROFILE_IDENTIFIER.name, PROFILE_LINEAGE.name)  # made of all records of a profile


@dataclass(frozen=True)
class Rule:
    """``cells`` are the columns in which others are blanked, with the search for each.

    ``owned`` is the condition of a row that goes by its keys, ``named`` that of one that goes by what it names, which
    stands in one of the cells.
    """

    owned: str = "false"
    named: str = "false"
    cells: Mapping[str, Sought] = field(default_factory=dict)

    def judged(self, places: str) -> str:
        """SQL of the rows with ``_touched``, where a cell names the person, and ``_gone``, where they go."""
        columns: dict[Sought, list[str]] = {}
        for column, sought in self.cells.items():
            columns.setdefault(sought, []).append(column)
        touched = any_of([sought.named_in(those) for sought, those in columns.items()])
        return (
            f"SELECT *, CASE WHEN _owned THEN true WHEN _touched THEN {self.named} ELSE false END AS _gone "
            f"FROM (SELECT *, {touched} AS _touched, {self.owned} AS _owned FROM {places})"
        )

    def going(self, place: str) -> str:
        """SQL of the rows that go."""
        return f"SELECT * EXCLUDE (_touched, _owned, _gone) FROM ({self.judged(place)}) WHERE _gone"

    def staying(self, place: str, *, blanked: bool) -> str:
        """SQL of the rows that stay; ``blanked``: what names the person in them is blanked."""
        cells = ", ".join(
            f"CASE WHEN _touched THEN {sought.blanked(column)} ELSE {identifier(column)} END AS {identifier(column)}"
            for column, sought in self.cells.items()
        )
        replaced = f"REPLACE ({cells})" if blanked and cells else ""
        return f"SELECT * EXCLUDE (_touched, _owned, _gone) {replaced} FROM ({self.judged(place)}) WHERE NOT _gone"


@dataclass(frozen=True)
class Rules:
    """What the traces of a person mean for each dataset of the lake."""

    traces: Traces
    sources: Mapping[str, SourceSettings]
    versions: Mapping[str, str]  # of datasets, each with the version of the crosswalk that it was made from

    def of(self, dataset: str, version: str, texts: Collection[str]) -> Rule:
        """Return the rule for a file that a version brought, with these columns of text."""
        if dataset.startswith(f"{ROOT}/"):
            source, name = dataset.split("/")[1:3]
            return self._rejected(texts) if name == REJECTED else self._raw(source, name, texts)
        owned = [_among(column, self.traces.ids) for column in _owners(dataset) if column in texts]
        if dataset in BLENDED:
            owned.append(_among("profile_id", self.traces.mixed.get(self.versions.get(version, ""), ())))
        is_set_aside = dataset == QUARANTINE.name
        if is_set_aside:
            owned.append(self._set_aside())
        return Rule(any_of(owned), self._names("row_received") if is_set_aside else "false", self._cells(texts))

    def _raw(self, source: str, name: str, texts: Collection[str]) -> Rule:
        if name == LOADS or source not in self.sources:
            return Rule(cells=self._cells(texts))
        system = self.sources[source].system
        declared = system.file(name) if any(file.object == name for file in system.files) else None
        if declared is None:
            return Rule(cells=self._cells(texts))
        people = [column for column in system.keys_of_people(name) if column in texts]
        keys = self.traces.keys.get(source, [])
        if system.is_about_companies(name):
            return Rule(cells={**self._cells(texts), **dict.fromkeys(people, self._with_keys.get(source, self.sought))})
        cells = self._cells(texts)
        owned = [_among(f"trim({identifier(column)})", keys) for column in people]
        if declared.key in texts:
            told = self.traces.rows.get(f"{source}.{name}", ())
            owned.append(_among(f"trim({identifier(declared.key)})", told))
        personal = [column for column in declared.personal if column in texts]
        by_value = self._names(*personal)
        others = [
            f"EXISTS (FROM other_keys o WHERE o.source = {literal(source)} AND o.key = trim({identifier(column)}))"
            for column in people
        ]
        named = f"({by_value}) AND NOT ({any_of(others)})" if by_value != "false" else "false"
        return Rule(any_of(owned), any_of([named]), cells)

    def _rejected(self, texts: Collection[str]) -> Rule:
        return Rule(named=self._names("row_received"), cells=self._cells(texts))

    def _set_aside(self) -> str:
        """The condition of a row of the quarantine whose key is the person's, or of something that they did."""
        keys = [(source, key) for source, keys in self.traces.keys.items() for key in keys]
        told = [(place, key) for place, keys in self.traces.rows.items() for key in keys]
        of_person = _among("source || chr(31) || source_key", [f"{source}\x1f{key}" for source, key in keys])
        return any_of([of_person, _among("source || '.' || object || chr(31) || source_key",
                                       [f"{place}\x1f{key}" for place, key in told])])  # fmt: skip

    def serve(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a session know what the rules look for."""
        for sought in (self.sought, *self._with_keys.values()):
            sought.serve(connection)

    def _names(self, *columns: str) -> str:
        return self.sought.named_in(columns)

    def _cells(self, texts: Collection[str]) -> Mapping[str, Sought]:
        return dict.fromkeys(sorted(texts), self.sought) if self.sought.search else {}

    @cached_property
    def sought(self) -> Sought:
        """All by which the person is found within texts."""
        return Sought(Search(self.traces.texts))

    @cached_property
    def _with_keys(self) -> Mapping[str, Sought]:
        """The same and the keys of a source, for columns that hold nothing else."""
        return {source: Sought(Search((*self.traces.texts, *keys))) for source, keys in self.traces.keys.items()}


def _owners(dataset: str) -> tuple[str, ...]:
    return ("profile_id",) if dataset in LIVES_ON else OWNERS


def _among(column: str, values: Collection[str]) -> str:
    if not values:
        return "false"
    column = column if "(" in column or "|" in column else identifier(column)
    return f"{column} IN ({', '.join(literal(value) for value in sorted(values))})"


def any_of(conditions: Sequence[str]) -> str:
    """Return the condition that one of these holds, the unknown being none."""
    told = [condition for condition in conditions if condition != "false"]
    return " OR ".join(f"coalesce({condition}, false)" for condition in told) or "false"
