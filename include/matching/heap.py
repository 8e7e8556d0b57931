"""Freed memory, given back to the system between stages, for what one needed for a while is not what the next needs.

The C library keeps what Python, numpy and Arrow free in order to use it again: of a large table, a quarter of all that
the process holds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pyarrow as pa

_TRIM: Callable[[int], int] | None
try:
    _TRIM = ctypes.CDLL(None).malloc_trim
except (AttributeError, OSError, TypeError):  # the library is not GNU's
    _TRIM = None


def give_back() -> None:
    """Give the system back what is free."""
    pa.default_memory_pool().release_unused()
    if _TRIM is not None:
        _TRIM(0)
