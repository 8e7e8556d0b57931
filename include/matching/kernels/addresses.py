"""Kernels that compare email addresses. See ``strings`` for what a kernel is, ``levels.Email`` for the levels."""

from __future__ import annotations

import numpy as np

from include.matching.kernels.skeletons import is_made_of, letters, lies_in
from include.matching.kernels.strings import LONGEST, compiled, contains, edits
from include.matching.levels import EQUAL, Email


@compiled("b1(u4[::1], i8, i8, i8, i8)")
def other_number(points, s, s_end, t, t_end):  # type: ignore[no-untyped-def]
    """Whether two local parts are the same but for one digit that one of them has (``ann.lee`` and ``ann.lee2``)."""
    digits, letters = 0, 0
    while s < s_end or t < t_end:
        if s < s_end and (48 <= points[s] < 58 or points[s] == 46):
            digits += points[s] != 46
            s += 1
        elif t < t_end and (48 <= points[t] < 58 or points[t] == 46):
            digits += points[t] != 46
            t += 1
        elif s < s_end and t < t_end and points[s] == points[t]:
            letters += 1
            s += 1
            t += 1
        else:
            return False
    return digits == 1 and letters > 2


@compiled("i8(u4[::1], i8, i8, i8, i8)")
def local_edits(points, s, s_end, t, t_end):  # type: ignore[no-untyped-def]
    """``edits`` of two local parts, where a digit or the first letter that differs is no slip but another person."""
    for p in range(s, s_end):
        if 48 <= points[p] < 58:
            return 2
    for p in range(t, t_end):
        if 48 <= points[p] < 58:
            return 2
    if min(s_end - s, t_end - t) < 5 or points[s] != points[t]:
        return 2
    return edits(points, s, s_end, t, t_end)


@compiled("b1(u4[::1], i8, i8, i8, i8)")
def same_number(points, s, s_end, t, t_end):  # type: ignore[no-untyped-def]
    """Whether two local parts end in the same number of two digits or more (``ann.lee82`` and ``alee82``)."""
    digits = 0
    while s < s_end and t < t_end and points[s_end - 1] == points[t_end - 1] and 48 <= points[s_end - 1] < 58:
        s_end -= 1
        t_end -= 1
        digits += 1
    more = (s < s_end and 48 <= points[s_end - 1] < 58) or (t < t_end and 48 <= points[t_end - 1] < 58)
    return digits > 1 and not more


@compiled("void(i4[::1], i4[::1], i4[::1], i4[::1], i4[::1], u1[::1], u1[::1], u1[::1], u4[::1], i8[::1], u1[::1])")
def compare_emails(  # type: ignore[no-untyped-def]
    left, right, mailbox, local, domain, shared, is_free, name_made, points, offsets, out
):
    """The levels of two addresses; a local part that is its owner's name says no more than the names do."""
    for k in range(len(left)):
        i, j = left[k], right[k]
        if mailbox[i] < 0 or mailbox[j] < 0:
            out[k] = 0
            continue
        same_domain = domain[i] == domain[j]
        free = is_free[domain[i]] + is_free[domain[j]]
        if shared[mailbox[i]] == 255 or shared[mailbox[j]] == 255:
            out[k] = Email.SAME_COMPANY if same_domain and free == 0 else 0
            continue
        if mailbox[i] == mailbox[j]:
            out[k] = EQUAL + shared[mailbox[i]]
            continue
        own = name_made[i] == 0 and name_made[j] == 0
        s, s_end, t, t_end = offsets[local[i]], offsets[local[i] + 1], offsets[local[j]], offsets[local[j] + 1]
        if local[i] == local[j] and own:
            out[k] = Email.SAME_LOCAL_ELSEWHERE
        elif (own or same_domain) and local_edits(points, s, s_end, t, t_end) == 1:
            out[k] = Email.TYPO if same_domain else Email.TYPO_ELSEWHERE
        elif same_domain and free == 0:
            out[k] = Email.OTHER_NUMBER if other_number(points, s, s_end, t, t_end) else Email.SAME_COMPANY
        elif same_number(points, s, s_end, t, t_end):
            out[k] = Email.SAME_NUMBER_ELSEWHERE
        elif free == 2:
            out[k] = Email.BOTH_FREE_MAIL
        else:
            out[k] = Email.FREE_AND_COMPANY_MAIL if free else Email.OTHER_COMPANY


@compiled("void(i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], i8[::1], u4[::1], u1[::1])")
def local_holds_name(local, first, last, points, offsets, name_offsets, name_points, out):  # type: ignore[no-untyped-def]
    """1 for each record whose local part holds its first or last name (of three letters or more), 2 when nameless."""
    buffer = np.zeros(2 * LONGEST, np.uint32)
    for i in range(len(local)):
        out[i] = 2
        if local[i] < 0:
            continue
        s, s_end = offsets[local[i]], offsets[local[i] + 1]
        for part in range(2):
            name = first[i] if part == 0 else last[i]
            if name < 0:
                continue
            t, t_end = name_offsets[name], name_offsets[name + 1]
            if t_end - t < 3:
                continue
            if out[i] == 2:
                out[i] = 0
            n = 0
            for p in range(s, s_end):
                buffer[n] = points[p]
                n += 1
            for p in range(t, t_end):
                buffer[n] = name_points[p]
                n += 1
            if contains(buffer, 0, s_end - s, s_end - s, n):
                out[i] = 1
                break


@compiled("void(i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], i8[::1], u4[::1], u1[::1])")
def local_spells_name(local, first, last, points, offsets, name_offsets, name_points, out):  # type: ignore[no-untyped-def]
    """Puts 1 too for each record whose local part is made of its names as Latin letters write them.

    Either spells one of three letters or more, or is nothing but the names or an initial and a name. A skeleton of
    three consonants tells as letters do: of a name in another script there are many spellings. Names are Latin here.
    """
    text, one, two = np.zeros(LONGEST, np.uint32), np.zeros(LONGEST, np.uint32), np.zeros(LONGEST, np.uint32)
    for i in range(len(local)):
        f, g, at = first[i], last[i], local[i]
        if at < 0 or out[i] == 1 or (f < 0 and g < 0):
            continue
        for bare in range(2):
            size = letters(points, offsets[at], offsets[at + 1], text, bare)
            m = 0 if f < 0 else letters(name_points, name_offsets[f], name_offsets[f + 1], one, bare)
            n = 0 if g < 0 else letters(name_points, name_offsets[g], name_offsets[g + 1], two, bare)
            held = lies_in(text, size, one, m) or lies_in(text, size, two, n)
            if held or (size > 2 * bare and is_made_of(text, size, one, m, two, n, bare)):
                out[i] = 1
                break
