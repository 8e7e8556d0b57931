"""The numbers of clusters: dense, in the order of the records that clusters are known by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.matching.spark.parts.chunks import Longs
from include.matching.spark.parts.meeting import of_records, runs, stand, where
from include.matching.spark.table import Places

ROOTED = pa.schema([("at", pa.int64()), ("id", pa.string()), ("root", pa.int64()), ("odds", pa.float32())])
ASKED = pa.schema([("root", pa.int64()), ("home", pa.int32())])
COUNTED = pa.schema([("part", pa.int32()), ("roots", pa.int64())])
NUMBERED = pa.schema([("root", pa.int64()), ("cluster", pa.int64())])
ALONE = 1e30  # log odds by which a record that is linked to none is a cluster


def rooted(found: pa.Table, ids: pa.Table) -> pa.Table:
    """Each record of a part with the record that its cluster is known by, itself where it is alone."""
    ids = of_records([ids])
    at = ids["at"].to_numpy()
    root, odds = at.copy(), np.full(len(at), ALONE, np.float32)
    place = stand(found, "at", ids)
    root[place], odds[place] = found["root"].to_numpy(), found["odds"].to_numpy()
    return pa.table([at, ids["id"], root, odds], schema=ROOTED)


def asked(rooted: pa.Table, places: Places) -> pa.Table:
    """The clusters of a part's records, on the way to where they are numbered; ``home``: the part that asks."""
    roots = runs(rooted["root"].to_numpy())[0]
    home = np.repeat(places.part_of(rooted["at"].to_numpy()[:1]), len(roots))
    return places.sent(pa.table([roots, home], schema=ASKED), "root")


def counted(asked: pa.Table, places: Places) -> pa.Table:
    """How many clusters are known by records of a part."""
    roots = runs(asked["root"].to_numpy())[0]
    return pa.table([places.part_of(roots[:1]), np.array([len(roots)])], schema=COUNTED)


def numbered(asked: pa.Table, places: Places, first: Longs) -> pa.Table:
    """The number of each cluster, on the way to the parts that ask; ``first``: that of each part's first cluster."""
    root = asked["root"].to_numpy()
    roots = runs(root)[0]
    number = first[places.part_of(roots[:1])[0]] + np.searchsorted(roots, root)
    return pa.table([root, number, asked["home"]], names=[*NUMBERED.names, "to"])


def named(rooted: pa.Table, numbers: pa.Table) -> pa.Table:
    """Records with the number of their cluster."""
    numbers = numbers.sort_by("root")
    at, _ = where(rooted["root"].to_numpy(), numbers["root"].to_numpy())
    return rooted.append_column("cluster", numbers["cluster"].take(pa.array(at)))
