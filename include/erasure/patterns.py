"""Where a value stands within a text: one regular expression for DuckDB (RE2), PostgreSQL and Python alike.

A value counts only where it stands by itself: ``ann@x.example`` is not in ``joann@x.example`` and ``crm.contact:1`` is
not in ``crm.contact:12``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BLANK = "erased"  # what stands where a value stood in a row of somebody else
_BEFORE = r"(^|[^A-Za-z0-9._%+'-]|\\[bfnrt]|\\u[0-9A-Fa-f]{4})"  # JSON's escapes end in letters
_AFTER = r"($|[^A-Za-z0-9._-]|[._-]$|[._-][^A-Za-z0-9])"
LOT = 300  # values in one expression; with many more RE2 gives up its automaton, and takes a hundred times as long
_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def contained(values: Iterable[str]) -> str:
    """Return the expression that finds any of the values, in small letters or capitals; there is one at least."""
    longest_first = sorted(set(values), key=lambda value: (-len(value), value))
    return f"{_BEFORE}({'|'.join(map(_escaped, longest_first))}){_AFTER}"


def lots(values: Iterable[str]) -> Sequence[str]:
    """Return the expressions that together find any of the values; none where there is none."""
    every = sorted(set(values))
    return [contained(every[at : at + LOT]) for at in range(0, len(every), LOT)]


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _escaped(value: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in value)
