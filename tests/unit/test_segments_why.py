"""What would have to change: every equally short way, each suffices, and a company could want it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.answers.segment import _phrase
from include.answers.ways import could_become, state_of, through, ways
from include.contracts.measures import measures_of
from include.contracts.measures.wanted import WANTED
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


def anything(*_: object) -> bool:
    return True


@given(st.data())
def test_the_changes_it_names_suffice(data: st.DataObject) -> None:
    condition = data.draw(conditions(count()))
    known = list(tree.clauses(condition))
    truth = {flag: data.draw(st.sampled_from([True, False, None])) for flag in known}
    for target in (True, False):
        found = ways(condition, target, truth, anything)
        assert len({len(way) for way in found}) == 1
        for way in found:
            assert state_of(condition, {**truth, **dict(way)}) is target
        assert (found == ((),)) == (state_of(condition, truth) is target)


def test_every_one_of_the_shortest_ways_is_named() -> None:
    a, b, c = FLAGS[:3]
    condition = tree.Or((tree.And((a, b)), c))
    assert ways(condition, True, {a: False, b: False, c: False}, anything) == (((c, True),),)
    assert ways(condition, True, {a: True, b: False, c: None}, anything) == (((b, True),), ((c, True),))
    assert ways(condition, False, {a: True, b: True, c: True}, anything) == (
        ((a, False), (c, False)),
        ((b, False), (c, False)),
    )


def test_a_way_that_is_not_to_be_had_is_not_named_and_a_longer_one_takes_its_place() -> None:
    a, b, c = FLAGS[:3]
    condition, truth = tree.Or((tree.And((a, b)), c)), {a: False, b: False, c: False}
    assert ways(condition, True, truth, lambda clause, _: clause != c) == (((a, True), (b, True)),)
    assert ways(condition, True, truth, lambda clause, _: clause == a) == ()


def test_one_clause_is_not_asked_to_become_both() -> None:
    a, b = FLAGS[:2]
    condition = tree.And((tree.Or((a, b)), tree.Not(a)))
    assert ways(condition, True, {a: None, b: False}, anything) == (((b, True), (a, False)),)


def test_a_way_leads_through_another_segment_only_where_its_own_condition_gives_one() -> None:
    condition = parse("in_segment('lapsed') and not in_segment('saturated')", "person")
    others = {
        "lapsed": parse("usage_tier = 'inactive'", "person"),
        "saturated": parse("email_frequency = 'saturated'", "person"),
    }
    row = {"as_of": date(2026, 11, 20), "usage_tier": "inactive", "email_frequency": "on_target"}
    lapsed, saturated = (next(tree.clauses(others[key])) for key in ("lapsed", "saturated"))
    truth = {
        tree.InSegment("lapsed"): True, tree.InSegment("saturated"): False, lapsed: True, saturated: False,
    }  # fmt: skip
    can = through(others, truth, lambda clause, to: could_become(clause, to, row, "person"))
    assert ways(condition, False, truth, can) == (
        ((tree.InSegment("lapsed"), False),),
    )  # nobody wants saturated people


@pytest.mark.parametrize(
    ("text", "target", "now", "can"),
    [
        ("contract_type != 'none'", False, {"contract_type": "term"}, False),  # lose the customer
        ("contract_type != 'none'", True, {"contract_type": "none"}, True),  # win them
        ("nps_class = 'detractor'", False, {"nps_class": "detractor"}, True),
        ("nps_class = 'detractor'", True, {"nps_class": "promoter"}, False),
        ("nps_class = 'promoter'", True, {"nps_class": "unknown"}, True),
        ("usage_tier in ('low', 'inactive')", False, {"usage_tier": "low"}, True),
        ("usage_tier in ('low', 'inactive')", True, {"usage_tier": "power"}, False),
        ("nps_score <= 6", False, {"nps_score": 6}, True),
        ("nps_score <= 10", False, {"nps_score": 6}, False),  # there is no answer above it
        ("nps_score between 7 and 8", True, {"nps_score": 9}, False),
        ("nps_score between 7 and 8", True, {"nps_score": 2}, True),
        ("usage_falling_weeks >= 3", False, {"usage_falling_weeks": 3}, True),
        ("usage_falling_weeks >= 3", True, {"usage_falling_weeks": 0}, False),
        ("nps_score is null", True, {"nps_score": 6}, False),  # nobody takes an answer back
        ("nps_score is null", False, {"nps_score": None}, True),
        ("has_email", True, {"has_email": False}, True),
        ("has_email", False, {"has_email": True}, False),
        ("country = 'France'", True, {"country": "Spain"}, False),
        ("tenure_days < 30", True, {"tenure_days": 900}, False),
        ("within_next(renewal_date, 30 days)", False, {"renewal_date": date(2026, 12, 1)}, True),  # they renew
        ("within_next(renewal_date, 30 days)", True, {"renewal_date": date(2028, 12, 1)}, False),
        ("email_consent = 'opted_out'", False, {"email_consent": "opted_out"}, True),
        ("usage_active_days_7 < usage_active_days_28", True,
         {"usage_active_days_7": 3, "usage_active_days_28": 3}, True),
        ("in_segment('lapsed')", False, {}, True),
    ],
)  # fmt: skip
def test_only_what_a_company_would_want_or_can_do_is_a_way(text: str, target: bool, now: Any, can: bool) -> None:
    row = {"as_of": date(2026, 11, 20), **now}
    assert could_become(parse(text, "person"), target, row, "person") is can  # type: ignore[arg-type]


def test_every_direction_is_one_of_a_measure() -> None:
    known = {**measures_of("person"), **measures_of("account")}
    assert set(WANTED) <= set(known)
    for name, values in WANTED.items():
        allowed = known[name].column.allowed
        if isinstance(values, tuple) and allowed:
            assert set(values) <= set(allowed), name


@pytest.mark.parametrize(
    ("text", "target", "day", "phrase"),
    [
        ("within_next(renewal_date, 30 days)", True, date(2026, 12, 31), "it will be on 2026-12-01"),
        ("within_next(renewal_date, 2 weeks)", False, date(2026, 11, 25), "it will be on 2026-11-26"),
        ("within_last(nps_on, 30 days)", False, date(2026, 11, 1), "it will be on 2026-12-01"),
        ("within_last(nps_on, 30 days)", True, date(2026, 1, 1), "(now nps_on is 2026-01-01)"),
        ("within_next(renewal_date, 30 days)", True, None, "(now renewal_date is unknown)"),
        ("within_next(renewal_date, 3 months)", True, date(2027, 6, 1), "(now renewal_date is 2027-06-01)"),
    ],
)
def test_what_comes_by_itself_is_said(text: str, target: bool, day: date | None, phrase: str) -> None:
    clause = parse(text, "person")
    row = {"as_of": date(2026, 11, 20), "renewal_date": day, "nps_on": day}
    assert _phrase(clause, target, row, "person").endswith(phrase)  # type: ignore[arg-type]
