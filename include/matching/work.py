"""What the engine asks of whoever holds the records: the operations that grow with a table.

The engine is written once against them. ``memory`` answers with Arrow and compiled loops on one machine, ``spark`` with
the tasks of a cluster; both call the same rules on the records and pairs that they have at hand. Only
counts go back to the engine: patterns of levels and how many pairs have each, log odds and how many pairs have each.
Whatever is counted is whole, so that the answers are the same wherever the pairs stand and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from include.matching.judgement import Judge
from include.matching.pairs.comparison import Group
from include.matching.pairs.pair_sample import Drawn, Patterns
from include.matching.pairs.tally import Tally


class Pairs(Protocol):
    """Pairs of records that were judged."""

    def tallies(self) -> list[Tally]:
        """The log odds of the pairs, rule by rule."""

    def cluster(self, judge: Judge, *, threshold: float, chain: bool) -> tuple[Tally, Tally]:
        """Group the records that the pairs link; the log odds of the pairs within clusters, and of the others."""

    def joined(self) -> tuple[Patterns, Patterns]:
        """The patterns of pairs whose records are one person's by their cluster: those listed, and those not."""


class Work(Pairs, Protocol):
    """A table's records, and the pairs of them that are listed."""

    records: int
    groups: Sequence[Group]

    def block(self) -> None:
        """List the pairs of every blocking rule inside the budget."""

    def compare(self) -> None:
        """Give every listed pair its levels."""

    def drawn(self) -> list[Drawn]:
        """Draw from the whole space of pairs (see ``pairs.pair_sample``)."""

    def score(self, judge: Judge) -> None:
        """Give every listed pair its log odds."""

    def sample(self) -> tuple[Pairs, int]:
        """The pairs of some components, and of how many components each is one."""

    def extend(self, found: Sequence[Tally], judge: Judge) -> None:
        """List, compare and score what is left of the budget (see ``pairs.blocking_budget``)."""

    def weigh(self, judge: Judge) -> None:
        """Weigh listed pairs, and then any others, by to whom else their records may belong (see ``rivals``)."""

    def report(self) -> dict[str, Any]:
        """What was found out about the table: blocking, components, shared and damaged values."""
