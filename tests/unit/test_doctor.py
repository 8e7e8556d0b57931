"""`doctor` says what is missing and what to do, and one broken part never hides the others."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from include.cli.doctor import examine
from include.contracts.settings import ROOT, Settings

NOWHERE = "postgresql+psycopg://nobody:secret@127.0.0.1:9/none"


def findings(settings: Settings) -> dict[str, tuple[str, str, str]]:
    return {finding.check: (finding.state, finding.found, finding.remedy) for finding in examine(settings)}


def test_a_missing_exports_folder_is_a_warning_with_a_remedy(tmp_path: Path) -> None:
    state, found, remedy = findings(Settings(home=tmp_path, warehouse_url=NOWHERE))["exports"]
    assert state == "warn"
    assert str(tmp_path) in found
    assert "KINDRED_DATA" in remedy


def test_what_is_wrong_in_the_configuration_is_told_with_its_file(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(Settings().config, config)
    (config / "quality.yaml").write_text("row_limt: 0.1")
    (config / "segments" / "lapsed.yaml").write_text("key: lapsed\nwhere: usage_tir = 'inactive'")
    found = findings(Settings(home=tmp_path, config=config, warehouse_url=NOWHERE))
    assert found["configuration"][:2] == (
        "fail",
        "quality.yaml: there is no key 'row_limt' (did you mean 'row_limit'?).",
    )
    assert found["segments"][0] == "warn"
    assert "lapsed.yaml:1:1: 'name' is missing." in found["segments"][1]


def test_a_lake_nobody_can_open_fails_alone(tmp_path: Path) -> None:
    found = findings(Settings(home=tmp_path, warehouse_url=NOWHERE, lake_url="gopher://nowhere/lake"))
    assert found["lake"][0] == "fail"
    assert "Use file:// or s3://" in found["lake"][1]
    assert found["python"][0] == found["packages"][0] == "ok"


def test_the_lake_check_leaves_nothing_behind(tmp_path: Path) -> None:
    findings(Settings(home=tmp_path, warehouse_url=NOWHERE))
    assert not list((tmp_path / "lake").rglob("*.json"))


def test_an_unreachable_warehouse_is_one_sentence_and_the_exit_code_says_so(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KINDRED_HOME": str(tmp_path),
        "KINDRED_WAREHOUSE_URL": NOWHERE,
    }
    done = subprocess.run(
        [sys.executable, "-m", "include", "doctor", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    states = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert states["warehouse"]["state"] == "fail"
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
