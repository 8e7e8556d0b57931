"""What is known of earlier figures: the results of audits, of the versions that were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from include.contracts.control import DRIFTED
from include.quality.drift.figure import KINDS, Kind
from include.quality.drift.judging import YEAR, Past
from include.quality.drift.wording import GONE, ON, values_of
from include.storage.control.tables import APPROVAL, AUDIT_RESULT, PUBLICATION

PREFIX = "drift_"  # what begins the names of expectations that are figures
Key = tuple[str, str, str]  # kind, what it is of, column

# Of each day what was published last, and what a person has approved though a later run was published in its place.
_HISTORY = f"""
WITH approved AS (
    SELECT substr(subject, length(:prefix) + 1) AS version FROM {APPROVAL.fullname}
    WHERE starts_with(subject, :prefix) AND verdict = 'approved'
), kept AS (
    SELECT a.*, p.published_at, c.version IS NOT NULL AS is_approved,
           coalesce(p.as_of, DATE '0001-01-01' + (a.observed ->> '{ON}')::numeric::int - 1) AS day
    FROM {AUDIT_RESULT.fullname} AS a LEFT JOIN {PUBLICATION.fullname} AS p USING (version)
    LEFT JOIN approved AS c USING (version)
    WHERE starts_with(a.expectation, '{PREFIX}') AND (p.version IS NOT NULL OR c.version IS NOT NULL)
)
SELECT DISTINCT ON (day, expectation, table_name, column_name)
       day, expectation, table_name, column_name, observed, is_approved AND NOT success AS is_new_level
FROM kept WHERE day < :day AND day >= :since
ORDER BY day, expectation, table_name, column_name, published_at DESC NULLS LAST
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A figure as an audit has kept it: of what, whether it was in range, and what was observed."""

    kind: Kind
    of: str
    column: str
    level: str
    is_drifted: bool
    observed: Mapping[str, float]

    @property
    def name(self) -> str:
        """What it is of, for people."""
        return f"{self.of}.{self.column}" if self.column else self.of


def history(connection: sa.Connection, day: date) -> dict[Key, list[Past]]:
    """Return what each figure was on the days before, the earliest first: since a person has approved a new level."""
    given = {"day": day, "since": day - YEAR, "prefix": f"{DRIFTED}@"}
    found: dict[Key, list[Past]] = {}
    for row in connection.execute(sa.text(_HISTORY), given).mappings():
        key = (row["expectation"].removeprefix(PREFIX), row["table_name"], row["column_name"])
        if row["is_new_level"]:
            found.pop(key, None)
        if GONE in row["observed"]:
            continue
        values = values_of(row["observed"])
        found.setdefault(key, []).append(Past(row["day"], values, int(row["observed"]["rows"])))
    return found


def kept_of(connection: sa.Connection, version: str) -> Sequence[Kept]:
    """Return the figures of one version, those out of range first."""
    c = AUDIT_RESULT.c
    query = sa.select(AUDIT_RESULT).where(c.version == version, c.expectation.startswith(PREFIX, autoescape=True))
    rows = connection.execute(query.order_by(c.success, c.expectation, c.table_name, c.column_name)).mappings()
    return [
        Kept(kind, row["table_name"], row["column_name"], row["level"], not row["success"], row["observed"])
        for row in rows
        if (kind := KINDS.get(row["expectation"].removeprefix(PREFIX))) is not None
    ]
