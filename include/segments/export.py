"""Exports: the members of one published segment as a file, from the warehouse; who is left out is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import sqlalchemy as sa

from include.contracts.errors import ConfigurationError
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.nearest import nearest
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.segments.channels import REACHABLE, Channel, contactable, find_channel
from include.segments.formats import EXCEL_ROWS, FORMATS, Rows
from include.segments.listing import find_segment
from include.segments.states import last_stood, require_exportable
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project

BATCH_ROWS = 20_000
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


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and what it did not.

    ``contactable``: members by channel and state (none for accounts), those written for a channel or not.
    ``left_out``: members whom the asked channel does not reach, by reason. ``note``: what its reader should know.
    """

    count: int
    held_out: int
    left_out: Mapping[str, int]
    contactable: Mapping[str, Mapping[str, int]]
    note: str | None


def export(
    project: Project, key: str, format: str, sink: BinaryIO, *, holdout: bool = False, channel: str | None = None
) -> Exported:
    """Write a segment's members to ``sink`` in a format of FORMATS.

    Those held out of activation are left out unless ``holdout`` asks for them; for a ``channel``, those whom it may
    not reach. A refused segment is not exported, a held one as it last stood. Raises ConfigurationError.
    """
    if format not in FORMATS:
        raise ConfigurationError(f"There is no format {format!r}{nearest(format, FORMATS)}.")
    reach = find_channel(channel) if channel is not None else None
    with project.warehouse().begin() as connection:
        segment = find_segment(connection, key, project.settings.config)
        require_exportable(connection, segment)
        if reach and segment["level"] != "person":
            raise ConfigurationError(f"{key} is a segment of accounts, and a channel reaches people; leave it out.")
        if format == "xlsx" and segment["size"] > EXCEL_ROWS:
            raise ConfigurationError(f"{key} has more members than an Excel sheet has rows; use csv or parquet.")
        states = contactable(connection, key, holdout=holdout) if segment["level"] == "person" else {}
        count = FORMATS[format](_members(connection, segment, reach, holdout=holdout), sink)
        held_out = 0 if holdout else _held_out(connection, key)
        left_out = {s: n for s, n in states[reach.name].items() if n and s not in REACHABLE} if reach else {}
        return Exported(count, held_out, left_out, states, last_stood(connection, segment))


def export_file(
    project: Project, key: str, format: str, out: Path, *, holdout: bool = False, channel: str | None = None
) -> Exported:
    """Do the same into a file that appears only once it is whole."""
    draft = out.with_name(out.name + ".draft")
    try:
        with draft.open("wb") as sink:
            exported = export(project, key, format, sink, holdout=holdout, channel=channel)
        draft.replace(out)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return exported


def _held_out(connection: sa.Connection, key: str) -> int:
    query = f"SELECT count(*) FROM {READERS}.segment_membership WHERE segment_key = :key AND is_holdout"
    return int(connection.execute(sa.text(query), {"key": key}).scalar_one())


def _members(connection: sa.Connection, segment: Mapping[str, Any], channel: Channel | None, *, holdout: bool) -> Rows:
    """Read membership, golden record and the segment's measures, in the order of the ids."""
    person = segment["level"] == "person"
    record, measured = (PROFILE, CUSTOMER_360) if person else (ACCOUNT, ACCOUNT_360)
    shown, member = (PERSON, "profile_id") if person else (COMPANY, "account_id")
    measures = [name for name in segment["measures"] if name in measured.names and name not in shown]
    fields = [
        *((record, name) for name in shown),
        *((SEGMENT_MEMBERSHIP, name) for name in MEMBERSHIP),
        *((measured, name) for name in measures),
    ]
    chosen = ", ".join(f'{_alias(table)}."{name}"' for table, name in fields)
    reached = f"AND {channel.state} IN {REACHABLE} " if channel else ""
    statement = (
        f"SELECT {chosen} FROM {READERS}.segment_membership AS m "
        f"JOIN {READERS}.{record.name} AS r ON r.{member} = m.member_id "
        f"JOIN {READERS}.{measured.name} AS v ON v.{member} = m.member_id "
        f"WHERE m.segment_key = :key AND (:holdout OR NOT m.is_holdout) {reached}ORDER BY m.member_id"
    )
    schema = pa.schema([table.schema.field(name).with_nullable(True) for table, name in fields])
    result = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS).execute(
        sa.text(statement), {"key": segment["segment_key"], "holdout": holdout}
    )
    return Rows(schema, (_batch(rows, schema) for rows in result.partitions(BATCH_ROWS)))


def _alias(table: Table) -> str:
    return {SEGMENT_MEMBERSHIP.name: "m", PROFILE.name: "r", ACCOUNT.name: "r"}.get(table.name, "v")


def _batch(rows: Sequence[sa.Row[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)
