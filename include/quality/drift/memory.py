"""What is known of earlier figures: the results of audits, of the versions that were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from include.contracts.control import DRIFTED
from include.quality.drift.figure import KINDS, Kind
from include.quality.drift.judging import YEAR, Past
from include.quality.drift.wording import values_of
from include.storage.control.tables import APPROVAL, AUDIT_RESULT, PUBLICATION

PREFIX = "drift_"  # what begins the names of expectations that are figures
Key = tuple[str, str, str]  # kind, what it is of, column

# Of each day the version that was published last; once a person has approved a new level, only what comes from then.
_HISTORY = f"""
WITH published AS (
    SELECT DISTINCT ON (as_of) as_of, version FROM {PUBLICATION.fullname}
    WHERE as_of < :day AND as_of >= :since ORDER BY as_of, published_at DESC
), approved AS (
    SELECT substr(subject, length(:prefix) + 1) AS version FROM {APPROVAL.fullname}
    WHERE starts_with(subject, :prefix) AND verdict = 'approved'
)
SELECT a.expectation, a.table_name, a.column_name, p.as_of, a.observed,
       NOT a.success AND a.version IN (SELECT version FROM approved) AS is_new_level
FROM {AUDIT_RESULT.fullname} AS a JOIN published AS p USING (version)
WHERE starts_with(a.expectation, '{PREFIX}') ORDER BY p.as_of
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
    """Return what each figure was on the days before, the earliest first."""
    given = {"day": day, "since": day - YEAR, "prefix": f"{DRIFTED}@"}
    found: dict[Key, list[Past]] = {}
    for row in connection.execute(sa.text(_HISTORY), given).mappings():
        key = (row["expectation"].removeprefix(PREFIX), row["table_name"], row["column_name"])
        if row["is_new_level"]:
            found.pop(key, None)
        values = values_of(row["observed"])
        found.setdefault(key, []).append(Past(row["as_of"], values, int(row["observed"]["rows"])))
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
