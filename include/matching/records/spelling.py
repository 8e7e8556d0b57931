"""Misspelt names: a rare name one or two strokes from a common one is probably that name.

That is enough for blocking; for comparing, the record's own address has to spell the common one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from include.matching.kernels.addresses import local_holds_name
from include.matching.records.columns import Codes, Texts, apply

SHORTEST, LONGEST, RATIO = 4, 16, 4


def spelt_as_in_addresses(  # noqa: PLR0917  names and addresses, each as codes and texts
    names: Codes, texts: Texts, own: Codes, local: Codes, locals_: Texts, usual_of: Codes
) -> Codes:
    """Each record's name, mended where its address's local part spells a name that a slip makes this one.

    ``usual_of`` is each name's other one (``usual_spelling``), at least as frequent; the local part must not hold the
    one that is written. ``own`` tells names that are known to be names of their own, by their sound: Neil's address is
    no sign that Nell is misspelt.
    """
    usual = apply(usual_of, names)
    two_names = (apply(own, names) >= 0) & (apply(own, usual) >= 0) & (apply(own, names) != apply(own, usual))
    at = np.flatnonzero((usual != names) & (local >= 0) & ~two_names)
    none = np.full(len(at), -1, np.int32)
    written, other = np.zeros((2, len(at)), np.uint8)
    for column, held in ((names, written), (usual, other)):
        local_holds_name(
            local[at], column[at], none, locals_.points, locals_.offsets, texts.offsets, texts.points, held
        )
    mended = at[(other == 1) & (written == 0)]
    out = names.copy()
    out[mended] = usual[mended]
    return out


def usual_spelling(texts: Texts, counts: npt.NDArray[np.int64], ratio: int = RATIO) -> Codes:
    """For each name, the most frequent name that becomes equal when each loses at most one letter, where that is at
    least ``ratio`` times as frequent; otherwise the name itself (the deletion neighbourhood of Garbe's SymSpell)."""
    size = len(counts)
    own = np.arange(size, dtype=np.int32)
    length = np.diff(texts.offsets)
    chosen = np.flatnonzero((length >= SHORTEST) & (length <= LONGEST))
    if not len(chosen):
        return own
    hashes, value = _deletions(texts, chosen, length[chosen])
    order = np.argsort(hashes, kind="stable")
    group = np.cumsum(np.diff(hashes[order], prepend=hashes[order[:1]]) != 0)
    value = value[order]
    start = np.flatnonzero(np.diff(group, prepend=-1))
    rank = counts[value] * np.int64(size) + (size - 1 - value)  # most frequent, then first seen
    leader = np.maximum.reduceat(rank, start)[group]
    best = np.zeros(size, np.int64)
    np.maximum.at(best, value, leader)
    target = (size - 1 - best % size).astype(np.int32)
    moved = (best > 0) & (best // size >= ratio * np.maximum(counts, 1))
    return np.where(moved, target, own)


def _deletions(
    texts: Texts, chosen: npt.NDArray[np.int64], length: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Hashes of each chosen text and of it without each of its letters, and whose they are."""
    at = np.arange(LONGEST)
    inside = at < length[:, None]
    points = texts.points[np.where(inside, texts.offsets[chosen][:, None] + at, 0)].astype(np.uint64) * inside
    weight = np.random.default_rng(7).integers(1, 2**63, LONGEST + 1, dtype=np.uint64) | np.uint64(1)
    letter = points * (points + np.uint64(0x9E3779B97F4A7C15))
    before = np.cumsum(letter * weight[:LONGEST], axis=1, dtype=np.uint64)
    shifted = np.cumsum((letter[:, 1:] * weight[: LONGEST - 1])[:, ::-1], axis=1, dtype=np.uint64)[:, ::-1]
    whole = before[:, -1]
    left = np.concatenate([np.zeros((len(chosen), 1), np.uint64), before[:, :-1]], axis=1)
    right = np.concatenate([shifted, np.zeros((len(chosen), 1), np.uint64)], axis=1)
    without = left + right
    rows = np.repeat(np.arange(len(chosen)), length)
    return np.concatenate([whole, without[inside]]), np.concatenate([chosen, chosen[rows]])
