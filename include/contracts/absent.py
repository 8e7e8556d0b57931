"""Importing a library as where another one is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Let imports find no such package while the block runs; what was imported of it before stays."""
    kept = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        if kept is not None:
            sys.modules[package] = kept
