"""The nearest known name, for messages about unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CLOSE = 0.75
FEW = 25


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known name closest to ``name``; else the known ones, if they are few.

    Close is a spelling with a letter or two different or exchanged, or a name that ends with ``name``.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=CLOSE)
    close = close or [other for other in names if sorted(other) == sorted(name) or other.endswith(f"_{name}")][:1]
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(names)})" if 0 < len(names) <= FEW else ""
