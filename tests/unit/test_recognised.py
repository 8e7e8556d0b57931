"""What is told of a folder before a run: what it lacks, and which of the shipped segments that costs."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from include.contracts.measures import SOURCES
from include.contracts.remarks import set_aside
from include.contracts.settings import Settings
from include.launch.recognised import render
from include.sources.recognition.declaring import Found


def test_what_is_lacking_costs_whatever_asks_for_it_also_by_events_and_by_other_segments(tmp_path: Path) -> None:
    lacking = [table for table in SOURCES if table != "nps_response"]
    console = Console(width=2000, record=True, file=StringIO())
    console.print(render(Found({}, [], lacking), Settings(home=tmp_path)))
    told = {line.partition(":")[0]: line for line in console.export_text().splitlines()}
    use = told[f"No {SOURCES['usage_event']}"]
    assert "champions" in use  # by a measure
    assert "champion_gone_quiet" in use  # by an event
    assert "outreach_grow" in use  # by another segment
    assert not any(" 0 " in line or "promoters_to_ask" in line or "1 segments" in line for line in told.values())


def test_a_run_says_of_which_objects_many_rows_were_set_aside() -> None:
    counts = {
        "finance.contract.raw": 1200, "finance.contract.quarantined": 1200, "crm.contact.raw": 100,
        "crm.contact.quarantined": 4, "crm.contact.dangling.crm_id": 9, "raw": 1300,
    }  # fmt: skip
    assert list(set_aside(counts)) == [
        "1,200 of 1,200 rows of finance.contract were set aside: python -m include quarantine says why."
    ]
