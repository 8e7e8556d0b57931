"""What was known on a day: its data with the identities as they were known then, or with today's.

Looking back needs no run (decision 11): versions are kept, and each names those that it was made from. Today's
identities on that day's data are a trial, with the rules and the code of today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from include.answers.lookup import Lookup, Row, rows_of
from include.answers.trial import approvals_of, last_segmented, versions_behind
from include.contracts.errors import ConfigurationError, UnknownError
from include.contracts.identity import ALIAS, CROSSWALK, HISTORY, IDENTITY
from include.contracts.measures import CUSTOMER_360
from include.contracts.nearest import nearest
from include.contracts.runs import DatasetRef, Run, fingerprint
from include.contracts.segments import SEGMENT, SEGMENT_MEMBERSHIP
from include.contracts.staged import PERSON_RECORD, STAGED
from include.contracts.tables import MASK, Table
from include.contracts.traits import TRAIT_HISTORY
from include.measures.step import measure
from include.profiles.step import unify
from include.segments.step import segment_with
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.overlay import Trial, tried
from include.storage.project import Project
from include.storage.versions import FOLLOWS

READ = (CROSSWALK, CUSTOMER_360, SEGMENT, SEGMENT_MEMBERSHIP)

# Today's profile of each record of that day; of one that is gone since, the last that it had, under its living id.
_TODAYS = """
WITH last AS (SELECT record_id, arg_max(profile_id, until) AS profile_id FROM history GROUP BY 1)
SELECT t.record_id, coalesce(n.profile_id, a.profile_id, l.profile_id, t.profile_id) AS profile_id,
       coalesce(n.confidence, t.confidence) AS confidence, t.since,
       coalesce(n.home_id, a.profile_id, l.profile_id, t.home_id) AS home_id
FROM crosswalk_then t LEFT JOIN crosswalk_now n USING (record_id) LEFT JOIN last l USING (record_id)
LEFT JOIN alias_now a ON a.alias_id = l.profile_id
"""


@dataclass(frozen=True)
class Replayed:
    """The tables of a day, opened on ``engine``: ``day`` is that of the run whose tables readers had then.

    ``lookup`` knows who is who today.
    """

    engine: Engine
    day: date
    lookup: Lookup = field(repr=False)

    def segments(self) -> list[Row]:
        """Return the segments with their state and size, and how many members were erased since."""
        return rows_of(
            self.engine,
            "SELECT segment_key AS segment, state, size, size - coalesce(n, 0) AS erased FROM segment LEFT JOIN "
            "(SELECT segment_key, count(*) AS n FROM segment_membership GROUP BY 1) USING (segment_key) ORDER BY 1",
        )

    def segment(self, key: str) -> Row:
        """Return one segment with its members; raises UnknownError for one that there was not."""
        known = {row["segment"]: row for row in self.segments()}
        if key not in known:
            raise UnknownError(f"There was no segment {key!r} on {self.day}{nearest(key, known)}.")
        query = "SELECT member_id FROM segment_membership WHERE segment_key = $key ORDER BY 1"
        return {**known[key], "members": [row["member_id"] for row in rows_of(self.engine, query, key=key)]}

    def profiles(self, given: str) -> list[Row]:
        """Return who ``given`` was: an id of that day, else all that today's records of the id were then.

        Each with its records, segments and measures, personal values masked. Raises UnknownError, also for somebody
        who was erased.
        """
        self.lookup.refuse_erased("profile", given)
        ids = [given] if self._has(given) else self._then(given)
        if not ids:
            raise UnknownError(f"Nobody was known as {given!r} on {self.day}.")
        return [self._profile(profile_id) for profile_id in ids]

    def _has(self, profile_id: str) -> bool:
        return bool(rows_of(self.engine, "SELECT 1 AS n FROM crosswalk WHERE profile_id = $id LIMIT 1", id=profile_id))

    def _then(self, given: str) -> list[str]:
        """The profiles that today's records of an id were in."""
        records = [row["record_id"] for row in self.lookup.records(self.lookup.living_id(given))]
        query = "SELECT DISTINCT profile_id FROM crosswalk WHERE record_id IN (SELECT unnest($records)) ORDER BY 1"
        return [row["profile_id"] for row in rows_of(self.engine, query, records=records)] if records else []

    def _profile(self, profile_id: str) -> Row:
        def listed(query: str) -> list[str]:
            return [next(iter(row.values())) for row in rows_of(self.engine, query, id=profile_id)]

        measured = rows_of(self.engine, "SELECT * FROM customer_360 WHERE profile_id = $id", id=profile_id)
        personal = {column.name for column in CUSTOMER_360.columns if column.personal}
        return {
            "profile_id": profile_id,
            "records": listed("SELECT record_id FROM crosswalk WHERE profile_id = $id ORDER BY 1"),
            "segments": listed("SELECT segment_key FROM segment_membership WHERE member_id = $id ORDER BY 1"),
            "measures": {
                name: MASK if name in personal and value is not None else value
                for row in measured for name, value in row.items() if name not in ("profile_id", "as_of")
            },
        }  # fmt: skip


@contextmanager
def replayed(project: Project, day: date, identities: str) -> Iterator[Replayed]:
    """Open what readers had on a day, with the identities of ``then`` or of ``now``.

    Raises ConfigurationError for a day before the first one, or one of which nothing is kept any more.
    """
    lake = project.lake
    then, earliest = _on(lake, last_segmented(lake), day)
    if then is None:
        raise _beyond(day, earliest)
    versions = versions_behind(lake, then)
    as_of = date.fromisoformat(then.inputs["as_of"])
    if identities == "then":
        with project.engine() as engine, project.engine() as today:
            found = {table.name: lake.version(table.name, versions[table.name]) for table in READ}
            yield _opened(engine, as_of, found, Lookup(today, project.suppressed()))
        return
    traits = lake.current(TRAIT_HISTORY.name)
    kept = _on(lake, traits, day)[0] if traits else None
    pinned = {**versions, TRAIT_HISTORY.name: kept.version if kept else None}
    with (
        tried(project, project.settings.config, pinned) as trial,
        trial.engine() as engine,
        project.engine() as today,
    ):
        refs = _again(trial, engine, Run("replay", as_of), versions)
        found = {table.name: trial.lake.open(refs[table.name]) for table in READ}
        yield _opened(engine, as_of, found, Lookup(today, project.suppressed()))


def _on(lake: Lake, found: Manifest, day: date) -> tuple[Manifest | None, Manifest]:
    """Return the version of a dataset that readers had on a day, if any is kept, and the earliest that was looked at.

    The versions are those that each follows on.
    """
    while found.inputs["as_of"] > day.isoformat():
        previous = found.inputs[FOLLOWS]
        before = lake.manifest(found.dataset, previous) if previous else None
        if before is None:
            return None, found
        found = before
    return found, found


def _beyond(day: date, earliest: Manifest) -> ConfigurationError:
    first = earliest.inputs["as_of"]
    if not earliest.inputs[FOLLOWS]:
        return ConfigurationError(f"Readers had nothing yet on {day}; the first day is {first}.")
    return ConfigurationError(
        f"What readers had on {day} is no longer kept; the earliest day that is kept is {first} "
        "(versions in retention.yaml)."
    )


def _opened(engine: Engine, day: date, versions: Mapping[str, Manifest], lookup: Lookup) -> Replayed:
    for table in READ:
        name = table.name.rpartition("/")[2]
        engine.expose(name, table, versions[table.name])
    return Replayed(engine, day, lookup)


def _again(trial: Trial, engine: Engine, run: Run, then: Mapping[str, str]) -> dict[str, DatasetRef]:
    """Run the stages behind identities on a day's data with today's identities; returns what they wrote."""
    lake, below = trial.lake, trial.below.lake
    today = {table.name: current for table in IDENTITY if (current := below.current(table.name))}
    refs = {table.name: lake.version(table.name, then[table.name]).ref for table in STAGED if table.name in then}
    refs |= {name: manifest.ref for name, manifest in today.items()}
    refs[CROSSWALK.name] = _todays(engine, then, today)
    for step in (unify, measure):
        refs |= {ref.dataset: ref for ref in step(trial, run, refs).writes}
    return refs | {ref.dataset: ref for ref in segment_with(trial, run, refs, approvals_of(trial)).writes}


def _todays(engine: Engine, then: Mapping[str, str], today: Mapping[str, Manifest]) -> DatasetRef:
    """Write that day's crosswalk with today's profiles."""
    lake = engine.lake
    views: Sequence[tuple[str, Table, Manifest | None]] = (
        ("crosswalk_then", CROSSWALK, lake.version(CROSSWALK.name, then[CROSSWALK.name])),
        ("crosswalk_now", CROSSWALK, today[CROSSWALK.name]),
        ("history", HISTORY, today.get(HISTORY.name)),
        ("alias_now", ALIAS, today.get(ALIAS.name)),
    )
    for name, table, at in views:
        engine.expose(name, table, at)
    engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE todays AS {_TODAYS}").fetchall()
    version = fingerprint("replay", then[CROSSWALK.name], today[CROSSWALK.name].version)
    inputs = {PERSON_RECORD.name: then[PERSON_RECORD.name]}
    return engine.write(CROSSWALK, engine.ibis.table("todays"), version=version, inputs=inputs, point=False)
