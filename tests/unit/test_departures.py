"""What deletes and merges at a source did to profiles, in a sentence a source."""

from __future__ import annotations

import pytest

from include.cli.ledger import _summary
from include.contracts.departures import departure_count, departures


def counts(source: str, **told: int) -> dict[str, int]:
    return {departure_count(source, what): count for what, count in told.items()}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"deleted": 1_200, "lost": 9, "ended": 3}, "1,200 records deleted at crm: 9 profiles lost a record, 3 ended."),
        ({"deleted": 1, "ended": 1}, "1 record deleted at crm: 1 profile ended."),
        (
            {"deleted": 2, "merged": 15, "lost": 2, "joined": 15},
            "2 records deleted and 15 merged into another at crm: 2 profiles lost a record, 15 went on in another.",
        ),
    ],
)
def test_each_source_has_a_sentence(told: dict[str, int], sentence: str) -> None:
    assert departures({"records": 8, **counts("crm", **told)}) == (sentence,)


def test_sources_are_told_apart_and_nothing_is_told_where_nothing_went() -> None:
    assert departures({"records": 8, "merged": 3}) == ()
    both = {**counts("erp.eu", deleted=1, lost=1), **counts("crm", deleted=1, ended=1)}
    assert [sentence.split(":")[0] for sentence in departures(both)] == [
        "1 record deleted at crm", "1 record deleted at erp.eu",
    ]  # fmt: skip


def test_the_stages_of_a_run_tell_it_beside_the_counts() -> None:
    stage = {"stage": "resolve", "seconds": 1, "peak_mb": 1, "writes": {}}
    row = _summary({**stage, "counts": {"records": 8, "merged": 1, **counts("crm", deleted=2, lost=2)}})
    assert row["counts"] == "merged 1, records 8. 2 records deleted at crm: 2 profiles lost a record."
