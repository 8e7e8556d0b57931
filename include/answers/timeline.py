"""The timeline of a person: what they did, what reached them, and what became of their profile, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from include.answers.lookup import Row, listed_as
from include.answers.profile import ProfileExplained
from include.contracts.records import Cause
from include.contracts.segments import SEGMENT_EVENT
from include.contracts.staged import EMAIL_ACTIVITY, NPS_RESPONSE, USAGE_EVENT
from include.contracts.tables import Table
from include.storage.readers import LakeReader

_DAY = 'CAST(timezone($zone, CAST("at" AS TIMESTAMPTZ)) AS DATE)'  # of the deployment's zone, as everywhere
SHOWN_VALUES = ("company", "title")  # a former address or number may be one that must not be used
_DONE: Mapping[Table, str] = MappingProxyType(
    {
        NPS_RESPONSE: """
            SELECT {day} AS day, 'answered' AS kind, CAST(score AS VARCHAR) AS about, response_id, 1
            FROM {rows} WHERE record_id IN ({records})""",
        # by day, mailing and who did it
        EMAIL_ACTIVITY: """
            SELECT {day} AS day,
                kind || CASE WHEN actor IN ('machine', 'unknown') THEN ' ' || actor ELSE '' END AS kind,
                mailing AS about, min(activity_id), count(*)
            FROM {rows} WHERE record_id IN ({records}) GROUP BY 1, 2, 3""",
        # core actions, by day and feature
        USAGE_EVENT: """
            SELECT {day} AS day, 'used' AS kind, coalesce(feature, event) AS about, NULL, count(*)
            FROM {rows} WHERE is_core AND record_id IN ({records}) GROUP BY 1, 2, 3""",
        SEGMENT_EVENT: """
            SELECT on_date AS day, 'segment ' || kind AS kind, segment_key AS about, NULL, 1
            FROM {rows} WHERE member_id = $profile""",
    }
)


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened on a day, so many ``times``.

    ``kind``: answered, used, a kind of email_activity (and the actor, where it is no person for sure), a kind of
    segment_event after the word segment, a kind of identity event, ended (retired with its last record), changed.
    ``about``: the score, the feature, the mailing, the segment's key, the other profile, how a record departed, the
    attribute. ``record``: the source's row, where it is one.
    """

    on: date
    kind: str
    about: str | None
    record: str | None
    times: int


def timeline(reader: LakeReader, found: ProfileExplained, limit: int, zone: str) -> list[Happening]:
    """Return the latest of what happened to a profile that was explained with its former values; days are a zone's."""
    told = _done(reader, found, limit, zone)
    told += [_befallen(row) for row in found.events]
    told += [_changed(row, ZoneInfo(zone)) for row in found.history]
    return sorted(told, key=lambda one: (one.on, one.kind, one.about or ""), reverse=True)[:limit]


def _done(reader: LakeReader, found: ProfileExplained, limit: int, zone: str) -> list[Happening]:
    """What is in tables of what was done, in one statement; a table without files takes no part."""
    files = {table: reader.files(table) for table in _DONE}
    of_records, listed = listed_as([row["record_id"] for row in found.records])
    parts, given = list[str](), dict[str, Any]()
    for number, table in enumerate(table for table in _DONE if files[table]):
        parts.append(
            _DONE[table].format(rows=f"read_parquet($files{number}, union_by_name=true)", records=listed, day=_DAY)
        )
        given |= {f"files{number}": files[table]}
        given |= {"profile": found.profile_id} if table is SEGMENT_EVENT else {**of_records, "zone": zone}
    if not parts:
        return []
    query = f"{' UNION ALL '.join(parts)} ORDER BY day DESC, kind, about LIMIT {limit}"
    return [Happening(*row) for row in reader.engine.connection.execute(query, given).fetchall()]


def _befallen(row: Row) -> Happening:
    """What happened to the profile itself; of a record that it lost, or ended with, how its source ended that."""
    if row["kind"] in ("lost", "retired") and row["evidence"]:
        cause = Cause.parse(row["evidence"])
        kind = "ended" if row["kind"] == "retired" else "lost"
        return Happening(row["on_date"], kind, cause.told, cause.about[0], 1)
    return Happening(row["on_date"], row["kind"], row["other_profile_id"], None, 1)


def _changed(row: Row, zone: ZoneInfo) -> Happening:
    value = f": {row['value']}" if row["attribute"] in SHOWN_VALUES and row["value"] else ""
    return Happening(
        row["held_until"].astimezone(zone).date(), "changed", f"{row['attribute']}{value}", row["record_id"], 1
    )
