"""The few loops that numpy cannot express, compiled ahead of use with explicit signatures and kept on disk.

``python -m include.identity.compile`` compiles them at set-up; without it the first import does, once.
Strings are rows of a flat ``uint32`` array of code points, bounded by ``offsets``. Every kernel releases the
GIL, reads only what it is given, and writes only to its output arrays.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

TELLING = 3.0  # nats; weaker evidence between two sparse records says nothing of their clusters
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


@compiled("i8(u4[::1], u4[::1], i4[::1])")
def sort_keys(keys, sorted_keys, order):  # type: ignore[no-untyped-def]
    """Stable radix sort of the keys above zero; returns how many there are."""
    n = 0
    low = np.zeros(65537, np.int64)
    high = np.zeros(65537, np.int64)
    for i in range(len(keys)):
        key = keys[i]
        if key:
            n += 1
            low[(key & np.uint32(65535)) + 1] += 1
            high[(key >> np.uint32(16)) + 1] += 1
    for d in range(65536):
        low[d + 1] += low[d]
        high[d + 1] += high[d]
    half = np.empty(n, np.int32)
    for i in range(len(keys)):
        if keys[i]:
            d = np.int64(keys[i] & np.uint32(65535))
            half[low[d]] = i
            low[d] += 1
    for k in range(n):
        i = half[k]
        d = np.int64(keys[i] >> np.uint32(16))
        order[high[d]] = i
        sorted_keys[high[d]] = keys[i]
        high[d] += 1
    return n


@compiled("i8(i4[::1], i8[::1], u4[:,::1], i8, i4[::1], i4[::1], i4[::1])")
def emit_pairs(order, bounds, keys, rule, source, left, right):  # type: ignore[no-untyped-def]
    """List each block's pairs that no earlier rule holds for; with empty outputs, only count them.

    ``source`` is empty, or holds each record's source: then only pairs across sources are listed.
    """
    n = 0
    for g in range(0, len(bounds), 2):
        for p in range(bounds[g], bounds[g + 1]):
            i = order[p]
            for q in range(p + 1, bounds[g + 1]):
                j = order[q]
                new = len(source) == 0 or source[i] != source[j]
                r = 0
                while new and r < rule:
                    new = keys[r, i] == 0 or keys[r, i] != keys[r, j]
                    r += 1
                if new:
                    if len(left):
                        left[n] = min(i, j)
                        right[n] = max(i, j)
                    n += 1
    return n


@compiled(
    "void(i4[::1], i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], i4[:,::1], i4[:,::1], u1[::1], u1[::1], u1[::1],"
    " i4[::1], u1[::1], u1[::1], u1[::1], u1[::1])"
)
def compare_names(  # type: ignore[no-untyped-def]
    left, right, first, last, points, offsets, roots, tokens, is_initial, loose, is_latin, skeleton, first_bin, last_bin, first_level, last_level
):
    """The comparison levels of both names, in the orientation that fits; see ``comparison.NAME_LEVELS``."""
    taken = np.zeros(2 * LONGEST, np.uint8)
    level = np.zeros(2, np.uint8)
    for k in range(len(left)):
        for part in range(2):
            column = first if part == 0 else last
            bins = first_bin if part == 0 else last_bin
            x, y = column[left[k]], column[right[k]]
            if x < 0 or y < 0:
                level[part] = 0
                continue
            if x == y and is_initial[x] == 0:
                level[part] = 16 + bins[x]
                continue
            s, s_end, t, t_end = offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
            if is_initial[x] or is_initial[y]:
                level[part] = 5 if points[s] == points[t] else 6
                continue
            if is_latin[x] != is_latin[y]:
                level[part] = 9 if skeleton[x] == skeleton[y] else 10
                continue
            apart = edits(points, s, s_end, t, t_end)
            shared = False
            table = roots if part == 0 else tokens
            for u in range(table.shape[1]):
                if table[x, u] < 0:
                    break
                for v in range(table.shape[1]):
                    if table[y, v] < 0:
                        break
                    shared |= table[x, u] == table[y, v]
            if apart == 0:
                level[part] = 16 + max(bins[x], bins[y])
            elif shared:
                level[part] = 2
            else:
                alike = jaro_winkler(points, s, s_end, t, t_end, taken)
                if (apart == 1 and min(s_end - s, t_end - t) > 2) or alike >= 0.93:
                    level[part] = 3
                elif alike >= 0.86:
                    level[part] = 4
                else:
                    level[part] = 7
        i, j = left[k], right[k]
        crossed = (level[1] == 7 or level[1] == 4) and (level[0] == 7 or level[0] == 4)
        if crossed and (first[i] == last[j] or last[i] == first[j]):
            one = edits(points, offsets[first[i]], offsets[first[i] + 1], offsets[last[j]], offsets[last[j] + 1])
            two = edits(points, offsets[last[i]], offsets[last[i] + 1], offsets[first[j]], offsets[first[j] + 1])
            for u in range(roots.shape[1]):
                for v in range(roots.shape[1]):
                    if roots[first[i], u] >= 0 and roots[first[i], u] == roots[last[j], v]:
                        one = min(one, 1)
                    if roots[last[i], u] >= 0 and roots[last[i], u] == roots[first[j], v]:
                        two = min(two, 1)
            if one + two <= 1:
                level[0] = 8
                level[1] = 0
        if loose[i] != loose[j] and first[i] + first[j] >= 0 and level[1] > 2:
            word = last[i] if loose[i] else last[j]  # one word for a name: a first name, a last name or a handle
            given, family = (first[j], last[j]) if loose[i] else (first[i], last[i])
            level[0] = level[1] = 0
            nick = word == given
            for u in range(roots.shape[1]):
                nick |= roots[given, u] == word or roots[word, u] == given
            if word == family:
                level[1] = 16 + last_bin[word]
            elif nick:
                level[0] = 16 + first_bin[given] if word == given else 2
            elif family >= 0:
                s, s_end, t, t_end = offsets[given], offsets[given + 1], offsets[family], offsets[family + 1]
                if offsets[word + 1] - offsets[word] == s_end - s + t_end - t:
                    for order in range(2):
                        a, b = (s, t) if order == 0 else (t, s)
                        a_end, b_end = (s_end, t_end) if order == 0 else (t_end, s_end)
                        cut = offsets[word] + a_end - a
                        if (
                            edits(points, offsets[word], cut, a, a_end) == 0
                            and edits(points, cut, offsets[word + 1], b, b_end) == 0
                        ):
                            level[0], level[1] = 16 + first_bin[given], 16 + last_bin[family]
        first_level[k] = level[0]
        last_level[k] = level[1]


@compiled("void(i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], u1[::1], f8, i8, u1[::1])")
def compare_texts(left, right, codes, points, offsets, bins, similar, prefix, out):  # type: ignore[no-untyped-def]
    """Levels of one text column: 0 null, 16 + bin equal, 3 one edit, 4 similar or same prefix, 5 different.

    A bin of 255 marks a value that so many share that agreeing on it is no evidence (level 0).
    ``similar`` is a Jaro-Winkler similarity, ``prefix`` a number of code points; 0 turns either off.
    """
    taken = np.zeros(2 * LONGEST, np.uint8)
    for k in range(len(left)):
        x, y = codes[left[k]], codes[right[k]]
        if x < 0 or y < 0:
            out[k] = 0
        elif x == y:
            out[k] = 0 if bins[x] == 255 else 16 + bins[x]
        else:
            s, s_end, t, t_end = offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
            out[k] = 5
            if min(s_end - s, t_end - t) > 3 and edits(points, s, s_end, t, t_end) == 1:
                out[k] = 3
            elif similar > 0 and jaro_winkler(points, s, s_end, t, t_end, taken) >= similar:
                out[k] = 4
            elif prefix > 0 and min(s_end - s, t_end - t) > prefix:
                same = 0
                while same < prefix and points[s + same] == points[t + same]:
                    same += 1
                out[k] = 4 if same == prefix else 5


@compiled("void(i4[::1], i4[::1], i4[::1], i4[::1], i4[::1], u1[::1], u1[::1], u1[::1], u4[::1], i8[::1], u1[::1])")
def compare_emails(  # type: ignore[no-untyped-def]
    left, right, mailbox, local, domain, shared, is_free, name_made, points, offsets, out
):
    """The comparison levels of two addresses; see ``comparison.EMAIL_LEVELS``."""
    for k in range(len(left)):
        i, j = left[k], right[k]
        if mailbox[i] < 0 or mailbox[j] < 0:
            out[k] = 0
            continue
        role = shared[mailbox[i]] == 255 or shared[mailbox[j]] == 255
        free = is_free[domain[i]] + is_free[domain[j]]
        if role:
            out[k] = 7 if domain[i] == domain[j] and free == 0 else 0
        elif mailbox[i] == mailbox[j]:
            out[k] = 16 + shared[mailbox[i]]
        elif local[i] == local[j] and not (name_made[i] or name_made[j]):
            out[k] = 3
        else:
            x, y = local[i], local[j]
            s, s_end, t, t_end = offsets[x], offsets[x + 1], offsets[y], offsets[y + 1]
            digits, letters = 0, 0
            for p in range(s, s_end):
                if 48 <= points[p] < 58:
                    digits += 1
            for p in range(t, t_end):
                if 48 <= points[p] < 58:
                    digits += 1
            apart = 2
            numbered = False
            if digits == 0 and points[s] == points[t] and min(s_end - s, t_end - t) > 4:
                apart = edits(points, s, s_end, t, t_end)
            elif digits == 1:
                p, q = s, t
                numbered = True
                while numbered:
                    while p < s_end and (48 <= points[p] < 58 or points[p] == 46):
                        p += 1
                    while q < t_end and (48 <= points[q] < 58 or points[q] == 46):
                        q += 1
                    if p == s_end or q == t_end:
                        break
                    numbered = points[p] == points[q]
                    letters += 1
                    p += 1
                    q += 1
                numbered = numbered and p == s_end and q == t_end and letters > 2
            if apart == 1 and domain[i] == domain[j]:
                out[k] = 5
            elif apart == 1 and not (name_made[i] or name_made[j]):
                out[k] = 6
            elif numbered and free == 0 and domain[i] == domain[j]:
                out[k] = 13
            elif free == 0:
                out[k] = 7 if domain[i] == domain[j] else 10
            else:
                out[k] = 8 if free == 2 else 9


@compiled("void(i4[::1], i4[::1], i4[::1], i4[:,::1], u1[::1], u1[::1])")
def compare_dates(left, right, codes, parts, bins, out):  # type: ignore[no-untyped-def]
    """Levels of two dates (year, month, day); see ``comparison.DATE_LEVELS``."""
    for k in range(len(left)):
        x, y = codes[left[k]], codes[right[k]]
        if x < 0 or y < 0:
            out[k] = 0
            continue
        if x == y:
            out[k] = 16 + bins[x]
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
            out[k] = 2
        elif year and (month or day):
            out[k] = 3
        elif (month and day) or wrong == 2:
            out[k] = 4
        else:
            out[k] = 6 if year else 5


@compiled("void(u1[:,::1], f8[:,:,::1], f8[::1], f4[::1])")
def score_levels(levels, tables, prior, out):  # type: ignore[no-untyped-def]
    """Log odds of a match: relation 0 is "same person", the others are the ways of being two people."""
    relations, groups = tables.shape[0], tables.shape[1]
    total = np.zeros(relations)
    for k in range(levels.shape[1]):
        worst = -1e300
        for r in range(relations):
            total[r] = prior[r]
            for g in range(groups):
                total[r] += tables[r, g, levels[g, k]]
            if r > 0 and total[r] > worst:
                worst = total[r]
        rest = 0.0
        for r in range(1, relations):
            rest += np.exp(total[r] - worst)
        out[k] = total[0] - worst - np.log(rest)


@compiled("void(i4[::1], i4[::1], i8[::1], i8, i4[::1], i4[::1])")
def join_bounded(left, right, order, limit, parent, size):  # type: ignore[no-untyped-def]
    """Union-find along ``order``; a union that would exceed ``limit`` records is refused. Ends fully compressed."""
    for k in order:
        x, y = left[k], right[k]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x != y and size[x] + size[y] <= limit:
            root, leaf = min(x, y), max(x, y)
            parent[leaf] = root
            size[root] += size[leaf]
    for i in range(len(parent)):
        parent[i] = parent[parent[i]]


@compiled("i8(i4[::1], i8[::1], i4[::1], i4[::1], f4[::1], f8, f8, f8[::1], i4[::1], f4[::1])")
def agglomerate(members, bounds, left, right, evidence, prior, threshold, weight, cluster, weakest):  # type: ignore[no-untyped-def]
    """Merge inside each component, best first, while prior + .7 mean + .3 max evidence stays above ``threshold``.

    ``members[bounds[2c]:bounds[2c + 1]]`` are component c's records; ``left``, ``right`` index its members and
    ``bounds`` is interleaved with the pairs' own bounds by the caller through four numbers a component.
    An evidence of minus infinity forbids its two records from ever sharing a cluster.
    """
    done = 0
    for c in range(0, len(bounds), 4):
        start, n = bounds[c], bounds[c + 1] - bounds[c]
        mean = np.zeros((n, n), np.float64)
        told = np.zeros((n, n), np.int64)
        best = np.full((n, n), -1e30)
        worst = np.full((n, n), 1e30)
        for k in range(bounds[c + 2], bounds[c + 3]):
            i, j = left[k], right[k]
            if abs(evidence[k]) > TELLING:
                mean[i, j] = mean[j, i] = evidence[k]
                told[i, j] = told[j, i] = 1
            best[i, j] = best[j, i] = evidence[k]
            worst[i, j] = worst[j, i] = evidence[k]
        label = np.arange(n)
        link = np.full(n, np.float64(1e30))
        while True:
            top, x, y = -1e300, -1, -1
            for i in range(n):
                if label[i] != i:
                    continue
                for j in range(i + 1, n):
                    if label[j] == j and mean[i, j] > -1e20:
                        value = weight[0] * mean[i, j] / max(told[i, j], 1) + weight[1] * best[i, j]
                        value += weight[2] * worst[i, j]
                        if value > top:
                            top, x, y = value, i, j
            if x < 0 or prior + top <= threshold:
                break
            for j in range(n):
                if label[j] == j and j != x and j != y:
                    mean[x, j] = mean[j, x] = mean[x, j] + mean[y, j]
                    told[x, j] = told[j, x] = told[x, j] + told[y, j]
                    best[x, j] = best[j, x] = max(best[x, j], best[y, j])
                    worst[x, j] = worst[j, x] = min(worst[x, j], worst[y, j])
            link[x] = min(link[x], link[y], prior + top)
            for j in range(n):
                if label[j] == y:
                    label[j] = x
            done += 1
        for i in range(n):
            cluster[members[start + i]] = members[start + label[i]]
            weakest[members[start + i]] = link[label[i]]
    return done


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
