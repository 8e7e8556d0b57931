"""Looks for values in the bytes of files, or of anything else, many at once, by the expressions of Arrow (RE2).

What is read is looked at in pieces that overlap: expressions pick those in which a value may stand, and only they are
looked at exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from include.erasure.search import MARGIN, REACH, Search

PIECE = 1 << 16  # bytes
BATCH = 1 << 25  # bytes that are looked at together

Part = TypeVar("Part")


class Piece(NamedTuple):
    """Some bytes of a file, from where, and whether they are its last."""

    place: Path
    begin: int
    content: bytes
    is_last: bool


def holding(places: Iterable[Path], search: Search) -> list[Path]:
    """Return the files in which a value stands, in small letters or capitals, also within others."""
    return list(dict.fromkeys(piece.place for piece in _picked(places, search)))


def spans(places: Iterable[Path], search: Search) -> Iterator[tuple[Path, int, int]]:
    """Yield where values stand by themselves: the file, from and to, each once and in order."""
    at, done = None, 0
    for piece in _picked(places, search):
        at, done = piece.place, done if piece.place == at else 0
        for start, end in search.spans(piece.content):
            is_cut = (piece.begin and start < MARGIN) or (not piece.is_last and end > len(piece.content) - MARGIN)
            if not is_cut and piece.begin + start >= done:
                done = piece.begin + end
                yield piece.place, piece.begin + start, done


def picked(contents: Sequence[bytes], expressions: Sequence[str]) -> list[int]:
    """Return which of the contents one of the expressions finds something in."""
    looked_at, found = pa.array(contents, pa.large_binary()), set[int]()
    for expression in expressions:
        hits = pc.match_substring_regex(looked_at, expression.encode(), ignore_case=True)
        found.update(pc.indices_nonzero(hits).to_pylist())
    return sorted(found)


def in_batches(parts: Iterable[Part], content: Callable[[Part], bytes]) -> Iterator[list[Part]]:
    """Yield parts with their bytes, as many together as are looked at at a time."""
    batch, size = list[Part](), 0
    for part in parts:
        batch.append(part)
        size += len(content(part))
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _picked(places: Iterable[Path], search: Search) -> Iterator[Piece]:
    pieces = (piece for place in places for piece in _pieces(place)) if search else ()
    for batch in in_batches(pieces, lambda piece: piece.content):
        yield from (batch[at] for at in picked([piece.content for piece in batch], search.anywhere))


def _pieces(place: Path) -> Iterator[Piece]:
    """Yield the bytes of a file; what stands at the end of a piece is at the beginning of the next as well."""
    try:
        with place.open("rb") as file:
            begin, content = 0, file.read(PIECE)
            while content:
                more = file.read(PIECE)
                yield Piece(place, begin, content, is_last=not more)
                if not more:
                    return
                begin += max(0, len(content) - REACH)
                content = content[-REACH:] + more
    except FileNotFoundError:  # gone meanwhile
        return
