"""Kernels on what names and the local parts of addresses share, however written. See ``strings`` for kernels."""

from __future__ import annotations

from include.matching.kernels.strings import compiled


@compiled("i8(u4[::1], i8, i8, u4[::1], i8)")
def letters(points, s, s_end, out, bare):  # type: ignore[no-untyped-def]
    """Write the letters of a text, and return how many; ``bare``: its skeleton, which transliterations mostly share.

    A skeleton has no vowels and half-vowels, k for q and c, s for z, and no letter twice in a row.
    """
    n = 0
    for p in range(s, s_end):
        c = points[p]
        if c < 97 or c == 126:  # digits, separators, apostrophes
            continue
        if bare:
            if c in (97, 101, 105, 111, 117, 119, 121):  # a e i o u w y
                continue
            if c in (99, 113):
                c = 107
            elif c == 122:
                c = 115
            if n and out[n - 1] == c:
                continue
        out[n] = c
        n += 1
    return n


@compiled("void(u4[::1], i8[::1], u4[::1], i8[::1])")
def skeletons(points, offsets, out, out_offsets):  # type: ignore[no-untyped-def]
    """The skeletons of texts, laid out one after the other; a text without consonants stays as it is."""
    for i in range(len(offsets) - 1):
        begin = out_offsets[i]
        n = letters(points, offsets[i], offsets[i + 1], out[begin:], 1)
        if n == 0:
            n = offsets[i + 1] - offsets[i]
            out[begin : begin + n] = points[offsets[i] : offsets[i + 1]]
        out_offsets[i + 1] = begin + n


@compiled("b1(u4[::1], i8, i8, u4[::1], i8)")
def ends_with(text, at, end, name, size):  # type: ignore[no-untyped-def]
    """Whether a text is, from ``at`` to its end, the first letters of a name."""
    k = 0
    while at + size == end and k < size and text[at + k] == name[k]:
        k += 1
    return at + size == end and k == size


@compiled("b1(u4[::1], i8, u4[::1], i8, u4[::1], i8, i8)")
def is_made_of(text, end, one, m, two, n, bare):  # type: ignore[no-untyped-def]
    """Whether a text is one of two names, or both in either order, one of them in full and the other or its initial.

    ``bare``: they are skeletons, where a letter that ends the one and begins the other is written once.
    """
    for _ in range(2):
        if m > 0 and ends_with(text, 0, end, one, m):
            return True
        for size in (m, min(m, 1)):
            if 0 < size <= end and n > 0 and ends_with(text, 0, size, one, size):
                at = size - 1 if bare and one[size - 1] == two[0] else size
                if ends_with(text, at, end, two, n) or (size == m and ends_with(text, at, end, two, 1)):
                    return True
        one, two, m, n = two, one, n, m
    return False


@compiled("b1(u4[::1], i8, u4[::1], i8)")
def lies_in(text, size, name, length):  # type: ignore[no-untyped-def]
    """Whether a name of three letters or more lies in a text."""
    at = 0
    while at + length <= size and not ends_with(text, at, at + length, name, length):
        at += 1
    return length > 2 and at + length <= size
