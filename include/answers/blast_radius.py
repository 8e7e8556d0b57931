"""What a change would move: profiles, segments, measures, held against what is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, zip_longest

from include.answers.lookup import Row, rows_of
from include.answers.moved import open_moved
from include.answers.trial import COMPARED, RESULTS, Tried
from include.contracts.identity import ALIAS, CROSSWALK, IDENTITY_EVENT
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.tables import MASK, Column, Table, Type
from include.storage.engine import Engine

EXAMPLES = 20
LARGEST = 3
MOST_MOVES = 1000
ROUNDING = 1e-9  # two sums of the same numbers may differ by so much of themselves
SHOWN = ("full_name", "email", "company")  # of somebody who is an example

_COUNTS = """
SELECT (SELECT count(DISTINCT profile_id) FROM crosswalk_before) AS before,
       (SELECT count(DISTINCT profile_id) FROM crosswalk_after) AS after,
       (SELECT coalesce(sum(records), 0)::BIGINT FROM moved) AS moved_records,
       (SELECT count(DISTINCT profile) FROM moved) AS touched
"""
# Events of profiles; and records that go from one known profile to another without either being merged or split.
_EVENTS = """
CREATE OR REPLACE TEMP TABLE happening AS
WITH event AS (
    SELECT kind, profile_id, other_profile_id, records FROM happened
    WHERE crosswalk_version = $version AND kind <> 'steward'
)
SELECT * FROM event UNION ALL SELECT 'moved' AS kind, m.profile, m.goes_to, m.records FROM moved m
ANTI JOIN event e ON e.profile_id = m.profile AND e.other_profile_id = m.goes_to
ANTI JOIN event f ON f.profile_id = m.goes_to AND f.other_profile_id = m.profile
"""
_FIRST = f"SELECT * FROM happening ORDER BY kind = 'created', kind, profile_id, other_profile_id LIMIT {MOST_MOVES}"
_MEMBERS = """
CREATE OR REPLACE TEMP TABLE member_before AS
SELECT DISTINCT m.segment_key, coalesce(l.profile_id, m.member_id) AS member_id
FROM membership_before m LEFT JOIN alias_after l ON l.alias_id = m.member_id;
CREATE OR REPLACE TEMP TABLE entered AS
SELECT segment_key, member_id FROM membership_after EXCEPT SELECT segment_key, member_id FROM member_before;
CREATE OR REPLACE TEMP TABLE exited AS
SELECT segment_key, member_id FROM member_before EXCEPT SELECT segment_key, member_id FROM membership_after;
"""
_SEGMENTS = """
SELECT segment_key AS segment, coalesce(b.size, 0) AS before, coalesce(a.size, 0) AS after,
       coalesce(e.n, 0) AS entered, coalesce(x.n, 0) AS exited,
       CASE WHEN a.segment_key IS NULL THEN 'removed' WHEN b.segment_key IS NULL THEN 'new'
            WHEN a.approval IS NOT NULL AND a.state = 'published' AND b.approval IS DISTINCT FROM a.approval THEN 'held'
            ELSE a.state END AS state,
       a.reason
FROM segment_before b FULL JOIN segment_after a USING (segment_key)
LEFT JOIN (SELECT segment_key, count(*) AS n FROM entered GROUP BY 1) e USING (segment_key)
LEFT JOIN (SELECT segment_key, count(*) AS n FROM exited GROUP BY 1) x USING (segment_key)
WHERE e.n > 0 OR x.n > 0 OR a.segment_key IS NULL OR b.segment_key IS NULL OR a.state <> b.state
ORDER BY coalesce(e.n, 0) + coalesce(x.n, 0) DESC, segment_key
"""


@dataclass(frozen=True)
class BlastRadius:
    """What a change would do to what readers see as of ``as_of``.

    ``profiles``: counts, of profiles before and after, of events by kind, of records that change profile. ``moves``:
    the events, at most MOST_MOVES; ``moved`` among them are records that go from one profile to another.
    ``segments``: those with entries or exits, or another state; ``held`` among them would wait for a person.
    ``measures`` and ``attributes`` of the golden record: how many members' values would be others. ``examples``:
    personal values are masked. ``held``: why the run itself would wait for a person.
    """

    as_of: date
    redone: Sequence[str]
    held: str | None
    profiles: Mapping[str, int]
    moves: Sequence[Row]
    segments: Sequence[Row]
    measures: Sequence[Row]
    attributes: Sequence[Row]
    examples: Sequence[Row]


def blast_radius(engine: Engine, tried: Tried) -> BlastRadius:
    """Hold what a trial made against what is published; ``engine`` is one of the trial's."""
    open_pairs(engine, tried)
    counts, moves = _moves(engine, tried)
    segments = _segments(engine, tried)
    measures = [*_changed(engine, tried, CUSTOMER_360, "person"), *_changed(engine, tried, ACCOUNT_360, "account")]
    attributes = [*_changed(engine, tried, PROFILE, "person"), *_changed(engine, tried, ACCOUNT, "account")]
    examples = _examples(engine, moves, segments, measures)
    return BlastRadius(tried.as_of, tried.redone, tried.held, counts, moves, segments, measures, attributes, examples)


def open_pairs(engine: Engine, tried: Tried) -> None:
    """Let the engine read each compared table as <name>_before and <name>_after, and who moved, entered or left."""
    open_moved(engine, tried.before[CROSSWALK.name], tried.after[CROSSWALK.name])
    for table in (table for table in COMPARED + RESULTS if table is not CROSSWALK and table.name in tried.after):
        name = "membership" if table is SEGMENT_MEMBERSHIP else table.name
        for when, versions in (("before", tried.before), ("after", tried.after)):
            engine.expose(f"{name}_{when}", table, versions.get(table.name))
    crosswalk = tried.after[CROSSWALK.name]
    for name, table in (("alias_after", ALIAS), ("happened", IDENTITY_EVENT)):
        engine.expose(name, table, engine.lake.version(table.name, crosswalk.version))
    engine.connection.execute(_MEMBERS).fetchall()


def _moves(engine: Engine, tried: Tried) -> tuple[dict[str, int], list[Row]]:
    """Counts of what becomes of profiles, and the events, those of known profiles first."""
    (counts,) = rows_of(engine, _COUNTS)
    if tried.is_same(CROSSWALK):
        return counts, []
    engine.connection.execute(_EVENTS, {"version": tried.after[CROSSWALK.name].version}).fetchall()
    kinds = rows_of(engine, "SELECT kind, count(*) AS events FROM happening GROUP BY 1 ORDER BY 1")
    return counts | {row["kind"]: row["events"] for row in kinds}, rows_of(engine, _FIRST)


def _segments(engine: Engine, tried: Tried) -> list[Row]:
    return [] if tried.is_same(SEGMENT_MEMBERSHIP) else rows_of(engine, _SEGMENTS)


def _changed(engine: Engine, tried: Tried, table: Table, level: str) -> list[Row]:
    """Return each column whose values differ, of members that are in both, with the largest changes."""
    if tried.is_same(table):
        return []
    (key,) = table.key
    columns = [column for column in table.columns if column.name not in (key, "as_of")]
    counted = ", ".join(f'count(*) FILTER (WHERE {_differs(column)}) AS "{column.name}"' for column in columns)
    pairs = f"{table.name}_before b JOIN {table.name}_after a USING ({key})"
    (row,) = rows_of(engine, f"SELECT count(*) AS members_of_both, {counted} FROM {pairs}")
    whole = row["members_of_both"]
    found = [column for column in columns if row[column.name]]
    told = [
        {
            "level": level, "measure": column.name, "changed": row[column.name],
            "share": row[column.name] / whole, "largest": list(_largest(engine, column, pairs, key)),
        }
        for column in found
    ]  # fmt: skip
    return sorted(told, key=lambda each: (-each["changed"], each["measure"]))


def _differs(column: Column) -> str:
    before, after = f'b."{column.name}"', f'a."{column.name}"'
    if column.type is not Type.NUMBER:
        return f"{before} IS DISTINCT FROM {after}"
    near = f"abs({after} - {before}) <= {ROUNDING} * greatest(abs({before}), abs({after}))"
    return f"{before} IS DISTINCT FROM {after} AND NOT coalesce({near}, false)"


def _largest(engine: Engine, column: Column, pairs: str, key: str) -> Iterator[Row]:
    """The largest changes of a number or day, member by member; of other values the commonest ones with their count."""
    if column.personal:
        return
    before, after = f'b."{column.name}"', f'a."{column.name}"'
    size = {
        Type.NUMBER: f"abs({after} - {before})", Type.INTEGER: f"abs({after} - {before})",
        Type.DATE: f"abs(date_diff('day', {before}, {after}))",
    }.get(column.type)  # fmt: skip
    if size is None:
        query = (
            f"SELECT {before} AS before, {after} AS after, count(*) AS members, min({key}) AS member_id FROM {pairs} "
            f"WHERE {_differs(column)} GROUP BY 1, 2 ORDER BY members DESC, member_id LIMIT {LARGEST}"
        )
    else:
        query = (
            f"SELECT {before} AS before, {after} AS after, 1 AS members, {key} AS member_id FROM {pairs} "
            f"WHERE {_differs(column)} ORDER BY {size} DESC NULLS FIRST, {key} LIMIT {LARGEST}"
        )
    yield from rows_of(engine, query)


def _examples(engine: Engine, moves: Sequence[Row], segments: Sequence[Row], measures: Sequence[Row]) -> list[Row]:
    """Return up to EXAMPLES of all kinds in turn: what would happen, and to whom, with personal values masked."""
    happenings = [
        {"what": move["kind"], "member_id": move["profile_id"], "other": move["other_profile_id"]} for move in moves
    ]
    values = [
        {"what": f"{row['measure']}: {in_words(one)}", "member_id": one["member_id"], "other": None}
        for row in measures for one in row["largest"][:1]
    ]  # fmt: skip
    kinds = (happenings[:EXAMPLES], list(_turned(engine, segments)), values[:EXAMPLES])
    mixed = [one for one in chain.from_iterable(zip_longest(*kinds)) if one is not None][:EXAMPLES]
    known = _known(engine, [one["member_id"] for one in mixed])
    return [{**one, **known.get(one["member_id"], dict.fromkeys(SHOWN))} for one in mixed]


def _turned(engine: Engine, segments: Sequence[Row]) -> Iterator[Row]:
    """One who enters and one who leaves of each segment, the most moved segments first."""
    query = "SELECT segment_key, min(member_id) AS member_id FROM {} GROUP BY 1"
    found = {
        what: {row["segment_key"]: row["member_id"] for row in rows_of(engine, query.format(table))}
        for what, table in (("enters", "entered"), ("leaves", "exited"))
    }
    for segment in segments[:EXAMPLES]:
        for what, members in found.items():
            if segment["segment"] in members:
                yield {
                    "what": f"{what} {segment['segment']}", "member_id": members[segment["segment"]], "other": None
                }  # fmt: skip


def _known(engine: Engine, ids: Sequence[str]) -> dict[str, Row]:
    """What is shown of people: as they would be, else as they are; personal values are masked."""
    masked = ", ".join(
        f"CASE WHEN {name} IS NOT NULL THEN '{MASK}' END AS {name}" if PROFILE.column(name).personal else name
        for name in SHOWN
    )
    query = f"SELECT profile_id, {masked} FROM {{}} WHERE profile_id IN (SELECT unnest($ids))"
    rows = [*rows_of(engine, query.format("profile_before"), ids=ids),
            *rows_of(engine, query.format("profile_after"), ids=ids)]  # fmt: skip
    return {row.pop("profile_id"): row for row in rows}


def in_words(change: Row) -> str:
    """Say from what to what a value changes."""
    return f"{_said(change['before'])} → {_said(change['after'])}"


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "unknown" if value is None else f"{value:,.4g}" if isinstance(value, float) else f"{value}"
