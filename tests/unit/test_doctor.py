"""`doctor` says what is missing and what to do, and one broken part never hides the others."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.cli import airflow, doctor, live_sources
from include.cli.doctor import examine
from include.contracts.errors import RetryableError
from include.contracts.settings import ROOT, SHIPPED, Settings
from include.remote.http import Patience
from include.samples.servers.salesforce import SalesforceServer
from include.storage import room

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


def test_whatever_a_folder_of_configuration_may_hold_is_known(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(SHIPPED, config, ignore=shutil.ignore_patterns("__*"))
    for folder in ("destinations", "lists"):
        (config / folder).mkdir()
    assert {finding.state for finding in doctor.origins(Settings(home=tmp_path, config=config))} == {"ok"}
    (config / "evnts.yaml").touch()
    _, unknown = doctor.origins(Settings(home=tmp_path, config=config))
    assert "evnts.yaml" in unknown.found and "did you mean 'events.yaml'" in unknown.found


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(None, "answers, and shows contact"), ("secret", "wrong credential: crm refuses"),
     ("object", "missing permission: crm knows"), ("host", "unreachable: crm cannot be reached")],
)  # fmt: skip
def test_a_live_source_is_asked_and_what_is_to_be_mended_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str | None, told: str
) -> None:
    live = {"kind": "salesforce_export", "live": {"connection": "org"}, "schedule": "0 1 * * *", "owner": "sales",
            "region": "US", "timezone": "UTC", "objects": ["contact"]}  # fmt: skip
    (tmp_path / "sources.yaml").write_text(json.dumps({"sources": {"crm": live}}))
    with SalesforceServer() as org:
        if trouble == "object":
            org.forbidden.add("contact")
        host = "http://127.0.0.1:9" if trouble == "host" else org.url
        secret = "stale-secret" if trouble == "secret" else "client-secret"
        monkeypatch.setenv("AIRFLOW_CONN_ORG", json.dumps({"host": host, "login": "client", "password": secret}))
        monkeypatch.setattr(live_sources, "BRIEF", Patience(attempts=1, connect_seconds=1))
        (finding,) = live_sources.live(Settings(config=tmp_path))
    assert told in finding.found
    assert (finding.state == "ok") == (trouble is None)
    assert secret not in finding.found


@pytest.mark.parametrize(("there", "state"), [(True, "ok"), (False, "warn")])
def test_files_that_lie_elsewhere_are_looked_for(tmp_path: Path, there: bool, state: str) -> None:
    stored = {"kind": "delighted_export", "stored": {"url": tmp_path.as_uri()}, "schedule": "0 1 * * *", "owner": "cs",
              "region": "US", "timezone": "UTC", "objects": ["response"]}  # fmt: skip
    (tmp_path / "sources.yaml").write_text(json.dumps({"sources": {"nps": stored}}))
    if there:
        (tmp_path / "responses.csv").write_text("Response ID\n")
    (finding,) = live_sources.live(Settings(config=tmp_path))
    assert (finding.check, finding.state) == ("source nps", state)


def test_a_lake_nobody_can_open_fails_alone(tmp_path: Path) -> None:
    found = findings(Settings(home=tmp_path, warehouse_url=NOWHERE, lake_url="gopher://nowhere/lake"))
    assert found["lake"][0] == "fail"
    assert "Use file:// or s3://" in found["lake"][1]
    assert found["python"][0] == found["packages"][0] == "ok"


def test_it_only_looks(tmp_path: Path) -> None:
    found = findings(Settings(home=tmp_path / "home"))
    assert not (tmp_path / "home").exists()
    assert found["warehouse"][:2] == ("ok", "the embedded PostgreSQL, which a run starts; none is up now")
    assert found["lake"][0] == "ok"


def test_what_others_may_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake").chmod(0o755)  # whatever the umask of the process by now
    state, found, remedy = findings(Settings(home=tmp_path, warehouse_url=NOWHERE))["privacy"]
    assert state == "warn"
    assert str(tmp_path / "lake") in found
    assert f"chmod -R go= {tmp_path / 'lake'}" in remedy


def test_what_a_run_needs_and_what_there_is_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, data=tmp_path, warehouse_url=NOWHERE)
    monkeypatch.setattr(room, "free", lambda _settings: 400_000_000)
    state, found, remedy = findings(settings)["disk"]
    assert (state, found) == ("warn", "0.4 GB free; a run on these exports may take 0.5 GB")
    assert "KINDRED_HOME" in remedy
    with pytest.raises(RetryableError, match=r"too full to begin: 0\.4 GB are free"):
        room.require_room(settings)


def test_a_variable_that_is_no_setting_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDRED_HOEM", "x")
    found = findings(Settings(home=tmp_path, warehouse_url=NOWHERE))["settings"]
    assert found == (
        "fail",
        "KINDRED_HOEM is no setting (did you mean 'KINDRED_HOME'?).",
        "docs/settings.md lists them all.",
    )


def test_include_alone_in_an_airflow_is_not_asked_for_its_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert findings(Settings(home=tmp_path, warehouse_url=NOWHERE))["packages"][0] == "warn"


DAGS = ("extract_crm", "build_segments")
READ: list[dict[str, Any]] = [{"dag_id": dag, "is_paused": "False"} for dag in DAGS]
CONNECTION: list[dict[str, Any]] = [{"get_uri": "postgres://nina@db.example/kindred"}]


@pytest.mark.parametrize(("answers", "check", "said", "remedy"), [
    ({"pool": None}, "pool", "Airflow has no pool warehouse_writer", "airflow pools set warehouse_writer 1"),
    ({"connection": None}, "connection", "Airflow has no connection warehouse", "airflow connections add warehouse"),
    ({"errors": [{"filepath": "extract.py"}]}, "dags", "cannot be read: extract.py", "list-import-errors"),
    ({"dags": []}, "dags", "Airflow has not read build_segments, extract_crm", "Put dags/ and plugins/"),
    ({"dags": [READ[0], {**READ[1], "is_paused": "True"}]}, "dags", "paused: build_segments", "Unpause"),
])  # fmt: skip
def test_what_an_airflow_of_ones_own_lacks_is_told(answers: dict[str, Any], check: str, said: str, remedy: str) -> None:
    found = airflow.judge({"pool": [{}], "connection": CONNECTION, "errors": [], "dags": READ, **answers}, DAGS)
    (fault,) = [finding for finding in found if finding.check == check and finding.state != "ok"]
    assert said in fault.found
    assert remedy in fault.remedy


def test_a_destination_without_a_pool_is_told() -> None:
    answers = {"pool": [{}], "pools": [{"pool": "destination_a"}], "connection": CONNECTION, "errors": [], "dags": READ}
    told = airflow.judge(answers, DAGS, pools=["destination_a", "destination_b"])
    (fault,) = [finding for finding in told if finding.check == "pools"]
    assert fault.found == "Airflow has no pool destination_b"
    assert fault.remedy.startswith("airflow pools set destination_b 1")


def test_the_connection_that_airflow_has_is_the_warehouse() -> None:
    answers = {"pool": [{}], "connection": CONNECTION, "errors": [], "dags": READ}
    assert airflow.warehouse_url(answers) == "postgres://nina@db.example/kindred"
    assert [finding.state for finding in airflow.judge(answers, DAGS)] == ["ok", "ok", "ok"]


def test_a_setting_stands_in_for_the_connection() -> None:
    answers = {"pool": [{}], "connection": None, "errors": [], "dags": READ}
    assert [finding.check for finding in airflow.judge(answers, DAGS, needs_connection=False)] == ["pool", "dags"]


def test_only_a_shell_of_an_airflow_is_asked() -> None:
    assert airflow.is_there({"AIRFLOW_HOME": "/opt/airflow"})
    assert not airflow.is_there({"HOME": "/root"})


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
