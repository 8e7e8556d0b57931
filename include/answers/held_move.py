"""What a held run of identities would move beyond profiles, for whoever has to answer: counts and ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.answers.lookup import Row, rows_of
from include.answers.moved import open_moved
from include.contracts.identity import CROSSWALK
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.identity.store import load_report
from include.storage.project import Project

EXAMPLES = 20

_TOUCHED = """
WITH who AS (SELECT profile AS member_id FROM moved UNION SELECT goes_to FROM moved)
SELECT segment_key AS segment, any_value(members) AS members, count(*) AS touched FROM membership
JOIN who USING (member_id) JOIN (SELECT segment_key, count(*) AS members FROM membership GROUP BY 1) USING (segment_key)
GROUP BY 1 ORDER BY touched DESC, 1
"""
_EXAMPLES = f"SELECT * FROM moved ORDER BY records DESC, profile, goes_to LIMIT {EXAMPLES}"


@dataclass(frozen=True, slots=True)
class HeldMove:
    """The published segments of the profiles that would merge, split or move, and a few of those profiles."""

    segments: Sequence[Row] = ()
    examples: Sequence[Row] = ()

    @property
    def told(self) -> str:
        """The same in Markdown; empty where nothing moves."""
        parts = [_table(rows) for rows in (self.segments, self.examples) if rows]
        more = "`python -m include diff --new-data` shows measures and lists as well."
        return "\n\n".join([*parts, more]) if parts else ""


def held_move(project: Project, version: str) -> HeldMove:
    """Hold a crosswalk that nobody has approved yet against the one that it follows."""
    lake, follows = project.lake, load_report(project.lake, version).get("follows")
    before = lake.manifest(CROSSWALK.name, follows) if follows else None
    if before is None:
        return HeldMove()
    with project.engine() as engine:
        open_moved(engine, before, lake.version(CROSSWALK.name, version))
        engine.expose("membership", SEGMENT_MEMBERSHIP, lake.current(SEGMENT_MEMBERSHIP.name))
        return HeldMove(rows_of(engine, _TOUCHED), rows_of(engine, _EXAMPLES))


def _table(rows: Sequence[Row]) -> str:
    head = "| " + " | ".join(name.replace("_", " ") for name in rows[0]) + " |"
    rule = "|" + "".join("---:|" if isinstance(value, int) else "---|" for value in rows[0].values())
    told = ("| " + " | ".join(f"{v:,}" if isinstance(v, int) else v for v in row.values()) + " |" for row in rows)
    return "\n".join([head, rule, *told])
