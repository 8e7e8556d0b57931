"""Rules that are too wide to be followed propose the pairs that no narrow one does."""

from __future__ import annotations

import pytest

from include.matching.engine import resolve
from tests.matching_tables import SPEC, table, town

PERSON = {"first_name": "Annabel", "last_name": "Fairweather", "phone": "+14155550144", "postcode": "94110"}


@pytest.mark.parametrize(
    ("garbled", "rule"),
    [
        ({"first_name": "Annabek", "last_name": "Fairweatner", "phone": None}, "names, first letters"),
        ({"first_name": "Xnnabel", "last_name": "Pairweather", "phone": None}, "names, last letters"),
        ({"first_name": None, "postcode": None, "phone": None}, "last name"),
        ({"first_name": "Xnnabek", "last_name": "Pairweatner", "phone": "+14155550154"}, "phone, first digits"),
        ({"first_name": "Xnnabek", "last_name": "Pairweatner", "phone": "+14255550144"}, "phone, last digits"),
    ],
)
def test_a_pair_that_agrees_in_nothing_whole_is_looked_at(garbled: dict[str, str | None], rule: str) -> None:
    ids = ("one", "other")
    rows = [{**PERSON, "record_id": "one"}, {**PERSON, "record_id": "other"} | garbled]
    found = resolve(table([*town(), *rows]), SPEC).pairs_above(-99.0).to_pylist()
    assert [pair["rule"] for pair in found if (pair["record_a"], pair["record_b"]) == ids] == [rule]
