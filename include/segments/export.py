"""Exports: the members of one published segment as a file, from the warehouse; who is left out is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from include.contracts.channels import REACHABLE
from include.contracts.errors import ConfigurationError
from include.segments.channels import contactable, find_channel, require_people
from include.segments.formats import EXCEL_ROWS, find_format
from include.segments.listing import find_segment
from include.segments.members import Wanted, members
from include.segments.states import last_stood, require_exportable
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project
from include.storage.whole import whole_file


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
    project: Project, key: str, format: str, sink: BinaryIO, *, holdout: bool = False, channel: str | None = None,
    min_confidence: float = 0.0, sees_people: bool = True,
) -> Exported:  # fmt: skip
    """Write a segment's members to ``sink`` in a format of FORMATS.

    Those held out of activation are left out unless ``holdout`` asks for them; for a ``channel``, those whom it may
    not reach; a contact point that may not be used is empty. Without ``sees_people`` personal values are masked. A
    refused segment is not exported, a held one as it last stood. Raises ConfigurationError.
    """
    write = find_format(format)
    reach = find_channel(channel) if channel is not None else None
    with project.warehouse().begin() as connection:
        segment = find_segment(connection, key, project.settings.config)
        require_exportable(connection, segment)
        if reach:
            require_people(segment)
        if format == "xlsx" and segment["size"] > EXCEL_ROWS:
            raise ConfigurationError(f"{key} has more members than an Excel sheet has rows; use csv or parquet.")
        states = contactable(connection, key, holdout=holdout) if segment["level"] == "person" else {}
        wanted = Wanted(segment, reach, holdout, min_confidence, sees_people=sees_people)
        count = write(members(connection, wanted), sink)
        held_out = 0 if holdout else _held_out(connection, key)
        left_out = {s: n for s, n in states[reach.name].items() if n and s not in REACHABLE} if reach else {}
        return Exported(count, held_out, left_out, states, last_stood(connection, segment))


def export_file(
    project: Project, key: str, format: str, out: Path, *, holdout: bool = False, channel: str | None = None
) -> Exported:
    """Do the same into a file that appears only once it is whole."""
    with whole_file(out) as sink:
        return export(project, key, format, sink, holdout=holdout, channel=channel)


def _held_out(connection: sa.Connection, key: str) -> int:
    query = f"SELECT count(*) FROM {READERS}.segment_membership WHERE segment_key = :key AND is_holdout"
    return int(connection.execute(sa.text(query), {"key": key}).scalar_one())
