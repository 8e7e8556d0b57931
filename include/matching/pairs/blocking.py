"""Blocking: which pairs are compared at all. A rule is a tuple of keys; records that agree on it form a block.

A null in any key means no block. A record may have several keys by a rule, as one of several addresses has. Blocks
above a cap that keeps a rule inside the pair budget are dropped, and reported by value. A pair is listed by the first
rule that holds for it, so nothing needs de-duplicating but where a record has several keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from include.matching.kernels.pairs import emit_pairs, sort_keys
from include.matching.records.columns import Codes, distinct
from include.matching.records.features import Features

Keys = npt.NDArray[np.uint32]
PER_RULE = 3.0  # pairs a record that one rule may list
LEAST = 10_000  # pairs that any rule may list, however small the table: so many tell what its other blocks promise
AFFORDED = 500_000  # pairs that any table may list, however small


@dataclass(frozen=True)
class Rule:
    """A blocking rule: its name, a key a record (0: none), and how to spell a record's value in the report.

    Where records may have several keys they are place by record, and ``spell`` is given the place's own number, as if
    the places stood one after the other.
    """

    name: str
    keys: Keys
    spell: Callable[[int], str]
    across: Codes | None = None  # where given, only pairs of records that differ in it are listed
    share: float = 1.0  # of the pairs that a rule may list; less for a rule that seldom finds anything


@dataclass
class Blocks:
    """A rule's blocks of two or more: ``order[bounds[2g]:bounds[2g + 1]]`` are the records of block g."""

    order: Codes
    bounds: npt.NDArray[np.int64]
    report: dict[str, Any]
    typical: float = 0.0  # records of the block that a pair stands in, on average
    dropped: Blocks | None = None
    overlap: bool = False  # a record may stand in several of them


@dataclass(frozen=True)
class KeyRows:
    """The keys of rules, rule after rule: a row for each key that a record may have by a rule (0: none)."""

    keys: npt.NDArray[np.uint32]  # row by record
    ends: npt.NDArray[np.int64]  # of each rule's rows

    @classmethod
    def of(cls, rules: Sequence[Keys], records: int) -> KeyRows:
        """The rows of some rules' keys, copied."""
        rows = [np.atleast_2d(keys) for keys in rules]
        ends = np.cumsum([len(keys) for keys in rows], dtype=np.int64)
        return cls(np.concatenate([np.zeros((0, records), np.uint32), *rows]), ends)

    @property
    def records(self) -> int:
        """How many records there are."""
        return int(self.keys.shape[1])

    @property
    def until(self) -> npt.NDArray[np.int64]:
        """Of each row, where the rows of its rule end."""
        return np.repeat(self.ends, np.diff(self.ends, prepend=0))

    def before(self, rule: int) -> int:
        """How many rows the rules before one have."""
        return int(self.ends[rule - 1]) if rule else 0

    def only(self, rules: int) -> KeyRows:
        """The rows of so many rules, the first."""
        return KeyRows(self.keys[: self.before(rules)], self.ends[:rules])

    def of_rule(self, rule: int) -> npt.NDArray[np.uint32]:
        """The rows of one rule."""
        return self.keys[self.before(rule) : int(self.ends[rule])]

    def held(self, left: Codes, right: Codes) -> npt.NDArray[np.bool_]:
        """Which pairs some rule holds for."""
        found = np.zeros(len(left), bool)
        for rule in range(len(self.ends)):
            found |= agree(self.of_rule(rule), left, right)
        return found


def agree(keys: Keys, left: Codes, right: Codes) -> npt.NDArray[np.bool_]:
    """Which pairs have a key in common; ``keys`` is one a record, or place by record."""
    rows = np.atleast_2d(keys)
    found = np.zeros(len(left), bool)
    for one in rows:
        mine = one[left]
        for other in rows:
            found |= (mine != 0) & (mine == other[right])
    return found


@dataclass(frozen=True)
class Candidates:
    """The pairs to compare, ``left`` < ``right``, rule by rule, and the rules as they were used."""

    left: Codes
    right: Codes
    ends: npt.NDArray[np.int64]  # of each rule's pairs
    names: tuple[str, ...]
    keys: KeyRows  # of all rules but those across; 0 where the record's block was dropped
    report: list[dict[str, Any]]
    blocks: tuple[Blocks, ...] = ()  # of each rule, those that were dropped among them

    def only(self, some: npt.NDArray[np.bool_]) -> Candidates:
        """Those of the pairs that ``some`` marks."""
        before = np.concatenate([[0], np.cumsum(some)])
        return replace(self, left=self.left[some], right=self.right[some], ends=before[self.ends])

    @property
    def parts(self) -> list[slice]:
        """Where each rule's pairs are."""
        return [slice(int(start), int(end)) for start, end in zip([0, *self.ends[:-1]], self.ends, strict=True)]

    def rule_of(self, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Which rule listed each pair; ``len(names)`` for a pair that closure added."""
        return np.searchsorted(self.ends, pairs, side="right")


def mix(*codes: npt.NDArray[Any]) -> Keys:
    """One 32-bit key from several non-negative codes, in this order; 0 where any is negative."""
    shape = np.broadcast_shapes(*(code.shape for code in codes))
    state = np.full(shape, 0x9E3779B97F4A7C15, np.uint64)
    null = np.zeros(shape, bool)
    for code in codes:
        null |= code < 0
        state ^= code.astype(np.uint64)
        state *= np.uint64(0xFF51AFD7ED558CCD)
        state ^= state >> np.uint64(32)
    key = np.maximum((state >> np.uint64(16)).astype(np.uint32), 1)
    key[null] = 0
    return key


def block(features: Features, rules: Sequence[Rule], *, link_only: bool, pairs_per_record: float) -> Candidates:
    """List the pairs of every rule inside the budget; rules that list only pairs across something come last."""
    rules = in_turn(rules)
    plain = sum(rule.across is None for rule in rules)
    rows = KeyRows.of([rule.keys for rule in rules], features.size)
    anywhere = features.source if link_only else np.zeros(0, np.int32)

    def listing(at: int, blocks: Blocks) -> tuple[Blocks, Codes, Codes]:
        across = rules[at].across
        return blocks, *list_pairs(blocks, rows, min(at, plain), anywhere if link_only or across is None else across)

    with ThreadPoolExecutor(2) as pool:
        # blocks are dropped before any rule looks back at another's keys
        formed = list(
            pool.map(
                lambda at: form_blocks(rows.of_rule(at), allowed_pairs(rules[at], features.size), rules[at]),
                range(len(rules)),
            )
        )
        listed = list(pool.map(listing, range(len(rules)), formed))
    budget = affordable(features.size, pairs_per_record)
    for at, (blocks, left, _) in enumerate(listed):
        if len(left) > budget:  # the rules before have used the budget: tighten this one until it fits
            listed[at] = listing(at, _tightened(blocks, form_blocks(rows.of_rule(at), budget, rules[at])))
        budget = max(0, budget - len(listed[at][1]))
        listed[at][0].report["pairs"] = len(listed[at][1])
    return _candidates(listed, rules, rows.only(plain))


def affordable(records: int, pairs_per_record: float) -> int:
    """How many pairs a table of so many records may list."""
    return max(AFFORDED, int(pairs_per_record * records))


def _tightened(before: Blocks, after: Blocks) -> Blocks:
    """The blocks ``after`` a second, tighter cap, with those that were dropped ``before`` among the dropped."""
    assert before.dropped is not None and after.dropped is not None
    one, two = after.dropped, before.dropped
    bounds = np.concatenate([one.bounds, two.bounds + len(one.order)])
    dropped = Blocks(np.concatenate([one.order, two.order]), bounds, {}, overlap=after.overlap)
    report = {name: after.report[name] + before.report[name] for name in ("dropped", "pairs_dropped")}
    worst = [*before.report["worst"], *after.report["worst"]][:5]
    report |= {"blocks": before.report["blocks"], "worst": worst}
    return replace(after, report=after.report | report, dropped=dropped)


def _candidates(listed: list[tuple[Blocks, Codes, Codes]], rules: Sequence[Rule], keys: KeyRows) -> Candidates:
    plain = len(keys.ends)
    late = np.concatenate([np.zeros(0, np.int64), *(packed(left, right) for _, left, right in listed[plain:])])
    _, first = np.unique(late, return_index=True)
    kept = np.zeros(len(late), bool)
    kept[first] = True
    for at in range(plain, len(listed)):  # two such rules may list the same pair
        blocks, left, right = listed[at]
        mine, kept = kept[: len(left)], kept[len(left) :]
        listed[at] = blocks, left[mine], right[mine]
        blocks.report["pairs"] = int(mine.sum())
    left, right = (np.concatenate([np.zeros(0, np.int32), *(one[side] for one in listed)]) for side in (1, 2))
    ends = np.cumsum([len(one[1]) for one in listed])
    formed = tuple(replace(one[0], order=left[:0], bounds=ends[:0]) for one in listed)
    report = [one.report for one in formed]
    return Candidates(left, right, ends, tuple(r.name for r in rules), keys, report, formed)


def packed(left: Codes, right: Codes) -> npt.NDArray[np.int64]:
    """Each pair as one number."""
    return left.astype(np.int64) << 32 | right


def form_blocks(keys: Keys, allowed: int, rule: Rule | None = None) -> Blocks:
    """Group records by key, dropping the largest blocks until at most ``allowed`` pairs remain; zeroes dropped keys.

    ``keys``, contiguous, is one a record, or place by record.
    """
    records, keys = keys.shape[-1], keys.reshape(-1)
    order = np.empty(len(keys), np.int32)
    ordered = np.empty(len(keys), np.uint32)
    n = sort_keys(keys, ordered, order)
    order, ordered = order[:n], ordered[:n]
    edge = np.flatnonzero(np.diff(ordered)) + 1
    start, end = np.concatenate([[0], edge]), np.concatenate([edge, [n]])
    start, end = (start[end - start > 1], end[end - start > 1]) if n else (start[:0], end[:0])
    size = end - start
    cap = cap_of(*np.unique(size, return_counts=True), allowed)
    dropped = np.flatnonzero(size >= cap) if cap else np.zeros(0, np.int64)
    report = {"rule": rule.name if rule else "", "blocks": len(size), "largest_kept": 0, "dropped": len(dropped)}
    if rule is not None:
        worst = dropped[np.lexsort((start[dropped], -size[dropped]))][:5]
        report["worst"] = [{"value": rule.spell(int(order[start[g]])), "records": int(size[g])} for g in worst]
        report["pairs_dropped"] = int((size[dropped] * (size[dropped] - 1) // 2).sum())
    overlap = len(keys) > records
    out = _bounded(order, start[dropped], end[dropped], overlap=overlap)
    keys[out.order] = 0
    if overlap:
        order, out.order = order % np.int32(records), out.order % np.int32(records)
    if cap:
        start, end = start[size < cap], end[size < cap]
    size = end - start
    report["largest_kept"] = int(size.max(initial=1) if len(size) else 0)
    typical = typical_of(*np.unique(size, return_counts=True))
    return Blocks(order, np.stack([start, end], 1).ravel().astype(np.int64), report, typical, out, overlap)


def cap_of(sizes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], allowed: int) -> int:
    """The size from which blocks are dropped so that at most ``allowed`` pairs remain, 0 where none need be.

    ``sizes``: the distinct sizes of blocks, ascending; ``counts``: how many blocks have each.
    """
    total = np.cumsum(counts * (sizes * (sizes - 1) // 2))
    fits = int(np.searchsorted(total, allowed, side="right"))
    return int(sizes[fits]) if fits < len(sizes) else 0


def typical_of(sizes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> float:
    """The records of the block that a pair stands in, on average."""
    pairs = counts * (sizes * (sizes - 1) // 2)
    return float((sizes * pairs).sum() / max(pairs.sum(), 1))


def allowed_pairs(rule: Rule, records: int) -> int:
    """How many pairs a rule may list of a table of so many records."""
    return max(LEAST, int(rule.share * PER_RULE * records))


def in_turn(rules: Sequence[Rule]) -> list[Rule]:
    """The rules as they are used: those that list only pairs across something come last."""
    return sorted(rules, key=lambda rule: rule.across is not None)


def _bounded(order: Codes, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], *, overlap: bool) -> Blocks:
    """The blocks alone, side by side."""
    size = end - start
    edge = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    records = order[np.repeat(start - edge[:-1], size) + np.arange(int(edge[-1]))]
    return Blocks(records, np.stack([edge[:-1], edge[1:]], 1).ravel(), {}, overlap=overlap)


def list_pairs(blocks: Blocks, rows: KeyRows, at: int, source: Codes) -> tuple[Codes, Codes]:
    """The pairs of the blocks that none of the first ``at`` rules holds for, of different sources where given."""
    size = blocks.bounds[1::2] - blocks.bounds[::2]
    most = int((size * (size - 1) // 2).sum())
    left, right = np.empty(most, np.int32), np.empty(most, np.int32)
    if most == 0:
        return left, right
    n = emit_pairs(blocks.order, blocks.bounds, rows.keys, rows.until, rows.before(at), source, left, right)
    left, right = left[:n].copy(), right[:n].copy()
    if not blocks.overlap:
        return left, right
    once = distinct(packed(left, right)[left != right])
    return (once >> 32).astype(np.int32), (once & 0xFFFFFFFF).astype(np.int32)
