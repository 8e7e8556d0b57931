"""Gathers the traces of people from the identity tables and from every version of the staged ones, of all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from include.contracts.errors import ConfigurationError, ErasedError, UnknownError
from include.contracts.identity import ALIAS, CROSSWALK, HISTORY
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.records import RecordId
from include.contracts.staged import ACTIVITIES, PERSON_RECORD
from include.contracts.tables import Table
from include.erasure.lake import bare, several
from include.erasure.traces import Traces
from include.storage.addresses import addresses, spellings_of
from include.storage.engine import Engine
from include.storage.suppression import PHONE_DIGITS, Suppressed, plain

RECEIVED = ("email", "email_received", "other_emails", "phone", "phone_received", "other_phones")
_NUMBER = re.compile(r"[+(]{0,2}\d[\d\s()./-]{5,24}")
_EXTENSION = r"\s*x\d+$"

_ASKED = pa.schema({"person": pa.string(), "profile_id": pa.string()})
# All records and ids of the people of ``asked``. A record that is gone from the sources is whose it was last; of the
# ids that were ever theirs those go that nobody else's record has.
_PEOPLE = """
CREATE OR REPLACE TEMP TABLE known AS
SELECT person, profile_id FROM asked UNION SELECT a.person, l.alias_id FROM asked a JOIN alias l USING (profile_id);
CREATE OR REPLACE TEMP TABLE theirs AS
SELECT a.person, c.record_id FROM asked a JOIN crosswalk c USING (profile_id)
UNION
SELECT k.person, h.record_id FROM (
    SELECT record_id, arg_max(profile_id, (until, since)) AS profile_id FROM history
    WHERE record_id IN (SELECT record_id FROM history SEMI JOIN known USING (profile_id)) GROUP BY 1
) h JOIN known k USING (profile_id) ANTI JOIN crosswalk c ON c.record_id = h.record_id;
CREATE OR REPLACE TEMP TABLE were AS
SELECT t.person, h.profile_id FROM theirs t JOIN history h USING (record_id)
UNION SELECT t.person, c.home_id FROM theirs t JOIN crosswalk c USING (record_id) WHERE c.home_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE of_others AS
SELECT w.person, w.profile_id FROM were w JOIN crosswalk c ON c.profile_id = w.profile_id
ANTI JOIN theirs t ON t.person = w.person AND t.record_id = c.record_id
UNION
SELECT w.person, w.profile_id FROM were w JOIN crosswalk c ON c.home_id = w.profile_id
ANTI JOIN theirs t ON t.person = w.person AND t.record_id = c.record_id
UNION
SELECT w.person, w.profile_id FROM were w JOIN alias l ON l.alias_id = w.profile_id JOIN asked a ON a.person = w.person
WHERE l.profile_id <> a.profile_id;
CREATE OR REPLACE TEMP TABLE ids AS
SELECT person, profile_id FROM known
UNION (SELECT person, profile_id FROM were EXCEPT SELECT person, profile_id FROM of_others);
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a request names: a living profile, or an address that no profile has."""

    profile: str | None
    email: str | None = None


@dataclass(frozen=True)
class Gathering:
    """Looks up who is who in the lake, as it is now and as it was."""

    engine: Engine
    suppressed: Suppressed

    def named(self, subject: str) -> Person:
        """Return whom a profile id, an address or a telephone number is of.

        Raises UnknownError for who is not there, ErasedError for who is not any more; ConfigurationError where an
        address is of several.
        """
        kind = "email" if "@" in subject else "phone" if is_number(subject) else None
        if kind is None:
            return Person(self._living(subject))
        value, what = plain(kind, subject), "address" if kind == "email" else "number"
        compared = _compared("value", kind)
        found = self._column(
            PROFILE_IDENTIFIER, "DISTINCT profile_id", f"type = '{kind}' AND list_contains($them, {compared})",
            them=list(_spelt(kind, value)),
        )  # fmt: skip
        if len(found) > 1:
            raise ConfigurationError(
                f"{len(found)} profiles have that {what} ({', '.join(found)}); name the one that is meant by its id."
            )
        if not found and (day := self.suppressed.erased_on(kind, subject)):
            raise ErasedError(f"Whoever had that {what} was erased on {day}.")
        if not found and kind == "phone":
            raise UnknownError("No profile has that telephone number.")
        address = value if kind == "email" else None
        return Person(found[0], address) if found else Person(None, address)

    def traces(self, day: date, people: Mapping[str, Person]) -> dict[str, Traces]:
        """Return all by which people are found, each by the id of an erasure.

        Addresses and numbers that somebody else has, who is none of them, are left out.
        """
        self._ask(people)
        records, profiles = self._by_person("theirs", "record_id"), self._by_person("ids", "profile_id")
        said = self._everywhere(PERSON_RECORD, RECEIVED)
        emails = {person: _values(said.get(person, ()), "email") for person in people}
        phones = {person: _values(said.get(person, ()), "phone") for person in people}
        said_by_others = self._of_others({plain(kind, value) for kind, found in (("email", emails), ("phone", phones))
                                          for values in found.values() for value in values})  # fmt: skip
        others = {form for value in said_by_others for form in _spelt("email" if "@" in value else "phone", value)}
        rows, mixed = self._rows(), self._mixed()
        return {
            key: Traces(
                key,
                day.isoformat(),
                records=records.get(key, ()),
                profiles=profiles.get(key, ()),
                emails=tuple(value for value in emails[key] if plain("email", value) not in others)
                if person.profile else spellings_of(str(person.email)),
                phones=tuple(value for value in phones[key] if plain("phone", value) not in others),
                shared=len(said_by_others & {*(plain("email", value) for value in emails[key]),
                                     *(plain("phone", value) for value in phones[key])}),
                rows=rows.get(key, {}),
                mixed=mixed.get(key, {}),
            )
            for key, person in people.items()
        }  # fmt: skip

    def _ask(self, people: Mapping[str, Person]) -> None:
        """Let the engine know who is asked for, and their records and ids, as tables."""
        for name, table in (("crosswalk", CROSSWALK), ("alias", ALIAS), ("history", HISTORY)):
            self.engine.expose(name, table, self.engine.lake.current(table.name))
        known = {key: person.profile for key, person in people.items() if person.profile}
        asked = pa.table({"person": list(known), "profile_id": list(known.values())}, schema=_ASKED)
        self.engine.connection.register("asked", asked)
        self.engine.connection.execute(_PEOPLE).fetchall()

    def _living(self, profile: str) -> str:
        aliases = self._column(ALIAS, "profile_id", "alias_id = $it", it=profile)
        living = aliases[0] if aliases else profile
        if self._column(CROSSWALK, "profile_id", "profile_id = $it LIMIT 1", it=living):
            return living
        if day := self.suppressed.erased_on("profile", profile):
            raise ErasedError(f"The profile {profile} was erased on {day}.")
        if self._column(HISTORY, "profile_id", "profile_id = $it LIMIT 1", it=living):
            return living  # retired: what the sources keep of its records is the person's
        raise UnknownError(f"There is no profile {profile!r}; `python -m include explain` looks profiles up.")

    def _by_person(self, table: str, column: str) -> dict[str, tuple[str, ...]]:
        query = f"SELECT person, list({column} ORDER BY {column}) FROM {table} GROUP BY 1"
        return {person: tuple(found) for person, found in self.engine.connection.execute(query).fetchall()}

    def _of_others(self, values: set[str]) -> set[str]:
        """Those of the values that the current record of somebody else has, too, however it writes them."""
        self.engine.expose("person_now", PERSON_RECORD, self.engine.lake.current(PERSON_RECORD.name))
        said = " UNION ALL ".join(
            f"SELECT {_compared('said', _kind(column))} AS it FROM ("
            f"SELECT unnest(string_split({column}, '; ')) AS said FROM person_now ANTI JOIN theirs USING (record_id))"
            for column in RECEIVED
        )
        said = f"SELECT it FROM ({said}) WHERE it IN (SELECT unnest($values))"
        return {row[0] for row in self.engine.connection.execute(said, {"values": sorted(values)}).fetchall()}

    def _rows(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The keys of the rows that tell what each person did, by ``<source>.<object>``."""
        found: dict[str, dict[str, set[str]]] = {}
        for table in ACTIVITIES:
            key = table.key[0]
            if "record_id" not in table.names or key == "record_id":
                continue
            for person, rows in self._everywhere(table, [key]).items():
                for row in rows:
                    try:
                        told = RecordId.parse(row[key])
                    except ValueError:
                        continue  # a digest, which no source has as a key
                    place = f"{told.source}.{told.object}"
                    found.setdefault(person, {}).setdefault(place, set()).add(told.key)
        return {person: {place: tuple(sorted(keys)) for place, keys in sorted(told.items())}
                for person, told in found.items()}  # fmt: skip

    def _mixed(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The profiles of others in which records of each person were, by version of the crosswalk."""
        places = self._versions(CROSSWALK)
        if not places:
            return {}
        versions = {bare(self.engine.lake, place): version for version, place in places}
        query = (
            "SELECT t.person, c.kindred_file, list(DISTINCT c.profile_id ORDER BY c.profile_id) "
            f"FROM {several('$files', name='kindred_file')} c JOIN theirs t USING (record_id) "
            "ANTI JOIN ids i ON i.person = t.person AND i.profile_id = c.profile_id GROUP BY 1, 2"
        )
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        given = {"files": [place for _, place in places]}
        for person, place, profiles in self.engine.connection.execute(query, given).fetchall():
            found.setdefault(person, {})[versions[bare(self.engine.lake, place)]] = tuple(profiles)
        return found

    def _everywhere(self, table: Table, columns: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """What the records of each person ever said in these columns, in any version that is kept."""
        files = [place for _, place in self._versions(table)]
        if not files:
            return {}
        every = "read_parquet($files, union_by_name=true)"
        present = {
            row[0] for row in self.engine.connection.execute(f"DESCRIBE FROM {every}", {"files": files}).fetchall()
        }
        asked = ", ".join(column for column in columns if column in present)
        query = f"SELECT DISTINCT t.person, {asked} FROM {every} JOIN theirs t USING (record_id)"
        result = self.engine.connection.execute(query, {"files": files})
        names, found = [column[0] for column in result.description or ()], dict[str, list[dict[str, Any]]]()
        for row in result.fetchall():
            found.setdefault(row[0], []).append(dict(zip(names[1:], row[1:], strict=True)))
        return found

    def _versions(self, table: Table) -> list[tuple[str, str]]:
        """The file that each version of a table has brought; one that is still being written has no version."""
        lake = self.engine.lake
        stored = [file for file in lake.stored(table.name) if file.dataset == table.name]
        versions = {file.version for file in stored} - {None}
        files = {file.name: lake.url(file.dataset, file.name) for file in stored}
        return [(v, files[f"{v}.parquet"]) for v in sorted(filter(None, versions)) if f"{v}.parquet" in files]

    def _column(self, table: Table, selected: str, where: str, **given: Any) -> Sequence[str]:
        manifest = self.engine.lake.current(table.name)
        files = self.engine.lake.urls(manifest) if manifest else []
        if not files:
            return []
        query = f"SELECT {selected} FROM read_parquet($files, union_by_name=true) WHERE {where}"
        return [row[0] for row in self.engine.connection.execute(query, {"files": files, **given}).fetchall() if row[0]]


def is_number(subject: str) -> bool:
    """Whether somebody is named by a telephone number."""
    return _NUMBER.fullmatch(subject.strip()) is not None


def _spelt(kind: str, value: str) -> tuple[str, ...]:
    return spellings_of(value) if kind == "email" else (value,)


def _kind(column: str) -> str:
    return "phone" if "phone" in column else "email"


def _compared(column: str, kind: str) -> str:
    """SQL of an address or number as ``plain`` has it."""
    if kind == "email":
        return f"nfc_normalize(lower(trim({column})))"
    return f"right(regexp_replace(regexp_replace({column}, '{_EXTENSION}', ''), '\\D', '', 'g'), {PHONE_DIGITS})"


def _values(said: Iterable[Mapping[str, Any]], kind: str) -> tuple[str, ...]:
    """The addresses, or numbers, in every way in which they were written; nothing shorter than a number can be."""
    found = {
        str(row[name]).strip() for row in said for name in row if name in RECEIVED and _kind(name) == kind and row[name]
    }
    if kind == "email":
        return tuple(sorted({form for value in found for each in addresses(value) for form in spellings_of(each)}))
    numbers = {re.sub(_EXTENSION, "", each) for value in found for each in value.split("; ")}
    return tuple(sorted(number for number in numbers if len(plain("phone", number)) >= 7))
