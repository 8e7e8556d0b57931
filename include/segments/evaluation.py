"""Evaluation: who is in each segment now, in the order of the segments' dependencies, each passing its guards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import ibis
import ibis.expr.types as ir

from include.contracts.measures import SOURCES
from include.segments import tree
from include.segments.catalog import Catalog, Segment
from include.segments.doubts import objections
from include.segments.expression import expression
from include.segments.guards import Movement, Verdict, judge
from include.segments.lacking import lacking_measures, lacks
from include.segments.listed import too_old
from include.segments.population import Population
from include.segments.roster import Roster
from include.storage.holding import Holding

COLUMNS = ("segment_no", "member_no")


@dataclass(frozen=True, slots=True)
class Before:
    """What the run before knew of its segments: versions, conditions, and since when they are implausible."""

    versions: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    implausible_since: Mapping[str, date] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Evaluation:
    """Who is in each segment: ``layers`` hold segment_no and member_no; segments of one layer refer to earlier ones.

    ``unknown``: of how many each condition is neither true nor false. ``fed`` are the staged tables that sources
    feed, ``unjudged`` the segments that cannot be judged, with the tables that they lack.
    """

    roster: Roster
    layers: list[ir.Table] = field(default_factory=list)
    layer_of: dict[str, int] = field(default_factory=dict)
    movements: dict[str, Movement] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    fed: frozenset[str] = frozenset(SOURCES)
    unjudged: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def now(self) -> ir.Table:
        """All memberships."""
        return ibis.union(*self.layers) if len(self.layers) > 1 else self.layers[0]

    @property
    def population(self) -> Population:
        """What conditions are asked about."""
        roster, lacking = self.roster, lacking_measures("person", self.fed)
        unjudged = frozenset(self.unjudged)
        return Population(
            roster.as_of, roster.customers, roster.accounts, self.members, unjudged, lacking, roster.events,
            above=roster.above,
        )  # fmt: skip

    def asked_by(self, segment: Segment) -> Population:
        """The same for one segment: who is not known to be in one that wins over it may be in it."""
        return replace(self.population, unjudged=self.population.unjudged - set(segment.above))

    def members(self, key: str) -> tuple[str, ir.Table]:
        """Return the level and the members' ids of a segment of an earlier layer."""
        rows = self.layers[self.layer_of[key]]
        rows = rows.filter(rows.segment_no == self.roster.number(key))
        return self.roster.levels[key], rows.inner_join(self.roster.member, "member_no").select("member_id")


def evaluate(
    roster: Roster, catalog: Catalog, before: Before, approved: Collection[str], fed: frozenset[str]
) -> Evaluation:
    """Evaluate all sound segments; one that is refused, or cannot be judged, keeps the members that it had.

    ``fed`` are the staged tables that some source feeds.
    """
    evaluation = Evaluation(roster, fed=fed)
    refused = [roster.number(entry.key) for entry in catalog.refused]
    evaluation.layers.append(roster.hold(_kept(roster, refused)))
    for number, layer in enumerate(layers(catalog.segments), 1):
        with Holding(roster.engine).briefly() as meanwhile:
            states = _states(layer, evaluation, meanwhile)
            found = roster.hold(_found(layer, states, roster))
            evaluation.unknown.update(_unknown(layer, states))
        _judge(evaluation, layer, found, before, approved)
        evaluation.unjudged.update(_unjudged(layer, evaluation))
        held = [s for s in layer if evaluation.verdicts[s.key].is_held or s.key in evaluation.unjudged]
        kept = roster.hold(_with_held(evaluation, found, held)) if held else found
        evaluation.layers.append(kept)
        evaluation.layer_of.update({segment.key: number for segment in layer})
    return evaluation


def layers(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Group segments, which come in order, so that each refers to earlier groups only."""
    depth: dict[str, int] = {}
    for segment in segments:
        depth[segment.key] = 1 + max((depth[key] for key in tree.segments(segment.condition)), default=-1)
    return [[s for s in segments if depth[s.key] == n] for n in sorted(set(depth.values()))]


def _states(layer: Sequence[Segment], evaluation: Evaluation, hold: Holding) -> dict[str, ir.Table]:
    """Of each level member_no, and by the keys of its segments whether their conditions are true."""
    found = {}
    for level in dict.fromkeys(segment.level for segment in layer):
        asked = {s.key: expression(s.condition, level, evaluation.asked_by(s)) for s in layer if s.level == level}
        found[level] = hold(evaluation.population.of(level).select("member_no", **asked))
    return found


def _found(layer: Sequence[Segment], states: Mapping[str, ir.Table], roster: Roster) -> ir.Table:
    """Those for whom the condition is true."""
    parts = []
    for segment in layer:
        rows = states[segment.level]
        number = ibis.literal(roster.number(segment.key), type="int16")
        parts.append(rows.filter(rows[segment.key]).select(segment_no=number, member_no=rows.member_no))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _unjudged(layer: Sequence[Segment], evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Those that lack a source and find nobody, as nobody can be judged for want of it; with the tables they lack."""
    events = evaluation.roster.events
    kinds = events.tables if events else {}
    found = {segment.key: _lacks(segment, evaluation, kinds) for segment in layer}
    levels = {segment.key: segment.level for segment in layer if found[segment.key]}
    nobody = {level: _is_empty(evaluation.population.of(level)) for level in set(levels.values())}
    return {
        key: found[key]
        for key, level in levels.items()
        if not evaluation.movements[key].size and (evaluation.unknown[key] or nobody[level])
    }


def _lacks(segment: Segment, evaluation: Evaluation, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """The tables that it lacks, and a sentence for each list that is too old."""
    tables = lacks(segment, evaluation.fed, evaluation.unjudged, kinds)
    return tuple(dict.fromkeys((*tables, *too_old(segment.condition, evaluation.roster.as_of))))


def _is_empty(rows: ir.Table) -> bool:
    return not rows.limit(1).count().to_pyarrow().as_py()


def _unknown(layer: Sequence[Segment], states: Mapping[str, ir.Table]) -> dict[str, int]:
    """Count of each segment those for whom its condition is neither true nor false."""
    found: dict[str, int] = {}
    for level, rows in states.items():
        keys = [segment.key for segment in layer if segment.level == level]
        (row,) = rows.aggregate(**{key: rows[key].isnull().sum() for key in keys}).to_pyarrow().to_pylist()
        found.update({key: int(count or 0) for key, count in row.items()})
    return found


def _judge(
    evaluation: Evaluation,
    layer: Sequence[Segment],
    found: ir.Table,
    before: Before,
    approved: Collection[str],
) -> None:
    numbers = [evaluation.roster.number(segment.key) for segment in layer]
    was = evaluation.roster.before
    was = was.filter(was.segment_no.isin(numbers) & was.member_no.notnull()).select(*COLUMNS).distinct()
    sizes, sizes_before = counts(found), counts(was)
    entered, exited = counts(found.anti_join(was, COLUMNS)), counts(was.anti_join(found, COLUMNS))
    for number, segment in zip(numbers, layer, strict=True):
        movement = Movement(
            sizes.get(number, 0),
            sizes_before.get(number, 0),
            entered.get(number, 0),
            exited.get(number, 0),
        )
        evaluation.movements[segment.key] = movement
        since = before.implausible_since.get(segment.key)
        told = _objections(segment, evaluation.population, before)
        as_of = evaluation.roster.as_of
        evaluation.verdicts[segment.key] = judge(segment, movement, as_of, since, approved, objections=told)


def _objections(segment: Segment, population: Population, before: Before) -> tuple[str, ...]:
    """What can hardly be meant of a definition that readers do not have already, or that was held for it."""
    is_known = before.versions.get(segment.key) == segment.version and segment.key not in before.implausible_since
    return () if is_known else objections(segment.condition, segment.level, population)


def counts(rows: ir.Table) -> dict[int, int]:
    """Return the number of rows of each segment_no."""
    counted = rows.group_by("segment_no").aggregate(size=rows.count()).to_pyarrow()
    return dict(zip(counted["segment_no"].to_pylist(), counted["size"].to_pylist(), strict=True))


def _with_held(evaluation: Evaluation, found: ir.Table, held: Sequence[Segment]) -> ir.Table:
    """Replace what held segments found by what readers see, less those whom an exclusive group now gives to another."""
    roster = evaluation.roster
    parts = [found.filter(~found.segment_no.isin([roster.number(segment.key) for segment in held]))]
    for segment in held:
        rows = _kept(roster, [roster.number(segment.key)])
        if segment.above:
            base = evaluation.population.of(segment.level)
            excluded = tree.And(tuple(tree.Not(tree.InSegment(key)) for key in segment.above))
            free = base.filter(expression(excluded, segment.level, evaluation.population))
            rows = rows.semi_join(free, "member_no")
        parts.append(rows)
    return ibis.union(*parts)


def _kept(roster: Roster, numbers: Sequence[int]) -> ir.Table:
    """The members that the segments had, as far as they still exist."""
    rows = roster.before
    return rows.filter(rows.segment_no.isin(list(numbers)) & rows.member_no.notnull()).select(*COLUMNS).distinct()
