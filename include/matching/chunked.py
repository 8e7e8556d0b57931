"""Long arrays in chunks, two at a time: a step holds little at once, and two cores work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CHUNK = 1 << 18
Result = TypeVar("Result")


def in_chunks(length: int, work: Callable[[int], Result]) -> list[Result]:
    """What ``work`` returns for the start of each chunk of an array, in order, on two threads."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, range(0, length, CHUNK)))
