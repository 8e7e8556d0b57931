"""Segments that cannot be judged: no source tells of what they ask, and nobody is in them as far as is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from include.contracts.measures import SOURCES, measures_of
from include.segments import tree
from include.segments.catalog import Segment

NOTHING_GIVES = "No source gives "


def lacking_measures(level: str, fed: Collection[str]) -> frozenset[str]:
    """Return the measures of a level that rest on staged tables none of which is fed."""
    return frozenset(name for name, measure in measures_of(level).items() if not measure.is_known(fed))


def lacks(
    segment: Segment, fed: Collection[str], unjudged: Mapping[str, tuple[str, ...]], kinds: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the staged tables, in the order of SOURCES, for want of which a segment may not be judged.

    They are those of its measures, of the ``kinds`` of event that it asks about, given with theirs, and of the
    ``unjudged`` segments that it refers to, likewise: whose lists that are too old, as sentences, come after them.
    """
    asked: dict[str, set[str]] = {"account": set(), "person": set()}
    for level, node in ((segment.level, segment.condition), *tree.behind(segment.condition)):
        asked[level].update(tree.measures(node))
        asked["person"].update(tree.measures(node, of_people=True))
        asked["account"].update(tree.measures(node, of_account=True))
    found = {
        table
        for level, names in asked.items()
        for name in names & lacking_measures(level, fed)
        for table in measures_of(level)[name].needs
    }
    named = {happened.event for happened in tree.counted(segment.condition)}
    found.update({kinds[event] for event in named if event in kinds} - set(fed))
    for key in tree.segments(segment.condition):
        if key not in segment.above:
            found.update(unjudged.get(key, ()))
    return (*(table for table in SOURCES if table in found), *sorted(found - SOURCES.keys()))


def reason(lacking: Collection[str]) -> str:
    """Say for want of what a segment cannot be judged."""
    tables = [SOURCES[table] for table in lacking if table in SOURCES]
    lists = [told for told in lacking if told not in SOURCES]
    return " ".join(([f"{NOTHING_GIVES}{' or '.join(tables)}."] if tables else []) + lists)


def lacked(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the staged tables for want of which a published segment, a row of ``segment``, cannot be judged."""
    told = str(row["reason"] or "")
    if row["state"] != "unjudged" or not told.startswith(NOTHING_GIVES):
        return ()
    named = told.removeprefix(NOTHING_GIVES).partition(".")[0].split(" or ")
    return tuple(table for table, what in SOURCES.items() if what in named)


def wanting(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the keys of the segments that cannot be judged, by the staged table that they lack."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for table in lacked(row):
            found.setdefault(table, []).append(row["segment_key"])
    return found
