"""What tasks do: the engine's own functions on the part of a table, or of its pairs, that a task holds.

Everything here takes and gives Arrow tables and knows nothing of Spark. ``at`` is a record's place in the order of the
whole table, which its pairs are named by; within a task, records are numbered anew in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.matching.clustering import Clusters, Ruling, conflicts_in
from include.matching.clustering import sample as components_drawn
from include.matching.judgement import Judge
from include.matching.kernels.pairs import join_bounded
from include.matching.memory import InMemory
from include.matching.pairs.blocking import Blocks, Candidates, KeyRows, Rule, agree, in_turn, list_pairs
from include.matching.pairs.blocking_rules import derive_rules
from include.matching.pairs.comparison import Levels, compare
from include.matching.pairs.pair_sample import Patterns, chosen, strata
from include.matching.pairs.tally import Tally
from include.matching.records.features import Features
from include.matching.rivals import Claims, Rivals, claims_of, rivals_of, said_of, weighed
from include.matching.spark.rows import Layout, features_of
from include.matching.spec import MatchingSpec

Dropped = Mapping[int, npt.NDArray[np.uint32]]
Longs = npt.NDArray[np.int64]
WIDE = (("keys", pa.binary()), ("across", pa.binary()), ("strata", pa.binary()))
LISTED = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("rule", pa.int32())])
COMPARED = LISTED.append(pa.field("levels", pa.binary()))
CLAIM, ALWAYS, NEVER = -1, -2, -3  # instead of a rule: of what is said beside pairs, to the tasks that cluster them
SCORED = COMPARED.append(pa.field("odds", pa.float32()))
COUNTED = pa.schema([("part", pa.int32()), ("levels", pa.binary()), ("count", pa.int64())])
SPELLED = pa.schema([("rule", pa.int32()), ("key", pa.int64()), ("place", pa.int64()), ("value", pa.string())])
KEYED = pa.schema(
    [("rule", pa.int32()), ("key", pa.int64()), ("at", pa.int64()), ("source", pa.string()), ("across", pa.int32()),
     ("keys", pa.binary())]
)  # fmt: skip
FOUND = pa.schema(
    [("what", pa.string()), ("a", pa.int64()), ("b", pa.int64()), ("odds", pa.float32()), ("levels", pa.binary())]
)


@dataclass(frozen=True)
class Rules:
    """The blocking rules of a table, as tasks need them: how many rows of keys each has, and which come last."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    ends: tuple[int, ...]  # of each rule's rows
    plain: int  # rules that list pairs whatever they differ in
    strata: tuple[int, ...]  # the end of each stratum's rows

    @property
    def rule_of_row(self) -> npt.NDArray[np.int32]:
        """Which rule each row of keys is of."""
        return np.repeat(np.arange(len(self.ends), dtype=np.int32), np.diff(self.ends, prepend=0))

    def rows(self, rule: int) -> slice:
        """The rows of a rule."""
        return slice(self.ends[rule - 1] if rule else 0, self.ends[rule])


@dataclass(frozen=True)
class Table:
    """What every task knows of the table."""

    layout: Layout
    spec: MatchingSpec
    records: int
    rules: Rules | None = None

    def features(self, rows: pa.Table) -> Features:
        """The features of some rows."""
        return features_of(rows, self.layout)

    def derived(self, features: Features) -> list[Rule]:
        """The rules of some rows, those across last."""
        lexicon = self.layout.lexicon
        return derive_rules(features, self.spec, lexicon.keys if lexicon else None)


def rules_of(table: Table) -> Rules:
    """The rules of a table, from none of its rows."""
    features = table.features(table.layout.schema.empty_table())
    derived = table.derived(features)
    turned = in_turn(derived)
    own = derived[: len(table.spec.blocking.rules)]
    rows = [len(np.atleast_2d(rule.keys)) for rule in turned]
    drawn = [len(np.atleast_2d(key)) for key in (*strata(features), *(rule.keys for rule in own))]
    return Rules(
        tuple(rule.name for rule in turned), tuple(rule.share for rule in turned), tuple(np.cumsum(rows).tolist()),
        sum(rule.across is None for rule in turned), tuple(np.cumsum(drawn).tolist()),
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


def packed(rows: npt.NDArray[Any]) -> pa.Array:
    """A matrix, rows by record, as the bytes of each record."""
    width = rows.shape[0] * rows.itemsize
    data = np.ascontiguousarray(rows.T).tobytes()
    offsets = pa.py_buffer(np.arange(rows.shape[1] + 1, dtype=np.int32) * np.int32(width))
    return pa.Array.from_buffers(pa.binary(), rows.shape[1], [None, offsets, pa.py_buffer(data)])


def unpacked(column: pa.ChunkedArray, kind: type) -> npt.NDArray[Any]:
    """The matrix that was packed, rows by record."""
    data = b"".join(column.to_pylist())
    size = len(column)
    found: npt.NDArray[Any] = (
        np.frombuffer(data, kind).reshape(size, -1) if size and data else np.zeros((size, 0), kind)
    )
    return np.array(found.T, order="C")


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


def both(pairs: pa.Table, table: Table) -> tuple[Features, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The features of the records of pairs, ``l_`` and ``r_`` columns, and where the two of each pair are."""
    names = table.layout.schema.names
    sides = [pairs.select([f"{side}_{name}" for name in names]).rename_columns(names) for side in "lr"]
    size = pairs.num_rows
    return (
        table.features(pa.concat_tables(sides)),
        np.arange(size, dtype=np.int32),
        np.arange(size, 2 * size, dtype=np.int32),
    )


def compared(pairs: pa.Table, table: Table) -> pa.Table:
    """The levels of pairs whose records stand beside them."""
    levels = compare(*both(pairs, table))
    return pa.table([*(pairs[name] for name in LISTED.names), packed(levels)], schema=COMPARED)


def scored(pairs: pa.Table, judge: Judge) -> pa.Table:
    """The log odds of pairs."""
    return pairs.select(COMPARED.names).append_column("odds", pa.array(judge.score(levels_of(pairs)))).cast(SCORED)


def levels_of(pairs: pa.Table) -> Levels:
    """The levels of pairs, group by pair."""
    return unpacked(pairs["levels"], np.uint8)


def counted(part: int, patterns: Patterns) -> pa.Table:
    """Patterns as rows to be added up."""
    size = len(patterns.counts)
    return pa.table([np.full(size, part, np.int32), packed(patterns.levels), patterns.counts], schema=COUNTED)


def blocked_patterns(pairs: pa.Table, step: int) -> pa.Table:
    """The patterns of those of the listed pairs that are drawn."""
    some = chosen(pairs["left"].to_numpy(), pairs["right"].to_numpy(), step)
    return counted(0, Patterns.of(levels_of(pairs)[:, some]))


def drawn_keys(rows: pa.Table, table: Table) -> pa.Table:
    """The strata's keys, a row for each that a record has, with its place in the order of its block."""
    rules = table.rules
    assert rules is not None
    keys = unpacked(rows["strata"], np.uint32)
    row, record = np.nonzero(keys)
    ends = np.array(rules.strata)
    stratum = np.searchsorted(ends, row, side="right")
    place = row - np.concatenate([[0], ends])[stratum]
    at = rows["at"].to_numpy()[record]
    return pa.table(
        {"stratum": stratum.astype(np.int32), "key": keys[row, record].astype(np.int64), "at": at,
         "place": place * table.records + at}
    )  # fmt: skip


def drawn_pairs(pairs: pa.Table, steps: Mapping[int, int]) -> pa.Table:
    """Those of the neighbours in strata that are drawn."""
    left, right, stratum = (pairs[name].to_numpy() for name in ("left", "right", "stratum"))
    some = np.zeros(len(left), bool)
    for one, step in steps.items():
        mine = stratum == one
        some[mine] = chosen(left[mine], right[mine], step)
    return pairs.filter(pa.array(some))


def unseen_patterns(pairs: pa.Table, table: Table, dropped: Dropped) -> pa.Table:
    """The patterns of drawn pairs that stand neither among the candidates nor in a stratum drawn before."""
    rules = table.rules
    assert rules is not None
    features, left, right = both(pairs, table)
    keys = np.concatenate([unpacked(pairs[f"{side}_keys"], np.uint32) for side in "lr"], axis=1)
    ends = rules.ends[: rules.plain]
    plain = KeyRows(zeroed(keys, rules, dropped)[: ends[-1] if ends else 0], np.array(ends, np.int64))
    drawn = np.concatenate([unpacked(pairs[f"{side}_strata"], np.uint32) for side in "lr"], axis=1)
    stratum, size = pairs["stratum"].to_numpy(), pairs["size"].to_numpy()
    new = ~plain.held(left, right)
    for one, (start, end) in enumerate(zip((0, *rules.strata), rules.strata, strict=False)):
        new &= ~agree(drawn[start:end], left, right) | (stratum <= one)
    if table.spec.link_only:
        new &= features.source[left] != features.source[right]
    levels = compare(features, left[new], right[new])
    stratum, size = stratum[new], size[new]
    parts = [
        counted(int(one), Patterns.of(levels[:, stratum == one], size[stratum == one])) for one in np.unique(stratum)
    ]
    return pa.concat_tables(parts) if parts else COUNTED.empty_table()


def links(pairs: pa.Table, judge: Judge, threshold: float, *, plainly: bool) -> pa.Table:
    """The pairs that link their records; ``plainly``: whatever only a person can judge."""
    levels, odds = levels_of(pairs), pairs["odds"].to_numpy()
    if not plainly:
        odds = judge.linking(levels, odds)
    strong = pa.array(odds > threshold)
    return pairs.select(["left", "right"]).filter(strong)


def forest(edges: pa.Table) -> pa.Table:
    """Each record of the edges with the first record that it is connected with, itself left out."""
    at, local = np.unique(np.concatenate([edges["left"].to_numpy(), edges["right"].to_numpy()]), return_inverse=True)
    left, right = local[: edges.num_rows].astype(np.int32), local[edges.num_rows :].astype(np.int32)
    parent, size = np.arange(len(at), dtype=np.int32), np.ones(len(at), np.int32)
    join_bounded(left, right, np.arange(edges.num_rows), len(at) + 1, parent, size)
    moved = parent != np.arange(len(at))
    return pa.table({"left": at[parent[moved]], "right": at[moved]})


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
        work.rivals = _rivals(members, claims, at, back)
    return work, at


def claimed(pairs: pa.Table, prior: float) -> pa.Table:
    """The claims of pairs of records (the firm clusters of both, ``one`` the smaller), each claim's pairs together."""
    ends = [pairs[side].to_numpy() for side in ("one", "other")]
    numbers, local = np.unique(np.concatenate(ends), return_inverse=True)
    one, other = local[: pairs.num_rows].astype(np.int32), local[pairs.num_rows :].astype(np.int32)
    same = np.arange(len(numbers), dtype=np.int32)
    found = claims_of(one, other, pairs["odds"].to_numpy(), same, prior)
    return pa.table({"one": numbers[found.left], "other": numbers[found.right], "odds": found.odds, "few": found.few})


def rivals(claims: pa.Table, prior: float) -> pa.Table:
    """What each of all claims has against it, what is taken of each cluster, and what is given back."""
    ends = [claims[side].to_numpy() for side in ("one", "other")]
    numbers, local = np.unique(np.concatenate(ends), return_inverse=True)
    one, other = (local.reshape(2, -1)[side].astype(np.int64) for side in (0, 1))
    size = np.zeros(len(numbers), np.int64)
    size[one], size[other] = claims["size_one"].to_numpy(), claims["size_other"].to_numpy()
    pairs = one << 32 | other
    order = np.argsort(pairs)
    of = Claims(pairs[order], claims["odds"].to_numpy()[order], claims["few"].to_numpy()[order])
    found = rivals_of(of, np.arange(len(numbers), dtype=np.int32), size, prior)
    n, m = len(order), len(numbers)
    return pa.table(
        {
            "what": pa.array(["claim"] * n + ["taken"] * m + ["back"]),
            "one": np.concatenate([numbers[of.left], numbers, [0]]),
            "other": np.concatenate([numbers[of.right], np.zeros(m + 1, np.int64)]),
            "odds": np.concatenate([of.odds, found.taken, [found.given_back]]),
            "against": np.concatenate([found.against, np.zeros(m + 1)]),
            "few": np.concatenate([of.few, np.zeros(m + 1)]),
        }
    )


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


def _rivals(members: pa.Table, claims: pa.Table, at: Longs, back: float) -> Rivals:
    """The rivals of a part's records."""
    cluster = np.searchsorted(at, members["firm"].to_numpy())
    taken = np.zeros(len(at))
    taken[cluster] = members["taken"].to_numpy()
    one, other = (np.searchsorted(at, claims[side].to_numpy()).astype(np.int64) for side in ("left", "right"))
    odds, against, few = unpacked(claims["levels"], np.float64)[:3] if claims.num_rows else np.zeros((3, 0))
    pairs = one << 32 | other
    order = np.argsort(pairs)
    return Rivals(cluster.astype(np.int32), Claims(pairs[order], odds[order], few[order]), against[order], taken, back)


def as_pairs(claims: pa.Table) -> pa.Table:
    """Claims as rows of pairs of no rule, to go where those go."""
    both = packed(np.stack([claims[name].to_numpy() for name in ("odds", "against", "few")]))
    of = np.full(claims.num_rows, CLAIM, np.int32)
    return pa.table([claims["one"], claims["other"], of, both, np.zeros(len(of), np.float32)], schema=SCORED)


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
