"""What would have to change: the fewest clauses, and they suffice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.answers.segment import _phrase, needed, state_of
from include.contracts.tables import Type
from include.segments import tree
from include.segments.language import parse

FLAGS = [tree.Measured(f"flag_{n}", Type.BOOLEAN) for n in range(40)]


def conditions(numbers: Iterator[int]) -> st.SearchStrategy[tree.Node]:
    """Random conditions in which every clause stands once."""
    leaf = st.builds(lambda: FLAGS[next(numbers) % len(FLAGS)])
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(tree.Not, inner)
            | st.builds(tree.And, st.lists(inner, min_size=2, max_size=3).map(tuple))
            | st.builds(tree.Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=12,
    )


@given(st.data())
def test_the_changes_it_names_suffice(data: st.DataObject) -> None:
    condition = data.draw(conditions(count()))
    known = list(tree.clauses(condition))
    truth = {flag: data.draw(st.sampled_from([True, False, None])) for flag in known}
    for target in (True, False):
        changes = needed(condition, target, truth)
        if len(known) == len(set(known)):
            assert state_of(condition, {**truth, **dict(changes)}) is target
        assert (changes == ()) == (state_of(condition, truth) is target)


def test_the_cheapest_alternative_is_named() -> None:
    a, b, c = FLAGS[:3]
    condition = tree.Or((tree.And((a, b)), c))
    assert needed(condition, True, {a: False, b: False, c: False}) == ((c, True),)
    assert needed(condition, True, {a: True, b: False, c: None}) == ((b, True),)
    assert needed(condition, False, {a: True, b: True, c: True}) == ((a, False), (c, False))


@pytest.mark.parametrize(
    ("text", "target", "day", "phrase"),
    [
        ("within_next(renewal_date, 30 days)", True, date(2026, 12, 31), "it will be on 2026-12-01"),
        ("within_next(renewal_date, 2 weeks)", False, date(2026, 11, 25), "it will be on 2026-11-26"),
        ("within_last(nps_on, 30 days)", False, date(2026, 11, 1), "it will be on 2026-12-02"),
        ("within_last(nps_on, 30 days)", True, date(2026, 1, 1), "(now nps_on is 2026-01-01)"),
        ("within_next(renewal_date, 30 days)", True, None, "(now renewal_date is unknown)"),
        ("within_next(renewal_date, 3 months)", True, date(2027, 6, 1), "(now renewal_date is 2027-06-01)"),
    ],
)
def test_what_comes_by_itself_is_said(text: str, target: bool, day: date | None, phrase: str) -> None:
    clause = parse(text, "person")
    row = {"as_of": date(2026, 11, 20), "renewal_date": day, "nps_on": day}
    assert _phrase(clause, target, row).endswith(phrase)  # type: ignore[arg-type]
