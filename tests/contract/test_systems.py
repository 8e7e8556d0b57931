"""Every shipped system keeps the suite's promises, whatever its source is called; a new one needs two files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError, ContractError
from include.contracts.exports import SYSTEMS
from include.contracts.exports.hubspot import STAGES
from include.contracts.settings import ROOT
from include.contracts.sources import read_sources
from include.contracts.systems import Feed, Part, Refusal, System
from include.staging import step
from tests.system_suite import Staged, SystemSuite

TOY = Path(__file__).parent / "toy_system"


class TestSalesforce(SystemSuite):
    kind = "salesforce_export"


class TestPardot(SystemSuite):
    kind = "pardot_export"


class TestDelighted(SystemSuite):
    kind = "delighted_export"


class TestHubSpot(SystemSuite):
    kind = "hubspot"

    def test_its_dates_are_steps_and_stages_and_an_amount_keeps_its_currency(self, staged) -> None:
        assert {row["step"] for row in staged.rows("lead_step")} == {"hand_raised", "mql", "sql", "converted"}
        assert {row["stage"] for row in staged.rows("opportunity_stage")} == set(STAGES)
        (deal,) = staged.rows("opportunity")
        assert (deal["amount"], deal["currency"], deal["owner_id"]) == (48000.0, "EUR", "4711")
        assert [row["score"] for row in staged.rows("prospect_score")] == [42]
        assert [row["time_zone"] for row in staged.rows("person_record")] == ["Europe/Berlin"]


class TestQualtrics(SystemSuite):
    kind = "qualtrics"


class TestTypeform(SystemSuite):
    kind = "typeform"


class TestSegment(SystemSuite):
    kind = "segment_export"
    rows = {  # noqa: RUF012
        "event": [
            {"type": "identify", "messageId": "m1", "userId": "u1", "timestamp": "2026-10-30T10:00:00Z",
             "traits": {"email": "nina.berg@norvik.example", "firstName": "Nina"},
             "context": {"timezone": "America/Chicago"}},
            {"type": "identify", "messageId": "m4", "userId": "u2", "timestamp": "2026-10-30T10:00:00Z",
             "traits": {"timezone": "US/Pacific"}, "context": {"timezone": "America/Chicago"}},
            {"type": "identify", "messageId": "m5", "userId": "u3", "timestamp": "2026-10-30T10:00:00Z",
             "traits": {"timezone": "+02:00"}},
            {"type": "group", "messageId": "m2", "userId": "u1", "groupId": "ws1", "timestamp": "2026-10-30T10:01:00Z",
             "traits": {"name": "Norvik"}},
            {"type": "track", "messageId": "m3", "userId": "u1", "event": "Run", "timestamp": "2026-10-30T10:02:00Z"},
        ]
    }  # fmt: skip

    def test_a_user_is_in_the_time_zone_that_traits_or_the_browser_name(self, staged) -> None:
        people = {
            row["source_key"]: (row["time_zone"], row["time_zone_received"]) for row in staged.rows("person_record")
        }
        assert people == {
            "u1": ("America/Chicago", "America/Chicago"),
            "u2": ("America/Los_Angeles", "US/Pacific"),
            "u3": (None, "+02:00"),  # a distance has no summer
        }


def test_every_shipped_system_is_under_the_suite() -> None:
    assert {suite.kind for suite in SystemSuite.__subclasses__()} >= set(SYSTEMS)


def declare(**changes: object) -> System:
    salesforce = SYSTEMS["salesforce_export"]
    known = {name: getattr(salesforce, name) for name in ("kind", "part", "format", "files", "feeds", "refusals")}
    return System(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"refusals": None}, r"does not say which columns refuse mail or calls; give refusals=\(\) where none does"),
        ({"part": "crn"}, r"plays no part 'crn' \(did you mean 'crm'"),
        (
            {"refusals": (Refusal("contact", "OptOut", "email", "Email"),)},
            r"has a refusal in contact\.OptOut",
        ),
        ({"feeds": (Feed("contacts", "person_record"),)}, r"stages 'contacts', .* \(did you mean 'contact'"),
    ],
    ids=["no refusals", "no part", "no column", "no object"],
)
def test_a_system_that_is_not_declared_in_full_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], message: str
) -> None:
    monkeypatch.setattr("include.contracts.sources.SYSTEMS", {**SYSTEMS, "salesforce_export": declare(**changes)})
    with pytest.raises(
        ConfigurationError, match=rf"^contract/test_systems\.py, line \d+: 'salesforce_export' {message}"
    ):
        read_sources(ROOT / "include" / "config")


def test_rows_for_a_table_that_no_feed_names_stop_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = SYSTEMS["delighted_export"]
    short = System(survey.kind, Part.SURVEY, "csv", survey.files, survey.feeds[:1], ())
    object.__setattr__(short, "module", survey.module)
    monkeypatch.setattr("include.contracts.sources.SYSTEMS", {**SYSTEMS, survey.kind: short})
    with pytest.raises(ContractError, match="stages rows into staged/person_record, which none of its feeds names"):
        Staged(survey, tmp_path, {"response": [{c.name: c.example for c in survey.files[0].columns}]})
    assert step.COUNTS


def test_a_toy_system_of_two_objects_takes_two_files(tmp_path: Path) -> None:
    """In a copy of the project to which only the declaration and the staging of ``toy_system`` are added."""
    shutil.copytree(ROOT / "include", tmp_path / "include", ignore=shutil.ignore_patterns("*.pyc.*", "*.tmp.*"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "system_suite.py", tmp_path / "tests")
    shutil.copy(TOY / "declaration.py", tmp_path / "include" / "contracts" / "exports" / "toy.py")
    shutil.copy(TOY / "staging.py", tmp_path / "include" / "staging" / "systems" / "toy.py")
    shutil.copy(TOY / "suite.py", tmp_path / "test_toy.py")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_toy.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
