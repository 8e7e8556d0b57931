"""What every task knows of a table: its layout, its spec, and the rules that it is blocked and sampled by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.matching.pairs.blocking import KeyRows, Rule, in_turn
from include.matching.pairs.blocking_rules import derive_rules
from include.matching.pairs.pair_sample import strata
from include.matching.records.features import Features
from include.matching.spark.rows import Layout, features_of
from include.matching.spec import MatchingSpec


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

    def plain_rows(self, keys: npt.NDArray[np.uint32]) -> KeyRows:
        """Of the keys of some records those of the rules that list pairs whatever they differ in."""
        ends = self.ends[: self.plain]
        return KeyRows(np.ascontiguousarray(keys[: ends[-1] if ends else 0]), np.array(ends, np.int64))


@dataclass(frozen=True)
class Places:
    """Which part of a table holds the record at each place: those from its first place to that of the next part."""

    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sizes: npt.ArrayLike) -> Places:
        """The places of parts of so many records."""
        return cls(np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])[:-1])

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return len(self.starts)

    def part_of(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The part that each place is in."""
        return (np.searchsorted(self.starts, at, side="right") - 1).astype(np.int32)

    def sent(self, rows: pa.Table, key: str) -> pa.Table:
        """The rows, each going to the part of the record that it names as its ``key``."""
        return rows.append_column("to", pa.array(self.part_of(rows[key].to_numpy())))


@dataclass(frozen=True)
class Table:
    """What every task knows of the table."""

    layout: Layout
    spec: MatchingSpec
    records: int
    places: Places
    rules: Rules | None = None

    @property
    def known_rules(self) -> Rules:
        """The rules, which are known once there are records."""
        assert self.rules is not None
        return self.rules

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
