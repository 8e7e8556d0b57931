"""What a condition costs, before it is asked: which passes it makes over events, and when that is too much."""

from __future__ import annotations

import pytest

from include.segments.catalog import Catalog, check
from include.segments.cost import MOST_READ, affordable, cost_of
from include.segments.definitions import read
from include.segments.language import parse

SIZES = {"Email Clicked": 100, "Email Sent": 1000, "Form Submitted": 10}


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("has_email", "reads no events"),
        ("did('Email Clicked') and times_did('Email Clicked', within_last 9 days) > 3", "reads 100 events in 1 pass"),
        ("did('Email Sent') then did('Email Clicked') without did('Form Submitted') between",
         "reads 1,110 events in 3 passes"),
        ("did('Email Clicked') and latest_did('Email Clicked', name) = 'x'", "reads 200 events in 2 passes"),
        ("did('Survey Answered')", "reads 0 events in 1 pass"),
        ("account(did('Email Sent')) and did('Email Sent')", "reads 2,000 events in 2 passes"),
    ],
)  # fmt: skip
def test_what_a_condition_reads_is_known_before(condition: str, told: str) -> None:
    assert str(cost_of(parse(condition, "person"), SIZES)) == told


def test_a_definition_that_would_read_too_much_is_refused_with_those_that_refer_to_it() -> None:
    catalog = _catalog(dear="did('Email Sent')", on_it="in_segment('dear')", cheap="did('Form Submitted')")
    found = affordable(catalog, {**SIZES, "Email Sent": MOST_READ + 1})
    assert [segment.key for segment in found.segments] == ["cheap"]
    refused = {entry.key: str(entry.faults[0]) for entry in found.refused}
    assert "it reads 2,000,000,001 events in 1 pass, and one may read 2,000,000,000" in refused["dear"]
    assert "'dear' is refused itself" in refused["on_it"]


def test_definitions_within_bounds_stay_as_they_are() -> None:
    catalog = _catalog(cheap="did('Email Sent')")
    assert affordable(catalog, SIZES) is catalog


def _catalog(**conditions: str) -> Catalog:
    told = "key: {0}\nname: {0}\nowner: o\npurpose: p\nwhere: {1}\n"
    return check([read(f"{key}.yaml", told.format(key, f'"{where}"').encode()) for key, where in conditions.items()])
