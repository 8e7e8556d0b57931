"""Blocking in tasks: the keys of records, and the pairs of whole blocks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.pairs.blocking import Blocks, KeyRows, in_turn, list_pairs
from include.matching.pairs.pair_sample import strata
from include.matching.spark.parts.packing import packed, unpacked
from include.matching.spark.parts.pairs import LISTED
from include.matching.spark.table import Rules, Table

Keys = npt.NDArray[np.uint32]
Dropped = Mapping[int, Keys]  # the keys of each rule's dropped blocks
WIDE = (("keys", pa.binary()), ("across", pa.binary()), ("strata", pa.binary()))
SPELLED = pa.schema([("rule", pa.int32()), ("key", pa.int64()), ("place", pa.int64()), ("value", pa.string())])
KEYED = pa.schema(
    [("rule", pa.int32()), ("key", pa.int64()), ("at", pa.int64()), ("source", pa.string()), ("across", pa.int32()),
     ("keys", pa.binary())]
)  # fmt: skip


def with_keys(rows: pa.Table, table: Table) -> pa.Table:
    """The rows with the keys that they are blocked and sampled by."""
    features = table.features(rows)
    derived = table.derived(features)
    turned = in_turn(derived)
    own = derived[: len(table.spec.blocking.rules)]
    keys = np.concatenate([np.atleast_2d(rule.keys) for rule in turned])
    across = [rule.across for rule in turned if rule.across is not None]
    drawn = np.concatenate([np.atleast_2d(key) for key in (*strata(features), *(rule.keys for rule in own))])
    columns = [*rows.columns, packed(keys)]
    columns.append(
        packed(np.stack(across).astype(np.int32)) if across else pa.array([b""] * rows.num_rows, pa.binary())
    )
    columns.append(packed(drawn))
    return pa.table(columns, schema=pa.schema([*rows.schema, *(pa.field(*one) for one in WIDE)]))


def zeroed(keys: npt.NDArray[np.uint32], rules: Rules, dropped: Dropped) -> npt.NDArray[np.uint32]:
    """The keys without those of dropped blocks."""
    for rule, gone in dropped.items():
        rows = keys[rules.rows(rule)]
        rows[np.isin(rows, gone)] = 0
    return keys


def exploded(
    rows: pa.Table, table: Table, dropped: Dropped, only: Mapping[int, npt.NDArray[np.uint32] | None]
) -> pa.Table:
    """A row for each key that a record is blocked by, of the rules in ``only`` (of them, where given, those keys)."""
    rules = table.rules
    assert rules is not None
    raw = unpacked(rows["keys"], np.uint32)
    kept = zeroed(raw.copy(), rules, dropped)
    taken = kept.copy()
    for rule in range(len(rules.ends)):
        part = rules.rows(rule)
        if rule not in only:
            taken[part] = 0
        elif (some := only[rule]) is not None:
            taken[part] = np.where(np.isin(raw[part], some), raw[part], 0)
    row, record = np.nonzero(taken)
    of_rule = rules.rule_of_row[row]
    across = unpacked(rows["across"], np.int32)
    differs = np.zeros(len(row), np.int32)
    late = of_rule >= rules.plain
    differs[late] = across[of_rule[late] - rules.plain, record[late]]
    at = pa.array(record)
    return pa.table(
        [pa.array(of_rule), pa.array(taken[row, record].astype(np.int64)), rows["at"].take(at), rows["source"].take(at),
         pa.array(differs), packed(kept).take(at)],
        schema=KEYED,
    )  # fmt: skip


def spelled(rows: pa.Table, table: Table, worst: Dropped) -> pa.Table:
    """The value that each of some keys stands for, as the first record here that has it spells it."""
    rules = table.rules
    assert rules is not None
    turned = in_turn(table.derived(table.features(rows)))
    at, out = rows["at"].to_numpy(), []
    for rule, keys in worst.items():
        raw = np.atleast_2d(turned[rule].keys)
        row, record = np.nonzero(np.isin(raw, keys))
        place = row * table.records + at[record]
        order = np.argsort(place, kind="stable")
        found, first = np.unique(raw[row, record][order], return_index=True)
        mine = order[first]
        values = [turned[rule].spell(int(row[k]) * rows.num_rows + int(record[k])) for k in mine]
        out.append(
            pa.table([np.full(len(mine), rule, np.int32), found.astype(np.int64), place[mine], values], schema=SPELLED)
        )
    return pa.concat_tables(out) if out else SPELLED.empty_table()


def listed(keyed: pa.Table, table: Table, *, beyond: bool = False) -> pa.Table:
    """The pairs of whole blocks that no earlier rule holds for; of dropped blocks (``beyond``), that no rule does."""
    rules = table.rules
    assert rules is not None
    at, first, local = np.unique(keyed["at"].to_numpy(), return_index=True, return_inverse=True)
    rule, key = keyed["rule"].to_numpy(), keyed["key"].to_numpy()
    rows = np.ascontiguousarray(
        unpacked(keyed["keys"], np.uint32)[: rules.ends[rules.plain - 1] if rules.plain else 0, first]
    )
    every = KeyRows(rows, np.array(rules.ends[: rules.plain], np.int64))
    source = _codes(keyed["source"].take(pa.array(first))) if table.spec.link_only else np.zeros(0, np.int32)
    out = []
    for one in np.unique(rule):
        mine = np.flatnonzero(rule == one)
        mine = mine[np.argsort(key[mine], kind="stable")]
        edge = np.flatnonzero(np.diff(key[mine], prepend=-1))
        ends = np.append(edge[1:], len(mine))
        several = ends - edge > 1
        bounds = np.stack([edge[several], ends[several]], 1).ravel().astype(np.int64)
        differs = source
        if one >= rules.plain and not table.spec.link_only:
            differs = np.zeros(len(at), np.int32)
            differs[local[mine]] = keyed["across"].to_numpy()[mine]
        part = rules.rows(int(one))
        blocks = Blocks(local[mine].astype(np.int32), bounds, {}, overlap=part.stop - part.start > 1)
        left, right = list_pairs(blocks, every, rules.plain if beyond else min(int(one), rules.plain), differs)
        out.append(pa.table([at[left], at[right], np.full(len(left), one, np.int32)], schema=LISTED))
    return pa.concat_tables(out) if out else LISTED.empty_table()


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    codes = column.combine_chunks().dictionary_encode().indices
    return np.array(codes.fill_null(-1).to_numpy(zero_copy_only=False), np.int32)
