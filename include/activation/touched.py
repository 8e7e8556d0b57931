"""Which lists a change would touch: syncs whose members come, go or say something else, before a plan looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.activation.members import LEVEL_OF_REPORT
from include.activation.syncs import Declared, Sync, read_syncs
from include.answers import waiting
from include.answers.lookup import rows_of
from include.contracts.tables import Table
from include.storage.engine import Engine
from include.storage.project import Project

Row = dict[str, Any]

_COUNTS = """
SELECT (SELECT count(*) FROM member_after ANTI JOIN member_now USING (member_id)) AS added,
       (SELECT count(*) FROM member_now ANTI JOIN member_after USING (member_id)) AS removed,
       (SELECT count(*) FROM member_now SEMI JOIN member_after USING (member_id) SEMI JOIN said ON
        said.id = member_now.member_id) AS changed
"""
_NOBODY = "SELECT NULL::VARCHAR AS {} WHERE false"


def touched(engine: Engine, before: Mapping[str, Declared], after: Mapping[str, Declared]) -> list[Row]:
    """Return each sync whose list would be another, with how many members are added, removed or change what is sent.

    ``engine`` has the pairs of ``blast_radius.open_pairs`` open. Consent, holdouts and keys are looked at only by the
    plan, so some of these are withheld. Lists of reports are not compared.
    """
    found = [
        row
        for name in sorted({*before, *after})
        if (row := _row(engine, name, before.get(name), after.get(name))) is not None
    ]
    return sorted(found, key=lambda row: (-row["added"] - row["removed"] - row["changed"], row["sync"]))


def with_lists(project: Project, subject: str, why: str) -> str:
    """Add to the evidence of what is held which lists at destinations an approval would touch.

    Raises ConfigurationError for faulty declarations of syncs.
    """
    segments = waiting.segments_touched(project, subject)
    found = [
        f"{name} ({declared.destination})"
        for name, declared in sorted(read_syncs(project.settings.config).items())
        if declared.sync.level != LEVEL_OF_REPORT and declared.sync.segment in segments
    ]
    return f"{why}\n\nLists at destinations that it would touch: {', '.join(found)}." if found else why


def _row(engine: Engine, name: str, was: Declared | None, now: Declared | None) -> Row | None:
    one = now or was
    assert one is not None
    if LEVEL_OF_REPORT in {each.sync.level for each in (was, now) if each}:
        return None
    _members(engine, "member_now", "member_before", was)
    _members(engine, "member_after", "membership_after", now)
    said = _said(was.sync, now.sync) if was and now else _NOBODY.format("id")
    engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE said AS {said}").fetchall()
    (counts,) = rows_of(engine, _COUNTS)
    note = "new" if was is None else "declared no more" if now is None else _note(was, now)
    if not any(counts.values()) and not note:
        return None
    return {"sync": name, "destination": one.destination, "segment": one.sync.segment, **counts, "note": note}


def _note(was: Declared, now: Declared) -> str:
    return "leads to another place" if was.target != now.target else ""


def _members(engine: Engine, name: str, of: str, declared: Declared | None) -> None:
    """Keep the members of a sync's segment, now or after, as ``name``."""
    query = f"SELECT DISTINCT member_id FROM {of} WHERE segment_key = $key" if declared else _NOBODY.format("member_id")
    given = {"key": declared.sync.segment} if declared else {}
    engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", given).fetchall()


def _said(was: Sync, now: Sync) -> str:
    """SQL of the ids of whose row at the destination would say something else, or be consented to otherwise."""
    record, measured = now.members.tables
    columns = {*was.mapping.values(), *now.mapping.values(), *_consent(now)}
    differ = [
        f'b{n}."{name}" IS DISTINCT FROM a{n}."{name}"'
        for n, table in enumerate((record, measured))
        for name in sorted(columns)
        if _is_read_of(table, record, name)
    ]
    return (
        f"SELECT a0.{now.members.id} AS id FROM {record.name}_before b0 JOIN {record.name}_after a0 "
        f"USING ({now.members.id}) JOIN {measured.name}_before b1 USING ({now.members.id}) "
        f"JOIN {measured.name}_after a1 USING ({now.members.id}) WHERE {' OR '.join(differ) or 'false'}"
    )


def _consent(sync: Sync) -> set[str]:
    return {f"{sync.purpose.removesuffix('_marketing')}_consent"} if sync.purpose != "none" else set()


def _is_read_of(table: Table, record: Table, name: str) -> bool:
    """Whether a column is read of this one of the two tables; ids in sources are of neither."""
    return name in table.names and (table is record or name not in record.names)
