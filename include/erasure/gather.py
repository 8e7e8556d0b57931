"""Gathers the traces of a person from the identity tables and from every version of the staged ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.identity import ALIAS, CROSSWALK, HISTORY
from include.contracts.profiles import PROFILE_IDENTIFIER
from include.contracts.records import RecordId
from include.contracts.staged import ACTIVITIES, PERSON_RECORD
from include.contracts.tables import Table
from include.erasure.traces import Traces
from include.storage.engine import Engine
from include.storage.suppression import Suppressed, addresses, plain

RECEIVED = ("email", "email_received", "phone", "phone_received")


@dataclass(frozen=True)
class Gathering:
    """Looks up who is who in the lake, as it is now and as it was."""

    engine: Engine
    suppressed: Suppressed

    def named(self, profile: str | None, email: str | None) -> str | None:
        """Return the living profile that an id or an address is of; None for an address that no profile has.

        Raises UnknownError for who is not there, or not any more; ConfigurationError where an address is of several.
        """
        if profile is not None:
            return self._living(profile)
        address = plain("email", str(email))
        found = self._column(
            PROFILE_IDENTIFIER, "DISTINCT profile_id", "type = 'email' AND lower(value) = $it", it=address
        )
        if len(found) > 1:
            raise ConfigurationError(
                f"{len(found)} profiles have that address ({', '.join(found)}); name the one that is meant by its id."
            )
        if not found and (day := self.suppressed.erased_on("email", address)):
            raise UnknownError(f"Whoever had that address was erased on {day}.")
        return found[0] if found else None

    def traces(self, erasure_id: str, day: date, profile: str | None, email: str | None) -> Traces:
        """Return all by which the person of a living profile is found, or an address alone."""
        if profile is None:
            return Traces(erasure_id, day.isoformat(), emails=(plain("email", str(email)),))
        records, profiles = self._ids(profile)
        said = self._said(records)
        emails, phones = _values(said, "email"), _values(said, "phone")
        of_others = self._of_others(records, (*emails, *phones))
        return Traces(
            erasure_id,
            day.isoformat(),
            records=tuple(sorted(records)),
            profiles=tuple(sorted(profiles)),
            emails=tuple(value for value in emails if value not in of_others),
            phones=tuple(value for value in phones if value not in of_others),
            shared=len(of_others),
            rows=self._rows(records),
            mixed=self._mixed(records, profiles),
        )

    def _living(self, profile: str) -> str:
        aliases = self._column(ALIAS, "profile_id", "alias_id = $it", it=profile)
        living = aliases[0] if aliases else profile
        if self._column(CROSSWALK, "profile_id", "profile_id = $it LIMIT 1", it=living):
            return living
        if day := self.suppressed.erased_on("profile", profile):
            raise UnknownError(f"The profile {profile} was erased on {day}.")
        if self._column(HISTORY, "profile_id", "profile_id = $it LIMIT 1", it=living):
            return living  # retired: what the sources keep of its records is the person's
        raise UnknownError(f"There is no profile {profile!r}; `python -m include explain` looks profiles up.")

    def _ids(self, profile: str) -> tuple[set[str], set[str]]:
        """The records of a profile, also those that are gone from the sources, and all ids that were theirs alone."""
        records = set(self._column(CROSSWALK, "record_id", "profile_id = $it", it=profile))
        aliases = set(self._column(ALIAS, "alias_id", "profile_id = $it", it=profile))
        known = [profile, *sorted(aliases)]
        records |= set(
            self._column(
                HISTORY,
                "record_id",
                "true GROUP BY record_id HAVING list_contains($it, arg_max(profile_id, (until, since)))",
                it=known,
            )
        ) - set(self._column(CROSSWALK, "record_id", "true"))
        were = set(self._column(HISTORY, "profile_id", "list_contains($it, record_id)", it=sorted(records)))
        were |= set(self._column(CROSSWALK, "home_id", "list_contains($it, record_id)", it=sorted(records)))
        asked = {"it": sorted(records), "those": sorted(were)}
        elsewhere = "NOT list_contains($it, record_id) AND list_contains($those, {})"
        others = {
            *self._column(CROSSWALK, "profile_id", elsewhere.format("profile_id"), **asked),
            *self._column(CROSSWALK, "home_id", elsewhere.format("home_id"), **asked),
            *self._column(ALIAS, "alias_id", "profile_id <> $it AND list_contains($those, alias_id)",
                          it=profile, those=sorted(were)),
        }  # fmt: skip
        return records, {profile} | aliases | (were - others)

    def _said(self, records: Iterable[str]) -> list[dict[str, Any]]:
        """What the records ever said of how to reach the person, in any version that is kept."""
        columns = ", ".join(RECEIVED)
        return self._everywhere(PERSON_RECORD, f"DISTINCT {columns}", sorted(records))

    def _of_others(self, records: Iterable[str], values: Sequence[str]) -> set[str]:
        """Those of the values that the current record of somebody else has, too."""
        given = {"it": sorted(records), "those": [value.lower() for value in values]}
        rest = "NOT list_contains($it, record_id) AND "
        found = set[str]()
        for column in RECEIVED:
            where = f"{rest} list_contains($those, lower({column}))"
            found |= {str(value).lower() for value in self._column(PERSON_RECORD, column, where, **given)}
        return {value for value in values if value.lower() in found}

    def _rows(self, records: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The keys of the rows that tell what the person did, by ``<source>.<object>``."""
        found: dict[str, set[str]] = {}
        for table in ACTIVITIES:
            key = table.key[0]
            if "record_id" not in table.names or key == "record_id":
                continue
            for row in self._everywhere(table, f"DISTINCT {key} AS id", sorted(records)):
                try:
                    told = RecordId.parse(row["id"])
                except ValueError:
                    continue  # a digest, which no source has as a key
                found.setdefault(f"{told.source}.{told.object}", set()).add(told.key)
        return {place: tuple(sorted(keys)) for place, keys in sorted(found.items())}

    def _mixed(self, records: Iterable[str], profiles: set[str]) -> Mapping[str, tuple[str, ...]]:
        """The profiles of others in which records of the person were, by version of the crosswalk."""
        asked, found = sorted(records), dict[str, tuple[str, ...]]()
        for version, place in self._versions(CROSSWALK):
            query = "SELECT DISTINCT profile_id FROM read_parquet($place) WHERE list_contains($it, record_id)"
            rows = self.engine.connection.execute(query, {"place": place, "it": asked}).fetchall()
            if theirs := {row[0] for row in rows} - profiles:
                found[version] = tuple(sorted(theirs))
        return found

    def _everywhere(self, table: Table, selected: str, records: list[str]) -> list[dict[str, Any]]:
        files = [place for _, place in self._versions(table)]
        if not files:
            return []
        query = f"SELECT {selected} FROM read_parquet($files, union_by_name=true) WHERE list_contains($it, record_id)"
        result = self.engine.connection.execute(query, {"files": files, "it": records})
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _versions(self, table: Table) -> list[tuple[str, str]]:
        """The file that each version of a table has brought; one that is still being written has no version."""
        lake = self.engine.lake
        stored = [file for file in lake.stored(table.name) if file.dataset == table.name]
        versions = {file.version for file in stored} - {None}
        files = {file.name: lake.url(file.dataset, file.name) for file in stored}
        return [(v, files[f"{v}.parquet"]) for v in sorted(filter(None, versions)) if f"{v}.parquet" in files]

    def _column(self, table: Table, selected: str, where: str, **given: Any) -> list[str]:
        manifest = self.engine.lake.current(table.name)
        files = self.engine.lake.urls(manifest) if manifest else []
        if not files:
            return []
        query = f"SELECT {selected} FROM read_parquet($files, union_by_name=true) WHERE {where}"
        return [row[0] for row in self.engine.connection.execute(query, {"files": files, **given}).fetchall() if row[0]]


def _values(said: Iterable[Mapping[str, Any]], kind: str) -> tuple[str, ...]:
    """The addresses, or numbers, in every way in which they were written; nothing shorter than a number can be."""
    found = {str(row[name]).strip() for row in said for name in RECEIVED if name.startswith(kind) and row[name]}
    if kind == "email":
        return tuple(sorted({address for value in found for address in addresses(value)}))
    return tuple(sorted(value for value in found if len(plain("phone", value)) >= 7))
