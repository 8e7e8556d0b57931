"""Kernels on pairs of records: blocking, scoring and clustering. See ``strings`` for what a kernel is."""

from __future__ import annotations

import numpy as np

from include.matching.kernels.strings import compiled

TELLING = 3.0  # nats; weaker evidence between two sparse records says nothing of their clusters


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
            digit = np.int64(keys[i] & np.uint32(65535))
            half[low[digit]] = i
            low[digit] += 1
    for k in range(n):
        i = half[k]
        digit = np.int64(keys[i] >> np.uint32(16))
        order[high[digit]] = i
        sorted_keys[high[digit]] = keys[i]
        high[digit] += 1
    return n


@compiled("i8(i4[::1], i8[::1], u4[:,::1], i8[::1], i8, i4[::1], i4[::1], i4[::1])")
def emit_pairs(order, bounds, keys, until, rows, source, left, right):  # type: ignore[no-untyped-def]
    """List each block's pairs that no earlier rule holds for; with empty outputs, only count them.

    The first ``rows`` of ``keys`` are the earlier rules'; ``until`` is where the rows of a row's own rule end, any of
    which may be another record's. ``source`` is empty, or holds each record's source: then only pairs across sources
    are listed.
    """
    n = 0
    for g in range(0, len(bounds), 2):
        for p in range(bounds[g], bounds[g + 1]):
            i = order[p]
            for q in range(p + 1, bounds[g + 1]):
                j = order[q]
                new = len(source) == 0 or source[i] != source[j]
                r = 0
                while new and r < rows:
                    one, other = keys[r, i], keys[r, j]
                    new = one == 0 or one != other
                    s = r + 1
                    while new and s < until[r]:
                        new = (one == 0 or one != keys[s, j]) and (other == 0 or other != keys[s, i])
                        s += 1
                    r += 1
                if new:
                    if len(left):
                        left[n] = min(i, j)
                        right[n] = max(i, j)
                    n += 1
    return n


@compiled("void(u1[:,::1], f8[:,:,::1], f8[::1], i8, f4[::1])")
def score_levels(levels, tables, prior, matches, out):  # type: ignore[no-untyped-def]
    """Log odds of a match: the first ``matches`` relations are of one person, the others of two people."""
    relations, groups = tables.shape[0], tables.shape[1]
    total = np.zeros(relations)
    for k in range(levels.shape[1]):
        for r in range(relations):
            total[r] = prior[r]
            for g in range(groups):
                total[r] += tables[r, g, levels[g, k]]
        best, worst = total[:matches].max(), total[matches:].max()
        same = other = 0.0
        for r in range(matches):
            same += np.exp(total[r] - best)
        for r in range(matches, relations):
            other += np.exp(total[r] - worst)
        out[k] = best + np.log(same) - worst - np.log(other)


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


@compiled("void(i4[::1], i8[::1], i4[::1], i4[::1], f4[::1], f8, f8, f8[::1], f8[:,:,::1], i4[::1], i4[::1], f4[::1])")
def agglomerate(  # type: ignore[no-untyped-def]
    members, bounds, left, right, evidence, prior, threshold, weight, room, label, cluster, weakest
):
    """Merge inside each component, best first, while the prior and the weighed evidence stay above ``threshold``.

    ``weight`` is that of the mean, best and worst evidence between two clusters; that of the worst falls with the
    number of pairs between them. ``bounds`` has four numbers a
    component: where its members begin and end, and its pairs; ``left`` and ``right`` are places among its members.
    An evidence of minus infinity forbids its two records from ever sharing a cluster. ``room`` (5 x n x n) and
    ``label`` (n) are room to work in for the largest component.
    """
    total, told, best, worst, link = room[0], room[1], room[2], room[3], room[4, 0]
    for c in range(0, len(bounds), 4):
        start, n = bounds[c], bounds[c + 1] - bounds[c]
        for i in range(n):
            label[i] = i
            link[i] = 1e30
            for j in range(n):
                total[i, j] = told[i, j] = 0.0
                best[i, j] = -1e30
                worst[i, j] = 1e30
        for k in range(bounds[c + 2], bounds[c + 3]):
            i, j, said = left[k], right[k], evidence[k]
            if said > TELLING or said < -TELLING:
                total[i, j] = total[j, i] = said
                told[i, j] = told[j, i] = 1.0
            best[i, j] = best[j, i] = worst[i, j] = worst[j, i] = said
        while True:
            top, x, y = -1e300, -1, -1
            for i in range(n):
                for j in range(i + 1, n):
                    if label[i] == i and label[j] == j and total[i, j] > -1e20:
                        mean = total[i, j] / max(told[i, j], 1.0)
                        odd = min(1.0, 2.0 / max(told[i, j], 1.0))  # one odd pair of many has no veto
                        value = (weight[0] + weight[2] * (1.0 - odd)) * mean + weight[1] * best[i, j]
                        value += weight[2] * odd * worst[i, j]
                        if value > top:
                            top, x, y = value, i, j
            if x < 0 or prior + top <= threshold:
                break
            link[x] = min(link[x], link[y], prior + top)
            for j in range(n):
                if label[j] == y:
                    label[j] = x
                elif label[j] == j and j != x:
                    total[x, j] = total[j, x] = total[x, j] + total[y, j]
                    told[x, j] = told[j, x] = told[x, j] + told[y, j]
                    best[x, j] = best[j, x] = max(best[x, j], best[y, j])
                    worst[x, j] = worst[j, x] = min(worst[x, j], worst[y, j])
        for i in range(n):
            cluster[members[start + i]] = members[start + label[i]]
            weakest[members[start + i]] = link[label[i]]
