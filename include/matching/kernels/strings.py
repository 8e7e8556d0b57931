"""The few loops that numpy cannot express, compiled ahead of use with explicit signatures and kept on disk.

``python -m include.matching.kernels.compile`` compiles them at set-up; without it the first import does, once.
Every kernel releases the GIL, reads only what it is given, and writes only to its output arrays. This module has those
on single strings, which are rows of a flat ``uint32`` array of code points, bounded by ``offsets``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

LONGEST = 64  # code points of a value that are compared; the rest is cut when values are laid out


def compiled(signature: str) -> Any:
    """Compile at import, or load what an earlier import compiled."""
    return numba.njit(signature, cache=True, nogil=True, error_model="numpy")


@compiled("f8(u4[::1], i8, i8, i8, i8, u1[::1])")
def jaro_winkler(points, s, s_end, t, t_end, taken):  # type: ignore[no-untyped-def]
    """Jaro-Winkler similarity in [0, 1] (Winkler 1990), value for value jellyfish's."""
    n, m = s_end - s, t_end - t
    if n == 0 or m == 0:
        return 0.0
    reach = max(n, m) // 2 - 1
    reach = max(reach, 0)
    for j in range(n + m):
        taken[j] = 0
    common = 0
    for i in range(n):
        for j in range(max(0, i - reach), min(m, i + reach + 1)):
            if taken[n + j] == 0 and points[s + i] == points[t + j]:
                taken[i] = taken[n + j] = 1
                common += 1
                break
    if common == 0:
        return 0.0
    j = 0
    moved = 0
    for i in range(n):
        if taken[i]:
            while taken[n + j] == 0:
                j += 1
            if points[s + i] != points[t + j]:
                moved += 1
            j += 1
    jaro = (common / n + common / m + (common - moved // 2) / common) / 3.0
    if jaro <= 0.7:
        return jaro
    prefix = 0
    while prefix < min(4, n, m) and points[s + prefix] == points[t + prefix]:
        prefix += 1
    return jaro + prefix * 0.1 * (1.0 - jaro)


@compiled("i8(u4[::1], i8, i8, i8, i8)")
def edits(points, s, s_end, t, t_end):  # type: ignore[no-untyped-def]
    """0 when equal, 1 when one insertion, deletion, substitution or neighbour swap apart, 2 when further."""
    n, m = s_end - s, t_end - t
    if abs(n - m) > 1:
        return 2
    i = 0
    while i < min(n, m) and points[s + i] == points[t + i]:
        i += 1
    if i == n and i == m:
        return 0
    k = 0
    while k < min(n, m) - i and points[s_end - 1 - k] == points[t_end - 1 - k]:
        k += 1
    if max(n, m) - i - k <= 1:
        return 1
    if n == m and n - i - k == 2 and points[s + i] == points[t + i + 1] and points[s + i + 1] == points[t + i]:
        return 1
    return 2


@compiled("i8(u4[::1], i8, i8, i8, i8)")
def contains(points, s, s_end, t, t_end):  # type: ignore[no-untyped-def]
    """1 when the text t lies inside the text s, else 0."""
    m = t_end - t
    for i in range(s, s_end - m + 1):
        k = 0
        while k < m and points[i + k] == points[t + k]:
            k += 1
        if k == m:
            return 1
    return 0


@compiled("void(u1[::1], i8[::1], u8[::1])")
def hash_texts(data, offsets, out):  # type: ignore[no-untyped-def]
    """FNV-1a of each text with a final avalanche: a stable 64-bit order that looks random."""
    for i in range(len(out)):
        h = np.uint64(14695981039346656037)
        for k in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[k])) * np.uint64(1099511628211)
        h ^= h >> np.uint64(33)
        h *= np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(33)
        out[i] = h
