"""Rows that are read several times, computed once and kept as long as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import ibis.expr.operations as ops
import ibis.expr.types as ir


class Keeper(Protocol):
    """What can keep rows: the engine in its memory (it spills), a transaction of PostgreSQL in temporary tables."""

    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows and keep them."""

    def release(self, rows: ir.Table) -> None:
        """Give up rows that are kept."""


@dataclass(frozen=True)
class Holding:
    """Keeps rows that are read again; without a keeper they stay as they are, to be computed again.

    ``keeps_all``: also what is held briefly, for a reader who asks for little, and may ask for the same again.
    """

    keeper: Keeper | None = None
    keeps_all: bool = False
    _held: dict[ops.Relation, ir.Table] = field(default_factory=dict)

    def __call__(self, rows: ir.Table) -> ir.Table:
        """Return the rows, computed now unless they are held already."""
        if self.keeper is None:
            return rows
        asked = rows.op()
        if asked not in self._held:
            self._held[asked] = self.keeper.hold(rows)
        return self._held[asked]

    @contextmanager
    def briefly(self) -> Iterator[Holding]:
        """Yield another, whose rows are given up when the block ends."""
        if self.keeper is None or self.keeps_all:
            yield self
            return
        other = Holding(self.keeper)
        try:
            yield other
        finally:
            for held in other._held.values():
                self.keeper.release(held)
