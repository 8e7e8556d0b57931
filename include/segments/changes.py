"""Changes: what became of each membership, as rows of segment_membership and segment_event.

The membership is yesterday's, less the exits, plus the entries; merges and splits carry memberships on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from include.contracts.errors import DefinitionError
from include.segments import tree
from include.segments.catalog import Catalog, Segment
from include.segments.evaluation import COLUMNS, Before, Evaluation, counts
from include.segments.evidence import described
from include.segments.expression import matching
from include.segments.holdouts import with_holdouts
from include.segments.language import parse
from include.segments.roster import Roster


@dataclass(frozen=True)
class Changes:
    """Entries, with evidence, cause and origin (of a split); exits: segment_no, member_no, cause, former member_id.

    ``entered`` and ``exited`` count them by segment_no.
    """

    roster: Roster
    entries: ir.Table
    exits: ir.Table
    entered: Mapping[int, int]
    exited: Mapping[int, int]


def compare(evaluation: Evaluation, catalog: Catalog, before: Before, splits: ir.Table) -> Changes:
    """Return who entered and who left, and why; ``splits`` has member_id, origin: a profile, what it was part of."""
    roster = evaluation.roster
    was, now = roster.before, evaluation.now
    judged = roster.hold(_by_old_definitions(evaluation, catalog, before))
    entered = now.anti_join(was, COLUMNS)
    left = was.anti_join(now, COLUMNS)
    causes = _entry_causes(roster, entered, judged, catalog, before)
    arrived = roster.hold(_with_origin(roster, causes, splits))
    numbers = counts(arrived)
    entries = roster.hold(described(roster, arrived, numbers, catalog))
    exits = roster.hold(_exit_causes(roster, left, judged, catalog, before))
    leaving = exits.select(*COLUMNS, gone=ibis.ifelse(exits.member_no.isnull(), exits.member_id, None)).distinct()
    return Changes(roster, entries, exits, numbers, counts(leaving))


def former_conditions(catalog: Catalog, before: Before) -> list[tuple[Segment, tree.Node]]:
    """Return the segments whose definition has changed, with the former condition where it can still be read."""
    known = {segment.key for segment in catalog.segments}
    found = []
    for segment in _changed(catalog, before):
        try:
            former = parse(before.definitions.get(segment.key, ""), segment.level, catalog.vocabulary)
        except DefinitionError:  # it names a measure that there is no more
            continue
        if known >= set(tree.segments(former)):
            found.append((segment, former))
    return found


def _by_old_definitions(evaluation: Evaluation, catalog: Catalog, before: Before) -> ir.Table:
    """Who would be in the changed segments today by the definitions of the run before."""
    population, roster = evaluation.population, evaluation.roster
    parts = []
    for segment, former in former_conditions(catalog, before):
        rows = matching(former, segment.level, population)
        number = ibis.literal(roster.number(segment.key), type="int16")
        parts.append(rows.select(segment_no=number, member_no=rows.member_no))
    nobody = roster.before.filter(ibis.literal(False)).select(*COLUMNS)
    return ibis.union(*parts) if len(parts) > 1 else parts[0] if parts else nobody


def _changed(catalog: Catalog, before: Before) -> list[Segment]:
    return [s for s in catalog.segments if before.versions.get(s.key, s.version) != s.version]


def _causes(
    roster: Roster, rows: ir.Table, catalog: Catalog, before: Before, by_definition: ir.BooleanValue
) -> ir.StringValue:
    """Tell a definition's change from a person's: would the old definition have had the same effect today?"""
    changed = [roster.number(segment.key) for segment in _changed(catalog, before)]
    added = [roster.number(segment.key) for segment in catalog.segments if segment.key not in before.versions]
    known = {segment.key for segment in catalog.segments} | {entry.key for entry in catalog.refused}
    removed = [roster.number(key) for key in roster.keys if key not in known]
    return ibis.cases(
        (rows.segment_no.isin(added), "definition" if before.versions else "first_run"),
        (rows.segment_no.isin(removed), "definition"),
        (rows.segment_no.isin(changed) & by_definition, "definition"),
        else_="person",
    )


def _entry_causes(roster: Roster, entered: ir.Table, judged: ir.Table, catalog: Catalog, before: Before) -> ir.Table:
    rows = _marked(entered, judged)
    return rows.select(*COLUMNS, cause=_causes(roster, rows, catalog, before, ~rows.by_old))


def _exit_causes(roster: Roster, left: ir.Table, judged: ir.Table, catalog: Catalog, before: Before) -> ir.Table:
    rows = _marked(left, judged)
    cause = ibis.ifelse(rows.member_no.isnull(), "gone", _causes(roster, rows, catalog, before, rows.by_old))
    return rows.select(*COLUMNS, "member_id", cause=cause)


def _marked(rows: ir.Table, judged: ir.Table) -> ir.Table:
    marked = rows.left_join(judged.mutate(by_old=True), COLUMNS)
    return marked.drop("segment_no_right", "member_no_right").fill_null({"by_old": False})


def _with_origin(roster: Roster, entries: ir.Table, splits: ir.Table) -> ir.Table:
    """Add the profile that an entering one was split from, where that one was a member."""
    numbered = splits.inner_join(roster.member, "member_id").select("member_no", "origin")
    was = roster.before.select("segment_no", origin="member_id", origin_since="since")
    carried = numbered.inner_join(was, "origin").select(*COLUMNS, "origin", "origin_since")
    carried = carried.group_by(*COLUMNS).aggregate(origin=carried.origin.min(), origin_since=carried.origin_since.min())
    joined = entries.left_join(carried, COLUMNS)
    return joined.drop("segment_no_right", "member_no_right")


def membership(changes: Changes, catalog: Catalog, previous: ir.Table) -> ir.Table:
    """Return all rows of segment_membership; ``previous`` are those that readers see."""
    entries = changes.entries
    entered = entries.select(
        "segment_key", "member_id", "definition_version", "confidence", "evidence",
        since=ibis.coalesce(entries.origin_since, ibis.literal(changes.roster.as_of)), was_holdout=ibis.literal(False),
    )  # fmt: skip
    stayed = _stayed(changes, previous)
    rows = entered.select(sorted(entered.columns)).union(stayed.select(sorted(entered.columns)))
    return with_holdouts(rows, catalog, changes.roster.customers)


def _stayed(changes: Changes, previous: ir.Table) -> ir.Table:
    """Yesterday's rows less the exits, under today's ids; of two that a merge brings together the older one."""
    was = changes.roster.before
    renamed = was.filter(was.is_renamed).select(*COLUMNS).distinct()
    met = was.semi_join(renamed, COLUMNS)
    oldest = ibis.window(group_by=COLUMNS, order_by=[met.since, met.member_id])
    dropped = met.mutate(rank=ibis.row_number().over(oldest)).filter(lambda t: t["rank"] > 0)
    gone = changes.exits.select("segment_no", "member_id").union(dropped.select("segment_no", "member_id"))
    gone = gone.inner_join(changes.roster.names, "segment_no").select("segment_key", "member_id")
    rows = previous.anti_join(gone, ["segment_key", "member_id"])
    names = was.filter(was.is_renamed).inner_join(
        changes.roster.member.select("member_no", living="member_id"), "member_no"
    )
    rows = rows.left_join(names.select("member_id", "living").distinct(), "member_id").drop("member_id_right")
    rows = rows.mutate(member_id=ibis.coalesce(rows.living, rows.member_id)).drop("living")
    return rows.rename(was_holdout="is_holdout")


def events(changes: Changes, catalog: Catalog, before: Before, sequence: int) -> ir.Table:
    """Return this run's rows of segment_event."""
    parts = (
        _merges(changes, before),
        _leaving(changes, catalog),
        _gone(changes, catalog, before),
        _arriving(changes),
    )
    rows = ibis.union(*(part.select(*EVENT_COLUMNS).cast(_EVENT_TYPES) for part in parts))
    return rows.mutate(on_date=ibis.literal(changes.roster.as_of), sequence=ibis.literal(sequence))


_EVENT_TYPES = {
    "segment_key": "string",
    "member_id": "string",
    "kind": "string",
    "other_member_id": "string",
    "cause": "string",
    "definition_version": "string",
    "confidence": "float64",
    "evidence": "string",
}
EVENT_COLUMNS = tuple(_EVENT_TYPES)


def _merges(changes: Changes, before: Before) -> ir.Table:
    """A retired id's membership goes on under the surviving one's."""
    roster = changes.roster
    rows = roster.before.filter(roster.before.is_renamed).rename(retired="member_id")
    rows = rows.inner_join(roster.member, "member_no", rname="{name}_now")
    rows = _with_versions(rows.select("segment_no", "retired", other_member_id="member_id"), roster, before)
    return rows.select(
        "segment_key", "other_member_id", "definition_version", member_id="retired", kind=ibis.literal("merge"),
        cause=ibis.literal("identity"), confidence=ibis.null("float64"), evidence=ibis.null("string"),
    )  # fmt: skip


def _leaving(changes: Changes, catalog: Catalog) -> ir.Table:
    """Exits of those who exist, from segments that there are, with the values that made them leave."""
    exits = changes.exits.filter(changes.exits.member_no.notnull()).select(*COLUMNS, "cause").distinct()
    rows = described(changes.roster, exits, changes.exited, catalog)
    return rows.mutate(kind=ibis.literal("exit"), other_member_id=ibis.null("string"))


def _gone(changes: Changes, catalog: Catalog, before: Before) -> ir.Table:
    """Exits of those who exist no longer, and from segments that exist no longer."""
    roster, exits = changes.roster, changes.exits
    sound = [roster.number(segment.key) for segment in catalog.segments]
    rows = exits.filter(exits.member_no.isnull() | ~exits.segment_no.isin(sound))
    rows = rows.left_join(roster.member.select("member_no", living="member_id"), "member_no")
    rows = rows.select("segment_no", "cause", member_id=ibis.coalesce(rows.living, rows.member_id)).distinct()
    return _with_versions(rows, roster, before).mutate(
        kind=ibis.literal("exit"),
        other_member_id=ibis.null("string"),
        confidence=ibis.null("float64"),
        evidence=ibis.null("string"),
    )


def _arriving(changes: Changes) -> ir.Table:
    rows = changes.entries
    split = rows.origin.notnull()
    return rows.mutate(
        kind=ibis.ifelse(split, "split", "entry"),
        other_member_id=rows.origin,
        cause=ibis.ifelse(split, "identity", rows.cause),
    )


def _with_versions(rows: ir.Table, roster: Roster, before: Before) -> ir.Table:
    """Add segment_key and the definition's version of the run before."""
    versions = [before.versions.get(key, "") for key in roster.keys]
    known = ibis.memtable(
        {"segment_no": range(len(versions)), "segment_key": roster.keys, "definition_version": versions}
    )
    return rows.inner_join(known.cast({"segment_no": "int16"}), "segment_no")
