"""`map` proposes what an unknown table is, shows it with personal values masked, and writes the mapping."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from include.cli.app import _application
from include.contracts.mapping import read_mapped
from include.sources.recognition.proposing import propose

BILLING = (
    "account_name,start_date,until,annual value,owner mail\n"
    "Norvik,2025-02-01,2027-01-31,12000,nina@norvik.example\n"
    "Strand,2025-02-05,2026-01-31,9000,ola@strand.example\n"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KINDRED_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path / "home"))
    (tmp_path / "config").mkdir()

    def _run(content: str, *options: str):
        (tmp_path / "billing.csv").write_text(content)
        return CliRunner().invoke(_application(["map"]), ["map", str(tmp_path / "billing.csv"), *options])

    return _run


def test_a_proposed_mapping_is_shown_masked_and_written(run, tmp_path: Path) -> None:
    done = run(BILLING)
    assert done.exit_code == 0, done.output
    assert "contract.end" in done.output and "12,000.0" in done.output
    assert "Not used: owner mail." in done.output
    assert "nina@" not in done.output
    written = yaml.safe_load((tmp_path / "config" / "sources" / "billing.yaml").read_text())
    assert written["files"]["contract"]["contract"]["account"] == {"column": "account_name", "lower": True}
    system = read_mapped(tmp_path / "config")["billing"]
    assert {feed.table for feed in system.feeds} == {"account", "contract"}
    again = run(BILLING)
    assert "is there already; edit it" in str(again.exception)


def test_a_dry_run_writes_nothing(run, tmp_path: Path) -> None:
    assert run(BILLING, "--dry-run").exit_code == 0
    assert not (tmp_path / "config" / "sources").exists()


def test_a_table_that_tells_nothing_is_one_sentence(run) -> None:
    done = run("thing,other\na,b\n")
    assert str(done.exception).startswith("The columns of billing.csv (thing, other) tell of no person")


def test_what_is_known_already_tells_what_a_column_is(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("who,beginning\nNORVIK,2025-02-01\nStrand,2025-03-01\n")
    proposal = propose(tmp_path / "x.csv", {"account.name": {"norvik", "strand"}})
    why = {guess.field: guess.why for guess in proposal.guesses}
    assert why["account.name"] == "2 of 2 values are known"
    assert list(proposal.content["files"]) == ["contract"]
