"""To whom else a record may belong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from include.matching.claims import Expected, by_size
from include.matching.rivals import find_rivals

ALONE, PRIOR = (0, 1), -12.0


def weighed(pairs: Mapping[tuple[int, int], float], records: int = 8) -> dict[tuple[int, int], float]:
    """The log odds of pairs of records, each a cluster of its own, once rivals are weighed."""
    left, right = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    logits = np.array(list(pairs.values()), np.float32)
    found = find_rivals(left, right, logits, np.arange(records, dtype=np.int32), PRIOR)
    return dict(zip(pairs, found.weigh(left, right, logits).tolist(), strict=True))


def test_a_record_that_may_be_anybodys_is_nobodys() -> None:
    found = weighed({ALONE: 0.0, (2, 3): 0.0, (2, 4): 0.0, (2, 5): 0.0})
    assert all(found[pair] < 0.0 < found[ALONE] - 0.5 for pair in found if pair != ALONE)


def test_as_many_pairs_are_expected_as_before() -> None:
    before = {ALONE: 1.0, (2, 3): 0.0, (2, 4): 0.0, (2, 5): -1.0}
    total = [sum(1 / (1 + np.exp(-odds)) for odds in pairs.values()) for pairs in (before, weighed(before))]
    assert total[1] == pytest.approx(total[0], abs=0.01)


def test_a_rival_that_may_be_the_same_person_takes_little_away() -> None:
    of_two = weighed({ALONE: 0.0, (2, 3): 0.0, (2, 4): 0.0})
    of_one = weighed({ALONE: 0.0, (2, 3): 0.0, (2, 4): 0.0, (3, 4): 0.0})
    assert of_one[2, 3] - of_one[ALONE] > of_two[2, 3] - of_two[ALONE] + 0.2


def test_a_match_stays_what_it_is_and_no_order_matters() -> None:
    pairs = {(2, 3): 3.0, (2, 4): 2.5, (2, 5): 0.0, ALONE: 0.3}
    found = weighed(pairs)
    assert (found[2, 3], found[2, 4]) == (3.0, 2.5)
    assert weighed(dict(reversed(pairs.items()))) == found


def test_without_pairs_nothing_is_weighed() -> None:
    assert weighed({}) == {}


def test_what_the_expected_claims_say_of_sizes_counts() -> None:
    size = np.array([1, 1, 1, 1, 3, 3], np.int64)
    of_any = Expected.of(np.zeros(15), np.array([1] * 6 + [3] * 8 + [9]))
    of_few = Expected.of(np.zeros(10), np.array([1] * 6 + [3] * 4))
    clusters = np.unique(size, return_counts=True)  # four of one record, two of three
    assert of_any.all == 7.5
    assert of_any.power(*clusters) == pytest.approx(0.0, abs=0.02)
    assert of_few.power(*clusters) < -0.5
    assert by_size(np.zeros(2), np.array([1, 9]), -1.0).tolist() == pytest.approx([0.0, -np.log(9)])


def test_where_all_clusters_are_of_one_size_it_says_nothing() -> None:
    assert Expected.of(np.zeros(2), np.array([4, 4])).power(np.array([2]), np.array([4])) == 0.0
