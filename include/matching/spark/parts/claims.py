"""Claims in tasks: what firm clusters have to say of each other, and what there is against each claim."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.claims import Claims, Expected, by_size, claims_of
from include.matching.pairs.tally import grains
from include.matching.rivals import WEAKEST, Sides, allies, contested, taken_from, weight
from include.matching.spark.parts.chunks import Longs
from include.matching.spark.parts.meeting import of_records, runs, stand, summed, where
from include.matching.spark.table import Places

FIRM = pa.schema([("at", pa.int64()), ("firm", pa.int64()), ("first", pa.int32())])
SIZES = pa.schema([("firm", pa.int64()), ("size", pa.int64())])
HALF = pa.schema([("left", pa.int64()), ("firm", pa.int64()), ("odds", pa.float32())])
BETWEEN_FIRM = pa.schema([("one", pa.int64()), ("other", pa.int64()), ("odds", pa.float32())])
BETWEEN = pa.schema([("one", pa.int64()), ("other", pa.int64()), ("odds", pa.float64())])
CLAIMED = BETWEEN.append(pa.field("few", pa.float64()))
CLAIMS = CLAIMED.append(pa.field("against", pa.float64()))
HALF_SIZED = CLAIMED.append(pa.field("size_one", pa.int64()))
SIZED = HALF_SIZED.append(pa.field("size_other", pa.int64()))
SIDES = pa.schema(
    [("node", pa.int64()), ("other", pa.int64()), ("odds", pa.float64()), ("size_node", pa.int64()),
     ("size_other", pa.int64()), ("inbound", pa.float64())]
)  # fmt: skip
TWOS = pa.schema([("one", pa.int64()), ("other", pa.int64()), ("home", pa.int32())])
AGAINST = pa.schema([("node", pa.int64()), ("other", pa.int64()), ("against", pa.float64())])
EITHER = pa.schema([("one", pa.int64()), ("other", pa.int64()), ("against", pa.float64())])
TAKEN = pa.schema([("firm", pa.int64()), ("taken", pa.float64())])
OF_RECORDS = pa.schema([("at", pa.int64()), ("firm", pa.int64()), ("first", pa.int32()), ("taken", pa.float64())])
GRAINS = pa.schema([("grain", pa.int64()), ("count", pa.int64())])
EXPECTED = pa.schema([("number", pa.int64()), ("sizes", pa.int64())])
CLUSTERS = pa.schema([("size", pa.int64()), ("clusters", pa.int64())])


def claimed(pairs: pa.Table, prior: float) -> pa.Table:
    """The claims of pairs of records (the firm clusters of both, ``one`` the smaller), each claim's pairs together."""
    ends = [pairs[side].to_numpy() for side in ("one", "other")]
    numbers, local = np.unique(np.concatenate(ends), return_inverse=True)
    one, other = local[: pairs.num_rows].astype(np.int32), local[pairs.num_rows :].astype(np.int32)
    found = claims_of(one, other, pairs["odds"].to_numpy(), prior)
    return pa.table([numbers[found.left], numbers[found.right], found.odds, found.few], schema=CLAIMED)


def firm_of(found: pa.Table, rows: pa.Table) -> pa.Table:
    """The firm cluster of each record of a part, itself where it is in none, and, where there are names, its first."""
    rows = of_records([rows])
    at = rows["at"].to_numpy()
    firm = at.copy()
    firm[stand(found, "at", rows)] = found["root"].to_numpy()
    first = rows["first"] if "first" in rows.column_names else np.full(len(at), -1, np.int32)
    return pa.table([at, firm, first], schema=FIRM)


def sizes(firm: pa.Table, places: Places) -> pa.Table:
    """How many records of a part each firm cluster has, on the way to where they are added up."""
    return places.sent(pa.table(list(runs(firm["firm"].to_numpy())), schema=SIZES), "firm")


def whole_sizes(sizes: pa.Table) -> pa.Table:
    """How many records each firm cluster has, in their order."""
    return summed(sizes, "firm", "size").sort_by("firm")


def right_firm(pairs: pa.Table, firm: pa.Table, places: Places) -> pa.Table:
    """Pairs with the firm cluster of their right record, on the way to the part of the left one."""
    firm = of_records([firm])
    of = firm["firm"].take(pa.array(stand(pairs, "right", firm)))
    found = pa.table([pairs["left"], of, pairs["odds"]], schema=HALF)
    return places.sent(found, "left")


def between_firm(pairs: pa.Table, firm: pa.Table, places: Places) -> pa.Table:
    """The pairs of two firm clusters, ``one`` the smaller, on the way to that one's part."""
    firm = of_records([firm])
    left = firm["firm"].to_numpy()[stand(pairs, "left", firm)]
    right = pairs["firm"].to_numpy()
    ends = [np.minimum(left, right), np.maximum(left, right)]
    found = pa.table([*ends, pairs["odds"]], schema=BETWEEN_FIRM).filter(pa.array(left != right))
    return places.sent(found, "one")


def sized(claims: pa.Table, sizes: pa.Table, end: str, then: str, places: Places) -> pa.Table:
    """Claims with how many records the cluster at one ``end`` has, on the way to the part of another."""
    sizes = sizes.sort_by("firm")
    at, _ = where(claims[end].to_numpy(), sizes["firm"].to_numpy())
    return places.sent(claims.append_column(f"size_{end}", sizes["size"].take(pa.array(at))), then)


def expected(claims: pa.Table) -> pa.Table:
    """How many claims are expected to hold, and of clusters of what sizes."""
    found = Expected.of(claims["odds"].to_numpy(), _product(claims))
    return pa.table([[found.number], [found.sizes]], schema=EXPECTED)


def clusters_of(sizes: pa.Table) -> pa.Table:
    """How many clusters have each size."""
    return pa.table(list(runs(sizes["size"].to_numpy())), schema=CLUSTERS)


def told_by_size(claims: pa.Table, power: float) -> pa.Table:
    """Claims, their odds by the sizes of their clusters too."""
    odds = by_size(claims["odds"].to_numpy(), _product(claims), power)
    return claims.set_column(claims.column_names.index("odds"), "odds", pa.array(odds))


def _product(claims: pa.Table) -> Longs:
    """The product of the sizes of both clusters of each claim."""
    return np.asarray(claims["size_one"].to_numpy() * claims["size_other"].to_numpy())


def both_sides(claims: pa.Table, places: Places) -> pa.Table:
    """Claims as each of their clusters has them, on the way to that one's part."""
    turns = [("one", "other", "odds", "size_one", "size_other"), ("other", "one", "odds", "size_other", "size_one")]
    sides = [claims.select(names).rename_columns(SIDES.names[:-1]) for names in turns]
    every = pa.concat_tables(sides)
    said = weight(every["odds"].to_numpy(), np.zeros(every.num_rows))
    return places.sent(every.append_column("inbound", pa.array(said)), "node")


def strong_twos(sides: pa.Table, places: Places) -> pa.Table:
    """Each two of the strong claims of a cluster, once in a part, on the way to where their claims are.

    Strong are those that may be claims of one person; ``home``: the part that asks.
    """
    home = places.part_of(sides["node"].to_numpy()[:1])
    sides = sides.filter(pc.greater(sides["odds"], WEAKEST))
    node, other = sides["node"].to_numpy(), sides["other"].to_numpy()
    order = np.lexsort((other, node))
    node, other = node[order], other[order]
    start = np.flatnonzero(np.diff(node, prepend=-1))
    size = np.diff(np.append(start, len(node)))
    later = np.repeat(start + size, size) - np.arange(len(node)) - 1  # claims of the cluster after each
    one = np.repeat(np.arange(len(node)), later)
    two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    found = pa.table([other[one], other[two], np.full(len(one), home[0], np.int32)], schema=TWOS)
    return places.sent(found, "one")


def between(twos: pa.Table, claims: pa.Table) -> pa.Table:
    """The claims that two clusters have on each other, on the way to the parts that ask."""
    twos = twos.group_by(TWOS.names).aggregate([])
    table = pa.table({name: claims[name] for name in ("one", "other", "odds")})
    found = twos.join(table, ["one", "other"], join_type="inner")
    return pa.table([found[name] for name in ("one", "other", "odds", "home")], names=[*BETWEEN.names, "to"])


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
    return pa.table([sides["node"], sides["other"], against], schema=AGAINST)


def inbound(sides: pa.Table, counter: pa.Table) -> pa.Table:
    """Claims with what each weighs as the other cluster makes it, ``counter`` being what there is against it there."""
    by = [("node", "ascending"), ("other", "ascending")]
    sides, counter = sides.sort_by(by), counter.sort_by(by)  # of the same claims
    said = weight(sides["odds"].to_numpy(), counter["against"].to_numpy())
    return sides.set_column(sides.column_names.index("inbound"), "inbound", pa.array(said)).select(SIDES.names)


def turned(against: pa.Table, places: Places) -> pa.Table:
    """What there is against claims at one of their clusters, on the way to the other."""
    return places.sent(pa.table([against["other"], against["node"], against["against"]], schema=AGAINST), "node")


def at_the_smaller(against: pa.Table, places: Places) -> pa.Table:
    """What there is against claims at one of their clusters, on the way to the part of the smaller."""
    node, other = against["node"].to_numpy(), against["other"].to_numpy()
    ends = [np.minimum(node, other), np.maximum(node, other)]
    return places.sent(pa.table([*ends, against["against"]], schema=EITHER), "one")


def against_both(claims: pa.Table, either: pa.Table) -> pa.Table:
    """Claims with what there is against them at both of their clusters."""
    both = either.group_by(["one", "other"]).aggregate([("against", "sum")])  # of two, whose sum has no order
    by = [("one", "ascending"), ("other", "ascending")]
    claims, both = claims.sort_by(by), both.sort_by(by)  # of the same claims
    return pa.table([*(claims[n] for n in ("one", "other", "odds", "few")), both["against_sum"]], schema=CLAIMS)


def taken(sides: pa.Table) -> pa.Table:
    """What all claims take from a pair of each cluster that is no claim."""
    sides = sides.sort_by([("node", "ascending"), ("other", "ascending")])
    numbers, node = np.unique(sides["node"].to_numpy(), return_inverse=True)
    _, lost = taken_from(Sides(node, node, np.zeros(0)), sides["inbound"].to_numpy())
    return pa.table([numbers, lost], schema=TAKEN)


def with_taken(firm: pa.Table, taken: pa.Table, places: Places) -> pa.Table:
    """Records with what is taken from their firm cluster, on the way to their parts."""
    at, there = where(firm["firm"].to_numpy(), taken["firm"].to_numpy())
    lost = np.zeros(len(at))
    lost[there] = taken["taken"].to_numpy()[at[there]]
    return places.sent(pa.table([firm["at"], firm["firm"], firm["first"], lost], schema=OF_RECORDS), "at")


def grains_of(claims: pa.Table) -> pa.Table:
    """The tally of claims, once rivals have spoken against them."""
    odds, against = claims["odds"].to_numpy(), claims["against"].to_numpy()
    return pa.table(list(runs(grains(odds - against))), schema=GRAINS)
