"""Which rows of a table are of the erased person, and which cells of others name them, as conditions of SQL.

A row goes where one of the columns that say whose it is says so. What else names the person, in a row about somebody
else or about nobody, is blanked where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from include.contracts.identity import IDENTITY_EVENT, REGISTER
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER, PROFILE_LINEAGE
from include.contracts.raw import LOADS, REJECTED, ROOT
from include.contracts.sources import SourceSettings
from include.contracts.staged import QUARANTINE
from include.erasure.patterns import BLANK, contained, quoted
from include.erasure.traces import Traces

OWNERS = ("record_id", "profile_id", "member_id", "alias_id", "home_id", "record_a", "record_b")
LIVES_ON = (REGISTER.name, IDENTITY_EVENT.name)  # a profile that the person's record founded may be somebody else's now
BLENDED = (PROFILE.name, PROFILE_IDENTIFIER.name, PROFILE_LINEAGE.name)  # made of all records of a profile


@dataclass(frozen=True)
class Rule:
    """``gone`` is the condition of a row that goes; ``cells`` the columns of others, with patterns that are blanked."""

    gone: str = "false"
    cells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def touched(self) -> str:
        """The condition of a row in which something is blanked."""
        return _any([_matches(column, each) for column, patterns in self.cells.items() for each in patterns])

    @property
    def selected(self) -> str:
        """What is selected of a row that stays."""
        cells = ", ".join(f"{_blanked(column, patterns)} AS {_name(column)}" for column, patterns in self.cells.items())
        return f"* REPLACE ({cells})" if cells else "*"


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
        gone = [_among(column, self.traces.ids) for column in _owners(dataset) if column in texts]
        if dataset in BLENDED:
            gone.append(_among("profile_id", self.traces.mixed.get(self.versions.get(version, ""), ())))
        if dataset == QUARANTINE.name:
            gone += [self._set_aside(), self._names("row_received")]
        return Rule(_any(gone), self._cells(texts))

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
            theirs = (contained(keys),) if keys else ()
            return Rule(cells=cells | {column: (*cells.get(column, ()), *theirs) for column in people})
        gone = [_among(f"trim({_name(column)})", keys) for column in people]
        if declared.key in texts:
            told = self.traces.rows.get(f"{source}.{name}", ())
            gone.append(_among(f"trim({_name(declared.key)})", told))
        personal = [column for column in declared.personal if column in texts]
        by_value = _any([self._names(column) for column in personal])
        others = [f"EXISTS (SELECT 1 FROM other_keys o WHERE o.source = {quoted(source)} AND o.key = trim({_name(c)}))"
                  for c in people]  # fmt: skip
        gone.append(f"({by_value}) AND NOT ({_any(others)})")
        return Rule(_any(gone), cells)

    def _rejected(self, texts: Collection[str]) -> Rule:
        return Rule(self._names("row_received"), self._cells(texts))

    def _set_aside(self) -> str:
        """The condition of a row of the quarantine whose key is the person's, or of something that they did."""
        keys = [(source, key) for source, keys in self.traces.keys.items() for key in keys]
        told = [(place, key) for place, keys in self.traces.rows.items() for key in keys]
        of_person = _among("source || chr(31) || source_key", [f"{source}\x1f{key}" for source, key in keys])
        return _any([of_person, _among("source || '.' || object || chr(31) || source_key",
                                       [f"{place}\x1f{key}" for place, key in told])])  # fmt: skip

    def _names(self, column: str) -> str:
        texts = self.traces.texts
        return _matches(column, contained(texts)) if texts else "false"

    def _cells(self, texts: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        values = self.traces.texts
        return dict.fromkeys(sorted(texts), (contained(values),)) if values else {}


def _owners(dataset: str) -> tuple[str, ...]:
    return ("profile_id",) if dataset in LIVES_ON else OWNERS


def _matches(column: str, pattern: str) -> str:
    return f"regexp_matches({_name(column)}, {quoted(pattern)}, 'i')"


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


def _any(conditions: Sequence[str]) -> str:
    told = [condition for condition in conditions if condition != "false"]
    return " OR ".join(f"coalesce({condition}, false)" for condition in told) or "false"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
