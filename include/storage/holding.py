"""Rows that are read several times, kept as long as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import ibis.expr.types as ir

from include.storage.engine import Engine


@dataclass(frozen=True)
class Holding:
    """Keeps rows in an engine's memory (it spills); without one they stay as they are, to be computed again."""

    engine: Engine | None = None
    _names: list[str] = field(default_factory=list)

    def __call__(self, rows: ir.Table) -> ir.Table:
        """Return the rows, computed now."""
        if self.engine is None:
            return rows
        held = self.engine.hold(rows)
        self._names.append(held.get_name())
        return held

    @contextmanager
    def briefly(self) -> Iterator[Holding]:
        """Yield another, whose rows are given up when the block ends."""
        other = Holding(self.engine)
        try:
            yield other
        finally:
            for name in other._names:
                assert self.engine is not None
                self.engine.connection.execute(f'DROP TABLE "{name}"').complete()
