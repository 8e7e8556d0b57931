"""What a held run of identities would move beyond profiles, for whoever has to answer: in counts, by two joins."""

from __future__ import annotations

from include.contracts.identity import CROSSWALK
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.identity.store import load_report
from include.storage.project import Project

_TOUCHED = """
WITH pair AS (
    SELECT b.profile_id AS was, a.profile_id AS becomes FROM before b JOIN after a USING (record_id)
    WHERE b.profile_id <> a.profile_id
), moved AS (SELECT was AS member_id FROM pair UNION SELECT becomes FROM pair)
SELECT segment_key, count(*), count(*) FILTER (WHERE member_id IN (SELECT member_id FROM moved))
FROM membership GROUP BY 1 HAVING count(*) FILTER (WHERE member_id IN (SELECT member_id FROM moved)) > 0
ORDER BY 3 DESC, 1
"""


def touched_segments(project: Project, version: str) -> str:
    """Return, in Markdown, how many members of each published segment a held crosswalk would merge, split or move.

    Empty where there is no segment, or none is touched.
    """
    lake, follows = project.lake, load_report(project.lake, version).get("follows")
    before = lake.manifest(CROSSWALK.name, follows) if follows else None
    membership = lake.current(SEGMENT_MEMBERSHIP.name)
    if before is None or membership is None:
        return ""
    after = lake.version(CROSSWALK.name, version)
    with project.engine() as engine:
        for name, table, at in (("before", CROSSWALK, before), ("after", CROSSWALK, after),
                                ("membership", SEGMENT_MEMBERSHIP, membership)):  # fmt: skip
            engine.ibis.create_view(name, engine.read(table, at))
        rows = engine.connection.execute(_TOUCHED).fetchall()
    if not rows:
        return ""
    told = "\n".join(f"| {segment} | {members:,} | {touched:,} |" for segment, members, touched in rows)
    more = "`python -m include diff --new-data` shows measures and lists as well."
    return f"| segment | members | merge, split or move |\n|---|---:|---:|\n{told}\n\n{more}"
