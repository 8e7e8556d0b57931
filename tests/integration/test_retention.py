"""Retention on a real warehouse: old runs go, what stands on a build that is still there stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.cli.app import main
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import ROOT
from include.retention.step import Removed, retain
from include.storage.project import Project
from tests.releases import ask, release

Company = Callable[..., dict[str, DatasetRef]]
KINDS = (
    "replaced exports", "superseded versions", "runs and audits in the ledger", "results of audits", "logs",
    "spilled results",
)  # fmt: skip
LONG_AGO = datetime.now(UTC) - timedelta(days=1000)
LATER = datetime.now(UTC) + timedelta(days=1000)


def removed(found: list[Removed], what: str) -> int:
    return next(row.items for row in found if row.what.startswith(what))


def test_old_runs_go_with_their_stages_and_audits_but_not_those_that_readers_see(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    ledger = warehouse_project.ledger()
    for name in ("old", run.run_id):
        with ledger.working(Run(name, run.as_of)):
            pass
        ledger.end_run(Run(name, run.as_of), "success")
    release(warehouse_project, run, company(warehouse_project))
    assert removed(retain(warehouse_project, LATER, dry_run=True), "runs") == 1
    assert [row["run_id"] for row in ledger.runs()] == [run.run_id, "old"], "a dry run removes nothing"
    retain(warehouse_project, LATER)
    assert [row["run_id"] for row in ledger.runs()] == [run.run_id]
    (seen,) = ledger.publications()
    assert ledger.audit(seen["version"]) != []


def test_what_is_published_can_be_made_anew_after_everything_else_went(
    warehouse_project: Project, company: Company, run: Run
) -> None:
    for version in ("v1", "v2"):
        refs = company(warehouse_project, version)
        release(warehouse_project, run, refs)
    found = retain(warehouse_project, LATER)
    assert removed(found, "superseded") > 0
    assert sum(row.bytes for row in found) > 0
    assert ask(warehouse_project, "SELECT DISTINCT full_name FROM kindred.profile") == [("v2",)]
    assert all(warehouse_project.lake.open(ref) for name, ref in refs.items() if "/" not in name)
    release(warehouse_project, run, {name: ref for name, ref in refs.items() if "/" not in name})
    assert removed(retain(warehouse_project, LATER), "superseded") == 0


def test_nothing_goes_before_its_time(warehouse_project: Project, company: Company, run: Run) -> None:
    for version in ("v1", "v2"):
        release(warehouse_project, run, company(warehouse_project, version))
    assert [row.items for row in retain(warehouse_project, LONG_AGO)] == [0] * len(KINDS)
    assert removed(retain(warehouse_project, datetime.now(UTC)), "superseded") == 0


def test_the_command_says_how_much_goes(
    tmp_path: Path, warehouse_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "include" / "config", tmp_path / "config")
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KINDRED_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("KINDRED_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setattr("sys.argv", ["kindred", "retain", "--dry-run", "--json"])
    with pytest.raises(SystemExit, match="0"):
        main()
    rows = json.loads(capsys.readouterr().out)
    assert tuple(row["what"] for row in rows) == KINDS
    assert all(row["items"] == 0 for row in rows)
    (tmp_path / "config" / "retention.yaml").write_text("versions: 1")
    assert main() == 78
    assert "waits 48 hours" in capsys.readouterr().err.replace("\n", " ")
