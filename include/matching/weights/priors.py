"""What is known before any data: how a person's records differ, and how those of related people agree.

Each table gives, for a role of column, the probability of each comparison level. They start the estimation and
steady it where a table is too small to speak for itself.
"""

from __future__ import annotations

from collections.abc import Mapping

SAME, MOVED, STRANGER, COLLEAGUE, HOUSEHOLD, NEIGHBOUR = range(6)
RELATIONS = ("same person", "same person, moved", "strangers", "colleagues", "household", "neighbours")
ONE_PERSON = 2  # so many relations, the first, are of one person

Table = Mapping[int, float]

SAME_PERSON: Mapping[str, Table] = {
    "names": {1: 1.0, 2: 1.0, 3: 1.0},
    "first": {1: 0.83, 2: 0.07, 3: 0.045, 11: 0.005, 4: 0.015, 7: 0.025, 8: 0.01, 9: 0.75, 10: 0.25, 5: 0.97, 6: 0.03},
    "last": {1: 0.87, 2: 0.02, 3: 0.045, 11: 0.005, 4: 0.015, 7: 0.045, 8: 0.001, 9: 0.75, 10: 0.25, 5: 0.97, 6: 0.03},
    "email": {13: 0.002, 1: 0.51, 11: 0.04, 3: 0.04, 5: 0.03, 6: 0.01, 7: 0.04, 8: 0.08, 9: 0.2, 10: 0.05},
    "phone": {1: 0.55, 11: 0.04, 3: 0.03, 4: 0.01, 5: 0.36},
    "identifier": {1: 0.8, 11: 0.02, 3: 0.03, 4: 0.01, 5: 0.13},
    "organization": {1: 0.85, 3: 0.04, 4: 0.07, 5: 0.04},
    "code": {1: 0.75, 3: 0.05, 4: 0.05, 5: 0.15},
    "text": {1: 0.7, 3: 0.05, 4: 0.08, 5: 0.17},
    "date": {1: 0.86, 2: 0.06, 3: 0.025, 4: 0.02, 6: 0.015, 5: 0.02},
}
STRANGERS: Mapping[str, Table] = {
    "names": {1: 1.0, 2: 1.0, 3: 1.0},
    "first": {
        1: 0.008,
        2: 0.004,
        3: 0.0005,
        11: 0.0015,
        4: 0.004,
        7: 0.982,
        8: 1e-7,
        9: 0.01,
        10: 0.99,
        5: 0.08,
        6: 0.92,
    },
    "last": {
        1: 0.002,
        2: 0.0003,
        3: 0.0002,
        11: 0.0003,
        4: 0.002,
        7: 0.995,
        8: 1e-7,
        9: 0.01,
        10: 0.99,
        5: 0.08,
        6: 0.92,
    },
    "email": {13: 1e-6, 1: 1e-7, 11: 1e-7, 3: 1e-6, 5: 1e-8, 6: 3e-6, 7: 1e-3, 8: 0.3, 9: 0.5, 10: 0.2},
    "phone": {1: 1e-7, 11: 1e-7, 3: 1e-6, 4: 1e-4, 5: 0.999},
    "identifier": {1: 1e-7, 11: 1e-7, 3: 1e-5, 4: 1e-4, 5: 0.999},
    "organization": {1: 1e-3, 3: 1e-4, 4: 2e-3, 5: 0.997},
    "code": {1: 1e-3, 3: 2e-3, 4: 5e-3, 5: 0.99},
    "text": {1: 0.02, 3: 0.001, 4: 0.01, 5: 0.97},
    "date": {1: 1e-4, 2: 1e-3, 3: 2e-3, 4: 0.01, 6: 0.02, 5: 0.967},
}
_AT_WORK: Mapping[str, Table] = {
    "email": {13: 0.001, 1: 0.003, 11: 0.01, 3: 1e-4, 5: 0.002, 6: 0.001, 7: 0.65, 8: 0.06, 9: 0.2, 10: 0.05},
    "phone": {1: 0.01, 11: 0.03, 3: 0.02, 4: 0.02, 5: 0.86},
    "organization": {1: 0.93, 3: 0.01, 4: 0.03, 5: 0.03},
    "code": {1: 0.5, 3: 0.03, 4: 0.07, 5: 0.4},
    "text": {1: 0.5, 3: 0.02, 4: 0.03, 5: 0.45},
}
_AT_HOME: Mapping[str, Table] = {
    "last": {1: 0.75, 2: 0.02, 3: 0.025, 11: 0.005, 4: 0.01, 7: 0.19, 8: 1e-5, 9: 0.6, 10: 0.4, 5: 0.8, 6: 0.2},
    "email": {13: 1e-4, 1: 0.03, 11: 0.08, 3: 1e-3, 5: 0.002, 6: 0.001, 7: 0.03, 8: 0.45, 9: 0.3, 10: 0.1},
    "phone": {1: 0.1, 11: 0.2, 3: 0.01, 4: 0.01, 5: 0.66},
    "code": {1: 0.85, 3: 0.02, 4: 0.03, 5: 0.1},
    "text": {1: 0.8, 3: 0.02, 4: 0.03, 5: 0.15},
    # twins, and what somebody copied from the form of another
    "date": {1: 0.01, 2: 0.002, 3: 0.004, 4: 0.01, 6: 0.03, 5: 0.944},
    "identifier": {1: 0.005, 11: 0.005, 3: 0.005, 4: 0.005, 5: 0.98},
}
_ELSEWHERE: Mapping[str, Table] = {
    "email": {13: 0.002, 1: 0.1, 11: 0.02, 3: 0.08, 5: 0.01, 6: 0.02, 7: 0.005, 8: 0.09, 9: 0.25, 10: 0.423},
    "phone": {1: 0.3, 11: 0.02, 3: 0.02, 4: 0.01, 5: 0.65},
    "organization": {1: 0.01, 3: 0.005, 4: 0.025, 5: 0.96},
    "code": {1: 0.1, 3: 0.03, 4: 0.07, 5: 0.8},
    "text": {1: 0.15, 3: 0.01, 4: 0.04, 5: 0.8},
}
_NEARBY: Mapping[str, Table] = {
    "code": {1: 0.9, 3: 0.03, 4: 0.05, 5: 0.02},
    "text": {1: 0.8, 3: 0.02, 4: 0.03, 5: 0.15},
}
RELATED: Mapping[int, Mapping[str, Table]] = {
    MOVED: _ELSEWHERE, COLLEAGUE: _AT_WORK, HOUSEHOLD: _AT_HOME, NEIGHBOUR: _NEARBY,
}  # fmt: skip
SHARE = {COLLEAGUE: 1e-4, HOUSEHOLD: 1e-6, NEIGHBOUR: 1e-4}  # of all pairs, to begin with

LEAST_AGAINST: Mapping[str, float] = {  # the strongest a disagreement may speak against, in nats
    "names": -9.0, "first": -6.0, "last": -4.0, "email": -1.8, "phone": -2.0, "identifier": -4.0, "organization": -2.0,
    "code": -2.5, "text": -2.0, "date": -6.0,
}  # fmt: skip
OTHER_NUMBER = 7.0  # how much a numbered address speaks against one person, in nats
# levels normalised among themselves: to be an initial, or in another script, is a kind of missingness
SEPARATE = {"first": ((5, 6), (9, 10)), "last": ((5, 6), (9, 10))}
