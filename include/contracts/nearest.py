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
    close = close or [other for other in names if _is_slip(name, other) or other.endswith(f"_{name}")][:1]
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(names)})" if 0 < len(names) <= FEW else ""


def _is_slip(name: str, other: str) -> bool:
    """Letters exchanged, or one different: in a short name that is more than a quarter of it."""
    different = sum(a != b for a, b in zip(name, other, strict=False)) if len(name) == len(other) > 2 else len(other)
    return different == 1 or sorted(name) == sorted(other)
