"""The members of a published segment, read from the warehouse as a stream: whom, in which order, and what of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from include.contracts.channels import CHANNELS, REACHABLE, Channel
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.tables import MASK, Table
from include.segments.formats import Rows
from include.storage.postgres import bulk
from include.storage.postgres.warehouse import READERS

MEMBERSHIP = ("since", "confidence", "is_holdout")
PERSON = (
    "profile_id",
    "full_name",
    "email",
    "phone",
    "company",
    "title",
    "email_consent",
    "phone_consent",
    "account_id",
)
COMPANY = ("account_id", "name", "domain", "industry", "country", "owner_id")

Field = tuple[Table, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which members of a segment, a row of ``segment``, are wanted, by id, and what of them may be seen.

    ``channel``: only those whom it may reach. ``after``: only ids beyond this one, at most ``limit``. ``place``: the
    schema to read. ``sees_people``: personal values are shown, else MASK stands in their place.
    """

    segment: Mapping[str, Any]
    channel: Channel | None = None
    holdout: bool = False
    min_confidence: float = 0.0
    after: str = ""
    limit: int | None = None
    place: str = READERS
    sees_people: bool = True

    @property
    def is_person(self) -> bool:
        """The members are people."""
        return bool(self.segment["level"] == "person")

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns of each member: of the golden record, of the membership, and the segment's measures."""
        record, measured = (PROFILE, CUSTOMER_360) if self.is_person else (ACCOUNT, ACCOUNT_360)
        shown = PERSON if self.is_person else COMPANY
        measures = [name for name in self.segment["measures"] if name in measured.names and name not in shown]
        return (
            *((record, name) for name in shown),
            *((SEGMENT_MEMBERSHIP, name) for name in MEMBERSHIP),
            *((measured, name) for name in measures),
        )


def members(connection: sa.Connection, wanted: Wanted) -> Rows:
    """Read the wanted members in the order of their ids; a contact point that may not be used is null."""
    schema = pa.schema([table.schema.field(name).with_nullable(True) for table, name in wanted.fields])
    given = {
        "key": wanted.segment["segment_key"], "holdout": wanted.holdout, "after": wanted.after,
        "confidence": wanted.min_confidence, "limit": wanted.limit,
    }  # fmt: skip
    return Rows(schema, bulk.read(connection, _statement(wanted), given, schema))


def _statement(wanted: Wanted) -> str:
    record, measured, member = (
        (PROFILE, CUSTOMER_360, "profile_id") if wanted.is_person else (ACCOUNT, ACCOUNT_360, "account_id")
    )
    chosen = ", ".join(f'{_chosen(wanted, table, name)} AS "{name}"' for table, name in wanted.fields)
    reached = f"AND {wanted.channel.joined_state} IN {REACHABLE} " if wanted.channel else ""
    place = f'"{wanted.place}"'
    joins = (f"{channel.join(f'{place}.profile_identifier')} " for channel in CHANNELS.values())
    points = "".join(joins) if wanted.is_person else ""
    return (
        f"SELECT {chosen} FROM {place}.segment_membership AS m "
        f"JOIN {place}.{record.name} AS r ON r.{member} = m.member_id "
        f"JOIN {place}.{measured.name} AS v ON v.{member} = m.member_id {points}"
        "WHERE m.segment_key = :key AND (:holdout OR NOT m.is_holdout) AND m.member_id > :after "
        f"AND m.confidence >= :confidence {reached}ORDER BY m.member_id LIMIT :limit"
    )


def _chosen(wanted: Wanted, table: Table, name: str) -> str:
    """SQL of one column: what may not be used is null, what may not be seen is masked."""
    alias = {SEGMENT_MEMBERSHIP.name: "m", PROFILE.name: "r", ACCOUNT.name: "r"}.get(table.name, "v")
    column = f'{alias}."{name}"'
    if table is PROFILE and name in CHANNELS:
        column = f"CASE WHEN {CHANNELS[name].joined_state} IN {REACHABLE} THEN {column} END"
    if table.column(name).personal and not wanted.sees_people:
        return f"CASE WHEN {column} IS NOT NULL THEN '{MASK}' END"
    return column
