"""Kernels that give comparison levels. See ``strings`` for what a kernel is, ``pairs.comparison`` for the levels."""

from __future__ import annotations

import numpy as np

from include.matching.kernels.strings import LONGEST, compiled, edits, jaro_winkler
from include.matching.levels import EQUAL, UNLIKE, Date, FirstName, LastName, Phone, Postcode, Text


@compiled("b1(i4[:,::1], i4, i4)")
def meet(table, x, y):  # type: ignore[no-untyped-def]
    """Whether two names' rows have a name in common."""
    for u in range(table.shape[1]):
        if table[x, u] < 0:
            break
        for v in range(table.shape[1]):
            if table[y, v] < 0:
                break
            if table[x, u] == table[y, v]:
                return True
    return False


@compiled("b1(i4, i4, u4[::1], i8[::1], i4[:,::1])")
def begins(initial, name, points, offsets, stands_for):  # type: ignore[no-untyped-def]
    """Whether an initial is that of a name, or of one that it stands for: R. may be Bob."""
    for u in range(stands_for.shape[1]):
        if stands_for[name, u] < 0:
            break
        if points[offsets[initial]] == points[offsets[stands_for[name, u]]]:
            return True
    return False


@compiled("i8(i4, i4, u4[::1], i8[::1], i4[:,::1], u1[::1], u1[::1], i4[::1], i4[::1], u1[::1], u1[::1])")
def name_level(x, y, points, offsets, stands_for, is_initial, is_latin, skeleton, own, bins, taken):  # type: ignore[no-untyped-def]
    """The level of two names in the same place; ``stands_for`` are a name's roots, or a surname's parts.

    ``own`` tells names that are known to be names of their own, by their sound (-1: not known).
    """
    if x < 0 or y < 0:
        return 0
    if x == y and is_initial[x] == 0:
        return EQUAL + bins[x]
    s, s_end, t, t_end = offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
    if is_initial[x] or is_initial[y]:
        one, other = (x, y) if is_initial[x] else (y, x)
        return FirstName.INITIAL if begins(one, other, points, offsets, stands_for) else FirstName.OTHER_INITIAL
    if is_latin[x] != is_latin[y]:
        return FirstName.TRANSLITERATED if skeleton[x] == skeleton[y] else FirstName.OTHER_SCRIPT
    apart = edits(points, s, s_end, t, t_end)
    if apart == 0:
        return EQUAL + max(bins[x], bins[y])
    two_names = own[x] >= 0 and own[y] >= 0 and own[x] != own[y]
    other_ending = apart == 1 and s_end - s == t_end - t and points[s_end - 1] != points[t_end - 1]  # Julia, Julie
    if meet(stands_for, x, y) and not (two_names and other_ending):
        return FirstName.NICKNAME
    alike = jaro_winkler(points, s, s_end, t, t_end, taken)
    if two_names:
        return FirstName.LOOK_ALIKE if apart == 1 or alike >= 0.86 else FirstName.OTHER_NAME
    if (apart == 1 and min(s_end - s, t_end - t) > 2) or alike >= 0.93:
        rare, frequent = min(bins[x], bins[y]), max(bins[x], bins[y])
        return FirstName.TYPO if rare < 2 or frequent - rare > 3 else FirstName.LOOK_ALIKE
    return FirstName.CLOSE if alike >= 0.86 else FirstName.DIFFERENT


@compiled("i8(i4, i4, u4[::1], i8[::1], i4[:,::1])")
def strokes(x, y, points, offsets, roots):  # type: ignore[no-untyped-def]
    """0 when two names are equal, 1 when a stroke or a nickname apart, 2 when further."""
    apart = edits(points, offsets[x], offsets[x + 1], offsets[y], offsets[y + 1])
    return min(apart, 1) if meet(roots, x, y) else apart


@compiled("b1(i4, i4, i4, u4[::1], i8[::1])")
def spells(word, one, two, points, offsets):  # type: ignore[no-untyped-def]
    """Whether a word is two names written together."""
    cut = offsets[word] + offsets[one + 1] - offsets[one]
    end = offsets[word + 1]
    if end - cut != offsets[two + 1] - offsets[two]:
        return False
    first = edits(points, offsets[word], cut, offsets[one], offsets[one + 1])
    return first + edits(points, cut, end, offsets[two], offsets[two + 1]) == 0


@compiled("i8(i4, i4, i4, u4[::1], i8[::1], i4[:,::1], u1[::1], u1[::1])")
def loose_levels(word, given, family, points, offsets, roots, first_bin, last_bin):  # type: ignore[no-untyped-def]
    """First level x 64 + last level of a full name of one word against a first and a last name.

    The word may be either name, or both written together; if it is neither it is a handle, which says nothing.
    """
    if word == family:
        return 64 * FirstName.ONE_WORD + EQUAL + last_bin[word]
    if word == given:
        return 64 * (EQUAL + first_bin[word])
    if meet(roots, word, given):
        return 64 * FirstName.NICKNAME
    if family >= 0 and (spells(word, given, family, points, offsets) or spells(word, family, given, points, offsets)):
        return 64 * (EQUAL + first_bin[given]) + EQUAL + last_bin[family]
    return 0


@compiled(
    "void(i4[::1], i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], i4[:,::1], i4[:,::1], i4[::1], i4[::1], u1[::1],"
    " u1[::1], u1[::1], i4[::1], u1[::1], u1[::1], u1[::1], u1[::1])"
)
def compare_names(  # type: ignore[no-untyped-def]
    left,
    right,
    first,
    last,
    points,
    offsets,
    roots,
    tokens,
    own,
    no_own,
    is_initial,
    loose,
    is_latin,
    skeleton,
    first_bin,
    last_bin,
    first_level,
    last_level,
):
    """The levels of both names, in the orientation that fits: ``SWAPPED`` is first and last name changed places."""
    taken = np.zeros(2 * LONGEST, np.uint8)
    for k in range(len(left)):
        i, j = left[k], right[k]
        f, g, l, m = first[i], first[j], last[i], last[j]  # noqa: E741
        one = name_level(f, g, points, offsets, roots, is_initial, is_latin, skeleton, own, first_bin, taken)
        two = name_level(l, m, points, offsets, tokens, is_initial, is_latin, skeleton, no_own, last_bin, taken)
        unlike = one in UNLIKE and two in UNLIKE
        if (
            unlike
            and (f == m or l == g)
            and strokes(f, m, points, offsets, roots) + strokes(l, g, points, offsets, roots) <= 1
        ):
            one, two = FirstName.SWAPPED, 0
        if loose[i] != loose[j] and two > LastName.PART and (f >= 0 or g >= 0):
            if loose[i]:
                both = loose_levels(l, g, m, points, offsets, roots, first_bin, last_bin)
            else:
                both = loose_levels(m, f, l, points, offsets, roots, first_bin, last_bin)
            one, two = both // 64, both % 64
        if loose[i] and loose[j] and two >= EQUAL and own[l] >= 0:  # two who say a known first name and nothing else
            one, two = EQUAL + first_bin[l], 0
        first_level[k] = one
        last_level[k] = two


@compiled("void(i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], u1[::1], i4[::1], i4[::1], f8, i8, u1[::1])")
def compare_texts(left, right, codes, points, offsets, bins, area, extension, similar, prefix, out):  # type: ignore[no-untyped-def]
    """Levels of one text column, of a phone or of an identifier; their numbers agree.

    A bin of 255 marks a value that so many share that agreeing on it is no evidence (level 0).
    ``area`` is a code a value and ``extension`` a code a record, where the column has such. ``similar`` is a
    Jaro-Winkler similarity, ``prefix`` a number of code points; 0 turns either off.
    """
    taken = np.zeros(2 * LONGEST, np.uint8)
    for k in range(len(left)):
        x, y = codes[left[k]], codes[right[k]]
        one, other = (extension[left[k]], extension[right[k]]) if len(extension) else (np.int32(-1), np.int32(-1))
        if x < 0 or y < 0:
            out[k] = 0
        elif x == y:
            out[k] = 0 if bins[x] == 255 else EQUAL + bins[x]
            if min(one, other) >= 0 and one != other:
                out[k] = Phone.OTHER_EXTENSION
        else:
            s, s_end, t, t_end = offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
            out[k] = Text.DIFFERENT
            if min(s_end - s, t_end - t) > 3 and edits(points, s, s_end, t, t_end) == 1:
                out[k] = Text.TYPO
            elif similar > 0 and jaro_winkler(points, s, s_end, t, t_end, taken) >= similar:
                out[k] = Text.CLOSE
            elif len(area):
                out[k] = Postcode.SAME_AREA if area[x] == area[y] else Postcode.DIFFERENT
            elif prefix > 0 and min(s_end - s, t_end - t) > prefix:
                same = 0
                while same < prefix and points[s + same] == points[t + same]:
                    same += 1
                out[k] = Text.CLOSE if same == prefix else Text.DIFFERENT


@compiled("void(i4[::1], i4[::1], i4[::1], i4[:,::1], u1[::1], u1[::1], u1[::1])")
def compare_dates(left, right, codes, parts, bins, of_relative, out):  # type: ignore[no-untyped-def]
    """Levels of two dates (year, month, day); ``of_relative`` tells of each record whether a relative says its date."""
    for k in range(len(left)):
        x, y = codes[left[k]], codes[right[k]]
        if x < 0 or y < 0:
            out[k] = 0
            continue
        if x == y:
            out[k] = EQUAL + bins[x]
            continue
        wrong = 0
        for p in range(3):
            a, b = parts[x, p], parts[y, p]
            for _ in range(4):
                wrong += a % 10 != b % 10
                a //= 10
                b //= 10
        year, month, day = parts[x, 0] == parts[y, 0], parts[x, 1] == parts[y, 1], parts[x, 2] == parts[y, 2]
        turned = year and parts[x, 1] == parts[y, 2] and parts[x, 2] == parts[y, 1]
        if wrong == 1 or turned:
            out[k] = Date.TYPO
        elif year and (month or day):
            out[k] = Date.YEAR_AND_PART
        elif (month and day) or wrong == 2:
            out[k] = Date.TWO_DIGITS
        else:
            out[k] = Date.SAME_YEAR if year else Date.DIFFERENT
            if out[k] == Date.DIFFERENT and (of_relative[left[k]] or of_relative[right[k]]):
                out[k] = Date.OF_RELATIVE
