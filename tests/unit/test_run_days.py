"""What a run of a day follows on: the version before, or for one that rewinds the last of an earlier day."""

from __future__ import annotations

from datetime import date

import pytest

from include.contracts.errors import EarlierDayError, FatalError
from include.contracts.runs import Run
from include.storage.days import follows
from include.storage.lake import Lake
from include.storage.project import Project

DATASET = "segment_membership"


def day(number: int) -> date:
    return date(2026, 10, number)


@pytest.fixture
def lake(project: Project) -> Lake:
    """A dataset of the days 1, 2 and 4; day 2 was run twice."""
    previous = ""
    for version, number in (("a", 1), ("b", 2), ("c", 2), ("d", 4)):
        inputs = {"as_of": day(number).isoformat(), "previous": previous}
        previous = project.lake.commit(DATASET, version, [], 0, inputs).version
    return project.lake


def followed(lake: Lake, number: int, *, rewinds: bool = False) -> str | None:
    found = follows(lake, DATASET, Run("run", day(number), rewinds=rewinds))
    return found.version if found else None


def test_the_newest_day_and_later_ones_follow_on_what_is_current(lake: Lake) -> None:
    assert [followed(lake, 4), followed(lake, 9)] == ["d", "d"]


def test_an_earlier_day_is_refused_and_the_sentence_says_both_days(lake: Lake) -> None:
    with pytest.raises(EarlierDayError, match=r"see 2026-10-04 already, and a run of 2026-10-03.*--rewind"):
        followed(lake, 3)


def test_a_run_that_rewinds_follows_on_the_last_earlier_day(lake: Lake) -> None:
    assert [followed(lake, number, rewinds=True) for number in (9, 4, 3, 2, 1)] == ["d", "c", "c", "a", None]


def test_rewinding_beyond_what_is_kept_says_so(lake: Lake) -> None:
    (gone,) = [file for file in lake.stored(DATASET) if file.name == "a.json"]
    lake.remove(gone)
    with pytest.raises(FatalError, match="before 2026-10-02 is no longer kept; rewind to a later day"):
        followed(lake, 2, rewinds=True)
