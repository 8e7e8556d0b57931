"""Blocking on Spark: the sizes of blocks are counted, those beyond the caps dropped, the pairs of the others listed.

Blocks are dropped before their records meet, so that no key gathers more records in a task than a cap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as fn

from include.matching.pairs.blocking import Rule, affordable, allowed_pairs, cap_of, typical_of
from include.matching.pairs.blocking_budget import Offer, best, offer_of, take
from include.matching.pairs.tally import Tally
from include.matching.spark.chunks import Chunks
from include.matching.spark.keyed_records import KeyedRecords
from include.matching.spark.parts import blocks
from include.matching.spark.parts.blocks import Keys
from include.matching.spark.parts.pairs import BY_RULE, LISTED, by_rule

WORST = 5  # dropped blocks of a rule whose values the report names
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dropped:
    """Dropped blocks of a rule: their keys and sizes, in the order of the keys."""

    keys: Keys
    sizes: Longs

    @classmethod
    def none(cls) -> Dropped:
        """No block."""
        return cls(np.zeros(0, np.uint32), np.zeros(0, np.int64))

    @property
    def pairs(self) -> int:
        """How many pairs they would have listed."""
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    def worst(self) -> Longs:
        """Where the largest few are, the largest first."""
        return np.lexsort((self.keys, -self.sizes))[:WORST]

    def before(self, other: Dropped) -> Dropped:
        """These, and others after them."""
        return Dropped(np.concatenate([self.keys, other.keys]), np.concatenate([self.sizes, other.sizes]))


class Blocking:
    """The blocks of every rule: their sizes, which are dropped, and the pairs that the others list."""

    listed: Chunks  # each pair at the part of its left record
    kept: Chunks  # keys of the records, without those of dropped blocks (see ``blocks.KEPT``)

    def __init__(self, records: KeyedRecords) -> None:
        self.records, self.rules = records, records.rules
        self.every: dict[int, Keys | None] = dict.fromkeys(range(len(self.rules.names)))
        self.counts: dict[int, int] = {}  # pairs of each rule
        self.extended: tuple[int, ...] = ()  # rules whose dropped blocks were compared after all
        known = records.known
        sizes = records.keys.each(lambda part: blocks.sizes(part, known.value), blocks.BLOCKS)
        self.blocks = sizes.met(blocks.several, blocks.BLOCKS).kept()
        counted = _sum(self.blocks.told(blocks.by_size, blocks.BY_SIZE).toArrow(), ["rule", "count"], "blocks")
        none, found = np.zeros(0, np.int64), _sizes_by_rule(counted)
        self.sizes = [found.get(at, (none, none)) for at in self.every]
        self.caps = [self._cap(at, share) for at, share in enumerate(self.rules.shares)]
        self.dropped = self._beyond({at: cap for at, cap in enumerate(self.caps) if cap}, {})

    @property
    def gone(self) -> dict[int, Keys]:
        """The keys of each rule's dropped blocks."""
        return {rule: one.keys for rule, one in self.dropped.items()}

    def block(self) -> None:
        """List the pairs inside the budget, and tell of each rule what became of its blocks."""
        self.listed = self._once(self._pairs(self.every)).kept()
        self.counts = _count(self.listed)
        budget = affordable(self.records.table.records, self.records.table.spec.pairs_per_record)
        for at in self.every:
            if self.counts.get(at, 0) > budget:
                self.counts[at] = self._tighten(at, budget)
            budget = max(0, budget - self.counts.get(at, 0))
        known, gone = self.records.known, self.records.sent(self.gone)
        without = lambda part: blocks.without_dropped(part, known.value.known_rules, gone.value)  # noqa: E731
        self.kept = self.records.keys.each(without, blocks.KEPT).kept()
        values = self._spelled({at: one.worst() for at, one in self.dropped.items()})
        self.report = [self._told(at, values) for at in self.every]

    def _cap(self, at: int, share: float) -> int:
        rule = Rule("", np.zeros(0, np.uint32), str, share=share)
        return cap_of(*self.sizes[at], allowed_pairs(rule, self.records.table.records))

    def _beyond(self, least: Mapping[int, int], below: Mapping[int, int]) -> dict[int, Dropped]:
        """The blocks of rules that have at ``least`` so many records, and where it says so fewer than ``below``."""
        if not least:
            return {}
        large = self.blocks.told(lambda part: blocks.beyond(part, least, below), blocks.BLOCKS)
        return _keys_by_rule(large.toArrow())

    def _pairs(self, only: Mapping[int, Keys | None], *, beyond: bool = False) -> Chunks:
        """The pairs of whole blocks, each by every rule that lists it; ``beyond``: those of dropped blocks that no rule
        holds for."""
        known = self.records.known
        keyed = self.records.keyed(self.gone, only, wide=beyond)
        return keyed.met(lambda part: blocks.listed(part, known.value), LISTED)

    def _once(self, pairs: Chunks) -> Chunks:
        """Each pair by the first rule that lists it."""
        records = self.records.table.records
        return pairs.met(lambda part: blocks.first_listed(part, records), LISTED)

    def _tighten(self, at: int, budget: int) -> int:
        """List the pairs of one rule anew under a tighter cap."""
        size, count = self.sizes[at]
        cap = self.caps[at]
        left = size < cap if cap else np.ones(len(size), bool)
        tighter = cap_of(size[left], count[left], budget)
        more = self._beyond({at: tighter}, {at: cap}).get(at, Dropped.none())
        self.dropped[at] = more.before(self.dropped.get(at, Dropped.none()))
        self.caps[at] = tighter
        earlier = range(min(at, self.rules.plain))
        again = self._once(self._pairs({**dict.fromkeys(earlier), at: None}))
        again = again.each(lambda part: part.filter(pc.equal(part["rule"], at)), LISTED)
        others = self.listed.each(lambda part: part.filter(pc.not_equal(part["rule"], at)), LISTED)
        self.listed = self._once(others.beside(again)).kept()
        return _count(self.listed).get(at, 0)

    # --- what is told of blocks

    def _spelled(self, worst: Mapping[int, Longs]) -> dict[tuple[int, int], str]:
        """The values that the largest of the dropped blocks stand for, a few of each rule."""
        if not any(map(len, worst.values())):
            return {}
        known = self.records.known
        keys = {at: self.dropped[at].keys[some] for at, some in worst.items()}
        task = lambda rows: blocks.spelled(rows, known.value, keys)  # noqa: E731
        told = self.records.rows.told(task, blocks.SPELLED)
        found = told.groupBy("rule", "key").agg(fn.min_by("value", "place").alias("value")).collect()
        return {(int(row["rule"]), int(row["key"])): row["value"] for row in found}

    def _told(self, at: int, values: Mapping[tuple[int, int], str]) -> dict[str, Any]:
        size, count = self.sizes[at]
        dropped = self.dropped.get(at, Dropped.none())
        left = size[size < self.caps[at]] if self.caps[at] else size
        worst = [{"value": values[at, int(dropped.keys[k])], "records": int(dropped.sizes[k])} for k in dropped.worst()]
        return {
            "rule": self.rules.names[at], "blocks": int(count.sum()), "largest_kept": int(left.max(initial=0)),
            "dropped": len(dropped.sizes), "worst": worst, "pairs_dropped": dropped.pairs,
            "pairs": self.counts.get(at, 0),
        }  # fmt: skip

    # --- what is left of the budget

    def extend(self, found: Sequence[Tally]) -> Chunks | None:
        """The pairs of the dropped blocks that promise most; None where no block is taken."""
        taken = list(self._best(found))
        if not taken:
            return None
        names, plain, records = len(self.rules.names), self.rules.plain, self.records.table.records
        some = [self._taken(*one, names + turn) for turn, one in enumerate(taken)]
        added = self._once(reduce(Chunks.beside, some))
        added = added.met(lambda part, listed: blocks.not_among(part, listed, plain, records), LISTED, self.listed)
        added = added.kept()
        counts = _count(added)
        for turn, (offer, which) in enumerate(taken):
            take(self.report[offer.rule], offer, which, counts.get(names + turn, 0))
        self.counts |= counts
        self.extended = tuple(offer.rule for offer, _ in taken)
        return added

    def _best(self, found: Sequence[Tally]) -> Iterator[tuple[Offer, Longs]]:
        offers = []
        for at in range(self.rules.plain):
            if len(sizes := self.dropped.get(at, Dropped.none()).sizes):
                size, count = self.sizes[at]
                small = size < self.caps[at]
                offers.append(offer_of(at, sizes, typical_of(size[small], count[small]), found[at]))
        yield from best(offers, found, self.records.table.records, self.records.table.spec.pairs_per_record)

    def _taken(self, offer: Offer, which: Longs, turn: int) -> Chunks:
        """The pairs of some dropped blocks of a rule, as those of a rule of another number."""
        pairs = self._pairs({offer.rule: self.dropped[offer.rule].keys[which]}, beyond=True)
        return pairs.each(lambda part: part.set_column(2, LISTED.field("rule"), _all(turn, part.num_rows)), LISTED)


def _all(number: int, size: int) -> pa.Array:
    return pa.array(np.full(size, number, np.int32))


def _count(pairs: Chunks) -> dict[int, int]:
    found = _sum(pairs.told(by_rule, BY_RULE).toArrow(), ["rule"], "count")
    return dict(zip(found["rule"].to_pylist(), found["count"].to_pylist(), strict=True))


def _sum(counted: pa.Table, by: list[str], what: str) -> pa.Table:
    """What parts counted, added up."""
    return counted.group_by(by).aggregate([(what, "sum")]).rename_columns([*by, what])


def _sizes_by_rule(sizes: pa.Table) -> dict[int, tuple[Longs, Longs]]:
    """The sizes of each rule's blocks, ascending, and how many are of each."""
    found = {}
    for one, mine in _by_rule(sizes, "count"):
        found[one] = mine["count"].to_numpy(), mine["blocks"].to_numpy()
    return found


def _keys_by_rule(of: pa.Table) -> dict[int, Dropped]:
    found = {}
    for one, mine in _by_rule(of, "key"):
        found[one] = Dropped(mine["key"].to_numpy().astype(np.uint32), mine["count"].to_numpy())
    return found


def _by_rule(of: pa.Table, order: str) -> Iterator[tuple[int, pa.Table]]:
    rule = of["rule"].to_numpy()
    for one in np.unique(rule):
        yield int(one), of.filter(pa.array(rule == one)).sort_by(order)
