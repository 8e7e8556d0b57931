"""Which lists a change would touch, as destinations would get them: after consent, holdouts and whatever withholds.

Who is wanted at a destination is asked of the lake by the very statement that a plan asks of PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.activation.members import LEVEL_OF_REPORT
from include.activation.syncs import Declared, read_syncs
from include.activation.wanted import Wanted
from include.answers import waiting
from include.answers.lookup import rows_of
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE, PROFILE_IDENTIFIER
from include.storage.engine import Engine
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project

Row = dict[str, Any]

READ = {
    **{table.name: table.name for table in (PROFILE, PROFILE_IDENTIFIER, ACCOUNT, CUSTOMER_360, ACCOUNT_360)},
    "segment_membership": "membership",
}
_SENT = """
CREATE OR REPLACE TEMP TABLE sent_{when} AS
SELECT member_id, any_value(key) AS key, any_value(digest) AS digest FROM wanted_{when}
WHERE reason IS NULL AND is_member GROUP BY member_id, key
QUALIFY count(*) OVER (PARTITION BY key) = 1
"""
# A key that goes and one that comes for the same person are one change, as a plan has it.
_COUNTS = """
WITH gone AS (
    SELECT b.key, coalesce(l.profile_id, b.member_id) AS member_id FROM sent_before b ANTI JOIN sent_after USING (key)
    LEFT JOIN alias_after l ON l.alias_id = b.member_id
), come AS (
    SELECT key, member_id FROM sent_after ANTI JOIN sent_before USING (key)
), rekeyed AS (
    SELECT DISTINCT member_id FROM gone JOIN come USING (member_id)
)
SELECT (SELECT count(*) FROM come ANTI JOIN rekeyed USING (member_id)) AS added,
       (SELECT count(*) FROM gone ANTI JOIN rekeyed USING (member_id)) AS removed,
       (SELECT count(*) FROM rekeyed) +
       (SELECT count(*) FROM sent_before b JOIN sent_after a USING (key) WHERE a.digest <> b.digest) AS changed
"""
_NOBODY = """
SELECT NULL::VARCHAR AS member_id, NULL::VARCHAR AS key, NULL::VARCHAR AS digest, NULL::VARCHAR AS reason,
       false AS is_member WHERE false
"""
_WITHHELD = "SELECT count(*) AS withheld FROM wanted_after WHERE reason IS NOT NULL"


def touched(engine: Engine, before: Mapping[str, Declared], after: Mapping[str, Declared]) -> list[Row]:
    """Return each sync whose list would be another: how many rows are added, removed or change, and are withheld then.

    ``engine`` has the pairs of ``blast_radius.open_pairs`` open, those of reports where ``want_reports``.
    """
    names = sorted({*before, *after})
    found = [row for name in names if (row := _row(engine, name, before.get(name), after.get(name))) is not None]
    return sorted(found, key=lambda row: (-row["added"] - row["removed"] - row["changed"], row["sync"]))


def want_reports(*declared: Mapping[str, Declared]) -> bool:
    """Whether any sync sends a report's list, so that a trial has to make the reports, too."""
    return any(one.sync.level == LEVEL_OF_REPORT for syncs in declared for one in syncs.values())


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
    for when, declared in (("before", was), ("after", now)):
        _send(engine, when, declared)
    (counts,) = rows_of(engine, _COUNTS)
    if now is not None and now.sync.mode != "mirror":
        counts |= {"removed": 0} | ({"changed": 0} if now.sync.mode == "append" else {})  # what is there stays
    note = "new" if was is None else "declared no more" if now is None else _note(was, now)
    if not any(counts.values()) and not note:
        return None
    (withheld,) = rows_of(engine, _WITHHELD)
    told = {"sync": name, "destination": one.destination, "segment": one.sync.segment}
    return {**told, **counts, **withheld, "note": note}


def _note(was: Declared, now: Declared) -> str:
    return "leads to another place" if was.target != now.target else ""


def _send(engine: Engine, when: str, declared: Declared | None) -> None:
    """Keep who is wanted by a sync of the tables before, or after, as ``wanted_<when>``, and what it would send of them
    as ``sent_<when>``."""
    wanted = _NOBODY
    if declared is not None:
        engine.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {READERS}").fetchall()
        engine.connection.execute("CREATE TEMP TABLE IF NOT EXISTS stands (member_id VARCHAR)").fetchall()
        of_report = {declared.sync.members.tables[0].name} if declared.sync.level == LEVEL_OF_REPORT else ()
        for published, opened in {**READ, **{name: name for name in of_report}}.items():
            engine.connection.execute(
                f"CREATE OR REPLACE VIEW {READERS}.{published} AS SELECT * FROM memory.main.{opened}_{when}"
            ).fetchall()
        wanted = Wanted(declared.sync, declared.name, in_duckdb=True).statement
    given = _given(declared, wanted) if declared is not None else {}
    engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE wanted_{when} AS {wanted}", given).fetchall()
    engine.connection.execute(_SENT.format(when=when)).fetchall()


def _given(declared: Declared, statement: str) -> dict[str, str]:
    """The parameters that a statement has."""
    given = {"segment": declared.sync.segment, "name": declared.name}
    return {name: value for name, value in given.items() if f"${name}" in statement}
