"""What is published, read for callers: each answer is one statement or one snapshot, so it is never half a version."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import ProgrammingError

from include.answers.member import as_kept
from include.contracts.channels import CHANNELS, state_of_point
from include.contracts.published import COUNTED
from include.contracts.segments import EVENT_KINDS, SEGMENT
from include.storage.control.tables import PUBLICATION
from include.storage.postgres.build import PREFIX
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project
from include.storage.suppression import Suppressed
from include.web.problems import ProblemError

Row = dict[str, Any]

NOTHING_PUBLISHED = "Nothing is published yet, or not by this release; run the pipeline first (make run, or its DAGs)."
SOON = {"Retry-After": "60"}
_NEEDED = [f"{READERS}.{name}" for name in (SEGMENT.name, *(item.name for item in COUNTED))]
_MISSING = sa.text("SELECT count(*) FROM unnest(cast(:names AS text[])) AS name WHERE to_regclass(name) IS NULL")


def _traits(member: str) -> str:
    """SQL of the traits of a member, by key."""
    value = "coalesce(to_jsonb(t.number), to_jsonb(t.text), to_jsonb(t.day))"
    return f"""
  (SELECT coalesce(jsonb_object_agg(t.trait, {value} ORDER BY t.trait), '{{}}')
   FROM {READERS}.trait_value t WHERE t.member_id = {member})"""


_POINTS = f"{READERS}.profile_identifier"
_REACH = ", ".join(f"'{channel.name}', {channel.state(_POINTS)}" for channel in CHANNELS.values())
_PROFILE = f"""
SELECT to_jsonb(r) AS record, jsonb_build_object({_REACH}) AS reach,
  (SELECT coalesce(jsonb_agg(to_jsonb(i) - 'profile_id' || jsonb_build_object('state', {state_of_point("i", _POINTS)})
                             ORDER BY i.type, i.value), '[]')
   FROM {READERS}.profile_identifier i WHERE i.profile_id = r.profile_id) AS points,
  (SELECT coalesce(jsonb_agg(to_jsonb(m) - 'member_id' ORDER BY m.segment_key), '[]')
   FROM {READERS}.segment_membership m WHERE m.member_id = r.profile_id) AS segments,
  (SELECT coalesce(jsonb_agg(a.alias_id ORDER BY a.alias_id), '[]')
   FROM {READERS}.profile_alias a WHERE a.profile_id = r.profile_id) AS aliases,
  (SELECT to_jsonb(c) - 'profile_id' FROM {READERS}.customer_360 c WHERE c.profile_id = r.profile_id) AS measures,
  {_traits("r.profile_id")} AS traits
FROM {READERS}.profile r
WHERE r.profile_id = coalesce((SELECT profile_id FROM {READERS}.profile_alias WHERE alias_id = :asked), :asked)
"""
_ACCOUNT = f"""
SELECT to_jsonb(a) AS record, to_jsonb(m) - 'account_id' AS measures,
  (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'member_id' ORDER BY s.segment_key), '[]')
   FROM {READERS}.segment_membership s WHERE s.member_id = a.account_id) AS segments,
  (SELECT coalesce(jsonb_agg(p.profile_id ORDER BY p.profile_id), '[]')
   FROM {READERS}.profile p WHERE p.account_id = a.account_id) AS people,
  {_traits("a.account_id")} AS traits
FROM {READERS}.account a LEFT JOIN {READERS}.account_360 m USING (account_id) WHERE a.account_id = :asked
"""
_POINT = f"SELECT DISTINCT profile_id FROM {READERS}.profile_identifier WHERE type = :by AND value = ANY(:forms)"
_RECORD = f"SELECT DISTINCT profile_id FROM {READERS}.crosswalk WHERE record_id = :value"
_RANK = "CASE e.kind " + " ".join(f"WHEN '{kind}' THEN {rank}" for rank, kind in enumerate(EVENT_KINDS)) + " END"
_CHANGES = f"""
SELECT e.*, {_RANK} AS rank FROM {READERS}.segment_event e WHERE e.segment_key = :key
  AND (:begin OR (e.on_date, e.sequence, {_RANK}, e.member_id) > (cast(:on_date AS date), :sequence, :rank, :member))
ORDER BY e.on_date, e.sequence, rank, e.member_id LIMIT :limit
"""


@contextmanager
def snapshot(project: Project) -> Iterator[sa.Connection]:
    """Open one read-only snapshot of the warehouse; raises ProblemError 503 before the first publication."""
    with project.warehouse().begin() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if connection.execute(_MISSING, {"names": _NEEDED}).scalar():
            raise ProblemError(503, NOTHING_PUBLISHED, SOON)
        yield connection


def require_published(project: Project) -> None:
    """Raise ProblemError 503 before the first publication."""
    with snapshot(project):
        return


@contextmanager
def statement(project: Project) -> Iterator[sa.Connection]:
    """Open a connection for one statement, which is its own snapshot; raises ProblemError 503 as ``snapshot`` does."""
    try:
        with project.warehouse().alone() as connection:
            yield connection
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable):
            raise ProblemError(503, NOTHING_PUBLISHED, SOON) from None
        raise


@dataclass(frozen=True, slots=True)
class Version:
    """A published version: its name, its logical date, and the schema that holds its tables while it is kept."""

    name: str
    as_of: str
    schema: str


def current_version(connection: sa.Connection) -> Version:
    """Return what readers see now."""
    row = connection.execute(sa.select(PUBLICATION).where(PUBLICATION.c.is_current)).mappings().one()
    return Version(row["version"], row["as_of"].isoformat(), PREFIX + row["version"])


def kept_version(connection: sa.Connection, name: str) -> Version:
    """Return a version that was published and is still kept; raises ProblemError 410 for one that is gone."""
    row = connection.execute(sa.select(PUBLICATION).where(PUBLICATION.c.version == name)).mappings().one_or_none()
    place = {"place": f'"{PREFIX}{name}"."segment_membership"'}
    if row is None or connection.execute(sa.text("SELECT to_regclass(:place)"), place).scalar() is None:
        raise ProblemError(410, "The version that this cursor goes through is not kept any more; begin anew.")
    return Version(row["version"], row["as_of"].isoformat(), PREFIX + row["version"])


def rows_of(connection: sa.Connection, query: str, **given: Any) -> list[Row]:
    """Return the rows of a query by name."""
    return [dict(row) for row in connection.execute(sa.text(query), given).mappings()]


def profile(connection: sa.Connection, asked: str, erased: Callable[[], Suppressed]) -> Row:
    """Return a profile by its living or a retired id, with all that hangs on it; raises ProblemError 404.

    ``erased`` is asked only where there is none: whoever was erased is told from who never was.
    """
    try:
        return _one(connection, _PROFILE, asked, "profile")
    except ProblemError:
        day = erased().erased_on("profile", asked)
        if day is None:
            raise
        raise ProblemError(404, f"The profile of this id was erased on {day}; nothing is known of it.") from None


def account(connection: sa.Connection, asked: str) -> Row:
    """Return an account with its measures, segments and people; raises ProblemError 404."""
    return _one(connection, _ACCOUNT, asked, "account")


def _one(connection: sa.Connection, query: str, asked: str, kind: str) -> Row:
    row = connection.execute(sa.text(query), {"asked": asked}).mappings().one_or_none()
    if row is None:
        raise ProblemError(404, f"There is no {kind} of this id.")
    return dict(row)


def found(connection: sa.Connection, by: str, value: str) -> list[str]:
    """Return the profiles that carry an address, a number or a source record, by id.

    ``by``: email, phone or source_id. However an address or a number is written, it is looked up as it is kept.
    """
    given = {"value": value} if by == "source_id" else {"by": by, "forms": as_kept(value)}
    return sorted(connection.execute(sa.text(_RECORD if by == "source_id" else _POINT), given).scalars())


def changes(connection: sa.Connection, key: str, since: list[Any] | None, limit: int) -> list[Row]:
    """Return a segment's events after a place in their order (date, sequence, kind, member), at most ``limit``."""
    on_date, sequence, rank, member = since or ("0001-01-01", 0, 0, "")
    place = {"begin": since is None, "on_date": on_date, "sequence": sequence, "rank": rank, "member": member}
    return rows_of(connection, _CHANGES, key=key, limit=limit, **place)


def cursor(kind: str, *place: Any) -> str:
    """Return a place in an order as one opaque word."""
    text = json.dumps([kind, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(given: str, kind: str, shape: tuple[type, ...]) -> list[Any]:
    """Return the place that a cursor of this kind names; raises ProblemError 400 for any other text."""
    try:
        said, *place = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        said, place = None, []
    if said != kind or len(place) != len(shape) or any(type(p) is not s for p, s in zip(place, shape, strict=True)):
        raise ProblemError(400, "This cursor is not one that an earlier answer gave; begin again without it.")
    return list(place)
