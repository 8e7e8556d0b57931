"""Evidence: the values of a segment's measures at the moment somebody enters or leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from include.contracts.measures import measures_of
from include.contracts.tables import MASK
from include.segments import tree
from include.segments.catalog import Catalog, Segment
from include.segments.population import MEMBER, counted
from include.segments.roster import Roster

Asked = tree.Happened | tree.Course | None  # of events, changes and lists, or None for a measure
ADDED = ("segment_key", "member_id", "definition_version", "confidence", "evidence")


def described(roster: Roster, changed: ir.Table, numbers: Collection[int], catalog: Catalog) -> ir.Table:
    """Add the columns ADDED to entries or exits, which have segment_no and member_no, of the sound segments.

    ``numbers`` are those of the segments that ``changed`` has rows of.
    """
    moved = [segment for segment in catalog.segments if roster.number(segment.key) in numbers]
    parts = [_of_level(roster, changed, [s for s in moved if s.level == level], catalog, level) for level in MEMBER]
    return ibis.union(*parts)


def _of_level(roster: Roster, changed: ir.Table, segments: Sequence[Segment], catalog: Catalog, level: str) -> ir.Table:
    """One join with all the measures of the level serves all its segments."""
    base = roster.customers if level == "person" else roster.accounts
    numbers = [roster.number(segment.key) for segment in segments]
    kept = [name for name in changed.columns if name != "member_id"]
    rows = changed.select(*kept).filter(changed.segment_no.isin(numbers) if numbers else ibis.literal(False))
    rows = rows.inner_join(base, "member_no", rname="{name}_base").mutate()
    texts = {n: _text(rows, evidence(s, catalog), s) for n, s in zip(numbers, segments, strict=True)}
    return rows.select(
        *kept,
        segment_key=_chosen(rows, {n: s.key for n, s in zip(numbers, segments, strict=True)}),
        member_id=rows[MEMBER[level]],
        definition_version=_chosen(rows, {n: s.version for n, s in zip(numbers, segments, strict=True)}),
        confidence=rows.identity_confidence if level == "person" else ibis.literal(1.0),
        evidence=_chosen(rows, texts),
    )


def _text(rows: ir.Table, read: Mapping[str, Asked], segment: Segment) -> ir.StringValue:
    personal = {name for name, measure in measures_of(segment.level).items() if measure.column.personal}
    values = {
        name: _masked(rows[name]) if name in personal else rows[name] if asked is None else _value(rows, asked)
        for name, asked in read.items()
    }
    values = values or {"segment": ibis.literal(segment.key)}
    return ibis.struct(values).cast("json").cast("string")


def _chosen(rows: ir.Table, values: dict[int, object]) -> ir.StringValue:
    branches = [(rows.segment_no == number, value) for number, value in values.items()]
    return ibis.cases(*branches) if branches else ibis.null("string")


def _masked(value: ir.Value) -> ir.StringValue:
    return ibis.ifelse(value.isnull(), None, MASK)


def _value(rows: ir.Table, asked: tree.Happened | tree.Course) -> ir.Value:
    return counted(rows, asked) if isinstance(asked, tree.Happened) else rows[asked.name]


def evidence(segment: Segment, catalog: Catalog) -> dict[str, Asked]:
    """What a segment's evidence is: its measures (None), what it counts of events; and so of segments it refers to."""
    known = {other.key: other for other in catalog.segments}
    read: dict[str, Asked] = dict.fromkeys(segment.measures)
    read |= {str(asked): asked for asked in tree.happenings(segment.condition)}
    read |= {str(asked): asked for asked in tree.courses(segment.condition)}
    for key in tree.segments(segment.condition):
        other = known[key]
        if other.level == segment.level:
            read |= evidence(other, catalog)
        elif segment.level == "person":
            read["account_id"] = None
    return dict(sorted(read.items()))
