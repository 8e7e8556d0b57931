"""Weighing in tasks: pairs, and parts of a table, with the claims of firm clusters that concern them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.claims import Claims
from include.matching.judgement import Judge
from include.matching.rivals import Rivals, said_of, weighed
from include.matching.spark.parts.claims import OF_RECORDS
from include.matching.spark.parts.meeting import beside, of_records, stand, where
from include.matching.spark.parts.packing import levels_of, packed, unpacked
from include.matching.spark.parts.pairs import COMPARED, SCORED
from include.matching.spark.table import Places, Table

KNOWN = ("firm", "first", "taken")  # of the records of a pair
COMPONENTS = pa.schema([("firm", pa.int64()), ("component", pa.int64())])
CLAIM = -1  # instead of a rule: claims, on their way to the tasks that cluster


def with_right(pairs: pa.Table, of: pa.Table, places: Places) -> pa.Table:
    """Scored pairs with what is known of their right record, on the way to the part of the left one."""
    return places.sent(beside(pairs, of_records([of]), "right", "r"), "left")


def with_both(pairs: pa.Table, of: pa.Table, places: Places) -> pa.Table:
    """Scored pairs with what is known of both of their records, on the way to where the claim of their clusters is."""
    pairs = beside(pairs, of_records([of]), "left", "l")
    ends = [pairs[f"{side}_firm"].to_numpy() for side in "lr"]
    for name, end in (("one", np.minimum(*ends)), ("other", np.maximum(*ends))):
        pairs = pairs.append_column(name, pa.array(end))
    return places.sent(pairs, "one")


def with_known(schema: pa.Schema, side: str) -> pa.Schema:
    """The columns of pairs with what is known of the records of one side."""
    return pa.schema([*schema, *(OF_RECORDS.field(name).with_name(f"{side}_{name}") for name in KNOWN)])


def with_claims(pairs: pa.Table, claims: pa.Table) -> pa.Table:
    """Pairs with the claim that their firm clusters have, null where they have none."""
    numbers, local = np.unique(
        np.concatenate([pairs["other"].to_numpy(), claims["other"].to_numpy()]), return_inverse=True
    )
    other, its = local[: pairs.num_rows], local[pairs.num_rows :]
    key = claims["one"].to_numpy() * len(numbers) + its
    order = np.argsort(key)
    at, there = where(pairs["one"].to_numpy() * len(numbers) + other, key[order])
    place = pa.array(order[at] if len(order) else at, mask=~there)
    for name, of in (("claim", "odds"), ("against", "against"), ("few", "few")):
        pairs = pairs.append_column(name, claims[of].take(place))
    return pairs


def weighed_pairs(pairs: pa.Table, claims: pa.Table, table: Table, judge: Judge, back: float) -> pa.Table:
    """Scored pairs, with what the table says of their records' firm clusters beside them, weighed.

    They go back to the part of their right record.
    """
    if not pairs.num_rows:  # a part may have claims alone
        return SCORED.empty_table()
    pairs = with_claims(pairs, claims)
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
    found = pa.table([*(pairs[n] for n in COMPARED.names), pa.array(said_of(said, now).logits)], schema=SCORED)
    return table.places.sent(found, "right")


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


def components_of(label: pa.Table, of: pa.Table, places: Places) -> pa.Table:
    """The components that records of a part and of each firm cluster stand in, on the way to the cluster's part."""
    of = of_records([of])
    firm = of["firm"].take(pa.array(stand(label, "at", of)))
    return places.sent(
        pa.table([firm, label["component"]], schema=COMPONENTS).group_by(COMPONENTS.names).aggregate([]), "firm"
    )


def claims_in(claims: pa.Table, components: pa.Table, places: Places) -> pa.Table:
    """Claims with each component that their smaller cluster has records in, on the way to the part of the other."""
    every = components.group_by(COMPONENTS.names).aggregate([]).rename_columns(["left", "component"])
    return places.sent(
        as_pairs(claims).join(every, "left", join_type="inner").select([*SCORED.names, "component"]), "right"
    )


def claims_within(claims: pa.Table, components: pa.Table, buckets: int) -> pa.Table:
    """The claims of which both clusters have records in a component, on the way to its bucket."""
    every = components.group_by(COMPONENTS.names).aggregate([]).rename_columns(["right", "component"])
    found = claims.join(every, ["right", "component"], join_type="inner").select([*SCORED.names, "component"])
    return found.append_column("to", pa.array((found["component"].to_numpy() % buckets).astype(np.int32)))
