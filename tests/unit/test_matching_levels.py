"""Comparisons are declared once, and what a declaration lacks is said where it stands."""

from __future__ import annotations

import pytest

from include.contracts.errors import FatalError
from include.matching.declaration import Comparison, Level, prior
from include.matching.levels import COMPARISONS, EQUAL, FirstName, Kind, LastName
from include.matching.relations import COLLEAGUE, MOVED, RELATIONS, Relation


class Colour(Level):
    EQUAL = 1
    DIFFERENT = 2


def test_a_level_without_a_prior_is_told_with_file_and_line() -> None:
    with pytest.raises(FatalError, match=r"test_matching_levels.py, line \d+: the comparison 'colour' .* 'different'"):
        Comparison("colour", Colour, same=prior(Colour, equal=1.0), strangers=prior(Colour, equal=0.5, different=0.5))


def test_a_prior_of_a_level_that_is_not_declared_is_refused() -> None:
    with pytest.raises(FatalError, match=r"'alike'.*Colour"):
        prior(Colour, equal=0.5, alike=0.5)


def test_a_relation_that_says_nothing_of_a_role_is_as_one_person_or_as_strangers() -> None:
    first = COMPARISONS["first"]
    assert first.among(MOVED) == first.same
    assert first.among(COLLEAGUE) == first.strangers


def test_every_kind_of_column_has_a_comparison() -> None:
    of_names = {Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME}
    assert {kind.value for kind in set(Kind) - of_names} <= set(COMPARISONS)


def test_levels_are_numbers_below_those_of_equal_values_and_relations_have_words() -> None:
    assert all(0 < level < EQUAL for declared in COMPARISONS.values() for level in declared.levels)
    assert len(RELATIONS) == len(Relation)


def test_one_kernel_compares_first_and_last_names() -> None:
    shared = set(FirstName.__members__) & set(LastName.__members__)
    assert {FirstName[name].value for name in shared} == {LastName[name].value for name in shared}
    assert FirstName.NICKNAME.value == LastName.PART.value
