"""How the people of two records may be related. What is known of each relation is in ``levels``, by role."""

from __future__ import annotations

from enum import IntEnum


class Relation(IntEnum):
    """A way in which the people of two records are related; the first two are one person."""

    SAME = 0
    MOVED = 1
    STRANGER = 2
    COLLEAGUE = 3
    HOUSEHOLD = 4
    NEIGHBOUR = 5
    RELATIVE = 6  # of one surname, under one roof or in one firm


SAME, MOVED, STRANGER, COLLEAGUE, HOUSEHOLD, NEIGHBOUR, RELATIVE = Relation
RELATIONS = (
    "same person", "same person, moved", "strangers", "colleagues", "household", "neighbours", "relatives",
)  # fmt: skip
ONE_PERSON = 2  # so many relations, the first, are of one person
