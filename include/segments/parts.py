"""What has been read of sqlglot's tree: a part that nobody asked for is found, so that none is passed by unseen.

sqlglot marks much of a meaning beside a node (`negate` of a `Like`, `symmetric` of a `Between`), and a newer one
may mark more. Whoever reads a tree takes its parts here, and afterwards asks what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp


@dataclass(frozen=True)
class Parts:
    """The parts taken so far, by node and name."""

    _taken: set[tuple[int, str]] = field(default_factory=set)

    def take(self, node: exp.Expr, name: str) -> Any:
        """Return one part of a node, or None."""
        self._taken.add((id(node), name))
        return node.args.get(name)

    def inside(self, node: exp.Expr) -> exp.Expr:
        """Return what stands in the brackets around a node, if there are any."""
        while isinstance(node, exp.Paren):
            node = self.take(node, "this")
        return node

    def left(self, root: exp.Expr) -> tuple[exp.Expr, str] | None:
        """Return a node at or below ``root`` with the name of a part that says something and was not taken."""
        for node in root.walk():
            for name, value in node.args.items():
                if value not in (None, False, []) and (id(node), name) not in self._taken:
                    return node, name
        return None
