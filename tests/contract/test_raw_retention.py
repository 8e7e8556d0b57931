"""Exports that newer contents have replaced are let go of, and read anew should they come back."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.contracts.raw import LOAD
from include.retention import raw
from include.retention.lake import removable
from include.storage.lake import Lake, Manifest
from include.storage.project import Project
from tests.export_files import Company

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A CRM whose contacts were exported three times under one name."""
    company = Company(tmp_path).fill()
    for name in ("Nina", "Nora", "Nils"):
        company.write("contact", {"FirstName": name})
        company.extract("crm")
    return company


def contents(company: Company) -> list[str]:
    return sorted(row["FirstName"] for row in company.rows("raw/crm/contact"))


def clean(company: Company, *, days: int = 0) -> None:
    raw.let_go(company.project.lake, LATER)
    for file in removable(
        company.project.lake, LATER + timedelta(days=days), versions=timedelta(days=1), debris=timedelta(days=1)
    ):
        company.project.lake.remove(file)


def test_only_the_content_that_holds_stays(company: Company) -> None:
    assert contents(company) == ["Nils", "Nina", "Nora"]
    assert len(raw.replaced(company.project.lake, LATER)) == 2
    clean(company, days=9)
    assert contents(company) == ["Nils"]
    assert raw.replaced(company.project.lake, LATER) == []
    loads = [row for row in company.rows("raw/crm/load") if row["object"] == "contact"]
    assert len(loads) == 1
    manifest = company.project.lake.current("raw/crm/contact")
    assert manifest is not None
    assert manifest.rows == 1
    names = {file.name for file in company.project.lake.stored("raw/crm/contact")}
    assert names == {"_current.json", f"{manifest.version}.json", *manifest.files}


def test_nothing_is_let_go_of_before_its_time(company: Company) -> None:
    assert raw.replaced(company.project.lake, LATER - timedelta(days=3)) == []


def test_a_content_that_comes_back_is_read_anew(company: Company) -> None:
    clean(company, days=9)
    company.write("contact", {"FirstName": "Nina"})
    company.extract("crm")
    assert contents(company) == ["Nils", "Nina"]
    report = company.stage()
    assert report.counts["crm.contact.superseded"] == 1


def test_killed_between_the_object_and_the_log_it_is_made_good_by_the_next_time(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(raw, "_forget", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            raw.let_go(company.project.lake, LATER)
    assert company.stage().counts["crm.contact.raw"] == 1
    clean(company)
    assert len([row for row in company.rows("raw/crm/load") if row["object"] == "contact"]) == 1


def _date(lake: Lake, before: set[str], now: datetime) -> None:
    """Let the files that were not there before be of that moment."""
    for file in lake.stored():
        if f"{file.dataset}/{file.name}" not in before:
            os.utime(lake.url(file.dataset, file.name), (now.timestamp(), now.timestamp()))


def _daily_run(lake: Lake, day: int, loads: list[dict[str, Any]]) -> None:
    """What a run leaves behind of a file that is exported anew each day, named as extraction and staging name it."""
    load, dataset = f"load{day}", "raw/nps/response"
    loads.append(
        {"load_id": load, "source": "nps", "object": "response", "file": "f.csv", "window": "w",
         "extracted_at": datetime(2026, 1, 5, tzinfo=UTC), "rows": 1, "rejected": 0, "header": "[]"},
    )  # fmt: skip
    kept = (lake.current(dataset) or Manifest(dataset, "", (), 0)).files
    known = [one for one in loads if f"{one['load_id']}.parquet" in kept or one["load_id"] == load]
    with lake.fs.open(lake.url("raw/nps/load", f"log{day}.parquet"), "wb") as sink:
        pq.write_table(pa.Table.from_pylist(known, schema=LOAD.schema), sink)
    lake.commit("raw/nps/load", f"log{day}", [f"log{day}.parquet"], len(known))
    for name, file in ((dataset, f"{load}.parquet"), ("staged/toy", f"{day}.parquet")):
        lake.fs.pipe_file(lake.url(name, file), b"x" * 5000)
    lake.commit(dataset, f"raw{day}", [*kept, f"{load}.parquet"], len(known), {"f.csv": load})
    lake.commit("staged/toy", f"day{day}", [f"{day}.parquet"], 1, {dataset: f"raw{day}"})


def test_the_disk_stays_bounded_over_sixty_daily_runs(project: Project) -> None:
    lake, loads, before, sizes = project.lake, list[dict[str, Any]](), set[str](), list[int]()
    for day in range(60):
        now = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=day)
        _daily_run(lake, day, loads)
        _date(lake, before, now)  # what a run writes is of its day
        raw.let_go(lake, now - timedelta(days=15))
        _date(lake, before, now)
        for file in removable(lake, now, versions=timedelta(days=10), debris=timedelta(days=1)):
            lake.remove(file)
        kept = list(lake.stored())
        before = {f"{file.dataset}/{file.name}" for file in kept}
        sizes.append(sum(file.size for file in kept))
    plateau = sizes[30:]
    assert max(plateau) < 1.05 * min(plateau), "after the longest time the disk grows no more"
    assert sizes[5] < min(plateau), "and what is young is kept"
    days = {int(name.removeprefix("staged/toy/day").removesuffix(".json")) for name in before if "toy/day" in name}
    assert days == set(range(50, 60))
