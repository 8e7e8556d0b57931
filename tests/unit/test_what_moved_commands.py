"""What `diff` prints of a blast radius, and what `replay` and `drift` are refused for or say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from include.answers.blast_radius import BlastRadius
from include.cli import diff as command
from include.cli.drift import _row as drift_row
from include.cli.replay import replay
from include.contracts.errors import ConfigurationError
from include.quality.drift.figure import NULLS, VALUES, Kind
from include.quality.drift.memory import Kept

NOTHING = BlastRadius(date(2026, 10, 31), (), None, {"before": 5, "after": 5}, (), (), (), (), ())
LIST = {
    "sync": "to_tool",
    "destination": "tool",
    "segment": "quiet",
    "added": 3,
    "removed": 0,
    "changed": 0,
    "note": "",
}


def printed(capsys: pytest.CaptureFixture[str], found: BlastRadius, lists: list[dict[str, Any]]) -> str:
    command._print(found, lists)
    return " ".join(capsys.readouterr().out.split())


def test_a_change_that_affects_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "everything stays as it is" in printed(capsys, NOTHING, [])


def test_a_list_that_changes_is_told_though_no_stage_does(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, NOTHING, [LIST])
    assert "no stage, only lists" in out and "to_tool" in out


def test_long_lists_are_cut_and_say_where_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    moves = [{"kind": "merged", "profile_id": f"p{n}", "other_profile_id": "q", "records": 2} for n in range(25)]
    measures = [{"level": "person", "measure": "email", "changed": 2, "share": 0.4, "largest": []}]
    out = printed(capsys, replace(NOTHING, redone=("resolve",), moves=moves, measures=measures), [])
    assert "the first 20 of 25; --json has more" in out and "p19" in out and "p20" not in out
    assert "person.email" in out and "not shown" in out


@pytest.mark.parametrize(("day", "segment", "message"), [(None, None, "--as-of 2026"), (1, "quiet", "not both")])
def test_replay_needs_a_day_and_one_question(day: int | None, segment: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        replay("p1", datetime(2026, 1, day) if day else None, segment=segment)


@pytest.mark.parametrize(
    ("kind", "observed", "now", "usual"),
    [
        (NULLS, {"is.value": 0.4, "was.value": 0.1, "distance": 0.3, "allowed": 0.15}, "40.0%", "0.0% – 25.0%"),
        (NULLS, {"is.value": 0.4, "days": 3.0}, "40.0%", "not judged yet (3 like days)"),
        (VALUES, {"is.a": 1.0, "was.a": 0.5, "distance": 0.5, "allowed": 0.2}, "moved by 50.0%", "moved by ≤ 20.0%"),
    ],
)  # fmt: skip
def test_drift_says_what_is_and_what_would_be_usual(kind: Kind, observed: Any, now: str, usual: str) -> None:
    row = drift_row(Kept(kind, "crm.contact", "email", "table", True, observed))
    assert row == {"figure": f"{kind.name} crm.contact.email", "now": now, "usual": usual, "is": "holds"}
