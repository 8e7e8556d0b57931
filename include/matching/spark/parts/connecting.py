"""Connecting in tasks: components of the links that a task has, and links drawn together across tasks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.kernels.pairs import join_bounded
from include.matching.spark.parts.chunks import MIXED, Longs
from include.matching.spark.parts.meeting import runs, summed, where
from include.matching.spark.parts.pairs import LINKS

EDGE = pa.schema([("left", pa.int64()), ("right", pa.int64())])
LABEL = pa.schema([("at", pa.int64()), ("component", pa.int64())])
SIZES = pa.schema([("component", pa.int64()), ("count", pa.int64())])
MARKED = LINKS.append(pa.field("giant", pa.bool_()))


def labelled(edges: pa.Table) -> pa.Table:
    """Each record of the edges with the first record that it is connected with."""
    at, local = np.unique(np.concatenate([edges["left"].to_numpy(), edges["right"].to_numpy()]), return_inverse=True)
    left, right = local[: edges.num_rows].astype(np.int32), local[edges.num_rows :].astype(np.int32)
    parent, size = np.arange(len(at), dtype=np.int32), np.ones(len(at), np.int32)
    join_bounded(left, right, np.arange(edges.num_rows), len(at) + 1, parent, size)
    return pa.table([at, at[parent]], schema=LABEL)


def forest(edges: pa.Table) -> pa.Table:
    """Each record of the edges (``right``) with the first record that it is connected with, itself left out."""
    label = labelled(edges)
    moved = label.filter(pc.not_equal(label["at"], label["component"]))
    return pa.table([moved["component"], moved["at"]], schema=EDGE)


def to_the_first(edges: pa.Table) -> pa.Table:
    """The edges, all of them on the way to the first part."""
    return edges.select(EDGE.names).append_column("to", pa.array(np.zeros(edges.num_rows, np.int32)))


def both_ways(edges: pa.Table) -> pa.Table:
    """The edges from both of their ends."""
    ends = edges["left"].to_numpy(), edges["right"].to_numpy()
    return _edges(np.concatenate(ends), np.concatenate(ends[::-1]))


def larger_star(edges: pa.Table) -> pa.Table:
    """Each record's larger neighbours linked to the first of its neighbours and itself."""
    left, right, first = _with_first(edges["left"].to_numpy(), edges["right"].to_numpy())
    some = right > left
    return _edges(first[some], right[some])


def smaller_star(edges: pa.Table) -> pa.Table:
    """Each record and its smaller neighbours linked to the first of them."""
    right, left, first = _with_first(edges["right"].to_numpy(), edges["left"].to_numpy())
    return _edges(np.concatenate([first, first]), np.concatenate([left, right]))


def stars(edges: pa.Table) -> pa.Table:
    """Each record of edges that all lead from the first record of a component, that one among them."""
    roots = runs(edges["left"].to_numpy())[0]
    every = np.concatenate([edges["right"].to_numpy(), roots]), np.concatenate([edges["left"].to_numpy(), roots])
    return pa.table(list(every), schema=LABEL)


def marks(edges: pa.Table) -> pa.Table:
    """How many edges there are, and the sum of a number for each."""
    left, right = (edges[side].to_numpy().view(np.uint64) for side in EDGE.names)
    mixed = (left * MIXED ^ right) * MIXED
    return pa.table(
        {"edges": [edges.num_rows], "mark": (mixed ^ mixed >> np.uint64(31)).sum(keepdims=True).view(np.int64)}
    )


def sizes(label: pa.Table) -> pa.Table:
    """How many of some records each component has."""
    return pa.table(list(runs(label["component"].to_numpy())), schema=SIZES)


def giants(sizes: pa.Table, held: int) -> pa.Table:
    """The components of more records than are held at a time."""
    every = summed(sizes, "component", "count")
    return every.filter(pc.greater(every["count"], held))


def marked(links: pa.Table, label: pa.Table, giant: Longs) -> pa.Table:
    """The links of records of one part, and which are within giants."""
    label = label.sort_by("at")
    at, there = where(links["left"].to_numpy(), label["at"].to_numpy())
    within = there & np.isin(label["component"].to_numpy()[at], giant) if len(label) else there
    return links.append_column(MARKED.field("giant"), pa.array(within))


def contested(links: pa.Table) -> pa.Table:
    """How many links within giants are not those of decisions."""
    return pa.table({"links": [pc.sum(pc.and_(links["giant"], pc.less(links["odds"], np.inf))).as_py() or 0]})


def strong(links: pa.Table, least: float) -> pa.Table:
    """The links outside giants, and of those within them the ones of more than so many log odds."""
    odds = links["odds"].to_numpy()
    some = ~links["giant"].to_numpy(zero_copy_only=False) | (odds > np.float32(least))
    return links.select(LINKS.names).filter(pa.array(some))


def _with_first(key: Longs, other: Longs) -> tuple[Longs, Longs, Longs]:
    """Edges by their key, and the first of all that are at the same key, itself included."""
    order = np.lexsort((other, key))
    key, other = key[order], other[order]
    start = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, np.int64)
    first = np.minimum(other[start], key[start])
    return key, other, np.repeat(first, np.diff(np.append(start, len(key))))


def _edges(left: Longs, right: Longs) -> pa.Table:
    some = left != right
    return pa.table([left[some], right[some]], schema=EDGE)
