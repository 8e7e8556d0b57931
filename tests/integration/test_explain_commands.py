"""The commands of stewards, as a person or a machine calls them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.cli.app import main
from include.contracts.errors import HeldError
from include.contracts.profiles import PROFILE_HISTORY
from include.contracts.settings import ROOT
from include.storage.control.approvals import approved_versions
from tests.company import FIRST_WEEK, Company
from tests.people import on, person


@pytest.fixture
def company(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    shutil.copytree(ROOT / "include" / "config", tmp_path / "config")
    company = Company(tmp_path / "home", tmp_path / "config", warehouse_url)
    for name in ("HOME", "CONFIG"):
        monkeypatch.setenv(f"KINDRED_{name}", str(getattr(company.project.settings, name.lower())))
    monkeypatch.setenv("KINDRED_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("USER", "nina")
    yield company
    company.project.close()


def call(capsys, monkeypatch, *arguments):
    """Run the command line; returns exit code, standard output and standard error."""
    monkeypatch.setattr("sys.argv", ["kindred", *arguments])
    try:
        code = main()
    except SystemExit as end:
        code = end.code or 0
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_steward_asks_tries_decides_and_takes_back(company, capsys, monkeypatch):
    ids = company.week(*FIRST_WEEK)
    code, out, _ = call(capsys, monkeypatch, "explain", ids["usage.user:1"], "--json")
    assert code == 0
    assert [row["record_id"] for row in json.loads(out)["records"]] == ["crm.contact:1", "usage.user:1"]

    code, out, _ = call(capsys, monkeypatch, "what-if", "--never", "crm.contact:1", "usage.user:1", "--json")
    assert [row["kind"] for row in json.loads(out)["events"]] == ["split"]

    code, out, _ = call(
        capsys, monkeypatch, "decide", "never", "crm.contact:1", "usage.user:1", "--reason", "two people", "--json"
    )
    (decision,) = json.loads(out)
    apart = company.week(*FIRST_WEEK)
    assert apart["usage.user:1"] != ids["usage.user:1"]
    code, out, _ = call(capsys, monkeypatch, "explain", "--records", "crm.contact:1", "usage.user:1", "--json")
    assert [link["decision"] for link in json.loads(out)["decisions"]] == [decision]

    _, out, _ = call(capsys, monkeypatch, "decide", "back", decision, "--reason", "one after all", "--json")
    assert json.loads(out) == [decision]
    assert company.week(*FIRST_WEEK) == ids
    code, out, _ = call(capsys, monkeypatch, "decide", "list", "--json")
    (row,) = json.loads(out)
    assert (row["author"], row["reason"], row["retracted_reason"]) == ("nina", "two people", "one after all")


def test_faults_are_one_sentence_and_no_traceback(company, capsys, monkeypatch):
    company.week(*FIRST_WEEK)
    for arguments, message in (
        (("explain", "nobody"), "There never was a profile 'nobody'."),
        (("explain",), "Give a profile id, or two records with --records A B."),
        (("decide", "nevr", "a", "b"), "decide knows no 'nevr' (did you mean 'never'?)."),
        (("decide", "never", "crm.contact:1", "crm.contact:9", "--reason", "x"), "there is no record 'crm.contact:9'"),
        (("approve", "identity/crosswalk@none"), "Nothing called 'identity/crosswalk@none' is held."),
    ):
        code, _, err = call(capsys, monkeypatch, *arguments)
        assert code == 78
        assert message in " ".join(err.split())


def test_the_terminal_shows_no_value_of_a_record(company, capsys, monkeypatch):
    ids = company.week(*FIRST_WEEK)
    _, text, _ = call(capsys, monkeypatch, "explain", ids["usage.user:1"])
    assert "The links that hold it" in text
    assert not any(value in text for record in FIRST_WEEK for key, value in record.items()
                   if key in ("first_name", "last_name", "email", "phone"))  # fmt: skip


def test_a_profile_tells_what_its_records_said_before_and_the_values_only_where_asked(company, capsys, monkeypatch):
    for employer, changed_at in (("Oldacre", on(2025)), ("Newby", on(2026))):
        ids = company.week({**FIRST_WEEK[0], "company": employer, "updated_at": changed_at}, *FIRST_WEEK[1:])
        company.unify()
    company.project.lake.point(company.refs[PROFILE_HISTORY.name])
    profile = ids["crm.contact:1"]
    _, text, _ = call(capsys, monkeypatch, "explain", profile)
    assert "What its records said before" in text
    assert "2025-01-01" in text
    assert "Oldacre" not in text
    _, text, _ = call(capsys, monkeypatch, "explain", profile, "--values")
    assert "Oldacre" in text
    for asked, value in (((), None), (("--values",), "Oldacre")):
        _, out, _ = call(capsys, monkeypatch, "explain", profile, "--json", *asked)
        (row,) = json.loads(out)["history"]
        assert (row["record_id"], row["attribute"], row["value"]) == ("crm.contact:1", "company", value)


def test_the_waterfall_is_drawn_into_a_file(company, capsys, monkeypatch, tmp_path):
    ids = company.week(*FIRST_WEEK)
    code, _, _ = call(capsys, monkeypatch, "explain", ids["usage.user:1"], "--svg", str(tmp_path / "why.svg"))
    assert code == 0
    assert (tmp_path / "why.svg").read_text().startswith("<svg")


def test_review_shows_what_a_person_needs_and_values_only_to_whoever_asks(company, capsys, monkeypatch):
    (company.project.settings.config / "stewardship.yaml").write_text("split_confidence: 0\n")
    company.week(*FIRST_WEEK)
    other = person("usage.user:1", first_name="Tancredi", last_name="Obermayr", email="t@obermayr.example")
    company.week(*(other if record["record_id"] == "usage.user:1" else record for record in FIRST_WEEK))
    _, text, _ = call(capsys, monkeypatch, "review")
    assert "Does this profile hold two people?" in text
    assert "python -m include decide never crm.contact:1 usage.user:1 --reason" in text
    assert "Quillfeather" not in text, "this is no terminal"
    _, text, _ = call(capsys, monkeypatch, "review", "--values")
    assert "Quillfeather" in text
    assert "Obermayr" in text
    _, out, _ = call(capsys, monkeypatch, "review", "--json")
    (row,) = json.loads(out)
    assert (row["asks"], row["record_a"], row["record_b"]) == ("part", "crm.contact:1", "usage.user:1")
    assert "Quillfeather" not in out
    _, out, _ = call(capsys, monkeypatch, "review", "--json", "--values")
    assert json.loads(out)[0]["said"][1]["last_name"] == "Obermayr"


def test_a_held_run_is_approved_with_who_and_why(company, capsys, monkeypatch):
    (company.project.settings.config / "stewardship.yaml").write_text("limits: {split_profiles: 0.1, at_least: 0}\n")
    company.week(*FIRST_WEEK)
    company.decide("never", "crm.contact:1", "usage.user:1")
    with pytest.raises(HeldError) as held:
        company.week(*FIRST_WEEK)
    code, _, err = call(capsys, monkeypatch, "approve", held.value.subject, "--reason", "looked at it")
    assert code == 0
    assert "1 profiles would split off another" in err
    dataset, _, version = held.value.subject.partition("@")
    assert approved_versions(company.project, dataset) == {version}

    answer = ("approve", held.value.subject, "--reject", "--reason", "a mistake", "--json")
    code, out, err = call(capsys, monkeypatch, *answer)
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert {**told, "evidence": ""} == {
        "subject": held.value.subject, "verdict": "rejected", "author": "nina", "reason": "a mistake", "evidence": ""
    }  # fmt: skip
    assert told["evidence"].startswith(str(held.value.evidence))  # and then what it would touch
    assert approved_versions(company.project, dataset) == set()
