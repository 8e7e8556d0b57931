"""The sample company goes through extraction and staging: no column unknown, no record lost, killed or not."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.contracts.staged import STAGED
from include.samples import generate
from tests.export_files import SOURCES, Company

EXTRACT_AND_DIE = """
import os, signal, sys
from datetime import UTC, date, datetime
from datetime import UTC, datetime
from pathlib import Path
from include.contracts.runs import Run, Window
from include.contracts.settings import Settings
from include.sources.step import extract
from include.staging.step import stage
from include.storage.lake import Lake
from include.storage.project import Project

project, left = Project(Settings(home=Path(sys.argv[1]), data=Path(sys.argv[2]))), [int(sys.argv[3])]
really = Lake.commit

def commit(*args, **options):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return really(*args, **options)

Lake.commit = commit
run = Run("test", date(2026, 10, 31))
for source in ("crm", "email", "usage", "nps"):
    extract(project, run, source, Window(None, datetime(2026, 11, 1, tzinfo=UTC)))
stage(project, run)
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, people=1000)
    return folder


@pytest.fixture(scope="module")
def company(sample: Path) -> Company:
    company = Company(sample)
    company.stage()
    return company


def test_no_column_of_the_sample_is_unknown(company: Company) -> None:
    counts = {name: count for source in SOURCES for name, count in company.extract(source).counts.items()}
    assert [name for name in counts if ".unknown." in name] == []
    assert counts["contact.rows"] > 500


def test_every_person_of_the_truth_is_staged_or_set_aside_for_a_known_flaw(sample: Path, company: Company) -> None:
    staged = {row["record_id"] for row in company.staged("person_record")}
    with (sample / "truth" / "records.csv").open(encoding="utf-8", newline="") as stream:
        truth = {row["record_id"]: row["flaws"].split("|") for row in csv.DictReader(stream)}
    assert staged <= truth.keys()
    missing = truth.keys() - staged
    assert all("invalid" in truth[record] for record in missing)
    assert len(missing) < 0.01 * len(truth)


def test_what_is_set_aside_says_why_and_never_what(company: Company) -> None:
    for row in company.staged("quarantine"):
        assert row["reason"].endswith(".")
        assert "@" not in row["reason"]
        assert row["line"] > 1 or row["file"].endswith(".ndjson.gz")


@pytest.mark.parametrize("commits", [11, 20])
def test_killed_at_any_commit_and_run_again_gives_the_same_bytes(
    tmp_path: Path, sample: Path, company: Company, commits: int
) -> None:
    place = [str(tmp_path / "home"), str(sample / "exports")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", EXTRACT_AND_DIE, *place]
    killed = subprocess.run([*command, str(commits)], env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    again = Company(tmp_path)
    (tmp_path / "exports").symlink_to(sample / "exports")
    again.stage()
    for table in STAGED:
        assert again.project.lake.current(table.name) == company.project.lake.current(table.name)
        ours, theirs = (c.project.lake.urls(c.project.lake.current(table.name)) for c in (again, company))
        assert [Path(file).read_bytes() for file in ours] == [Path(file).read_bytes() for file in theirs]


def test_it_is_known_until_when_each_export_is_complete(company: Company) -> None:
    states = {(row["source"], row["object"]): row for row in company.staged("source_state")}
    assert states["usage", "event"]["complete_before"] == datetime(2026, 10, 31, tzinfo=UTC)  # the file of the 30th
    night = datetime(2026, 10, 30, 20, tzinfo=UTC)
    assert all(state["complete_before"] > night for state in states.values())
    assert {state["missing_days"] for state in states.values()} == {0}
    assert len(states) == 18
    assert states["email", "visitor_activity"]["usual_silence"] in range(4, 8)  # a mailing every five days
    assert states["usage", "event"]["usual_silence"] == 1
