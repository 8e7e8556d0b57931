"""The figures of a run, from the versions that it has made: counts and shares, never a value of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from include.contracts.identity import CROSSWALK, EDGE
from include.contracts.identity import REVIEW as REVIEWED
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import SOURCE_DAY
from include.contracts.runs import DatasetRef
from include.contracts.staged import (
    ACCOUNT,
    CONTRACT,
    EMAIL_ACTIVITY,
    NPS_RESPONSE,
    OPPORTUNITY,
    PERSON_RECORD,
    SOURCE_STATE,
    SURVEY_REQUEST,
    USAGE_EVENT,
)
from include.contracts.staged.provenance import PROVENANCE
from include.contracts.tables import Table
from include.quality.drift.figure import (
    CLUSTERS,
    DAY,
    NULLS,
    NUMBER,
    RESPONSES,
    REVIEW,
    ROWS,
    VALUES,
    WEIGHTS,
    Figure,
    Kind,
)
from include.storage.engine import Engine

COUNTS = "staged/counts"  # whose inputs are what `stage` counted
ACTIVITIES = (EMAIL_ACTIVITY, USAGE_EVENT, NPS_RESPONSE)
FILLED = (PERSON_RECORD, ACCOUNT, CONTRACT, OPPORTUNITY, NPS_RESPONSE)
MEASURED = (CUSTOMER_360, ACCOUNT_360)
ASKED_DAYS = 28
RECEIVED = "_received"  # what ends the names of columns that keep a value beside the cleaned one

_SOURCES: Mapping[str, Table] = {"source_state": SOURCE_STATE, "source_day": SOURCE_DAY}

_SIZES = """
SELECT CASE WHEN n < 5 THEN n::VARCHAR WHEN n < 10 THEN '5-9' WHEN n < 20 THEN '10-19' ELSE '20+' END AS size, count(*)
FROM (SELECT count(*) AS n FROM crosswalk GROUP BY profile_id) GROUP BY 1
"""
_WEIGHTS = (
    "SELECT (least(greatest(floor(match_weight / 4), -3), 8) * 4)::INTEGER::VARCHAR, count(*) FROM edge GROUP BY 1"
)
_DAY = """
SELECT split_part("{key}", '.', 1) AS source, count(*) FROM activity
WHERE "at" >= $day AND "at" < $day + INTERVAL 1 DAY GROUP BY 1
"""
_FEEDING = """
SELECT source, max(through) FROM source_state JOIN source_day USING (source, object)
WHERE list_contains(string_split(feeds, ', '), $fed) GROUP BY 1 ORDER BY 1
"""
_RESPONSES = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM answer a JOIN person p USING (record_id) WHERE p.email = q.email AND a."at" >= q.asked_on))
FROM request q WHERE asked_on > $day - {days} AND asked_on <= $day
"""


@dataclass(frozen=True)
class Looking:
    """The versions of one run, opened on an engine."""

    engine: Engine
    refs: Mapping[str, DatasetRef]
    as_of: date

    def figures(self) -> Iterator[Figure]:
        """Yield all figures that the versions have; a table that is not there gives none."""
        yield from self._objects()
        for activity in ACTIVITIES:
            yield from self._last_day(activity)
        for table in FILLED:
            yield from self._nulls(table)
        for table in MEASURED:
            yield from self._values(table)
        yield from self._identities()
        yield from self._responses()

    def _objects(self) -> Iterator[Figure]:
        staged = self.refs.get(PERSON_RECORD.name)
        counts = self.engine.lake.manifest(COUNTS, staged.version) if staged else None
        for name, count in counts.inputs.items() if counts else ():
            scope, _, what = name.rpartition(".")
            if what == "raw" and scope:
                yield Figure(ROWS, scope, "", {NUMBER: float(count)}, int(count))

    def _last_day(self, table: Table) -> Iterator[Figure]:
        """What people did on the day before, where the source has brought all of it."""
        day, tables = self.as_of - timedelta(days=1), {"activity": table, **_SOURCES}
        if not all([self._open(name, opened) for name, opened in tables.items()]):
            return
        counts = dict(self._rows(_DAY.format(key=table.key[0]), day=day))
        for source, through in self._rows(_FEEDING, fed=_bare(table)):
            if through >= day:
                count = counts.get(source, 0)
                yield Figure(DAY, source, _bare(table), {NUMBER: float(count)}, count)

    def _nulls(self, table: Table) -> Iterator[Figure]:
        """The share of rows without a value, of each column that may be empty, by object."""
        if not self._open("filled", table):
            return
        brought = {column.name for column in PROVENANCE}
        columns = [
            column.name for column in table.columns
            if not table.requires(column) and column.name not in brought and not column.name.endswith(RECEIVED)
        ]  # fmt: skip
        counted = ", ".join(f'count("{name}")' for name in columns)
        scope = f"split_part(\"{table.key[0]}\", ':', 1)"
        for of, rows, *filled in self._rows(f"SELECT {scope}, count(*), {counted} FROM filled GROUP BY 1 ORDER BY 1"):
            for name, count in zip(columns, filled, strict=True):
                yield Figure(NULLS, of, name, {NUMBER: 1 - count / rows}, rows)

    def _values(self, table: Table) -> Iterator[Figure]:
        """The shares of the declared values of each column that has some."""
        if not self._open("measured", table):
            return
        for column in (column for column in table.columns if column.allowed):
            query = f"SELECT coalesce(\"{column.name}\", 'unknown'), count(*) FROM measured GROUP BY 1"
            yield from _shares(VALUES, table.name, column.name, dict(self._rows(query)))

    def _identities(self) -> Iterator[Figure]:
        if self._open("crosswalk", CROSSWALK):
            yield from _shares(CLUSTERS, CROSSWALK.name, "", dict(self._rows(_SIZES)))
        if self._open("edge", EDGE):
            yield from _shares(WEIGHTS, EDGE.name, "", dict(self._rows(_WEIGHTS)))
        records, asked = (self.refs.get(table.name) for table in (CROSSWALK, REVIEWED))
        if records and asked and records.rows:
            yield Figure(REVIEW, REVIEWED.name, "", {NUMBER: asked.rows / records.rows}, records.rows)

    def _responses(self) -> Iterator[Figure]:
        tables = (("request", SURVEY_REQUEST), ("answer", NPS_RESPONSE), ("person", PERSON_RECORD))
        if not all([self._open(name, table) for name, table in tables]):
            return
        ((asked, answered),) = self._rows(_RESPONSES.format(days=ASKED_DAYS), day=self.as_of)
        if asked:
            yield Figure(RESPONSES, _bare(SURVEY_REQUEST), "", {NUMBER: answered / asked}, asked)

    def _open(self, name: str, table: Table) -> bool:
        """Let queries read a table of the run as ``name``; tells whether it is there."""
        ref = self.refs.get(table.name)
        if ref is not None:
            self.engine.expose(name, table, ref)
        return ref is not None

    def _rows(self, query: str, **given: object) -> list[tuple[Any, ...]]:
        connection = self.engine.connection
        return (connection.execute(query, given) if given else connection.execute(query)).fetchall()


def _shares(kind: Kind, of: str, column: str, counts: Mapping[str, int]) -> Iterator[Figure]:
    whole = sum(counts.values())
    if whole:
        yield Figure(kind, of, column, {name: count / whole for name, count in sorted(counts.items())}, whole)


def _bare(table: Table) -> str:
    """A table's name without its folder."""
    return table.name.rpartition("/")[2]
