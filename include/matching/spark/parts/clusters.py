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
from include.matching.kernels.pairs import join_bounded
from include.matching.memory import InMemory
from include.matching.pairs.blocking import Candidates, KeyRows
from include.matching.pairs.tally import Tally
from include.matching.spark.parts.blocks import Dropped, zeroed
from include.matching.spark.parts.claims import CLAIM, rivals_among
from include.matching.spark.parts.packing import levels_of, packed, unpacked
from include.matching.spark.parts.pairs import SCORED
from include.matching.spark.table import Table

Longs = npt.NDArray[np.int64]
ALWAYS, NEVER = -2, -3  # instead of a rule: bound pairs, on their way to the tasks that cluster them
TALLIES = ("within", "apart", "inside")  # what is found of pairs by their log odds
FOUND = pa.schema(
    [("what", pa.string()), ("a", pa.int64()), ("b", pa.int64()), ("odds", pa.float32()), ("levels", pa.binary())]
)


def forest(edges: pa.Table) -> pa.Table:
    """Each record of the edges (``right``) with the first record that it is connected with, itself left out."""
    label = labelled(edges)
    moved = label.filter(pc.not_equal(label["at"], label["component"]))
    return pa.table({"left": moved["component"], "right": moved["at"]})


def labelled(edges: pa.Table) -> pa.Table:
    """Each record of the edges with the first record that it is connected with."""
    at, local = np.unique(np.concatenate([edges["left"].to_numpy(), edges["right"].to_numpy()]), return_inverse=True)
    left, right = local[: edges.num_rows].astype(np.int32), local[edges.num_rows :].astype(np.int32)
    parent, size = np.arange(len(at), dtype=np.int32), np.ones(len(at), np.int32)
    join_bounded(left, right, np.arange(edges.num_rows), len(at) + 1, parent, size)
    return pa.table({"at": at, "component": at[parent]})


def part_of(  # noqa: PLR0917  what a part is made of
    members: pa.Table,
    pairs: pa.Table,
    table: Table,
    judge: Judge,
    dropped: Dropped,
    back: float = 0.0,
) -> tuple[InMemory, Longs]:
    """Some records and the pairs among them as a table in memory, and the place of each of its records."""
    rules = table.rules
    assert rules is not None
    members = members.sort_by("at")
    at = members["at"].to_numpy()
    claims, always, never = (pairs.filter(pc.equal(pairs["rule"], what)) for what in (CLAIM, ALWAYS, NEVER))
    pairs = pairs.filter(pc.greater_equal(pairs["rule"], 0))
    pairs = pairs.sort_by([("rule", "ascending"), ("left", "ascending"), ("right", "ascending")])
    left, right = (np.searchsorted(at, pairs[side].to_numpy()).astype(np.int32) for side in ("left", "right"))
    keys = zeroed(unpacked(members["keys"], np.uint32), rules, dropped)
    plain = rules.ends[: rules.plain]
    rows = KeyRows(np.ascontiguousarray(keys[: plain[-1] if plain else 0]), np.array(plain, np.int64))
    last = max(len(rules.names), int(pairs["rule"].to_numpy().max(initial=-1)) + 1)
    ends = np.searchsorted(pairs["rule"].to_numpy(), np.arange(last), side="right")
    work = object.__new__(InMemory)
    work.features, work.spec, work.records, work.groups = table.features(members), table.spec, len(at), judge.groups
    work.candidates = Candidates(left, right, ends, tuple(map(str, range(last))), rows, [])
    work.levels, work.logits = levels_of(pairs), pairs["odds"].to_numpy()
    bound = pa.concat_tables([always, never])
    one, other = (np.searchsorted(at, bound[side].to_numpy()).astype(np.int32) for side in ("left", "right"))
    work.ruling = Ruling(one, other, np.arange(bound.num_rows) < always.num_rows)
    if "firm" in members.column_names:
        work.rivals = rivals_among(members, claims, back)
    return work, at


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


def to_be_drawn(sizes: pa.Table, step: int, limit: int) -> pa.Table:
    """The components that ``sampled`` draws, and those that it may draw a part of."""
    component, size = (sizes[name].to_numpy() for name in ("component", "count"))
    return sizes.select(["component"]).filter(pa.array(is_drawn(component, step) | (size > limit)))


def sampled(work: InMemory, at: Longs, step: int) -> pa.Table:
    """The pairs of a part's components that are drawn."""
    some = components_drawn(work.candidates, work.logits, work.spec.largest_cluster, step=step, at=at)
    return pa.table({"left": at[work.candidates.left[some]], "right": at[work.candidates.right[some]]})


def _tally(what: str, tally: Tally) -> pa.Table:
    return _found(what, a=tally.counts, odds=tally.odds)


def _found(what: str, **columns: Any) -> pa.Table:
    size = len(columns["a"])
    given = {"what": pa.array([what] * size), **columns}
    return pa.table([given.get(f.name, pa.nulls(size, f.type)) for f in FOUND], schema=FOUND)
