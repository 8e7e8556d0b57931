"""Names follow languages: how much more often a first and a last name go together than by chance."""

import numpy as np
import pytest

from include.matching.records import languages
from include.matching.records.languages import affinities

PER_LANGUAGE = 30  # first names, and as many last names


@pytest.fixture
def people():
    """First and last names of 4,000 people of two languages, the second spoken by a fifth, and a hash of each name."""
    random = np.random.default_rng(5)
    language = (random.random(4000) < 0.2).astype(np.int32)
    first = random.integers(0, PER_LANGUAGE, 4000) + PER_LANGUAGE * language
    last = random.integers(0, PER_LANGUAGE, 4000) + PER_LANGUAGE * (language + 2)
    spread = random.integers(0, 2**63, 4 * PER_LANGUAGE).astype(np.uint64)
    return first.astype(np.int32), last.astype(np.int32), spread, language


def test_two_names_of_a_rarer_language_go_together_more_often(people):
    first, last, spread, language = people
    found = affinities(first, last, spread)
    # by chance a first name of the fifth would meet a last name of the fifth in one of five: log2 5 is 2.3
    assert found[language == 1].mean() == pytest.approx(np.log2(5), abs=0.4)
    assert found[language == 0].mean() == pytest.approx(np.log2(1 / 0.8), abs=0.4)


def test_a_large_table_tells_more_languages_apart_where_they_foretell_its_names_better(people, monkeypatch):
    first, last, spread, language = people
    monkeypatch.setattr(languages, "LANGUAGES", 1)
    assert affinities(first, last, spread)[language == 1].mean() == pytest.approx(0.3, abs=0.1)
    monkeypatch.setattr(languages, "MANY", 10)
    assert affinities(first, last, spread)[language == 1].mean() == pytest.approx(np.log2(5), abs=0.4)


def test_names_of_two_languages_go_together_less_often_than_by_chance(people):
    first, last, spread, _ = people
    mixed = np.append(first, np.int32(0)), np.append(last, np.int32(3 * PER_LANGUAGE))
    assert affinities(*mixed, spread)[-1] < -1


def test_the_order_of_people_changes_nothing(people):
    first, last, spread, _ = people
    order = np.random.default_rng(1).permutation(len(first))
    assert (affinities(first[order], last[order], spread) == affinities(first, last, spread)[order]).all()


def test_a_missing_name_says_nothing(people):
    first, last, spread, _ = people
    first = first.copy()
    first[:10] = -1
    assert (affinities(first, last, spread)[:10] == 0).all()


def test_two_records_tell_nothing_of_languages_so_the_usual_holds():
    spread = np.array([7, 8], np.uint64)
    one, two = np.zeros(2, np.int32), np.ones(2, np.int32)
    assert affinities(one, two, spread) == pytest.approx([2.0, 2.0], abs=0.05)


def test_nobody_s_own_records_say_that_their_name_is_frequent(people):
    first, last, spread, _ = people
    spread = np.append(spread, np.array([11, 12], np.uint64))
    own = [np.full(3, code, np.int32) for code in (4 * PER_LANGUAGE, 4 * PER_LANGUAGE + 1)]
    found = affinities(np.append(first, own[0]), np.append(last, own[1]), spread)
    assert found[-3:] == pytest.approx([0.2] * 3, abs=0.25)


def test_a_small_table_tells_no_languages_apart():
    random = np.random.default_rng(3)
    first, last = random.integers(0, 40, 80).astype(np.int32), random.integers(40, 80, 80).astype(np.int32)
    first[:10], last[:10] = 0, 40  # one person of ten records
    spread = random.integers(0, 2**63, 80).astype(np.uint64)
    assert affinities(first, last, spread)[0] < 2
