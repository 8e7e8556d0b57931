"""Rivals in tasks: claims of firm clusters on each other, and pairs weighed by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.judgement import Judge
from include.matching.pairs.tally import grains
from include.matching.rivals import (
    WEAKEST,
    Claims,
    Rivals,
    Sides,
    allies,
    claims_of,
    contested,
    said_of,
    taken_from,
    weighed,
    weight,
)
from include.matching.spark.parts.packing import levels_of, packed, unpacked
from include.matching.spark.parts.pairs import COMPARED, SCORED
from include.matching.spark.table import Table

CLAIM = -1  # instead of a rule: claims, on their way to the tasks that cluster


def claimed(pairs: pa.Table, prior: float) -> pa.Table:
    """The claims of pairs of records (the firm clusters of both, ``one`` the smaller), each claim's pairs together."""
    ends = [pairs[side].to_numpy() for side in ("one", "other")]
    numbers, local = np.unique(np.concatenate(ends), return_inverse=True)
    one, other = local[: pairs.num_rows].astype(np.int32), local[pairs.num_rows :].astype(np.int32)
    same = np.arange(len(numbers), dtype=np.int32)
    found = claims_of(one, other, pairs["odds"].to_numpy(), same, prior)
    return pa.table({"one": numbers[found.left], "other": numbers[found.right], "odds": found.odds, "few": found.few})


def strong_twos(sides: pa.Table) -> pa.Table:
    """Each two of the strong claims of a cluster: those that may be claims of one person."""
    sides = sides.filter(pc.greater(sides["odds"], WEAKEST))
    node, other = sides["node"].to_numpy(), sides["other"].to_numpy()
    order = np.lexsort((other, node))
    node, other = node[order], other[order]
    start = np.flatnonzero(np.diff(node, prepend=-1))
    size = np.diff(np.append(start, len(node)))
    later = np.repeat(start + size, size) - np.arange(len(node)) - 1  # claims of the cluster after each
    one = np.repeat(np.arange(len(node)), later)
    two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    return pa.table({"bucket": sides["bucket"].take(pa.array(order[one])), "one": other[one], "other": other[two]})


def contested_sides(sides: pa.Table, between: pa.Table, prior: float) -> pa.Table:
    """What each claim of whole clusters has against it; ``between``: the claims of their rivals on each other."""
    sides = sides.sort_by([("node", "ascending"), ("other", "ascending")])
    ends = [sides["node"], sides["other"], between["one"], between["other"]]
    numbers, local = np.unique(np.concatenate([end.to_numpy() for end in ends]), return_inverse=True)
    node, other, one, two = np.split(local.astype(np.int64), np.cumsum([len(end) for end in ends[:-1]]))
    size = np.zeros(len(numbers), np.int64)
    size[node], size[other] = sides["size_node"].to_numpy(), sides["size_other"].to_numpy()
    of = Sides(node, other, sides["odds"].to_numpy())
    pairs = one << 32 | two
    order = np.argsort(pairs)
    known = Claims(pairs[order], between["odds"].to_numpy()[order], np.zeros(len(order)))
    against = contested(of, sides["inbound"].to_numpy(), allies(of, known, size, prior))
    return pa.table([sides["node"], sides["other"], against], names=["node", "other", "against"])


def inbound(sides: pa.Table) -> pa.Table:
    """Claims with what each weighs as the other cluster makes it, given what there is ``against`` it there."""
    said = weight(sides["odds"].to_numpy(), sides["against"].to_numpy())
    return sides.drop_columns(["against"]).append_column("inbound", pa.array(said))


def taken(sides: pa.Table) -> pa.Table:
    """What all claims take from a pair of each cluster that is no claim."""
    sides = sides.sort_by([("node", "ascending"), ("other", "ascending")])
    numbers, node = np.unique(sides["node"].to_numpy(), return_inverse=True)
    _, lost = taken_from(Sides(node, node, np.zeros(0)), sides["inbound"].to_numpy())
    return pa.table({"firm": numbers, "taken": lost})


def grains_of(claims: pa.Table) -> pa.Table:
    """The tallies of claims before and after rivals have spoken against them."""
    odds, against = claims["odds"].to_numpy(), claims["against"].to_numpy()
    rows = []
    for part, said in enumerate((odds, odds - against)):
        grain, count = np.unique(grains(said), return_counts=True)
        rows.append(pa.table({"part": np.full(len(grain), part, np.int32), "grain": grain, "count": count}))
    return pa.concat_tables(rows)


def weighed_pairs(pairs: pa.Table, table: Table, judge: Judge, back: float) -> pa.Table:
    """Scored pairs, with what the table says of their records' firm clusters beside them, weighed."""
    odds, levels = pairs["odds"].to_numpy(), levels_of(pairs)
    asked = ("l_firm", "r_firm", "l_taken", "r_taken")
    one, other, taken_one, taken_other = (pairs[name].to_numpy() for name in asked)
    claim = np.stack([pc.fill_null(pairs[name], np.nan).to_numpy() for name in ("claim", "against", "few")])
    now = weighed(odds, one == other, (taken_one, taken_other), claim, back)
    lexicon, size = table.layout.lexicon, pairs.num_rows
    names = None
    if lexicon is not None:
        first = np.concatenate([pairs["l_first"].to_numpy(), pairs["r_first"].to_numpy()]).astype(np.int32)
        names = replace(lexicon.names, first=first)
    said = judge.verdicts(names, np.arange(size), np.arange(size, 2 * size), levels, odds)
    return pa.table([*(pairs[n] for n in COMPARED.names), pa.array(said_of(said, now).logits)], schema=SCORED)


def rivals_among(members: pa.Table, claims: pa.Table, back: float) -> Rivals:
    """The rivals of a part's records; a firm cluster is numbered by a record that may stand in another part."""
    firm, cluster = np.unique(members["firm"].to_numpy(), return_inverse=True)
    taken = np.zeros(len(firm))
    taken[cluster] = members["taken"].to_numpy()
    one, other = (np.searchsorted(firm, claims[side].to_numpy()).astype(np.int64) for side in ("left", "right"))
    odds, against, few = unpacked(claims["levels"], np.float64)[:3] if claims.num_rows else np.zeros((3, 0))
    pairs = one << 32 | other
    order = np.argsort(pairs)
    return Rivals(cluster.astype(np.int32), Claims(pairs[order], odds[order], few[order]), against[order], taken, back)


def as_pairs(claims: pa.Table) -> pa.Table:
    """Claims as rows of pairs of no rule, to go where those go."""
    both = packed(np.stack([claims[name].to_numpy() for name in ("odds", "against", "few")]))
    of = np.full(claims.num_rows, CLAIM, np.int32)
    return pa.table([claims["one"], claims["other"], of, both, np.zeros(len(of), np.float32)], schema=SCORED)
