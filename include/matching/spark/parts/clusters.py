"""Clustering in tasks: whole components as a table in memory, and what is found of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.clustering import Clusters, Ruling, conflicts_in, is_drawn
from include.matching.clustering import sample as components_drawn
from include.matching.judgement import Judge
from include.matching.memory import InMemory
from include.matching.pairs.blocking import Candidates
from include.matching.pairs.tally import Tally
from include.matching.records.columns import Codes
from include.matching.spark.parts.meeting import of_records, stand, where
from include.matching.spark.parts.packing import levels_of, packed, unpacked
from include.matching.spark.parts.pairs import SCORED
from include.matching.spark.parts.weighing import CLAIM, rivals_among
from include.matching.spark.table import Places, Rules, Table

Longs = npt.NDArray[np.int64]
ALWAYS, NEVER = -2, -3  # instead of a rule: bound pairs, on their way to the tasks that cluster them
TALLIES = ("within", "apart", "inside")  # what is found of pairs by their log odds
FOUND = pa.schema(
    [("what", pa.string()), ("a", pa.int64()), ("b", pa.int64()), ("odds", pa.float32()), ("levels", pa.binary())]
)
COUNTS = pa.schema(
    [("what", pa.string()), ("odds", pa.float32()), ("levels", pa.binary()), ("rows", pa.int64()), ("sum", pa.int64()),
     ("most", pa.int64())]
)  # fmt: skip
KEYS = pa.schema([("at", pa.int64()), ("keys", pa.binary())])
WEIGHED = pa.schema([("at", pa.int64()), ("firm", pa.int64()), ("taken", pa.float64())])
CLUSTER = pa.schema([("at", pa.int64()), ("root", pa.int64()), ("odds", pa.float32())])
PAIR = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("odds", pa.float32())])


def clusters_in(found: pa.Table, places: Places) -> pa.Table:
    """Records and the clusters that they were found to be of, on the way to their parts."""
    found = found.filter(pc.equal(found["what"], "cluster"))
    return places.sent(pa.table([found[name] for name in ("a", "b", "odds")], schema=CLUSTER), "at")


def added_in(found: pa.Table) -> pa.Table:
    """The pairs that closure added."""
    found = found.filter(pc.equal(found["what"], "extra"))
    return pa.table([found[name] for name in ("a", "b", "odds")], schema=PAIR)


def members_of(label: pa.Table, rows: pa.Table, keys: pa.Table, *more: pa.Table, buckets: int) -> pa.Table:
    """The labelled records of a part with all that is known of them, on the way to their buckets."""
    of = of_records([rows, keys, *more])
    found = of.take(pa.array(stand(label, "at", of)))
    return _in_buckets(found.append_column("component", label["component"]), buckets)


def without_first(of: pa.Table) -> pa.Table:
    """What is known of the firm clusters of records, but for their names."""
    return of.select(WEIGHED.names)


def inside_of(pairs: pa.Table, label: pa.Table, *, buckets: int) -> pa.Table:
    """The pairs whose right record is labelled, on the way to the bucket of its component."""
    label = label.sort_by("at")
    at, there = where(pairs["right"].to_numpy(), label["at"].to_numpy())
    component = label["component"].take(pa.array(at[there]))
    return _in_buckets(pairs.filter(pa.array(there)).append_column("component", component), buckets)


def _in_buckets(rows: pa.Table, buckets: int) -> pa.Table:
    bucket = (rows["component"].to_numpy() % buckets).astype(np.int32)
    return rows.append_column("to", pa.array(bucket))


def bucketed(members: pa.Table, inside: pa.Table, *claims: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The records of a bucket, and the pairs within its components with the claims that concern them."""
    members = members.sort_by("at")
    at, there = where(inside["left"].to_numpy(), members["at"].to_numpy())
    if members.num_rows:
        there = there & (members["component"].to_numpy()[at] == inside["component"].to_numpy())
    inside = inside.filter(pa.array(there))
    return members.drop_columns(["component"]), pa.concat_tables([of.select(SCORED.names) for of in (inside, *claims)])


def part_of(
    members: pa.Table, pairs: pa.Table, table: Table, judge: Judge, back: float = 0.0
) -> tuple[InMemory, Longs]:
    """Some records and the pairs among them as a table in memory, and the place of each of its records."""
    members = members.sort_by("at")
    at = members["at"].to_numpy()
    claims, always, never = (pairs.filter(pc.equal(pairs["rule"], what)) for what in (CLAIM, ALWAYS, NEVER))
    pairs = pairs.filter(pc.greater_equal(pairs["rule"], 0))
    pairs = pairs.sort_by([("rule", "ascending"), ("left", "ascending"), ("right", "ascending")])
    work = object.__new__(InMemory)
    work.features, work.spec, work.records, work.groups = table.features(members), table.spec, len(at), judge.groups
    work.candidates = _candidates(members, pairs, table.known_rules)
    work.levels, work.logits = levels_of(pairs), pairs["odds"].to_numpy()
    bound = pa.concat_tables([always, never])
    work.ruling = Ruling(*_ends(bound, at), np.arange(bound.num_rows) < always.num_rows)
    if "firm" in members.column_names:
        work.rivals = rivals_among(members, claims, back)
    return work, at


def _candidates(members: pa.Table, pairs: pa.Table, rules: Rules) -> Candidates:
    """The pairs, in the order of the rules that listed them, as one machine has them."""
    rule = pairs["rule"].to_numpy()
    number = max(len(rules.names), int(rule.max(initial=-1)) + 1)
    ends = np.searchsorted(rule, np.arange(number), side="right")
    keys = rules.plain_rows(unpacked(members["keys"], np.uint32))
    return Candidates(*_ends(pairs, members["at"].to_numpy()), ends, tuple(map(str, range(number))), keys, [])


def _ends(pairs: pa.Table, at: Longs) -> tuple[Codes, Codes]:
    """Where the two records of each pair stand among those at these places."""
    left, right = (np.searchsorted(at, pairs[side].to_numpy()).astype(np.int32) for side in ("left", "right"))
    return left, right


def bound_as_pairs(ruling: pa.Table) -> pa.Table:
    """Bound pairs of records as rows of pairs of no rule, to go where those go."""
    size = ruling.num_rows
    of = np.where(ruling["together"].to_numpy(zero_copy_only=False), ALWAYS, NEVER).astype(np.int32)
    nothing = pa.array([b""] * size, pa.binary())
    return pa.table([ruling["left"], ruling["right"], of, nothing, np.zeros(size, np.float32)], schema=SCORED)


def clustered(work: InMemory, at: Longs, judge: Judge, *, threshold: float, chain: bool) -> pa.Table:
    """What was found of a part: clusters, the pairs that closure added, tallies and patterns."""
    if not len(work.levels):
        work.levels = np.zeros((len(work.groups), 0), np.uint8)
    within, apart = work.cluster(judge, threshold=threshold, chain=chain)
    found: Clusters = work.clusters
    counts = [_tally("within", within), _tally("apart", apart), _tally("inside", Tally.of(work.logits))]
    patterns = [
        _found(what, a=one.counts, levels=packed(one.levels))
        for what, one in zip(("listed", "added"), work.joined(), strict=True)
    ]
    return pa.concat_tables(
        [
            _found("cluster", a=at, b=at[found.cluster], odds=found.weakest),
            _found("extra", a=at[found.extra_left], b=at[found.extra_right], odds=found.extra_logits),
            _found("components", a=np.array([found.largest_component]), b=np.array([found.components])),
            _found("conflicts", a=np.array([conflicts_in(found, work.ruling)])),
            *counts,
            *patterns,
        ]
    )


def to_be_drawn(label: pa.Table, step: int, limit: int, places: Places) -> pa.Table:
    """The records of the components that ``sampled`` draws, and of those that it may draw a part of."""
    _, which, size = np.unique(label["component"].to_numpy(), return_inverse=True, return_counts=True)
    some = is_drawn(label["component"].to_numpy(), step) | (size[which] > limit)
    return places.sent(label.filter(pa.array(some)), "at")


def sampled(work: InMemory, at: Longs, step: int, places: Places) -> pa.Table:
    """The pairs of a part's components that are drawn, on the way to the part of their right record."""
    of = work.candidates
    some = np.flatnonzero(components_drawn(of, work.logits, work.spec.largest_cluster, step=step, at=at))
    ends = [pa.array(at[of.left[some]]), pa.array(at[of.right[some]])]
    said = [pa.array(of.rule_of(some).astype(np.int32)), packed(work.levels[:, some]), pa.array(work.logits[some])]
    return places.sent(pa.table([*ends, *said], schema=SCORED), "right")


def counted(found: pa.Table) -> pa.Table:
    """What is found of a part, added up: tallies by their log odds, patterns by their levels, all else by kind."""
    found = found.filter(pc.not_equal(found["what"], "cluster"))
    tallied = pc.is_in(found["what"], value_set=pa.array(TALLIES))
    odds = pc.if_else(tallied, found["odds"], pa.scalar(None, pa.float32()))
    number = pc.if_else(pc.not_equal(found["what"], "extra"), found["a"], pa.scalar(None, pa.int64()))
    every = pa.table({"what": found["what"], "odds": odds, "levels": found["levels"], "a": number, "b": found["a"]})
    asked = [("b", "count"), ("a", "sum"), ("a", "max")]
    return every.group_by(["what", "odds", "levels"]).aggregate(asked).rename_columns(COUNTS.names).cast(COUNTS)


def _tally(what: str, tally: Tally) -> pa.Table:
    return _found(what, a=tally.counts, odds=tally.odds)


def _found(what: str, **columns: Any) -> pa.Table:
    size = len(columns["a"])
    given = {"what": pa.array([what] * size), **columns}
    return pa.table([given.get(f.name, pa.nulls(size, f.type)) for f in FOUND], schema=FOUND)
