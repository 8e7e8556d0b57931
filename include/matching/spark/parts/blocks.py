"""Blocking in tasks: the keys of records, and the pairs of whole blocks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.pairs.blocking import Blocks, KeyRows, in_turn, list_pairs
from include.matching.pairs.pair_sample import strata
from include.matching.spark.parts.chunks import Longs, spread
from include.matching.spark.parts.meeting import runs
from include.matching.spark.parts.packing import packed, unpacked
from include.matching.spark.parts.pairs import LISTED
from include.matching.spark.table import Rules, Table

Keys = npt.NDArray[np.uint32]
Matrix = npt.NDArray[np.uint32]  # of keys: row by record
Dropped = Mapping[int, Keys]  # the keys of each rule's dropped blocks
KEYS = pa.schema(
    [("at", pa.int64()), ("source", pa.string()), ("keys", pa.binary()), ("across", pa.binary()),
     ("strata", pa.binary())]
)  # fmt: skip
KEPT = pa.schema([KEYS.field(name) for name in ("at", "keys", "strata")])
SPELLED = pa.schema([("rule", pa.int32()), ("key", pa.int64()), ("place", pa.int64()), ("value", pa.string())])
BLOCKS = pa.schema([("rule", pa.int32()), ("key", pa.int64()), ("count", pa.int64())])
BY_SIZE = pa.schema([("rule", pa.int32()), ("count", pa.int64()), ("blocks", pa.int64())])
KEYED = pa.schema(
    [("rule", pa.int32()), ("key", pa.int64()), ("at", pa.int64()), ("source", pa.string()), ("across", pa.int32())]
)
WIDE = KEYED.append(pa.field("keys", pa.binary()))


def with_keys(rows: pa.Table, table: Table) -> pa.Table:
    """The keys that records are blocked and sampled by."""
    features = table.features(rows)
    derived = table.derived(features)
    turned = in_turn(derived)
    own = derived[: len(table.spec.blocking.rules)]
    keys = np.concatenate([np.atleast_2d(rule.keys) for rule in turned])
    across = [rule.across for rule in turned if rule.across is not None]
    drawn = np.concatenate([np.atleast_2d(key) for key in (*strata(features), *(rule.keys for rule in own))])
    differs = packed(np.stack(across).astype(np.int32)) if across else pa.array([b""] * rows.num_rows, pa.binary())
    return pa.table([rows["at"], rows["source"], packed(keys), differs, packed(drawn)], schema=KEYS)


def without_dropped(rows: pa.Table, rules: Rules, dropped: Dropped) -> pa.Table:
    """The keys of records without those of dropped blocks."""
    keys = zeroed(unpacked(rows["keys"], np.uint32), rules, dropped)
    return pa.table([rows["at"], packed(keys), rows["strata"]], schema=KEPT)


def zeroed(keys: Matrix, rules: Rules, dropped: Dropped) -> Matrix:
    """The keys without those of dropped blocks."""
    for rule, gone in dropped.items():
        rows = keys[rules.rows(rule)]
        rows[np.isin(rows, gone)] = 0
    return keys


def exploded(
    rows: pa.Table, table: Table, dropped: Dropped, only: Mapping[int, Keys | None], *, wide: bool = False
) -> pa.Table:
    """A row for each key that a record is blocked by, of the rules in ``only`` (of them, where given, those keys).

    Each goes where its block is; ``wide``: with all keys of its record.
    """
    rules = table.known_rules
    raw = unpacked(rows["keys"], np.uint32)
    kept = zeroed(raw.copy(), rules, dropped)
    taken = _of_rules(kept, raw, rules, only)
    row, record = np.nonzero(taken)
    of_rule, key = rules.rule_of_row[row], taken[row, record].astype(np.int64)
    across = unpacked(rows["across"], np.int32)
    differs = np.zeros(len(row), np.int32)
    late = of_rule >= rules.plain
    differs[late] = across[of_rule[late] - rules.plain, record[late]]
    at = pa.array(record)
    source = rows["source"].take(at) if table.spec.link_only else pa.nulls(len(row), pa.string())
    columns = [pa.array(of_rule), pa.array(key), rows["at"].take(at), source, pa.array(differs)]
    columns += [packed(kept).take(at)] if wide else []
    found = pa.table(columns, schema=WIDE if wide else KEYED)
    return found.append_column("to", pa.array(spread(_blocks_of(found), table.places.parts)))


def _of_rules(kept: Matrix, raw: Matrix, rules: Rules, only: Mapping[int, Keys | None]) -> Matrix:
    """The kept keys of some rules; of a rule that has them listed those, kept or not."""
    taken = np.zeros_like(kept)
    for rule, some in only.items():
        of = rules.rows(rule)
        taken[of] = kept[of] if some is None else np.where(np.isin(raw[of], some), raw[of], 0)
    return taken


def _blocks_of(keyed: pa.Table) -> Longs:
    """A number for the block of each row."""
    return np.asarray(keyed["rule"].to_numpy().astype(np.int64) << 32 | keyed["key"].to_numpy())


def sizes(rows: pa.Table, table: Table) -> pa.Table:
    """How many of some records each block has, on the way to where all of its records are counted."""
    rules = table.known_rules
    keys = unpacked(rows["keys"], np.uint32)
    row, record = np.nonzero(keys)
    block, count = runs(rules.rule_of_row[row].astype(np.int64) << 32 | keys[row, record])
    return _sized(block, count).append_column("to", pa.array(spread(block, table.places.parts)))


def _sized(block: Longs, count: Longs) -> pa.Table:
    return pa.table([pa.array((block >> 32).astype(np.int32)), block & 0xFFFFFFFF, count], schema=BLOCKS)


def several(counted: pa.Table) -> pa.Table:
    """The blocks of two records or more."""
    block = _blocks_of(counted)
    order = np.argsort(block, kind="stable")
    start = np.flatnonzero(np.diff(block[order], prepend=-1))
    count = np.add.reduceat(counted["count"].to_numpy()[order], start) if len(start) else np.zeros(0, np.int64)
    return _sized(block[order][start][count > 1], count[count > 1])


def by_size(counted: pa.Table) -> pa.Table:
    """How many blocks of each rule have so many records."""
    found = counted.group_by(["rule", "count"]).aggregate([("key", "count")])
    return found.rename_columns(BY_SIZE.names).cast(BY_SIZE)


def beyond(counted: pa.Table, least: Mapping[int, int], below: Mapping[int, int]) -> pa.Table:
    """The blocks of rules that have at ``least`` so many records, and where it says so fewer than ``below``."""
    rule, count = counted["rule"].to_numpy(), counted["count"].to_numpy()
    some = np.zeros(len(rule), bool)
    for one, cap in least.items():
        some |= (rule == one) & (count >= cap) & (count < (below.get(one) or count.max(initial=0) + 1))
    return counted.filter(pa.array(some))


def spelled(rows: pa.Table, table: Table, worst: Dropped) -> pa.Table:
    """The value that each of some keys stands for, as the first record here that has it spells it."""
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


def listed(keyed: pa.Table, table: Table) -> pa.Table:
    """The pairs of whole blocks, by each rule that lists them, on the way to the part of their left record.

    Where rows are wide, of dropped blocks: those that no rule holds for.
    """
    rules, wide = table.known_rules, "keys" in keyed.column_names
    at, first, local = np.unique(keyed["at"].to_numpy(), return_index=True, return_inverse=True)
    nothing = KeyRows(np.zeros((0, len(at)), np.uint32), np.zeros(0, np.int64))
    held = rules.plain_rows(unpacked(keyed["keys"], np.uint32)[:, first]) if wide else nothing
    source = _codes(keyed["source"].take(pa.array(first))) if table.spec.link_only else np.zeros(0, np.int32)
    rule, key, out = keyed["rule"].to_numpy(), keyed["key"].to_numpy(), []
    for one in np.unique(rule):
        mine, rows = np.flatnonzero(rule == one), rules.rows(int(one))
        differs = source
        if one >= rules.plain and not table.spec.link_only:
            differs = np.zeros(len(at), np.int32)
            differs[local[mine]] = keyed["across"].to_numpy()[mine]
        blocks = _side_by_side(key[mine], local[mine], overlap=rows.stop - rows.start > 1)
        left, right = list_pairs(blocks, held, len(held.ends), differs)
        out.append(pa.table([at[left], at[right], np.full(len(left), one, np.int32)], schema=LISTED))
    return table.places.sent(pa.concat_tables([LISTED.empty_table(), *out]), "left")


def _side_by_side(key: Longs, records: Longs, *, overlap: bool) -> Blocks:
    """The blocks of two records or more that a rule's keys make of the records that have them."""
    order = np.argsort(key, kind="stable")
    start = np.flatnonzero(np.diff(key[order], prepend=-1))
    end = np.append(start[1:], len(key))
    several = end - start > 1
    bounds = np.stack([start[several], end[several]], 1).ravel().astype(np.int64)
    return Blocks(records[order].astype(np.int32), bounds, {}, overlap=overlap)


def first_listed(pairs: pa.Table, records: int) -> pa.Table:
    """Each pair by the first rule that lists it: records with several keys, or rules across, may list it again."""
    left, right, rule = (pairs[name].to_numpy().astype(np.int64) for name in LISTED.names)
    low, rules = left.min(initial=records), int(rule.max(initial=0)) + 1  # pairs of one part fit into a number each
    every = np.sort(((left - low) * records + right) * rules + rule)
    pair = every // rules
    once = np.append(True, pair[1:] != pair[:-1]) if len(pair) else np.zeros(0, bool)
    pair, rule = pair[once], every[once] % rules
    return pa.table([pair // records + low, pair % records, rule.astype(np.int32)], schema=LISTED)


def not_among(pairs: pa.Table, others: pa.Table, least: int, records: int) -> pa.Table:
    """The pairs that are not among ``others`` which a rule of at ``least`` that number listed."""
    others = others.filter(pa.array(others["rule"].to_numpy() >= least))
    low = pairs["left"].to_numpy().min(initial=records)
    one, other = ((of["left"].to_numpy() - low) * records + of["right"].to_numpy() for of in (pairs, others))
    return pairs.filter(pa.array(~np.isin(one, other)))


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    codes = column.combine_chunks().dictionary_encode().indices
    return np.array(codes.fill_null(-1).to_numpy(zero_copy_only=False), np.int32)
