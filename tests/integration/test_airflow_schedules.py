"""`make up` on a company's own exports: schedules, backfills and assets under a real Airflow, until `make down`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.contracts.settings import ROOT
from include.launch import lock
from include.launch.api import Airflow, DagRun, TaskInstance
from include.launch.environment import USER, password
from include.launch.layout import Layout
from include.samples import generate
from include.storage.lake import Lake

pytestmark = pytest.mark.slow
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Installation:
    home: Path
    airflow: Airflow

    @property
    def layout(self) -> Layout:
        return Layout(self.home)

    def runs(self, dag: str) -> list[DagRun]:
        return [run for run in self.airflow.runs(LONG_AGO) if run.dag == dag]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.airflow.runs(LONG_AGO)
            time.sleep(0.5)

    def is_at_rest(self) -> bool:
        """Whether every run has ended, or waits for an export."""
        waiting = {(task.dag, task.run) for task in self.tasks("extract_usage") if task.state == "up_for_retry"}
        runs = self.airflow.runs(LONG_AGO)
        return all(run.state in {"success", "failed"} or (run.dag, run.run) in waiting for run in runs)

    def tasks(self, dag: str) -> list[TaskInstance]:
        """What a DAG's extraction has tried, without the question that may follow."""
        return [t for t in self.airflow.task_instances(LONG_AGO) if t.dag == dag and t.task == "extract"]

    def backfill(self, dag: str, start: str, end: str, behavior: str) -> None:
        """Begin a backfill once no other one is open: Airflow closes one some time after its last run has ended."""
        secret = {"username": USER, "password": password(self.layout)}
        body: dict[str, Any] = {"dag_id": dag, "from_date": start, "to_date": end, "reprocess_behavior": behavior}
        with httpx.Client(base_url=self.airflow.url, timeout=60, trust_env=False) as client:
            token = client.post("/auth/token", json=secret).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            self.wait_for(lambda: not _open_backfills(client, dag))
            answer = client.post("/api/v2/backfills", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text

    def raw_usage(self) -> tuple[str, int]:
        manifest = Lake((self.home / "lake").as_uri()).current("raw/usage/event")
        assert manifest is not None
        return manifest.version, manifest.rows


def _open_backfills(client: httpx.Client, dag: str) -> list[int]:
    found = client.get("/api/v2/backfills", params={"dag_id": dag}).json()["backfills"]
    return [backfill["id"] for backfill in found if backfill["completed_at"] is None]


@pytest.fixture(scope="module")
def up() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="kindred-test-"))
    generate(home / "sample", people=1000)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "KINDRED_"))}
    environment |= {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home)}

    def launch(command: str) -> str:
        arguments = [sys.executable, "-m", "include.launch", command, str(home / "sample" / "exports")]
        done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        said = launch("up")
        airflow = Airflow((lock.holder(Layout(home).lock) or {})["url"])
        assert airflow.url in said
        assert password(Layout(home)) in said
        airflow.log_in(USER, password(Layout(home)))
        yield Installation(home, airflow)
        airflow.close()
    finally:
        launch("down")
        assert lock.holder(Layout(home).lock) is None
        shutil.rmtree(home)


def test_each_source_is_extracted_by_its_schedule_and_says_in_one_sentence_what_it_waits_for(up: Installation) -> None:
    up.wait_for(lambda: len(up.airflow.runs(LONG_AGO)) >= 6 and up.is_at_rest())  # retain and watch among them
    states = {run.dag: run.state for run in up.airflow.runs(LONG_AGO) if run.dag.startswith("extract_")}
    assert states == {
        "extract_crm": "success",
        "extract_email": "success",
        "extract_nps": "success",
        "extract_usage": "running",  # the sample has no file of yesterday; it may still come
    }
    (task,) = up.tasks("extract_usage")
    assert (task.state, task.attempt) == ("up_for_retry", 1)
    log = up.layout.task_log(task.dag, task.run, task.task, task.attempt).read_text("utf-8")
    errors = [entry for line in log.splitlines() if (entry := json.loads(line))["level"] == "error"]
    assert "the file is missing" in errors[0]["event"]
    assert not [entry for entry in errors if "error_detail" in entry]


def test_a_backfill_brings_what_was_missing_and_assets_start_the_rest(up: Installation) -> None:
    assert up.runs("resolve_identities") == []
    up.backfill("extract_usage", "2026-10-01T00:00:00Z", "2026-10-03T00:00:00Z", "none")
    up.wait_for(lambda: bool(up.runs("build_segments")) and up.is_at_rest())
    tasks = up.tasks("extract_usage")
    files = [up.airflow.result(task)["counts"]["event.files"] for task in tasks if task.state == "success"]
    assert files == [1, 1]  # each day's run took in that day's file
    assert {run.state for run in up.runs("resolve_identities")} == {"success"}
    assert {run.state for run in up.runs("build_segments")} == {"success"}


def test_the_same_backfill_again_changes_nothing(up: Installation) -> None:
    before, runs = up.raw_usage(), len(up.runs("extract_usage"))
    assert before[1] > 0

    def is_repeated() -> bool:
        """Whether both days have been taken in again: tried once more, or in runs of their own."""
        again = [task for task in up.tasks("extract_usage") if task.attempt > 1 and task.state == "success"]
        return len(again) + len(up.runs("extract_usage")) - runs >= 2

    up.backfill("extract_usage", "2026-10-01T00:00:00Z", "2026-10-03T00:00:00Z", "completed")
    up.wait_for(lambda: is_repeated() and up.is_at_rest())
    assert up.raw_usage() == before


def test_airflows_own_command_line_works_on_what_is_up(up: Installation) -> None:
    wanted = ["backfill", "create", "--dag-id", "extract_usage", "--from-date", "2026-10-05", "--to-date", "2026-10-06"]
    command = [sys.executable, "-m", "include.launch", "airflow", *wanted, "--dry-run"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(up.home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2026-10-05" in done.stdout


def test_the_pages_and_the_api_are_in_airflow_for_its_own_users_alone(up: Installation) -> None:
    secret = {"username": USER, "password": password(up.layout)}
    with httpx.Client(base_url=up.airflow.url, timeout=60, trust_env=False) as client:
        assert client.get("/kindred/api/v1/segments").status_code == 401
        sent = client.get("/kindred/segments")
        assert (sent.status_code, "/auth/login" in sent.headers["location"]) == (303, True)
        forged = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"}
        assert client.get("/kindred/api/v1/segments", headers=forged).status_code == 403
        client.headers["Authorization"] = f"Bearer {client.post('/auth/token', json=secret).json()['access_token']}"
        assert {row["segment_key"] for row in client.get("/kindred/api/v1/segments").json()["segments"]} >= {"lapsed"}
        page = client.get("/kindred/segments")
        assert (page.status_code, 'href="/kindred/segments/lapsed"' in page.text) == (200, True)
        assert f"Airflow user {USER}" in page.text and "Sign out" not in page.text
        assert "Kindred" in client.get("/api/v2/plugins").text
