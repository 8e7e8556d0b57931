"""`map` proposes what an unknown table is, shows it with personal values masked, and writes the mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def proposed(tmp_path: Path, header: str, *rows: str) -> dict[str, Any]:
    (tmp_path / "dump.csv").write_text("\n".join((header, *rows)) + "\n")
    return propose(tmp_path / "dump.csv", {}).content["files"]


def test_a_row_of_people_has_the_tables_own_key_unless_several_rows_are_of_one_person(tmp_path: Path) -> None:
    header = "id,email,first_name,created_at"
    people = ("1,a@b.example,Ann,2026-01-01 10:00:00+00", "2,c@d.example,Cleo,2026-01-02 10:00:00+00")
    assert proposed(tmp_path, header, *people)["person"]["key"] == "id"
    orders = (*people, "3,a@b.example,Ann,2026-01-03 10:00:00+00")
    assert proposed(tmp_path, header, *orders)["person"]["key"] == {"column": "email", "lower": True}


def test_a_name_beside_a_domain_is_a_companys(tmp_path: Path) -> None:
    found = proposed(tmp_path, "id,name,domain", "1,Norvik,norvik.example", "2,Strand,strand.example")
    assert found["account"]["account"] == {"key": "id", "name": "name", "domain": "domain"}


def test_a_german_list_of_customers_is_people_companies_and_contracts(tmp_path: Path) -> None:
    header = "Vorname;Nachname;Firma;E-Mail;PLZ;Vertragsbeginn;Vertragsende;Jahreswert;Währung"
    found = proposed(tmp_path, header, "Nina;Berg;Norvik;n@norvik.example;10115;01.02.2025;31.01.2027;12.000,00;EUR")
    row = found["contract"]
    assert (row["person"]["postcode"], row["account"]["name"], row["contract"]["end"]) == (
        "PLZ",
        "Firma",
        "Vertragsende",
    )
    assert row["contract"]["annual_value"] == {"column": "Jahreswert", "currency": "Währung"}
    assert row["person"]["account"] == row["contract"]["account"] == row["account"]["key"]


def test_what_cannot_be_read_yet_is_told_and_the_mapping_is_written_all_the_same(run, tmp_path: Path) -> None:
    done = run("account_name,start_date,annual value\nNorvik,2025-02-01,€ 12000\nStrand,2025-02-05,$ 9000\n")
    assert "It could not be read so: billing.csv, column annual value: its amounts are in several" in done.output
    assert (tmp_path / "config" / "sources" / "billing.yaml").exists()
