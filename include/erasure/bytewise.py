"""Looks for values in the bytes of files, many files and values at once, by the expressions of Arrow (RE2).

A hundred values together take as long as one, while ``re`` tries each at every byte; with many hundreds RE2 gives up
its automaton, so they are looked for in lots.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

LOT = 100  # values in one expression
WINDOW = 1 << 25  # bytes that are looked through at once


def spellings(values: Collection[str]) -> list[bytes]:
    """Return the values as bytes spell them, and as JSON does; the longest first."""
    spelt = {form for value in values for form in (value.encode(), json.dumps(value)[1:-1].encode())}
    return sorted(spelt, key=lambda value: (-len(value), value))


def holding(places: Iterable[Path], values: Collection[str]) -> Iterator[Path]:
    """Yield the files in which one of the values stands anywhere, in small letters or capitals of ASCII."""
    spelt = spellings(values)
    if not spelt:
        return
    lots = [b"|".join(map(re.escape, spelt[at : at + LOT])) for at in range(0, len(spelt), LOT)]
    found = set[Path]()
    for batch in _batches(places, overlap=len(spelt[0])):
        windows = pa.array([window for _, window in batch], pa.large_binary())
        for lot in lots:
            hits = pc.match_substring_regex(windows, lot, ignore_case=True).to_pylist()
            found |= {place for (place, _), hit in zip(batch, hits, strict=True) if hit}
    yield from sorted(found)


def _batches(places: Iterable[Path], *, overlap: int) -> Iterator[list[tuple[Path, bytes]]]:
    """Yield what the files hold, as many together as a window is large."""
    batch, size = list[tuple[Path, bytes]](), 0
    for place in places:
        for window in _windows(place, overlap):
            batch.append((place, window))
            size += len(window)
            if size >= WINDOW:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _windows(place: Path, overlap: int) -> Iterator[bytes]:
    """Yield the bytes of a file by windows; what stands at the end of one is at the beginning of the next as well."""
    try:
        with place.open("rb") as file:
            before = b""
            while read := file.read(WINDOW):
                yield before + read
                before = (before + read)[-overlap:]
    except FileNotFoundError:  # gone meanwhile
        return
