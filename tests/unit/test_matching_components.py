"""Linked records that are too many to be clustered at a time are cut where their links are weak."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from include.matching import components
from include.matching.components import held_together


@pytest.fixture(autouse=True)
def three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "HELD", 3)


def held(
    links: Mapping[tuple[int, int], float], decided: tuple[int, ...] = ()
) -> tuple[set[tuple[int, int]], list[int]]:
    """The links that are left of these, records that decisions join being ``decided``; and how many each cut was of."""
    left, right = (np.array([pair[side] for pair in links], np.int32) for side in (0, 1))
    logits = np.array(list(links.values()), np.float32)
    parent = np.arange(12, dtype=np.int32)
    parent[list(decided)] = min(decided, default=0)
    kept, cuts = held_together(left, right, logits, parent, 0.0)
    return {(int(left[k]), int(right[k])) for k in kept}, [cut.records for cut in cuts]


def test_records_that_can_be_held_keep_their_links() -> None:
    links = {(0, 1): 0.5, (1, 2): 9.0, (4, 5): 3.0, (7, 8): -1.0}
    assert held(links) == ({(0, 1), (1, 2), (4, 5)}, [])


def test_more_of_them_fall_apart_at_their_weakest_links() -> None:
    links = {(0, 1): 9.0, (1, 2): 9.0, (2, 3): 1.0, (3, 4): 9.0, (6, 7): 0.5}
    assert held(links) == ({(0, 1), (1, 2), (3, 4), (6, 7)}, [5])


def test_weak_links_within_a_part_count_again() -> None:
    links = {(0, 1): 9.0, (1, 2): 9.0, (0, 2): 1.0, (2, 3): 1.0, (3, 4): 9.0}
    assert held(links) == ({(0, 1), (1, 2), (0, 2), (3, 4)}, [5])


def test_links_need_more_until_no_part_is_too_large() -> None:
    links = {(0, 1): 9.0, (1, 2): 5.0, (2, 3): 5.0, (3, 4): 5.0, (4, 5): 1.0}
    assert held(links) == ({(0, 1)}, [6, 5, 5])


def test_what_decisions_join_is_not_cut() -> None:
    assert held({(0, 1): 1.0, (4, 5): 1.0}, decided=(0, 1, 2, 3, 4)) == ({(0, 1)}, [6])
