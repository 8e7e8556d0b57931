"""Rows that are read several times, computed once and kept as long as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import ibis.expr.operations as ops
import ibis.expr.types as ir

from include.storage.engine import Engine


@dataclass(frozen=True)
class Holding:
    """Keeps rows in an engine's memory (it spills); without one they stay as they are, to be computed again.

    ``keeps_all``: also what is held briefly, for a reader who asks for little, and may ask for the same again.
    """

    engine: Engine | None = None
    keeps_all: bool = False
    _held: dict[ops.Relation, ir.Table] = field(default_factory=dict)

    def __call__(self, rows: ir.Table) -> ir.Table:
        """Return the rows, computed now unless they are held already."""
        if self.engine is None:
            return rows
        asked = rows.op()
        if asked not in self._held:
            self._held[asked] = self.engine.hold(rows)
        return self._held[asked]

    @contextmanager
    def briefly(self) -> Iterator[Holding]:
        """Yield another, whose rows are given up when the block ends."""
        if self.engine is None or self.keeps_all:
            yield self
            return
        other = Holding(self.engine)
        try:
            yield other
        finally:
            for held in other._held.values():
                self.engine.connection.execute(f'DROP TABLE IF EXISTS "{held.op().name}"').complete()
