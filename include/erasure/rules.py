"""Which rows of a table are of the erased person, and which cells of others name them, as conditions of SQL.

A row goes where one of the columns that say whose it is says so. What else names the person, in a row about somebody
else or about nobody, is blanked where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from include.contracts.identity import IDENTITY_EVENT, REGISTER
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER, PROFILE_LINEAGE
from include.contracts.raw import LOADS, REJECTED, ROOT
from include.contracts.sources import SourceSettings
from include.contracts.staged import QUARANTINE
from include.erasure.patterns import BLANK, lots, quoted
from include.erasure.traces import Traces

OWNERS = ("record_id", "profile_id", "member_id", "alias_id", "home_id", "record_a", "record_b")
LIVES_ON = (REGISTER.name, IDENTITY_EVENT.name)  # a profile that the person's record founded may be somebody else's now
BLENDED = (PROFILE.name, PROFILE_IDENTIFIER.name, PROFILE_LINEAGE.name)  # made of all records of a profile


@dataclass(frozen=True)
class Rule:
    """``gone`` is the condition of a row that goes; ``cells`` the columns of others, with patterns that are blanked.

    ``owned`` is the part of ``gone`` that keys alone tell: whatever else goes is also named in one of the cells.
    """

    gone: str = "false"
    cells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    owned: str = "false"

    @property
    def touched(self) -> str:
        """The condition of a row in which something is blanked."""
        columns: dict[str, list[str]] = {}
        for column, patterns in self.cells.items():
            for pattern in patterns:
                columns.setdefault(pattern, []).append(column)
        return any_of([named_in(those, [pattern]) for pattern, those in columns.items()])

    def concerned(self, places: str) -> str:
        """SQL of the rows that go or are touched, and perhaps others; ``is_touched`` tells the second of the first."""
        return (
            f"SELECT * FROM (SELECT *, {self.touched} AS is_touched FROM {places}) WHERE is_touched OR ({self.owned})"
        )

    def staying(self, place: str, *, blanked: bool) -> str:
        """SQL of a file's rows that stay; ``blanked``: what names the person in them is blanked."""
        if not blanked or not self.cells:
            return f"SELECT * FROM {place} WHERE NOT ({self.gone})"
        cells = ", ".join(
            f"CASE WHEN is_touched THEN {_blanked(column, patterns)} ELSE {_name(column)} END AS {_name(column)}"
            for column, patterns in self.cells.items()
        )
        return (
            f"SELECT * EXCLUDE (is_touched) REPLACE ({cells}) FROM "
            f"(SELECT *, {self.touched} AS is_touched FROM {place}) WHERE NOT ({self.gone})"
        )


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
        named = []
        if dataset == QUARANTINE.name:
            owned.append(self._set_aside())
            named.append(self._names("row_received"))
        return Rule(any_of([*owned, *named]), self._cells(texts), any_of(owned))

    def _raw(self, source: str, name: str, texts: Collection[str]) -> Rule:
        if name == LOADS or source not in self.sources:
            return Rule(cells=self._cells(texts))
        system = self.sources[source].system
        declared = system.file(name) if any(file.object == name for file in system.files) else None
        if declared is None:
            return Rule(cells=self._cells(texts))
        people = [column for column in system.keys_of_people(name) if column in texts]
        keys = self.traces.keys.get(source, [])
        cells = dict(self._cells(texts))
        if system.is_about_companies(name):
            return Rule(cells=cells | {column: (*cells.get(column, ()), *lots(keys)) for column in people})
        owned = [_among(f"trim({_name(column)})", keys) for column in people]
        if declared.key in texts:
            told = self.traces.rows.get(f"{source}.{name}", ())
            owned.append(_among(f"trim({_name(declared.key)})", told))
        personal = [column for column in declared.personal if column in texts]
        by_value = self._names(*personal)
        others = [f"EXISTS (SELECT 1 FROM other_keys o WHERE o.source = {quoted(source)} AND o.key = trim({_name(c)}))"
                  for c in people]  # fmt: skip
        named = f"({by_value}) AND NOT ({any_of(others)})" if by_value != "false" else "false"
        return Rule(any_of([*owned, named]), cells, any_of(owned))

    def _rejected(self, texts: Collection[str]) -> Rule:
        return Rule(self._names("row_received"), self._cells(texts))

    def _set_aside(self) -> str:
        """The condition of a row of the quarantine whose key is the person's, or of something that they did."""
        keys = [(source, key) for source, keys in self.traces.keys.items() for key in keys]
        told = [(place, key) for place, keys in self.traces.rows.items() for key in keys]
        of_person = _among("source || chr(31) || source_key", [f"{source}\x1f{key}" for source, key in keys])
        return any_of([of_person, _among("source || '.' || object || chr(31) || source_key",
                                       [f"{place}\x1f{key}" for place, key in told])])  # fmt: skip

    def _names(self, *columns: str) -> str:
        return named_in(columns, self._patterns)

    def _cells(self, texts: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return dict.fromkeys(sorted(texts), self._patterns) if self._patterns else {}

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        return tuple(lots(self.traces.texts))


def _owners(dataset: str) -> tuple[str, ...]:
    return ("profile_id",) if dataset in LIVES_ON else OWNERS


def named_in(columns: Sequence[str], patterns: Sequence[str]) -> str:
    """Return the condition that one of the columns holds what one of the patterns finds, all looked at together."""
    texts = f"concat_ws(chr(31), {', '.join(map(_name, columns))})"
    return any_of([f"regexp_matches({texts}, {quoted(each)}, 'i')" for each in patterns if columns])


def _blanked(column: str, patterns: Sequence[str]) -> str:
    """SQL of a column with what the patterns find blanked; each twice, since two that one letter parts share it."""
    value = _name(column)
    for pattern in (each for each in patterns for _ in range(2)):
        value = f"regexp_replace({value}, {quoted(pattern)}, '\\1{BLANK}\\3', 'gi')"
    return value


def _among(column: str, values: Collection[str]) -> str:
    if not values:
        return "false"
    column = column if "(" in column or "|" in column else _name(column)
    return f"{column} IN ({', '.join(quoted(value) for value in sorted(values))})"


def any_of(conditions: Sequence[str]) -> str:
    """Return the condition that one of these holds, the unknown being none."""
    told = [condition for condition in conditions if condition != "false"]
    return " OR ".join(f"coalesce({condition}, false)" for condition in told) or "false"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
